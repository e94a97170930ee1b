CREATE TABLE demand (
    id {id} PRIMARY KEY,
    bill {text} NOT NULL UNIQUE,
    payer {id} NOT NULL,
    payee {json} NOT NULL,
    purpose {json} NOT NULL,
    lines {json} NOT NULL,
    total_cents {int} NOT NULL CHECK (total_cents > 0),
    about_noun {text} NOT NULL,
    about_id {text} NOT NULL,
    due {time},
    on_paid {text},
    back {text} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('open', 'paid', 'refunded', 'withdrawn')),
    created_at {time} NOT NULL,
    paid_at {time}
);
CREATE INDEX demand_by_payer ON demand (payer, created_at);
CREATE INDEX demand_by_about ON demand (about_noun, about_id);

CREATE TABLE payment_attempt (
    id {id} PRIMARY KEY,
    demand {id} NOT NULL REFERENCES demand (id),
    idempotency_key {text} NOT NULL,
    method {text} NOT NULL CHECK (method IN ('card', 'fps')),
    provider {text} NOT NULL,
    amount_cents {int} NOT NULL CHECK (amount_cents > 0),
    lang {text} NOT NULL,
    state {text} NOT NULL,
    detail {text},
    provider_ref {text},
    next_step {json},
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    checked_at {time},
    finished_at {time},
    UNIQUE (demand, idempotency_key)
);
CREATE INDEX payment_attempt_by_state ON payment_attempt (state, created_at);

-- What providers told us, once each, with what it changed: the evidence of reconciliation.
CREATE TABLE payment_notice (
    provider {text} NOT NULL,
    event {text} NOT NULL,
    attempt {id} NOT NULL REFERENCES payment_attempt (id),
    step {text} NOT NULL,
    amount_cents {int} NOT NULL,
    currency {text} NOT NULL,
    happened_at {time} NOT NULL,
    heard_at {time} NOT NULL,
    effect {text} NOT NULL,
    PRIMARY KEY (provider, event)
);
CREATE INDEX payment_notice_by_attempt ON payment_notice (attempt, heard_at);

CREATE TABLE receipt_series (
    year {int} PRIMARY KEY,
    last_number {int} NOT NULL
);

CREATE TABLE receipt (
    id {id} PRIMARY KEY,
    number {text} NOT NULL UNIQUE,
    demand {id} NOT NULL REFERENCES demand (id),
    attempt {id} NOT NULL UNIQUE REFERENCES payment_attempt (id),
    amount_cents {int} NOT NULL CHECK (amount_cents > 0),
    method {text} NOT NULL,
    provider_ref {text} NOT NULL,
    received_at {time} NOT NULL
);
CREATE INDEX receipt_by_demand ON receipt (demand, received_at);

-- The receipt itself never changes; what is left of it to return stands beside it, and the database
-- refuses to go below zero.
CREATE TABLE receipt_balance (
    receipt {id} PRIMARY KEY REFERENCES receipt (id),
    available_cents {int} NOT NULL CHECK (available_cents >= 0)
);

CREATE TABLE refund (
    id {id} PRIMARY KEY,
    receipt {id} NOT NULL REFERENCES receipt (id),
    demand {id} NOT NULL REFERENCES demand (id),
    amount_cents {int} NOT NULL CHECK (amount_cents > 0),
    reason {text} NOT NULL,
    state {text} NOT NULL,
    requested_by {text} NOT NULL,
    decided_by {text},
    provider_ref {text},
    requested_at {time} NOT NULL,
    done_at {time}
);
CREATE INDEX refund_by_receipt ON refund (receipt, requested_at);
CREATE INDEX refund_by_state ON refund (state, requested_at);
