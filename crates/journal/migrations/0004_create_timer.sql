CREATE TABLE timer (
    key {text} NOT NULL PRIMARY KEY,
    kind {text} NOT NULL,
    payload {json} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('running', 'paused', 'fired')),
    due {time} NOT NULL,
    paused_at {time},
    set_at {time} NOT NULL
);
CREATE INDEX timer_due ON timer (due) WHERE state = 'running';
