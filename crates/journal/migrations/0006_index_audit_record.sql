-- The audit search: what was done, and everything in order of time.
CREATE INDEX audit_record_action ON audit_record (action, id);
CREATE INDEX audit_record_kind ON audit_record (noun, id);
-- The operator's page of timers reads by the time they fire.
CREATE INDEX timer_state ON timer (state, due, key);
