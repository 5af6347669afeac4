CREATE INDEX orders_by_customer ON orders (customer_id, order_date DESC);
DROP INDEX orders_newest_first;
