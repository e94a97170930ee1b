-- What a field of the profile held before each change, so that a change can be seen and taken back.
CREATE TABLE profile_version (
    id {id} PRIMARY KEY,
    person {id} NOT NULL REFERENCES person (id),
    field {text} NOT NULL,
    value_sealed {bytes},
    source {text} NOT NULL,
    changed {time} NOT NULL
);
CREATE INDEX profile_version_field ON profile_version (person, field, id);

-- A paper that shows where the person lives: one a person, sealed, with its digest.
CREATE TABLE profile_document (
    person {id} PRIMARY KEY REFERENCES person (id),
    file_name {text} NOT NULL,
    media_type {text} NOT NULL,
    sha256 {bytes} NOT NULL,
    dated {date} NOT NULL,
    content_sealed {bytes} NOT NULL,
    uploaded {time} NOT NULL
);
