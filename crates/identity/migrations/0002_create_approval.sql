-- One question put to a person's phone, and its outcome.
CREATE TABLE approval (
    id {id} PRIMARY KEY,
    purpose {text} NOT NULL,
    requester {json} NOT NULL,
    place {json} NOT NULL,
    asked {text} NOT NULL,
    person {id} REFERENCES person (id),
    summary {json} NOT NULL,
    detail {json} NOT NULL,
    digest {bytes} NOT NULL,
    code {text} NOT NULL,
    reference {text} NOT NULL UNIQUE,
    binding {bytes} NOT NULL,
    return_to {text} NOT NULL,
    state {text} NOT NULL,
    reason {text},
    evidence {json},
    created {time} NOT NULL,
    expires {time} NOT NULL,
    decided {time},
    consumed {time}
);
CREATE INDEX approval_person ON approval (person, created);
CREATE INDEX approval_expires ON approval (state, expires);
