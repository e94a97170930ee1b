-- An authorization request, checked and waiting for a browser or a phone. Lives minutes.
CREATE TABLE oidc_request (
    id {id} PRIMARY KEY,
    digest {bytes} NOT NULL UNIQUE,
    client {text} NOT NULL,
    asked {json} NOT NULL,
    created {time} NOT NULL,
    expires {time} NOT NULL,
    used {time}
);
CREATE INDEX oidc_request_created ON oidc_request (created);

-- What a person allowed a client, with its one code and its refresh token as digests.
CREATE TABLE oidc_grant (
    id {id} PRIMARY KEY,
    client {text} NOT NULL,
    person {id} NOT NULL REFERENCES person (id),
    session {text},
    content {json} NOT NULL,
    code {bytes} UNIQUE,
    code_expires {time},
    code_used {time},
    refresh {bytes} UNIQUE,
    created {time} NOT NULL,
    expires {time} NOT NULL,
    revoked {time},
    is_counted {bool} NOT NULL
);
CREATE INDEX oidc_grant_person ON oidc_grant (person, client);
CREATE INDEX oidc_grant_session ON oidc_grant (session);
CREATE INDEX oidc_grant_expires ON oidc_grant (expires);
CREATE INDEX oidc_grant_uncounted ON oidc_grant (created) WHERE NOT is_counted;

-- An access token revoked before its time, by its jti.
CREATE TABLE oidc_dead_token (
    digest {bytes} PRIMARY KEY,
    expires {time} NOT NULL
);
CREATE INDEX oidc_dead_token_expires ON oidc_dead_token (expires);

-- What a person let a client read, one row for both, and the subject the client knows them by.
CREATE TABLE oidc_consent (
    person {id} NOT NULL REFERENCES person (id),
    client {text} NOT NULL,
    subject {text} NOT NULL,
    scopes {json} NOT NULL,
    granted {time} NOT NULL,
    expires {time} NOT NULL,
    PRIMARY KEY (person, client)
);
CREATE INDEX oidc_consent_subject ON oidc_consent (subject);
