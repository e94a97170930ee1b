-- A licence granted to a person. Number and claims are sealed; the blind index finds a number.
CREATE TABLE licence (
    id {id} PRIMARY KEY,
    holder {id} NOT NULL,
    kind {text} NOT NULL,
    number_index {bytes} NOT NULL,
    content {bytes} NOT NULL,
    valid_from {date} NOT NULL,
    valid_until {date},
    case_reference {text} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('live', 'suspended', 'revoked', 'replaced')),
    reason {text},
    issued {time} NOT NULL,
    changed {time} NOT NULL
);

CREATE UNIQUE INDEX licence_number ON licence (kind, number_index)
    WHERE state IN ('live', 'suspended');
CREATE INDEX licence_holder ON licence (holder, id);
CREATE INDEX licence_case ON licence (case_reference);

-- How a licence gets onto a phone.
CREATE TABLE credential_offer (
    id {id} PRIMARY KEY,
    licence {id} NOT NULL REFERENCES licence (id),
    state {text} NOT NULL CHECK (state IN ('open', 'redeemed', 'void')),
    device {text},
    tries_left {int} NOT NULL,
    expires {time} NOT NULL,
    created {time} NOT NULL
);

CREATE INDEX credential_offer_licence ON credential_offer (licence, state);

-- An access token, named by its row.
CREATE TABLE credential_grant (
    id {id} PRIMARY KEY,
    licence {id} NOT NULL REFERENCES licence (id),
    device {text},
    client {text},
    has_identifier {bool} NOT NULL,
    dpop {text},
    uses_left {int} NOT NULL,
    expires {time} NOT NULL
);

CREATE TABLE status_list (
    id {int} PRIMARY KEY,
    version {int} NOT NULL,
    is_open {bool} NOT NULL,
    created {time} NOT NULL
);

-- One phone's copy of a licence and its place on a status list.
CREATE TABLE credential (
    id {id} PRIMARY KEY,
    licence {id} NOT NULL REFERENCES licence (id),
    device {text} NOT NULL,
    list {int} NOT NULL REFERENCES status_list (id),
    slot {int} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('live', 'suspended', 'invalid')),
    issued {time} NOT NULL,
    notified {text},
    UNIQUE (list, slot)
);

CREATE UNIQUE INDEX credential_carried ON credential (licence) WHERE state <> 'invalid';
CREATE INDEX credential_device ON credential (device, state);

-- Nonces and DPoP identifiers that were used, until they would be refused for their age anyway.
CREATE TABLE credential_seen (
    digest {bytes} PRIMARY KEY,
    expires {time} NOT NULL
);

CREATE INDEX credential_seen_expires ON credential_seen (expires);
