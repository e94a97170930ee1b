-- The company a session acts for, so that leaving the company ends it.
ALTER TABLE web_session ADD COLUMN company {text};
CREATE INDEX web_session_company ON web_session (company, subject);
