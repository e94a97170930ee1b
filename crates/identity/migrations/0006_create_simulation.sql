-- A register filled with people who do not exist: which, from which seed, and how many are written, so
-- that a run that was stopped goes on where it was.
CREATE TABLE simulation (
    name {text} PRIMARY KEY,
    seed {int} NOT NULL,
    as_at {date} NOT NULL,
    done {int} NOT NULL
);
