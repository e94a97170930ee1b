-- Passkeys: the public key with its counter and flags, as the library keeps them. No secret of a person is here.
CREATE TABLE passkey (
    id {id} PRIMARY KEY,
    person {id} NOT NULL REFERENCES person (id),
    credential {bytes} NOT NULL,
    name {text} NOT NULL,
    content {json} NOT NULL,
    is_synced {bool} NOT NULL,
    created {time} NOT NULL,
    last_used {time},
    revoked {time}
);
CREATE UNIQUE INDEX passkey_credential ON passkey (credential);
CREATE INDEX passkey_person ON passkey (person, id);

-- What a browser was asked to sign, until it answers. Used once, on every node.
CREATE TABLE passkey_ceremony (
    id {id} PRIMARY KEY,
    kind {text} NOT NULL,
    person {id} REFERENCES person (id),
    name {text} NOT NULL,
    authority {text} NOT NULL,
    recovery {id},
    options {json} NOT NULL,
    state {json} NOT NULL,
    binding {bytes} NOT NULL,
    expires {time} NOT NULL
);
CREATE INDEX passkey_ceremony_expires ON passkey_ceremony (expires);

-- By what and from where a browser was signed in; found by the key of its session.
CREATE TABLE browser (
    session_key {bytes} PRIMARY KEY,
    person {id} NOT NULL REFERENCES person (id),
    session {text} NOT NULL,
    means {text} NOT NULL,
    place {json} NOT NULL,
    since {time} NOT NULL
);
CREATE INDEX browser_person ON browser (person, since);
CREATE INDEX browser_since ON browser (since);
