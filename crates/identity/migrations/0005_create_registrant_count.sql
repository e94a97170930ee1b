-- The register in numbers: how many people joined (or, below zero, left) on a day, by year of birth and
-- level. Written with every change of the register, so that statistics read no person.
CREATE TABLE registrant_count (
    birth_year {int} NOT NULL,
    level {text} NOT NULL,
    day {date} NOT NULL,
    joined {int} NOT NULL,
    PRIMARY KEY (birth_year, level, day)
);
CREATE INDEX registrant_count_day ON registrant_count (day);

-- Those who were there before the register was kept in numbers.
INSERT INTO registrant_count (birth_year, level, day, joined)
SELECT birth_year, level, '1970-01-01', COUNT(*) FROM person WHERE state <> 'closed'
GROUP BY birth_year, level;
