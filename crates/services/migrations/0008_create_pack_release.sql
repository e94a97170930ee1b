-- A pack that its owner wants to publish, from the moment it was found without defects. The text is kept
-- whatever becomes of it, so that the second person sees what the first one saw.
CREATE TABLE pack_release (
    id {id} PRIMARY KEY,
    service {text} NOT NULL,
    version {int} NOT NULL,
    department {text} NOT NULL,
    source {text} NOT NULL,
    digest {text} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('checked', 'proposed', 'published', 'refused', 'withdrawn')),
    reason {text} NOT NULL,
    made_by {text} NOT NULL,
    made_by_name {text} NOT NULL,
    made_at {time} NOT NULL,
    decided_by_name {text},
    decided_at {time},
    note {text} NOT NULL
);
-- One proposal at a time: the second person must know what is live when it is compared.
CREATE UNIQUE INDEX pack_release_proposed ON pack_release (service) WHERE state = 'proposed';
CREATE INDEX pack_release_service ON pack_release (service, made_at);
CREATE INDEX pack_release_department ON pack_release (department, state, made_at);

-- A service that ends: from `starts_at` nobody begins, until `submit_until` open drafts may be sent.
CREATE TABLE service_retirement (
    service {text} PRIMARY KEY,
    starts_at {time} NOT NULL,
    submit_until {time} NOT NULL,
    reason {json} NOT NULL,
    instead {text},
    declared_by_name {text} NOT NULL,
    declared_at {time} NOT NULL
);

-- The owner's page counts what is open for each version.
CREATE INDEX draft_service ON draft (service, pack_version);
CREATE INDEX case_open_service ON case_file (service, pack_version) WHERE closed_at IS NULL;
