-- A company's documents. What they are called rests sealed; what is in them stands apart, sealed too.
CREATE TABLE company_document (
    id {id} PRIMARY KEY,
    company {id} NOT NULL REFERENCES company (id),
    state {text} NOT NULL,
    kind {text} NOT NULL,
    title_sealed {bytes} NOT NULL,
    media_type {text} NOT NULL,
    size {int} NOT NULL,
    sha256 {bytes} NOT NULL,
    issued {date},
    expires {date},
    -- Who put it there, or agreed that an application does.
    person {id},
    client {text},
    client_name {json},
    -- The question to the phone by which an application brings it.
    task {id},
    -- Whose seal stood on it, unbroken, when it came in.
    sealer {text},
    sealed_at {time},
    added {time} NOT NULL,
    removed {time}
);
CREATE INDEX company_document_company ON company_document (company, state, id);
CREATE INDEX company_document_task ON company_document (task);
CREATE INDEX company_document_swept ON company_document (state, added);

CREATE TABLE company_document_content (
    document {id} PRIMARY KEY,
    content_sealed {bytes} NOT NULL
);

-- A document that somebody handed to an application, and how often it was fetched.
CREATE TABLE company_document_share (
    id {id} PRIMARY KEY,
    document {id} NOT NULL,
    company {id} NOT NULL,
    person {id} NOT NULL,
    client {text} NOT NULL,
    client_name {json} NOT NULL,
    purpose {json} NOT NULL,
    shared {time} NOT NULL,
    until {time} NOT NULL,
    ended {time},
    fetched {int} NOT NULL,
    last_fetched {time}
);
CREATE INDEX company_document_share_document ON company_document_share (document, id);
CREATE INDEX company_document_share_holder ON company_document_share (person, client, company);
CREATE INDEX company_document_share_company ON company_document_share (company, shared);

-- What a phone is to pick from before it agrees, and what it picked.
CREATE TABLE company_document_pick (
    approval {id} PRIMARY KEY,
    company {id} NOT NULL,
    person {id} NOT NULL,
    kinds {json} NOT NULL,
    most {int} NOT NULL,
    picked {json},
    expires {time} NOT NULL
);
CREATE INDEX company_document_pick_expires ON company_document_pick (expires);
