-- Whose bill shows the address: one of the utilities, or nothing of another paper.
ALTER TABLE profile_document ADD COLUMN provider {text};
