-- Asking the register and being answered are two things: an entry that is not there vouches for nothing.
-- When the register was last asked, whatever it said; and when it last said something new.
ALTER TABLE person ADD COLUMN asked {time};
ALTER TABLE person ADD COLUMN corrected {time};
UPDATE person SET asked = checked, corrected = enrolled;
DROP INDEX person_checked;
CREATE INDEX person_asked ON person (asked) WHERE state <> 'closed';
