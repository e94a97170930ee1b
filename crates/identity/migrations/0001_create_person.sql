-- A person, with the identifiers sealed. hkid_index finds a card number nobody can read here.
CREATE TABLE person (
    id {id} PRIMARY KEY,
    name_en {text} NOT NULL,
    name_zh {text},
    sex {text} NOT NULL,
    birth_year {int} NOT NULL,
    hkid_sealed {bytes} NOT NULL,
    hkid_index {bytes} NOT NULL UNIQUE,
    born_sealed {bytes} NOT NULL,
    level {text} NOT NULL,
    state {text} NOT NULL,
    enrolled {time} NOT NULL
);

-- A phone's public key. One live phone per person, one person per phone.
CREATE TABLE device (
    id {id} PRIMARY KEY,
    person {id} NOT NULL REFERENCES person (id),
    name {text} NOT NULL,
    jwk {json} NOT NULL,
    thumbprint {text} NOT NULL UNIQUE,
    created {time} NOT NULL,
    last_seen {time} NOT NULL,
    revoked {time}
);
CREATE UNIQUE INDEX device_live ON device (person) WHERE revoked IS NULL;
CREATE INDEX device_person ON device (person, created);

-- An enrolment between the match with the register and the proof of the phone's key.
CREATE TABLE enrolment (
    id {id} PRIMARY KEY,
    hkid_index {bytes} NOT NULL,
    particulars_sealed {bytes} NOT NULL,
    jwk {json} NOT NULL,
    device_name {text} NOT NULL,
    level {text} NOT NULL,
    challenge {text} NOT NULL,
    state {text} NOT NULL,
    created {time} NOT NULL,
    expires {time} NOT NULL
);
CREATE INDEX enrolment_expires ON enrolment (expires);

-- Wrong particulars, counted per card number so that guessing stops.
CREATE TABLE enrolment_attempt (
    hkid_index {bytes} PRIMARY KEY,
    failures {int} NOT NULL,
    since {time} NOT NULL
);

-- Tokens a phone has used; a second use is a replay. Kept until the token could no longer pass.
CREATE TABLE used_token (
    digest {bytes} PRIMARY KEY,
    expires {time} NOT NULL
);
CREATE INDEX used_token_expires ON used_token (expires);
