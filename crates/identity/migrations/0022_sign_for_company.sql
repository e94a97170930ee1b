-- A signature that concerns a company: in person on its behalf, or with its chop.
ALTER TABLE signing_request ADD COLUMN company {id};
ALTER TABLE signing_request ADD COLUMN capacity {text};
-- What powers may be limited to, and what the documents bind the company to, in cents.
ALTER TABLE signing_request ADD COLUMN behalf_service {text};
ALTER TABLE signing_request ADD COLUMN amount {int};
-- The personal signature over the same documents that this chop completes.
ALTER TABLE signing_request ADD COLUMN follows {id};
-- Until when a chop may follow this personal signature, and the one that did.
ALTER TABLE signing_request ADD COLUMN chop_until {time};
ALTER TABLE signing_request ADD COLUMN chop {id};
-- What entitled the signer at the moment of signing.
ALTER TABLE signing_request ADD COLUMN warrant {json};
CREATE INDEX hongkong_task_signing ON hongkong_task (signing);
CREATE INDEX signing_request_company ON signing_request (company, created);
