-- Files of applicants in quarantine and after it, and letters of departments. The bytes stand apart, so
-- that lists never read them.
CREATE TABLE document (
    id {id} PRIMARY KEY,
    kind {text} NOT NULL,
    draft {id},
    case_id {id},
    person {id} NOT NULL,
    field {text} NOT NULL,
    name {bytes} NOT NULL,
    media_type {text} NOT NULL,
    size_bytes {int} NOT NULL,
    sha256 {bytes} NOT NULL,
    scan_state {text} NOT NULL,
    scan_detail {text},
    received_at {time} NOT NULL,
    scanned_at {time}
);
CREATE INDEX document_draft ON document (draft, field);
CREATE INDEX document_case ON document (case_id, field);

-- Sealed bytes, at most 10 MB a row: with the case in one transaction, in one backup.
CREATE TABLE document_blob (
    document {id} PRIMARY KEY,
    content {bytes} NOT NULL
);
