-- What each person has bound a company to, month by month: monthly limits are held against it.
CREATE TABLE company_spending (
    company {id} NOT NULL REFERENCES company (id),
    person {id} NOT NULL REFERENCES person (id),
    -- Its first day.
    month {date} NOT NULL,
    cents {int} NOT NULL,
    PRIMARY KEY (company, person, month)
);
CREATE INDEX company_spending_month ON company_spending (month);
