CREATE TABLE customers (
    customer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    external_id text NOT NULL UNIQUE,
    name text NOT NULL,
    email text NOT NULL,
    company text,
    tier text NOT NULL DEFAULT 'standard' CHECK (tier IN ('standard', 'premium', 'enterprise')),
    lifetime_value numeric(12, 2) NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE orders (
    order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
    order_number text NOT NULL UNIQUE,
    order_date timestamptz NOT NULL,
    status text NOT NULL
        CHECK (status IN ('processing', 'shipped', 'delivered', 'cancelled', 'refunded', 'returned')),
    total_amount numeric(12, 2) NOT NULL,
    currency char(3) NOT NULL DEFAULT 'USD',
    items text NOT NULL DEFAULT ''
);

CREATE INDEX orders_by_customer ON orders (customer_id, order_date DESC);
