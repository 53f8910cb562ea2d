CREATE TABLE IF NOT EXISTS orders (
    id             uuid PRIMARY KEY,
    status         text NOT NULL,
    customer_id    text NOT NULL,
    customer_email text NOT NULL,
    currency       text NOT NULL,
    amount_minor   bigint NOT NULL,
    items          jsonb NOT NULL,
    created_ms     bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id   uuid NOT NULL,
    kind       text NOT NULL,
    payload    jsonb NOT NULL
);
