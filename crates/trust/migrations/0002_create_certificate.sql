-- Certificates issued to people: who is behind a serial number is known to identity alone.
CREATE TABLE document_certificate (
    serial {text} PRIMARY KEY,
    authority {text} NOT NULL,
    holder {text} NOT NULL,
    certificate {bytes} NOT NULL,
    valid_from {time} NOT NULL,
    valid_until {time} NOT NULL
);

CREATE INDEX document_certificate_holder ON document_certificate (holder, valid_until);

-- Certificates taken back before their end, the platform's own among them.
CREATE TABLE certificate_revocation (
    serial {text} PRIMARY KEY,
    authority {text} NOT NULL,
    revoked {time} NOT NULL,
    reason {text} NOT NULL
);

CREATE INDEX certificate_revocation_authority ON certificate_revocation (authority, revoked);
