-- The keys a client publishes at an address of its own, as last fetched: shared by all nodes.
CREATE TABLE oidc_client_key_set (
    client {text} PRIMARY KEY REFERENCES oidc_client (id),
    uri {text} NOT NULL,
    -- Null until the address has answered once.
    jwks {json},
    fetched {time},
    tried {time} NOT NULL
);
