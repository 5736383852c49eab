//! Schema migrations.
//!
//! Migrations are append-only: one that has shipped is never edited. All that a file needs run in
//! one exclusive transaction, together with the update of its version.

use rusqlite::{Connection, TransactionBehavior};

use crate::ledger::error::LedgerError;

/// Marks an SQLite file as a ledger ("rbgv" in ASCII).
const APPLICATION_ID: i64 = 0x7262_6776;

/// All migrations, oldest first. The n-th brings the file to version n.
const MIGRATIONS: [&str; 8] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0008.sql"),
];

/// Migrates the file behind `db` to the newest version.
pub(crate) fn migrate(db: &mut Connection) -> Result<(), LedgerError> {
    if is_current(db)? {
        return Ok(());
    }
    let tx = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let application: i64 = tx.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: usize = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (application != 0 || version != 0) {
        return Err(LedgerError::Foreign);
    }
    if version > MIGRATIONS.len() {
        return Err(LedgerError::Newer { found: version, known: MIGRATIONS.len() });
    }
    for migration in &MIGRATIONS[version..] {
        tx.execute_batch(migration)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", MIGRATIONS.len())?;
    tx.commit()?;
    Ok(())
}

/// Reads only, so that opening a current ledger writes nothing.
fn is_current(db: &Connection) -> Result<bool, LedgerError> {
    let application: i64 = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: usize = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(application == APPLICATION_ID && version == MIGRATIONS.len())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::MutexGuard;

    use super::*;
    use crate::ledger::database::Database;
    use crate::ledger::rows::columns::encode;
    use crate::ledger::tests::{batch, input, key, open, placed};
    use crate::ledger::{
        ApiKeyId, Attempt, AttemptId, AttemptSpec, AttemptState, AttemptStatus, Batch, BatchId,
        BillingVisibility, DraftObservation, DraftSupport, InputCounts, InputId, InputSource,
        InputState, LastPoll, Ledger, RerunReason, StepAction,
    };
    use crate::model::limits::{KeyLimits, LimitKey, LimiterStore as _};
    use crate::model::{
        Credits, Failure, FailureKind, Fingerprint, Instant, JobId, JobOptions, JobStatus, Pricing,
        Target, Timestamp,
    };

    /// Rows for every table of version 1. The origin and key are those of [`key`].
    const ROWS_OF_VERSION_1: &str = "
        INSERT INTO owners (id, lock_file, started_at) VALUES (3, 'gone.lock', 10);
        INSERT INTO pricings (id, origin, seen_at, answer)
            VALUES (4, 'https://api.example', 11, '{\"x\":1}');
        INSERT INTO batches (id, made_at, profile, origin, key_print, conduct, pricing, planned,
                ended_at)
            VALUES (5, 12, 'dev', 'https://api.example', 'abc', '{\"kept\":true}', 4, 1, 13);
        INSERT INTO tasks (id, item_key, attempt, correlation, origin, profile, key_print, source,
                is_url, size, modified_ns, sha256, duration, options, estimate, pricing, charged,
                started_by, phase, job, draft, creates, starts, reuploads, orphans, sent_boot,
                sent_at, boot_id, video_url, url_reused, failure, status, progress, seconds,
                started_at, finished_at, output_etag, owner, epoch, made_at, changed_at)
            VALUES (6, 'item', 1, 'c-6', 'https://api.example', 'dev', 'abc',
                CAST('/in/a.mp4' AS BLOB), 0, 100, 101, 'aa', 2.5, :options, 3.5, 4, 4.5,
                5, 'failed', 'j-6', 'created', 1, 2, 3, 4, 1000,
                14, 'boot-a', 'https://x.example/v', 1, :failure, 'failed', 50.0, 5.5,
                15, 16, 'etag', 3, 7, 17, 18);
        INSERT INTO tasks (id, item_key, attempt, correlation, origin, profile, key_print, source,
                is_url, options, phase, job, made_at, changed_at)
            VALUES (7, 'item', 2, 'c-7', 'https://api.example', 'dev', 'abc',
                CAST('https://v.example/a' AS BLOB), 1, :options, 'running', 'j-7', 19, 20);
        INSERT INTO entries (id, batch, task, name, target, state, rank, failure, out_sha256,
                out_size, done_at)
            VALUES (8, 5, 6, 'a.mp4', CAST('/out/a' AS BLOB), 'failed', 2500, :failure, 'bb',
                200, 21);
        INSERT INTO entries (id, batch, task, name, state, rank) VALUES (9, 5, 7, 'b', 'open', 4);
        INSERT INTO transitions (task, at, phase, note, request_id)
            VALUES (6, 22, 'start_sent', 'start', 'r-1');
        INSERT INTO transitions (task, at, phase, note) VALUES (6, 23, 'failed', 'finish');
        INSERT INTO uploads (origin, key_print, sha256, video_url, sent_at)
            VALUES ('https://api.example', 'abc', 'aa', 'https://x.example/v', 24);
        INSERT INTO keys (origin, key_print, drafts, first_at) VALUES
            ('https://api.example', 'abc', 'honoured', 25),
            ('https://api.example', 'other', 'ignored', 26),
            ('https://api.example', 'third', 'unknown', 27);
        INSERT INTO limiters (scope, name, boot_id, state) VALUES
            ('key https://api.example abc', 'state', 'boot-a', :key_limits),
            ('host h:1', 'state', 'boot-a', :host_limits);";

    /// Rows for the tables and columns that versions 2 to 5 added.
    const ROWS_OF_VERSION_5: &str = "
        UPDATE tasks SET asked = 'again' WHERE id = 7;
        UPDATE keys SET bills = 'hidden' WHERE key_print = 'abc';
        INSERT INTO deliveries (number, id, signature, origin, event, job, says_final,
                received_at, handled_at)
            VALUES (28, 'd-1', 's-1', 'https://api.example', 'job.failed', 'j-6', 1, 29, 30);
        INSERT INTO listeners (owner, origin, address)
            VALUES (3, 'https://api.example', '127.0.0.1:1');";

    fn failure() -> Failure {
        Failure::new(FailureKind::JobFailed, "job", "no subject")
    }

    fn key_limits() -> KeyLimits {
        KeyLimits {
            page_size: Some(25),
            polls_paused_until: Some(Instant(9_000)),
            ..KeyLimits::default()
        }
    }

    /// A ledger file as a program of this version left it.
    fn write_old_ledger(directory: &Path, version: usize, rows: &[&str]) -> Connection {
        let db = Connection::open(Ledger::database_path(directory)).unwrap();
        for migration in &MIGRATIONS[..version] {
            db.execute_batch(migration).unwrap();
        }
        db.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        db.pragma_update(None, "user_version", version).unwrap();
        let quoted = |json: String| format!("'{}'", json.replace('\'', "''"));
        for rows in rows {
            let rows = rows
                .replace(":options", &quoted(encode(&JobOptions::default()).unwrap()))
                .replace(":failure", &quoted(encode(&failure()).unwrap()))
                .replace(":key_limits", &quoted(serde_json::to_string(&key_limits()).unwrap()))
                .replace(":host_limits", "'{\"flaps\":3}'");
            db.execute_batch(&rows).unwrap();
        }
        db
    }

    /// The database below a ledger.
    fn raw(ledger: &Ledger) -> MutexGuard<'_, Connection> {
        match &ledger.shared.database {
            Database::Sqlite(sqlite) => sqlite.db(),
            Database::Postgres(_) => panic!("not SQLite"),
        }
    }

    fn table_names(db: &Connection) -> Vec<String> {
        let sql = "SELECT name FROM sqlite_master
                   WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
        let mut statement = db.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn count_rows(db: &Connection, table: &str) -> i64 {
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    fn failed_attempt() -> Attempt {
        Attempt {
            id: AttemptId(6),
            number: 1,
            correlation_id: "c-6".into(),
            work: AttemptSpec {
                content_key: "item".into(),
                key: key(),
                profile: "dev".into(),
                source: InputSource::File {
                    path: "/in/a.mp4".into(),
                    size: 100,
                    modified_ns: 101,
                    sha256: "aa".into(),
                },
                duration: Some(2.5),
                options: JobOptions::default(),
                estimate: Some(Credits(3.5)),
                pricing: Some(4),
            },
            state: AttemptState {
                status: AttemptStatus::Failed,
                job: Some(JobId("j-6".into())),
                draft_observation: DraftObservation::Created,
                create_count: 1,
                start_count: 2,
                reupload_count: 3,
                orphan_count: 4,
                sent: Some(Instant(1_000)),
                video_url: Some("https://x.example/v".into()),
                upload_reused: true,
                failure: Some(failure()),
            },
            last_poll: LastPoll {
                job_status: Some(JobStatus::Failed),
                progress: Some(50.0),
                output_seconds: Some(5.5),
            },
            started_at: Some(Timestamp(15)),
            sent_at: Timestamp(14),
            epoch: 7,
            repeated: Vec::new(),
        }
    }

    /// What [`ROWS_OF_VERSION_1`] hold, read through the ledger's own operations.
    fn assert_rows_of_version_1(ledger: &Ledger) {
        let Batch { created_at, profile, key: batch_key, run_options, plan_complete, .. } =
            ledger.batch(BatchId(5)).unwrap().unwrap();
        assert_eq!((created_at, profile.as_str(), batch_key), (Timestamp(12), "dev", key()));
        assert_eq!((run_options.as_str(), plan_complete), ("{\"kept\":true}", true));
        let counts = InputCounts { open: 1, failed: 1, ..InputCounts::default() };
        assert_eq!(ledger.count_inputs(BatchId(5)).unwrap(), counts);

        let details = ledger.attempt_details(AttemptId(6)).unwrap();
        assert_eq!(details.record.attempt, failed_attempt());
        assert_eq!(
            (details.record.created_at, details.record.finished_at),
            (Timestamp(17), Some(Timestamp(16)))
        );
        assert_eq!(details.record.started_by_batch, Some(BatchId(5)));
        assert_eq!(details.record.charged, Some(Credits(4.5)));
        let log: Vec<_> = details
            .record
            .steps
            .iter()
            .map(|step| (step.at.0, step.status, step.note.action))
            .collect();
        assert_eq!(
            log,
            [
                (22, AttemptStatus::StartSent, StepAction::Start),
                (23, AttemptStatus::Failed, StepAction::Finish)
            ]
        );
        assert_eq!(details.record.steps[0].request_id.as_deref(), Some("r-1"));
        let stored = &details.inputs[0];
        assert_eq!((stored.id, stored.name.as_str()), (InputId(8), "a.mp4"));
        assert_eq!((stored.state, stored.duration_ms), (InputState::Failed, 2_500));
        assert_eq!(stored.target, Some(Target::File("/out/a".into())));
        assert_eq!(stored.output, Some(("bb".to_owned(), 200)));
        assert_eq!(stored.failure, Some(failure()));
        assert_eq!(ledger.output_etag(AttemptId(6)).unwrap().as_deref(), Some("etag"));

        let link = InputSource::Url("https://v.example/a".into());
        assert_eq!(ledger.attempt(AttemptId(7)).unwrap().work.source, link);
        let costs = ledger.attempt_costs(Timestamp(0)).unwrap();
        let shown: Vec<_> = costs.iter().map(|c| (c.number, c.at.0, c.updated_at.0)).collect();
        assert_eq!(shown, [(2, 19, 20), (1, 22, 18)], "by their first start");

        let upload = ledger.find_upload(&key(), "aa").unwrap();
        assert_eq!(upload.as_deref(), Some("https://x.example/v"));
        let support = |fingerprint: &str| {
            let fingerprint = Fingerprint(fingerprint.into());
            ledger.draft_support(&ApiKeyId { fingerprint, ..key() }).unwrap()
        };
        assert_eq!(
            [support("abc"), support("other"), support("third")],
            [DraftSupport::Supported, DraftSupport::Unsupported, DraftSupport::Unknown]
        );
        let pricing = Pricing { per_minute: [].into(), raw: serde_json::json!({"x": 1}) };
        assert_eq!(ledger.record_pricing("https://api.example", &pricing).unwrap(), 4);
        let limits = LimitKey { origin: key().origin, fingerprint: Some(key().fingerprint) };
        assert_eq!(ledger.key(&limits).unwrap(), key_limits());
        let hosts = ledger.host_limits().unwrap();
        assert_eq!((hosts[0].0.as_str(), hosts[0].1.flaps), ("h:1", 3));

        let of = |table: &str, columns: &str| -> Vec<i64> {
            let sql = format!("SELECT {columns} FROM {table} ORDER BY 1");
            ledger.read(|tx| tx.query(&sql, &[])).unwrap()
        };
        assert_eq!(of("processes", "started_at"), [10]);
        assert_eq!(of("pricings", "fetched_at"), [11]);
        assert_eq!(of("batches", "finished_at"), [13]);
        assert_eq!(of("uploads", "uploaded_at"), [24]);
        assert_eq!(of("keys", "first_at"), [25, 26, 27]);
        assert_eq!(of("attempts WHERE id = 6", "owner"), [3]);
    }

    /// A migrated ledger takes new rows, and its keys and references are intact.
    fn assert_usable(ledger: &Ledger) {
        let owner = ledger.register_process("new").unwrap();
        assert!(owner.id.0 > 3, "numbers are not used again");
        let new = batch(ledger);
        assert!(new.0 > 5, "numbers are not used again");
        let (_, attempt, fresh) = placed(ledger, new, input("item", "/out/b", "c-8"));
        assert_eq!((attempt, fresh), (AttemptId(7), false), "known from before");
        assert_eq!(ledger.check_integrity().unwrap(), "ok");
        let broken = count_rows(&raw(ledger), "pragma_foreign_key_check");
        assert_eq!(broken, 0);
    }

    #[test]
    fn a_ledger_of_version_5_keeps_every_row() {
        let dir = tempfile::tempdir().unwrap();
        let db = write_old_ledger(dir.path(), 5, &[ROWS_OF_VERSION_1, ROWS_OF_VERSION_5]);
        for table in table_names(&db) {
            assert!(count_rows(&db, &table) > 0, "{table} has no row to migrate");
        }
        drop(db);
        let ledger = open(dir.path());
        assert_rows_of_version_1(&ledger);
        let costs = ledger.attempt_costs(Timestamp(0)).unwrap();
        assert_eq!(costs[0].rerun_reason, Some(RerunReason::Again));
        assert_eq!(ledger.billing_visibility(&key()).unwrap(), BillingVisibility::Hidden);
        let jobs = [JobId("j-6".into())];
        let ended = ledger.jobs_with_final_delivery("https://api.example", &jobs).unwrap();
        assert_eq!(ended, jobs);
        let webhooks = ledger.attempt_details(AttemptId(6)).unwrap().webhooks;
        assert_eq!((webhooks[0].at, webhooks[0].handled), (Timestamp(29), true));
        let sequence: i64 =
            ledger.read(|tx| tx.query_row("SELECT seq FROM deliveries", &[])).unwrap();
        assert_eq!(sequence, 28);
        let tables = table_names(&raw(&ledger));
        assert_eq!(
            tables,
            [
                "attempt_log",
                "attempts",
                "batch_inputs",
                "batches",
                "deliveries",
                "keys",
                "listeners",
                "pricings",
                "processes",
                "rate_limits",
                "uploads",
            ]
        );
        assert_eq!(count_rows(&raw(&ledger), "listeners"), 1);
        assert_usable(&ledger);
    }

    #[test]
    fn a_ledger_of_version_1_keeps_every_row() {
        let dir = tempfile::tempdir().unwrap();
        drop(write_old_ledger(dir.path(), 1, &[ROWS_OF_VERSION_1]));
        let ledger = open(dir.path());
        assert_rows_of_version_1(&ledger);
        assert_eq!(ledger.billing_visibility(&key()).unwrap(), BillingVisibility::Unknown);
        assert_usable(&ledger);
    }
}
