-- A parent or guardian agreed that a minor has an account. Found by the card of the minor, who may not
-- be enrolled yet; what the guardian recognises the minor by is sealed.
CREATE TABLE guardianship (
    id {id} PRIMARY KEY,
    minor_index {bytes} NOT NULL,
    minor {id} REFERENCES person (id),
    guardian {id} NOT NULL REFERENCES person (id),
    relation {text} NOT NULL,
    card_sealed {bytes} NOT NULL,
    approval {id} NOT NULL,
    state {text} NOT NULL,
    agreed {time} NOT NULL,
    ends {date} NOT NULL,
    ended {time}
);
CREATE UNIQUE INDEX guardianship_live ON guardianship (minor_index, guardian) WHERE state = 'agreed';
CREATE INDEX guardianship_guardian ON guardianship (guardian, agreed);
CREATE INDEX guardianship_ends ON guardianship (state, ends);

-- Each time an account was suspended, lifted or closed, and on what ground.
CREATE TABLE account_change (
    id {id} PRIMARY KEY,
    person {id} NOT NULL REFERENCES person (id),
    state {text} NOT NULL,
    ground {text} NOT NULL,
    department {text},
    at {time} NOT NULL
);
CREATE INDEX account_change_person ON account_change (person, id);
