-- Somebody asks a person to sign: one document or a thousand, with one approval.
CREATE TABLE signing_request (
    id {id} PRIMARY KEY,
    person {id} NOT NULL REFERENCES person (id),
    department {json} NOT NULL,
    service {json} NOT NULL,
    algorithm {text} NOT NULL,
    approval {id} NOT NULL UNIQUE,
    digest {bytes} NOT NULL,
    created {time} NOT NULL,
    expires {time} NOT NULL,
    -- Null until signed; then what shows later who signed and how the certificate stood.
    signed {time},
    certificate {bytes},
    chain {bytes},
    status_answer {bytes},
    time_stamp {bytes},
    approval_evidence {json},
    -- What the one who asked says of the result: accepted, rejected, nothing received.
    acknowledged {text},
    acknowledged_at {time}
);
CREATE INDEX signing_request_person ON signing_request (person, created);

CREATE TABLE signing_item (
    request {id} NOT NULL REFERENCES signing_request (id),
    position {int} NOT NULL,
    kind {text} NOT NULL,
    -- Sealed: the name of a document says much about a person.
    name {bytes} NOT NULL,
    digest {bytes} NOT NULL,
    -- Sealed data of what is signed as JSON; null for everything else.
    content {bytes},
    signature {bytes},
    PRIMARY KEY (request, position)
);

-- A file a person brought to sign: sealed, and forgotten after a day.
CREATE TABLE signing_upload (
    id {id} PRIMARY KEY,
    person {id} NOT NULL REFERENCES person (id),
    name {bytes} NOT NULL,
    content {bytes} NOT NULL,
    size {int} NOT NULL,
    sha256 {bytes} NOT NULL,
    received {time} NOT NULL,
    request {id},
    prepared {time},
    signed_content {bytes},
    signed {time}
);
CREATE INDEX signing_upload_received ON signing_upload (received);
CREATE INDEX signing_upload_person ON signing_upload (person, received);
