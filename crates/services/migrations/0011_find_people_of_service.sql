-- Whom an announcement about a service concerns: people with a draft or an open case in it.
CREATE INDEX case_service_person ON case_file (service, person);
CREATE INDEX draft_service_person ON draft (service, person);
