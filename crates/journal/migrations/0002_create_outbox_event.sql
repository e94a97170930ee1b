-- Events wait without a position until the relay numbers them; consumers read by position.
CREATE TABLE outbox_event (
    id {id} NOT NULL PRIMARY KEY,
    position {int} UNIQUE,
    kind {text} NOT NULL,
    subject {text} NOT NULL,
    data {json} NOT NULL,
    at {time} NOT NULL
);
CREATE INDEX outbox_event_waiting ON outbox_event (at, id) WHERE position IS NULL;

-- One row: the last position given.
CREATE TABLE outbox_head (
    name {text} NOT NULL PRIMARY KEY CHECK (name = 'head'),
    last {int} NOT NULL
);
INSERT INTO outbox_head (name, last) VALUES ('head', 0);

CREATE TABLE outbox_offset (
    consumer {text} NOT NULL PRIMARY KEY,
    position {int} NOT NULL,
    holder {text} NOT NULL,
    lease_until {time} NOT NULL,
    attempts {int} NOT NULL,
    last_error {text},
    updated_at {time} NOT NULL
);
