-- The case is the record: an application as submitted, and where it stands.
CREATE TABLE case_file (
    id {id} PRIMARY KEY,
    reference {text} NOT NULL,
    draft {id} NOT NULL,
    service {text} NOT NULL,
    pack_version {int} NOT NULL,
    department {text} NOT NULL,
    holder {text} NOT NULL,
    person {id} NOT NULL,
    company {id},
    lang {text} NOT NULL,
    state {text} NOT NULL,
    state_since {time} NOT NULL,
    clock {text} NOT NULL,
    outcome {text},
    answers {bytes} NOT NULL,
    answers_digest {bytes} NOT NULL,
    applicant {bytes} NOT NULL,
    applicant_index {bytes} NOT NULL,
    seal {text} NOT NULL,
    signature {text},
    demand {id},
    fee_cents {int} NOT NULL,
    live_key {text},
    assignee {id},
    flags {json} NOT NULL,
    revision {int} NOT NULL,
    licence {id},
    submitted_at {time} NOT NULL,
    submitted_on {date} NOT NULL,
    promise_from {date} NOT NULL,
    promise_days {int} NOT NULL,
    due_at {time},
    stopped_at {time},
    decided_at {time},
    closed_at {time},
    forget_on {date}
);
CREATE UNIQUE INDEX case_reference ON case_file (reference);
CREATE UNIQUE INDEX case_draft ON case_file (draft);
-- One live application per person, company or keyed answer: the database says no to the second.
CREATE UNIQUE INDEX case_live ON case_file (live_key);
CREATE INDEX case_holder ON case_file (holder, submitted_at);
CREATE INDEX case_applicant ON case_file (applicant_index);
CREATE INDEX case_department ON case_file (department, submitted_at);
CREATE INDEX case_demand ON case_file (demand);
CREATE INDEX case_forget ON case_file (forget_on);

-- Which roles have the case on their desk now; rewritten with each change of state.
CREATE TABLE case_queue (
    role {text} NOT NULL,
    case_id {id} NOT NULL,
    due_at {time} NOT NULL,
    assignee {id},
    service {text} NOT NULL,
    state {text} NOT NULL,
    PRIMARY KEY (role, case_id)
);
CREATE INDEX case_queue_due ON case_queue (role, due_at, case_id);
CREATE INDEX case_queue_case ON case_queue (case_id);

-- Everything that happened, in order; never changed, never removed before the case itself is forgotten.
CREATE TABLE case_action (
    id {id} PRIMARY KEY,
    case_id {id} NOT NULL,
    sequence {int} NOT NULL,
    kind {text} NOT NULL,
    action {text},
    from_state {text} NOT NULL,
    to_state {text} NOT NULL,
    actor_role {text} NOT NULL,
    actor_id {text} NOT NULL,
    actor_name {text} NOT NULL,
    is_shown {bool} NOT NULL,
    words {bytes},
    detail {json} NOT NULL,
    at {time} NOT NULL
);
CREATE UNIQUE INDEX case_action_order ON case_action (case_id, sequence);

-- A decision that waits for a second person.
CREATE TABLE case_proposal (
    case_id {id} PRIMARY KEY,
    action {text} NOT NULL,
    proposer {id} NOT NULL,
    proposer_name {text} NOT NULL,
    words {bytes},
    revision {int} NOT NULL,
    at {time} NOT NULL
);

-- What the applicant is asked, and which fields are open for the reply.
CREATE TABLE case_request (
    id {id} PRIMARY KEY,
    case_id {id} NOT NULL,
    question {bytes} NOT NULL,
    fields {json} NOT NULL,
    draft_answers {bytes},
    revision {int} NOT NULL,
    asked_at {time} NOT NULL,
    reply_by {time},
    answered_at {time}
);
CREATE INDEX case_request_case ON case_request (case_id, asked_at);

-- Two cases that name the same thing by the keys their packs declare.
CREATE TABLE case_key (
    case_id {id} NOT NULL,
    place {int} NOT NULL,
    service {text} NOT NULL,
    value {bytes} NOT NULL,
    PRIMARY KEY (case_id, place)
);
CREATE INDEX case_key_value ON case_key (service, place, value);
