-- The code of the department that looked, so that a person can ask what one department looked at.
-- Rows from before have none and are found without the filter.
ALTER TABLE profile_reading ADD COLUMN department {text};
