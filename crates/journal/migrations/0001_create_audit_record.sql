-- Who did what, as what, and why. No foreign key to people: the record outlives the account.
CREATE TABLE audit_record (
    id {id} NOT NULL PRIMARY KEY,
    at {time} NOT NULL,
    actor_kind {text} NOT NULL,
    actor_role {text} NOT NULL,
    actor_subject {text} NOT NULL,
    actor_company {text},
    actor_department {text},
    action {text} NOT NULL,
    noun {text} NOT NULL,
    noun_id {text} NOT NULL,
    reason {text},
    detail {json} NOT NULL
);
CREATE INDEX audit_record_noun ON audit_record (noun, noun_id, id);
CREATE INDEX audit_record_subject ON audit_record (actor_subject, id);
