-- Hours in which offices are shut by weather or decree.
CREATE TABLE suspension (
    id {id} NOT NULL PRIMARY KEY,
    starts_at {time} NOT NULL,
    ends_at {time},
    reason {text} NOT NULL CHECK (reason IN ('typhoon', 'black_rain', 'other')),
    note {text} NOT NULL,
    declared_at {time} NOT NULL
);
CREATE INDEX suspension_start ON suspension (starts_at);
