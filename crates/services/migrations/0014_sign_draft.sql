-- What a company's people have signed on the way to an application: in person, and by the chop.
CREATE TABLE draft_signature (
    draft {id} NOT NULL REFERENCES draft (id),
    kind {text} NOT NULL,
    approval {id} NOT NULL,
    person {id} NOT NULL,
    digest {bytes} NOT NULL,
    jws {text} NOT NULL,
    thumbprint {text} NOT NULL,
    signed_at {time} NOT NULL,
    PRIMARY KEY (draft, kind)
);

-- The chop on an application, beside the signature that the case carries itself.
CREATE TABLE case_chop (
    case_id {id} PRIMARY KEY,
    approval {id} NOT NULL,
    person {id} NOT NULL,
    jws {text} NOT NULL,
    chopped_at {time} NOT NULL
);
