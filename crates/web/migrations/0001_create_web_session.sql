-- One row per signed-in browser, and per visitor who has something to remember. The token itself is
-- in the browser's cookie only: here is its SHA-256, and `sealed` is encrypted under a key derived
-- from the token.
CREATE TABLE web_session (
    token_hash {bytes} NOT NULL PRIMARY KEY,
    subject {text} NOT NULL,
    actor {json},
    roles {json} NOT NULL,
    level {text} NOT NULL,
    sealed {bytes} NOT NULL,
    created_at {time} NOT NULL,
    seen_at {time} NOT NULL,
    idle_until {time} NOT NULL,
    expires_at {time} NOT NULL
);
CREATE INDEX web_session_subject ON web_session (subject);
CREATE INDEX web_session_idle ON web_session (idle_until);
