ALTER TABLE orders
    DROP CONSTRAINT orders_order_date_can_be_read,
    DROP CONSTRAINT orders_total_amount_is_a_number;
ALTER TABLE customers DROP CONSTRAINT customers_lifetime_value_is_a_number;
