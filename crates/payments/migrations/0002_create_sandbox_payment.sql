-- The books of the simulated bank. Causeway's own tables never read them.
CREATE TABLE sandbox_payment (
    token {text} PRIMARY KEY,
    attempt {id} NOT NULL UNIQUE,
    method {text} NOT NULL,
    amount_cents {int} NOT NULL,
    bill {text} NOT NULL,
    words {text} NOT NULL,
    lang {text} NOT NULL,
    return_url {text} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('open', 'paid', 'declined', 'closed')),
    paid_cents {int} NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    changed_at {time} NOT NULL
);

CREATE TABLE sandbox_refund (
    refund {id} PRIMARY KEY,
    token {text} NOT NULL REFERENCES sandbox_payment (token),
    amount_cents {int} NOT NULL CHECK (amount_cents > 0),
    created_at {time} NOT NULL
);
