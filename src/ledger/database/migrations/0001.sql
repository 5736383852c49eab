-- Times named *_at are wall time (milliseconds since 1970, UTC), for people only.
-- Times named *_boot are boot-time clock values and mean something only with the boot id beside them.

-- A running process, known to be alive by the lock that it holds on a file of this name.
CREATE TABLE owners (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    lock_file  TEXT NOT NULL UNIQUE,
    started_at INTEGER NOT NULL
) STRICT;

-- The prices that estimates were made with, so that each can be explained later.
CREATE TABLE pricings (
    id      INTEGER PRIMARY KEY,
    origin  TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    answer  TEXT NOT NULL
) STRICT;

-- One invocation that was given inputs.
CREATE TABLE batches (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    made_at     INTEGER NOT NULL,
    profile     TEXT NOT NULL,
    origin      TEXT NOT NULL,
    key_print   TEXT NOT NULL,
    conduct     TEXT NOT NULL,
    pricing     INTEGER REFERENCES pricings (id),
    -- 0 while the plan is being written: such a batch has sent nothing.
    planned     INTEGER NOT NULL DEFAULT 0,
    ended_at    INTEGER
) STRICT;

-- One attempt at one item: at most one bill. The item key is API origin, content and options.
CREATE TABLE tasks (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    item_key     TEXT NOT NULL,
    attempt      INTEGER NOT NULL,
    -- Ours, sent with the job, by which a job whose answer was lost is recognised.
    correlation  TEXT NOT NULL UNIQUE,
    origin       TEXT NOT NULL,
    profile      TEXT NOT NULL,
    -- Of the key that made the job, which is the only one that can see it.
    key_print    TEXT NOT NULL,
    source       BLOB NOT NULL,
    is_url       INTEGER NOT NULL,
    size         INTEGER,
    modified_ns  INTEGER,
    sha256       TEXT,
    duration     REAL,
    options      TEXT NOT NULL,
    estimate     REAL,
    pricing      INTEGER REFERENCES pricings (id),
    charged      REAL,
    -- The batch that started it, whose --max-credits it counts against.
    started_by   INTEGER REFERENCES batches (id),

    -- The row of the protocol.
    phase        TEXT NOT NULL,
    job          TEXT,
    draft        TEXT NOT NULL DEFAULT 'unknown',
    creates      INTEGER NOT NULL DEFAULT 0,
    starts       INTEGER NOT NULL DEFAULT 0,
    reuploads    INTEGER NOT NULL DEFAULT 0,
    orphans      INTEGER NOT NULL DEFAULT 0,
    sent_boot    INTEGER,
    sent_at      INTEGER,
    boot_id      TEXT,
    video_url    TEXT,
    url_reused   INTEGER NOT NULL DEFAULT 0,
    failure      TEXT,

    -- The last look.
    status       TEXT,
    progress     REAL,
    seconds      REAL,
    started_at   INTEGER,
    finished_at  INTEGER,
    -- Names the version of the output that a part was fetched from.
    output_etag  TEXT,

    owner        INTEGER REFERENCES owners (id),
    epoch        INTEGER NOT NULL DEFAULT 0,
    made_at      INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL,
    UNIQUE (item_key, attempt)
) STRICT;
CREATE INDEX tasks_by_job ON tasks (job) WHERE job IS NOT NULL;
-- What occupies the key's places at the service.
CREATE INDEX tasks_in_flight ON tasks (key_print, phase)
    WHERE phase IN ('start_sent', 'start_doubt', 'start_refused', 'running');
CREATE INDEX tasks_owned ON tasks (owner) WHERE owner IS NOT NULL;

-- One input of one batch, and the file that is wanted for it.
CREATE TABLE entries (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    batch       INTEGER NOT NULL REFERENCES batches (id),
    -- None for an input that was rejected before it became work.
    task        INTEGER REFERENCES tasks (id),
    name        TEXT NOT NULL,
    -- None when the bytes go to standard output or nowhere.
    target      BLOB,
    -- open, paused, left, done, skipped, failed, rejected
    state       TEXT NOT NULL,
    -- Milliseconds of video; longest first.
    rank        INTEGER NOT NULL DEFAULT 0,
    failure     TEXT,
    -- Written before the output is published, so that a crash between the two is recognised.
    out_sha256  TEXT,
    out_size    INTEGER,
    done_at     INTEGER,
    UNIQUE (batch, target)
) STRICT;
CREATE INDEX entries_queue ON entries (batch, state, rank DESC, id);
CREATE INDEX entries_by_task ON entries (task);
CREATE INDEX entries_by_output ON entries (out_sha256) WHERE out_sha256 IS NOT NULL;

-- Every step, in order: the story of a task as one would tell it to support.
CREATE TABLE transitions (
    id         INTEGER PRIMARY KEY,
    task       INTEGER NOT NULL REFERENCES tasks (id),
    at         INTEGER NOT NULL,
    phase      TEXT NOT NULL,
    note       TEXT NOT NULL,
    request_id TEXT
) STRICT;
CREATE INDEX transitions_by_task ON transitions (task, id);

-- Bytes that the service has already, as far as we know.
CREATE TABLE uploads (
    origin    TEXT NOT NULL,
    key_print TEXT NOT NULL,
    sha256    TEXT NOT NULL,
    video_url TEXT NOT NULL,
    sent_at   INTEGER NOT NULL,
    PRIMARY KEY (origin, key_print, sha256)
) STRICT, WITHOUT ROWID;

-- What was learned of a key.
CREATE TABLE keys (
    origin    TEXT NOT NULL,
    key_print TEXT NOT NULL,
    -- unknown, honoured, ignored
    drafts    TEXT NOT NULL DEFAULT 'unknown',
    first_at  INTEGER NOT NULL,
    PRIMARY KEY (origin, key_print)
) STRICT, WITHOUT ROWID;

-- State of the limit policies, per key or host. Small JSON documents owned by the client.
CREATE TABLE limiters (
    scope   TEXT NOT NULL,
    name    TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    state   TEXT NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;
