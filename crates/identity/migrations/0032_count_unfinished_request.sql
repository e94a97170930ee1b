-- Sign-ins that a client began and nobody ended with a yes, by day, beside its logins.
ALTER TABLE oidc_client_day ADD COLUMN unfinished {int} NOT NULL DEFAULT 0;
