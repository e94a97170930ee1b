-- Every published text of a service pack, kept for ever: a draft, an application and a case are read by
-- the version they began with. Only the cut-off of a version is ever set later.
CREATE TABLE service_version (
    service {text} NOT NULL,
    version {int} NOT NULL,
    source {text} NOT NULL,
    digest {text} NOT NULL,
    changes {json} NOT NULL,
    published_at {time} NOT NULL,
    published_by {text} NOT NULL,
    cutoff_at {time},
    PRIMARY KEY (service, version)
);
