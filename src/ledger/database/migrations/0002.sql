-- Webhooks that were verified. Their bodies hold links and are not kept.
CREATE TABLE deliveries (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The service's name of the delivery. It is not signed, so a repetition under another name is
    -- known by its signature.
    id          TEXT NOT NULL UNIQUE,
    signature   TEXT NOT NULL UNIQUE,
    origin      TEXT NOT NULL,
    event       TEXT NOT NULL,
    job         TEXT,
    -- Whether it says that the job has come to its end: a hint, which a look confirms.
    says_final  INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    -- When what was asked for was done with it.
    handled_at  INTEGER
) STRICT;
CREATE INDEX deliveries_by_job ON deliveries (job) WHERE says_final = 1;

-- Processes that receive webhooks; alive by the lock of their owner.
CREATE TABLE listeners (
    owner   INTEGER PRIMARY KEY REFERENCES owners (id),
    origin  TEXT NOT NULL,
    address TEXT NOT NULL
) STRICT;
