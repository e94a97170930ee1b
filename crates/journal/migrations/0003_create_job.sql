CREATE TABLE job (
    id {id} NOT NULL PRIMARY KEY,
    kind {text} NOT NULL,
    key {text},
    payload {json} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('ready', 'running', 'done', 'dead', 'dropped')),
    run_at {time} NOT NULL,
    attempts {int} NOT NULL,
    lease_until {time},
    last_error {text},
    created_at {time} NOT NULL,
    finished_at {time}
);
-- A key is taken while its job is live, and free again afterwards.
CREATE UNIQUE INDEX job_live_key ON job (kind, key) WHERE state IN ('ready', 'running');
CREATE INDEX job_ready ON job (run_at, id) WHERE state = 'ready';
CREATE INDEX job_running ON job (lease_until) WHERE state = 'running';
CREATE INDEX job_finished ON job (state, finished_at);
