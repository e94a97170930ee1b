-- A value of the e-ME profile, sealed.
CREATE TABLE profile_field (
    person {id} NOT NULL REFERENCES person (id),
    field {text} NOT NULL,
    value_sealed {bytes} NOT NULL,
    source {text} NOT NULL,
    updated {time} NOT NULL,
    PRIMARY KEY (person, field)
);

-- Permission to read named fields for a named purpose.
CREATE TABLE consent (
    id {id} PRIMARY KEY,
    person {id} NOT NULL REFERENCES person (id),
    purpose {text} NOT NULL,
    title {json} NOT NULL,
    fields {json} NOT NULL,
    granted {time} NOT NULL,
    expires {time} NOT NULL,
    revoked {time}
);
CREATE INDEX consent_person ON consent (person, purpose);

-- Who looked at a person's data, why, and at which fields. Shown to the person.
CREATE TABLE profile_reading (
    id {id} PRIMARY KEY,
    person {id} NOT NULL REFERENCES person (id),
    reader {json} NOT NULL,
    reason {json} NOT NULL,
    fields {json} NOT NULL,
    read_at {time} NOT NULL
);
CREATE INDEX profile_reading_person ON profile_reading (person, id);
