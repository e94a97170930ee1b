-- The day by which a department says that a service will have come to a stage. What was said first stays
-- beside what is said now, so that a slipped date is seen as slipped.
CREATE TABLE programme_target (
    service {text} NOT NULL,
    stage {text} NOT NULL CHECK (stage IN ('forms_ready', 'online', 'zero_redirection', 'automatic_decision')),
    due {date} NOT NULL,
    first_due {date} NOT NULL,
    moves {int} NOT NULL,
    reason {json} NOT NULL,
    set_by_name {text} NOT NULL,
    set_at {time} NOT NULL,
    PRIMARY KEY (service, stage)
);

-- Every day that was ever named, with why. Nothing of it is changed or removed.
CREATE TABLE programme_move (
    id {id} PRIMARY KEY,
    service {text} NOT NULL,
    stage {text} NOT NULL,
    due {date} NOT NULL,
    reason {json} NOT NULL,
    set_by_name {text} NOT NULL,
    set_at {time} NOT NULL
);
CREATE INDEX programme_move_service ON programme_move (service, set_at);
