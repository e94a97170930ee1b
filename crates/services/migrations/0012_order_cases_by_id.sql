-- Lists of cases run newest first along the id, which is given at submission and grows with time: no list sorts, and none
-- loses the second of two cases of one moment.
DROP INDEX case_holder;
CREATE INDEX case_holder ON case_file (holder, id);
DROP INDEX case_department;
CREATE INDEX case_department ON case_file (department, id);
CREATE INDEX case_department_service ON case_file (department, service, id);
DROP INDEX case_applicant;
CREATE INDEX case_applicant ON case_file (applicant_index, department, id);
