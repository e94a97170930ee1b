-- The Hong Kong wire form. One live content key a client: sealed under the vault, and as it is sent,
-- sealed to the certificate that was in force when it was made.
CREATE TABLE hongkong_key (
    client {text} PRIMARY KEY,
    id {id} NOT NULL,
    sealed {bytes} NOT NULL,
    wrapped {text} NOT NULL,
    public_info {text} NOT NULL,
    issued {time} NOT NULL,
    expires {time} NOT NULL
);

-- One thing a client asked of a person: a login, fields, a step-up, signatures.
CREATE TABLE hongkong_task (
    id {id} PRIMARY KEY,
    client {text} NOT NULL,
    kind {text} NOT NULL,
    -- The client's own name for it, used once; a login has none.
    business {text},
    -- SHA-256 of the ticket that the client's page carries; null when there is none.
    ticket {bytes} UNIQUE,
    person {id},
    approval {id} UNIQUE,
    signing {id},
    -- Sealed: what was asked, and the secret that binds its approval. Null once it is of no use.
    asked {bytes},
    state {text} NOT NULL,
    outcome {text},
    -- Sealed: what the client gets. Null before, and after it has been handed out.
    result {bytes},
    created {time} NOT NULL,
    expires {time} NOT NULL,
    settled {time},
    is_counted {bool} NOT NULL
);
CREATE UNIQUE INDEX hongkong_task_business ON hongkong_task (client, business);
CREATE INDEX hongkong_task_due ON hongkong_task (state, expires);
CREATE INDEX hongkong_task_created ON hongkong_task (created);
CREATE INDEX hongkong_task_uncounted ON hongkong_task (is_counted, created);

-- Codes and access tokens, as SHA-256 only. A task's own token is used once.
CREATE TABLE hongkong_token (
    digest {bytes} PRIMARY KEY,
    kind {text} NOT NULL,
    client {text} NOT NULL,
    person {id} NOT NULL,
    scopes {json} NOT NULL,
    -- The task it came from: a code used twice ends what the first use brought.
    task {id} NOT NULL,
    is_single {bool} NOT NULL,
    created {time} NOT NULL,
    expires {time} NOT NULL,
    used {time}
);
CREATE INDEX hongkong_token_task ON hongkong_token (task);
CREATE INDEX hongkong_token_expires ON hongkong_token (expires);

-- Requests of a client by day and kind, folded from tasks.
CREATE TABLE hongkong_day (
    client {text} NOT NULL,
    day {date} NOT NULL,
    kind {text} NOT NULL,
    asked {int} NOT NULL,
    granted {int} NOT NULL,
    PRIMARY KEY (client, day, kind)
);
