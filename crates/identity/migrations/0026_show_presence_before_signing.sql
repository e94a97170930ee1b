-- What the phone must show of whoever answers, where the question is put to anybody and its documents
-- become the answerer's only then.
CREATE TABLE signing_presence (
    approval {id} PRIMARY KEY,
    presence {text} NOT NULL,
    expires {time} NOT NULL
);
CREATE INDEX signing_presence_expires ON signing_presence (expires);
-- Who showed it, and when.
CREATE TABLE signing_presence_shown (
    approval {id} NOT NULL,
    person {id} NOT NULL,
    shown {time} NOT NULL,
    PRIMARY KEY (approval, person)
);
