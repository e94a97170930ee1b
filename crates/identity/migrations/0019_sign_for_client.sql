-- The application that asked, and what the phone must show of its holder before the signature leaves.
ALTER TABLE signing_request ADD COLUMN client {text};
ALTER TABLE signing_request ADD COLUMN presence {text};
ALTER TABLE signing_request ADD COLUMN presence_at {time};
CREATE INDEX signing_request_created ON signing_request (created);
