-- What a client's resources are called, which nobody else's are (RFC 8707).
CREATE UNIQUE INDEX oidc_client_resource ON oidc_client ((registration ->> 'resource'));

-- What each scope was said to be for when the person agreed, by scope; nothing for those who agreed before.
ALTER TABLE oidc_consent ADD COLUMN purposes {json};

-- Whose resources the person agreed to have it used at.
ALTER TABLE oidc_consent ADD COLUMN resources {json};
