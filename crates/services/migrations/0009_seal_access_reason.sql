-- What an officer gave as the reason may name people, so it is sealed like all words of officers. A
-- chore seals the rows from before and empties `reason`, which new rows leave empty.
ALTER TABLE access_record ADD COLUMN reason_sealed {bytes};
-- Whose data it was, what it belonged to and in which role it was opened, so that the person can see
-- it, also after the case is forgotten.
ALTER TABLE access_record ADD COLUMN person {id};
ALTER TABLE access_record ADD COLUMN service {text};
ALTER TABLE access_record ADD COLUMN reference {text};
ALTER TABLE access_record ADD COLUMN role {text};
UPDATE access_record SET
    person = (SELECT c.person FROM case_file c WHERE c.id = access_record.case_id),
    service = (SELECT c.service FROM case_file c WHERE c.id = access_record.case_id),
    reference = (SELECT c.reference FROM case_file c WHERE c.id = access_record.case_id);
CREATE INDEX access_record_person ON access_record (person, id);
CREATE INDEX access_record_unsealed ON access_record (id) WHERE reason_sealed IS NULL;
