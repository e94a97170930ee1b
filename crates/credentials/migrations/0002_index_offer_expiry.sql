-- What the sweep looks for.
CREATE INDEX credential_offer_expires ON credential_offer (expires);
CREATE INDEX credential_grant_expires ON credential_grant (expires);
