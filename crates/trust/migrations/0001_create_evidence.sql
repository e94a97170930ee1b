-- Digests waiting for their position in the log.
CREATE TABLE evidence_pending (
    id {id} PRIMARY KEY,
    digest {bytes} NOT NULL,
    kind {text} NOT NULL,
    queued {time} NOT NULL
);

-- The leaves, in order.
CREATE TABLE evidence_entry (
    position {int} PRIMARY KEY,
    digest {bytes} NOT NULL,
    kind {text} NOT NULL,
    integrated {time} NOT NULL
);

CREATE INDEX evidence_entry_digest ON evidence_entry (digest, position);

-- Up to 256 hashes of 32 bytes each; a tile only grows.
CREATE TABLE evidence_tile (
    level {int} NOT NULL,
    position {int} NOT NULL,
    hashes {bytes} NOT NULL,
    PRIMARY KEY (level, position)
);

-- One row: the latest checkpoint.
CREATE TABLE evidence_head (
    id {int} PRIMARY KEY CHECK (id = 1),
    size {int} NOT NULL,
    note {text} NOT NULL,
    signed {time} NOT NULL
);
