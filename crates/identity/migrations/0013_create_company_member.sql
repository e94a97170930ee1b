-- What registers know of a company, field by field, and when each was last checked.
CREATE TABLE company_fact (
    company {id} NOT NULL REFERENCES company (id),
    field {text} NOT NULL,
    value {text} NOT NULL,
    source {text} NOT NULL,
    checked {time} NOT NULL,
    PRIMARY KEY (company, field)
);
ALTER TABLE company ADD COLUMN status {text} NOT NULL DEFAULT 'live';

-- A person of a company: role, privileges, services and limits stand together in powers.
CREATE TABLE company_member (
    id {id} PRIMARY KEY,
    company {id} NOT NULL REFERENCES company (id),
    person {id} NOT NULL REFERENCES person (id),
    powers {json} NOT NULL,
    joined {time} NOT NULL,
    ended {time}
);
CREATE UNIQUE INDEX company_member_live ON company_member (company, person) WHERE ended IS NULL;
CREATE INDEX company_member_person ON company_member (person, company);

-- The mandates there were before companies had people.
INSERT INTO company_member (id, company, person, powers, joined, ended)
SELECT id, company, person,
    CAST(CASE role
        WHEN 'administrator' THEN '{"role":"administrator","may_access":true,"may_chop":true,"services":[],"limit":null,"until":null}'
        WHEN 'signatory' THEN '{"role":"representative","may_access":true,"may_chop":true,"services":[],"limit":null,"until":null}'
        ELSE '{"role":"user","may_access":true,"may_chop":false,"services":[],"limit":null,"until":null}'
    END AS {json}),
    granted, revoked
FROM mandate;

-- Somebody asked to join. The card number is not kept, only what finds it again.
CREATE TABLE company_invitation (
    id {id} PRIMARY KEY,
    company {id} NOT NULL REFERENCES company (id),
    invitee_index {bytes} NOT NULL,
    invitee_name {text} NOT NULL,
    powers {json} NOT NULL,
    invited_by {id} NOT NULL REFERENCES person (id),
    state {text} NOT NULL,
    created {time} NOT NULL,
    expires {time} NOT NULL
);
CREATE UNIQUE INDEX company_invitation_open ON company_invitation (company, invitee_index) WHERE state = 'open';
CREATE INDEX company_invitation_invitee ON company_invitation (invitee_index, state);

-- Another firm that acts for a company, and which of its own people do.
CREATE TABLE commission (
    id {id} PRIMARY KEY,
    company {id} NOT NULL REFERENCES company (id),
    firm {id} NOT NULL REFERENCES company (id),
    powers {json} NOT NULL,
    state {text} NOT NULL,
    asked_by {id} NOT NULL REFERENCES person (id),
    created {time} NOT NULL,
    decided {time},
    ended {time}
);
CREATE UNIQUE INDEX commission_live ON commission (company, firm) WHERE ended IS NULL;
CREATE INDEX commission_firm ON commission (firm, company);

CREATE TABLE commission_member (
    commission {id} NOT NULL REFERENCES commission (id),
    member {id} NOT NULL REFERENCES company_member (id),
    added_by {id} NOT NULL REFERENCES person (id),
    added {time} NOT NULL,
    PRIMARY KEY (commission, member)
);
CREATE INDEX commission_member_member ON commission_member (member);

-- A change of a company's people that a second person must agree to.
CREATE TABLE company_proposal (
    id {id} PRIMARY KEY,
    company {id} NOT NULL REFERENCES company (id),
    kind {text} NOT NULL,
    change {json} NOT NULL,
    asked_by {id} NOT NULL REFERENCES person (id),
    state {text} NOT NULL,
    asked {time} NOT NULL,
    expires {time} NOT NULL,
    decided_by {id} REFERENCES person (id),
    decided {time}
);
CREATE INDEX company_proposal_open ON company_proposal (company, state, asked);
