-- What the simulated carrier was handed, for the demonstration page. Simulated people only.
CREATE TABLE carried_message (
    id {id} PRIMARY KEY,
    delivery {id} NOT NULL UNIQUE,
    channel {text} NOT NULL,
    address {text} NOT NULL,
    subject {text} NOT NULL,
    body {text} NOT NULL,
    carried_at {time} NOT NULL
);
CREATE INDEX carried_message_by_time ON carried_message (carried_at);
