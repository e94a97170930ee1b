-- An e-mail address whose owner is yet to type the code that was sent there. One a person; the address
-- and the code are kept as keyed digests.
CREATE TABLE email_claim (
    person {id} PRIMARY KEY REFERENCES person (id),
    address {bytes} NOT NULL,
    code {bytes} NOT NULL,
    tries {int} NOT NULL,
    created {time} NOT NULL,
    expires {time} NOT NULL
);
CREATE INDEX email_claim_expires ON email_claim (expires);
