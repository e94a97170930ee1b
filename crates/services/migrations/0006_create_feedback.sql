-- What people say after a journey. No person, no case: struck of personal data before it is kept.
CREATE TABLE feedback (
    id {id} PRIMARY KEY,
    service {text} NOT NULL,
    pack_version {int} NOT NULL,
    page {text} NOT NULL,
    lang {text} NOT NULL,
    rating {int} NOT NULL,
    words {text},
    at {time} NOT NULL
);
CREATE INDEX feedback_service ON feedback (service, at);
