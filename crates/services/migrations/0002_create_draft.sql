-- Answers on their way to an application. `holder` is the person, or the company they act for.
CREATE TABLE draft (
    id {id} PRIMARY KEY,
    service {text} NOT NULL,
    pack_version {int} NOT NULL,
    holder {text} NOT NULL,
    person {id} NOT NULL,
    company {id},
    lang {text} NOT NULL,
    state {text} NOT NULL,
    revision {int} NOT NULL,
    answers {bytes} NOT NULL,
    page {text},
    frozen_digest {bytes},
    frozen_on {date},
    fee_cents {int},
    demand {id},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    expires_at {time} NOT NULL
);
-- One live draft for a holder and a service, by construction.
CREATE UNIQUE INDEX draft_live ON draft (holder, service);
CREATE INDEX draft_expiry ON draft (expires_at);
CREATE INDEX draft_demand ON draft (demand);

-- What a second tab typed when the first had already saved: kept until the applicant chooses.
CREATE TABLE draft_conflict (
    draft {id} NOT NULL,
    page {text} NOT NULL,
    answers {bytes} NOT NULL,
    kept_at {time} NOT NULL,
    PRIMARY KEY (draft, page)
);
