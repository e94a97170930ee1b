-- What an account rests on. The columns named after the identity card hold the document of that kind,
-- whichever it is: of a passport, its country and number, indexed apart from every card.
ALTER TABLE person ADD COLUMN document {text} NOT NULL DEFAULT 'card';
-- Of a passport: its last day, and when an officer saw it with the person.
ALTER TABLE person ADD COLUMN document_expires {date};
ALTER TABLE person ADD COLUMN document_seen {time};
CREATE INDEX person_document_expires ON person (document_expires) WHERE document_expires IS NOT NULL;

-- Passports that were replaced at a counter. The account stays, and no other one opens with the old number.
CREATE TABLE former_document (
    document_index {bytes} PRIMARY KEY,
    person {id} NOT NULL REFERENCES person (id),
    replaced {time} NOT NULL
);
CREATE INDEX former_document_person ON former_document (person);

-- A passport that an officer recorded at a counter: for somebody new, or for an account that is there. A
-- second officer looks at it; a code then binds a phone. Of the code only a keyed digest is kept.
CREATE TABLE counter_enrolment (
    id {id} PRIMARY KEY,
    person {id} REFERENCES person (id),
    document_index {bytes} NOT NULL,
    number_index {bytes} NOT NULL,
    particulars_sealed {bytes} NOT NULL,
    has_code {bool} NOT NULL,
    asked_by {id} NOT NULL,
    department {text} NOT NULL,
    reason_sealed {bytes} NOT NULL,
    state {text} NOT NULL,
    decided_by {id},
    code {bytes},
    tries {int} NOT NULL,
    created {time} NOT NULL,
    expires {time} NOT NULL,
    used {time}
);
CREATE UNIQUE INDEX counter_enrolment_open ON counter_enrolment (document_index)
    WHERE state IN ('asked', 'agreed');
CREATE INDEX counter_enrolment_number ON counter_enrolment (number_index, state);
CREATE INDEX counter_enrolment_waiting ON counter_enrolment (department, state, id);
CREATE INDEX counter_enrolment_expires ON counter_enrolment (expires);
