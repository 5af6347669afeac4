-- Postgres can hold values that the app cannot read, and a NaN turns every sum that it is part of into one.
-- NOT VALID holds for rows that are written from now on and does not look at those that are there, so it is
-- done in a moment and an old odd row does not stop a deployment. Once such rows are put right, ALTER TABLE
-- with VALIDATE CONSTRAINT makes it hold for all.
ALTER TABLE customers
    ADD CONSTRAINT customers_lifetime_value_is_a_number CHECK (lifetime_value <> 'NaN') NOT VALID;
ALTER TABLE orders
    ADD CONSTRAINT orders_total_amount_is_a_number CHECK (total_amount <> 'NaN') NOT VALID,
    ADD CONSTRAINT orders_order_date_can_be_read
        CHECK (order_date >= '1900-01-01Z' AND order_date < '9999-01-01Z') NOT VALID;
