-- A backchannel authentication request (CIBA) beside its approval.
CREATE TABLE oidc_ciba (
    digest {bytes} PRIMARY KEY,
    approval {id} NOT NULL UNIQUE,
    client {text} NOT NULL,
    asked {json} NOT NULL,
    notification {text},
    created {time} NOT NULL,
    expires {time} NOT NULL,
    polled {time},
    used {time}
);
CREATE INDEX oidc_ciba_expires ON oidc_ciba (expires);
