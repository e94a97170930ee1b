-- When the register last answered for a person, and since when it has no entry of theirs.
ALTER TABLE person ADD COLUMN checked {time};
UPDATE person SET checked = enrolled;
ALTER TABLE person ADD COLUMN missing_since {time};
CREATE INDEX person_checked ON person (checked) WHERE state <> 'closed';
