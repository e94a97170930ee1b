-- Forms filled and signatures of a client by day, beside its logins.
ALTER TABLE oidc_client_day ADD COLUMN fills {int} NOT NULL DEFAULT 0;
ALTER TABLE oidc_client_day ADD COLUMN signatures {int} NOT NULL DEFAULT 0;
ALTER TABLE signing_request ADD COLUMN is_counted {bool} NOT NULL DEFAULT FALSE;
CREATE INDEX signing_request_uncounted ON signing_request (signed)
    WHERE client IS NOT NULL AND signed IS NOT NULL AND NOT is_counted;
