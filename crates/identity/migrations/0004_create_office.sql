-- A company and who may act for it.
CREATE TABLE company (
    id {id} PRIMARY KEY,
    name_en {text} NOT NULL,
    name_zh {text},
    company_number {text} NOT NULL UNIQUE,
    business_number {text} NOT NULL UNIQUE,
    address {text} NOT NULL
);

CREATE TABLE mandate (
    id {id} PRIMARY KEY,
    person {id} NOT NULL REFERENCES person (id),
    company {id} NOT NULL REFERENCES company (id),
    role {text} NOT NULL,
    granted {time} NOT NULL,
    revoked {time},
    UNIQUE (person, company)
);

-- A person's post in a department.
CREATE TABLE officer (
    id {id} PRIMARY KEY,
    person {id} NOT NULL UNIQUE REFERENCES person (id),
    department {text} NOT NULL,
    roles {json} NOT NULL,
    role {text} NOT NULL,
    is_active {bool} NOT NULL
);
CREATE INDEX officer_department ON officer (department);
