-- Who looked at whose data, as what, and why.
CREATE TABLE access_record (
    id {id} PRIMARY KEY,
    officer {id} NOT NULL,
    officer_name {text} NOT NULL,
    department {text} NOT NULL,
    case_id {id} NOT NULL,
    what {text} NOT NULL,
    reason {text} NOT NULL,
    at {time} NOT NULL
);
CREATE INDEX access_record_case ON access_record (case_id, at);
CREATE INDEX access_record_officer ON access_record (officer, at);
