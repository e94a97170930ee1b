-- What providers reported that did not fit: an officer's list reads these, latest first.
CREATE INDEX payment_notice_effect ON payment_notice (effect, heard_at);
