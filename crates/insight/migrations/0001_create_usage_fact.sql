-- How often a step was taken on a day, for every way it is broken down. '' stands for what does not
-- apply. Nobody is named here, and nothing leads back to the one who took the step.
CREATE TABLE usage_fact (
    step {text} NOT NULL,
    day {date} NOT NULL,
    service {text} NOT NULL,
    department {text} NOT NULL,
    version {int} NOT NULL,
    page {text} NOT NULL,
    field {text} NOT NULL,
    lang {text} NOT NULL,
    channel {text} NOT NULL,
    level {text} NOT NULL,
    age_band {text} NOT NULL,
    outcome {text} NOT NULL,
    decider {text} NOT NULL,
    timely {text} NOT NULL,
    value {int} NOT NULL,
    count {int} NOT NULL,
    PRIMARY KEY (step, day, service, department, version, page, field, lang, channel, level,
        age_band, outcome, decider, timely, value)
);
CREATE INDEX usage_fact_day ON usage_fact (day);

-- The same by month, without page, field, language, channel, level and age: what is left of a day
-- once its details have been kept long enough. month is its first day.
CREATE TABLE usage_month (
    step {text} NOT NULL,
    month {date} NOT NULL,
    service {text} NOT NULL,
    department {text} NOT NULL,
    version {int} NOT NULL,
    outcome {text} NOT NULL,
    decider {text} NOT NULL,
    timely {text} NOT NULL,
    value {int} NOT NULL,
    count {int} NOT NULL,
    PRIMARY KEY (step, month, service, department, version, outcome, decider, timely, value)
);
CREATE INDEX usage_month_month ON usage_month (month);
