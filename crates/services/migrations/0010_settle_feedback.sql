-- Feedback is dealt with: a remark on a service, a fault of a page and a report about a look at
-- somebody's data are kept apart, and each is answered or closed. A rating of 0 is none.
ALTER TABLE feedback ADD COLUMN kind {text} NOT NULL DEFAULT 'feedback';
ALTER TABLE feedback ADD COLUMN state {text} NOT NULL DEFAULT 'open';
ALTER TABLE feedback ADD COLUMN reference {text};
ALTER TABLE feedback ADD COLUMN department {text} NOT NULL DEFAULT '';
-- The record of a look that is reported.
ALTER TABLE feedback ADD COLUMN about {id};
-- The public answer: what people said and what was done, in words for everybody.
ALTER TABLE feedback ADD COLUMN said {json};
ALTER TABLE feedback ADD COLUMN answer {json};
ALTER TABLE feedback ADD COLUMN closed_reason {text};
ALTER TABLE feedback ADD COLUMN settled_at {time};
CREATE UNIQUE INDEX feedback_reference ON feedback (reference);
CREATE INDEX feedback_department ON feedback (department, id);
CREATE INDEX feedback_answered ON feedback (service, state, id);
