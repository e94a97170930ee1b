-- A way back in for somebody without phone and passkey: one officer saw the person, another agreed, and
-- a code is good for one new passkey. The reason is sealed; of the code only a keyed digest is kept.
CREATE TABLE recovery (
    id {id} PRIMARY KEY,
    person {id} NOT NULL REFERENCES person (id),
    asked_by {id} NOT NULL,
    department {text} NOT NULL,
    shown {text} NOT NULL,
    reason_sealed {bytes} NOT NULL,
    state {text} NOT NULL,
    decided_by {id},
    code {bytes},
    tries {int} NOT NULL,
    created {time} NOT NULL,
    expires {time} NOT NULL,
    used {time}
);
CREATE UNIQUE INDEX recovery_open ON recovery (person) WHERE state IN ('asked', 'agreed');
CREATE INDEX recovery_waiting ON recovery (department, state, id);
