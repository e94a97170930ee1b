-- Where the browser of a phone is woken (RFC 8030). The address is sealed: whoever knows it can make the
-- phone ring. One a phone, and gone with it.
CREATE TABLE device_wake (
    device {id} PRIMARY KEY REFERENCES device (id),
    address {bytes} NOT NULL,
    created {time} NOT NULL
);
