-- An announcement may be for a life event, and may lead to the version of a service it is about. The
-- check on the audience cannot be changed in place on SQLite, so the table is made anew; it is small.
ALTER TABLE announcement RENAME TO announcement_before;
CREATE TABLE announcement (
    id {id} PRIMARY KEY,
    severity {text} NOT NULL CHECK (severity IN ('info', 'warning', 'urgent')),
    audience_kind {text} NOT NULL CHECK (audience_kind IN ('everyone', 'service', 'department', 'life_event')),
    audience_id {text} NOT NULL,
    title {json} NOT NULL,
    body {json} NOT NULL,
    starts_at {time} NOT NULL,
    ends_at {time} NOT NULL,
    made_by {text} NOT NULL,
    made_at {time} NOT NULL,
    withdrawn_at {time},
    policy_service {text},
    policy_version {int},
    CHECK (ends_at > starts_at)
);
INSERT INTO announcement (id, severity, audience_kind, audience_id, title, body, starts_at, ends_at,
    made_by, made_at, withdrawn_at)
    SELECT id, severity, audience_kind, audience_id, title, body, starts_at, ends_at, made_by, made_at,
    withdrawn_at FROM announcement_before;
DROP TABLE announcement_before;
CREATE INDEX announcement_by_time ON announcement (ends_at, starts_at);
CREATE INDEX announcement_by_start ON announcement (starts_at, id);
