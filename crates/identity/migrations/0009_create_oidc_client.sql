-- A client of the OpenID provider: what is in force, and what is proposed for a second person.
CREATE TABLE oidc_client (
    id {text} PRIMARY KEY,
    department {text} NOT NULL,
    registration {json},
    proposal {json},
    is_submitted {bool} NOT NULL,
    is_suspended {bool} NOT NULL,
    proposed_by {text} NOT NULL,
    revision {int} NOT NULL,
    created {time} NOT NULL,
    changed {time} NOT NULL
);
CREATE INDEX oidc_client_department ON oidc_client (department, created);

-- Logins of a client by day, folded from grants.
CREATE TABLE oidc_client_day (
    client {text} NOT NULL,
    day {date} NOT NULL,
    logins {int} NOT NULL,
    PRIMARY KEY (client, day)
);
