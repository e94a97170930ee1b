-- One registration speaks to a person and to a company, each under a content key of its own.
CREATE TABLE hongkong_content_key (
    client {text} NOT NULL,
    dialect {text} NOT NULL,
    id {id} NOT NULL,
    sealed {bytes} NOT NULL,
    wrapped {text} NOT NULL,
    public_info {text} NOT NULL,
    issued {time} NOT NULL,
    expires {time} NOT NULL,
    PRIMARY KEY (client, dialect)
);
INSERT INTO hongkong_content_key
        (client, dialect, id, sealed, wrapped, public_info, issued, expires)
    SELECT client, 'iamsmart', id, sealed, wrapped, public_info, issued, expires
    FROM hongkong_key;
DROP TABLE hongkong_key;

-- The company a task is about, and the one a token acts for.
ALTER TABLE hongkong_task ADD COLUMN company {id};
ALTER TABLE hongkong_token ADD COLUMN company {id};
CREATE INDEX hongkong_token_acting ON hongkong_token (person, company);
