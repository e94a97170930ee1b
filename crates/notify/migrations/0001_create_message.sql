-- The inbox is the system of record for what a person was told.
CREATE TABLE message (
    id {id} PRIMARY KEY,
    recipient {id} NOT NULL,
    class {text} NOT NULL CHECK (class IN ('otp', 'deadline', 'info')),
    subject {json} NOT NULL,
    body {json} NOT NULL,
    about_noun {text},
    about_id {text},
    link {text},
    attachments {json} NOT NULL,
    dedupe_key {text} UNIQUE,
    sent_at {time} NOT NULL,
    read_at {time}
);
CREATE INDEX message_by_recipient ON message (recipient, id);
CREATE INDEX message_unread ON message (recipient, read_at);

-- Where and how a person wants to hear besides the inbox. Addresses are sealed.
CREATE TABLE contact (
    recipient {id} PRIMARY KEY,
    lang {text} NOT NULL,
    email_sealed {bytes},
    email_index {bytes},
    sms_sealed {bytes},
    sms_index {bytes},
    wants_email {bool} NOT NULL,
    wants_sms {bool} NOT NULL,
    changed_at {time} NOT NULL
);

-- One row a message and channel; the address itself stands only in contact. There is no status column: reports come late and out of order, so
-- the status is worked out from the times.
CREATE TABLE delivery (
    id {id} PRIMARY KEY,
    message {id} NOT NULL REFERENCES message (id),
    channel {text} NOT NULL CHECK (channel IN ('email', 'sms')),
    address_index {bytes} NOT NULL,
    digest {text} NOT NULL,
    tries {int} NOT NULL,
    queued_at {time} NOT NULL,
    held_at {time},
    handed_at {time},
    delivered_at {time},
    bounced_at {time},
    given_up_at {time},
    carrier_ref {text},
    last_trouble {text}
);
CREATE INDEX delivery_by_message ON delivery (message);
CREATE INDEX delivery_by_address ON delivery (address_index, queued_at);
CREATE INDEX delivery_by_carrier_ref ON delivery (carrier_ref);

CREATE TABLE announcement (
    id {id} PRIMARY KEY,
    severity {text} NOT NULL CHECK (severity IN ('info', 'warning', 'urgent')),
    audience_kind {text} NOT NULL CHECK (audience_kind IN ('everyone', 'service', 'department')),
    audience_id {text} NOT NULL,
    title {json} NOT NULL,
    body {json} NOT NULL,
    starts_at {time} NOT NULL,
    ends_at {time} NOT NULL,
    made_by {text} NOT NULL,
    made_at {time} NOT NULL,
    withdrawn_at {time},
    CHECK (ends_at > starts_at)
);
CREATE INDEX announcement_by_time ON announcement (ends_at, starts_at);
