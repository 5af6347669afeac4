CREATE INDEX orders_newest_first ON orders (customer_id, order_date DESC, order_id DESC);
DROP INDEX orders_by_customer;
