-- The last number given out for a service in a year, where the pack's number counts.
CREATE TABLE licence_sequence (
    service {text} NOT NULL,
    year {int} NOT NULL,
    last {int} NOT NULL,
    PRIMARY KEY (service, year)
);
