-- Looks at a case are read along their ids, which are in the order of their time.
CREATE INDEX access_record_of_case ON access_record (case_id, id);
DROP INDEX access_record_case;
DROP INDEX access_record_officer;
