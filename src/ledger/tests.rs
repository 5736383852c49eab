use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;

use self::postgres_server::PostgresServer;
use super::database::postgres::Postgres;
use super::database::sqlite::network_name;
use super::database::value::params;
use super::*;
use crate::model::limits::{LimitKey, LimiterStore as _};
use crate::model::time::{Clock, Instant, Timestamp};
use crate::model::{
    Credits, Failure, FailureKind, Fingerprint, JobId, JobOptions, JobStatus, ObjectUrl,
    StoredObject, Target,
};

#[path = "../../tests/support/postgres_server.rs"]
pub(crate) mod postgres_server;

struct Frozen(u64, &'static str);

impl Clock for Frozen {
    fn now(&self) -> Instant {
        Instant(self.0)
    }
    fn wall(&self) -> Timestamp {
        Timestamp(1_000)
    }
    fn boot_id(&self) -> String {
        self.1.to_owned()
    }
}

pub(crate) fn open(directory: &Path) -> Ledger {
    open_with(directory, Frozen(5_000, "boot-a"))
}

fn open_with(directory: &Path, clock: Frozen) -> Ledger {
    let clock = Arc::new(clock);
    let Some(address) = ADDRESSES.with_borrow_mut(|addresses| {
        let new = || server().map(PostgresServer::new_database).unwrap();
        addresses
            .as_mut()
            .map(|known| known.entry(directory.to_owned()).or_insert_with(new).clone())
    }) else {
        return Ledger::open(directory, clock).unwrap();
    };
    let address = PostgresAddress::parse(&address, None).unwrap();
    let postgres = Postgres::connect(&address, no_tls(), true, clock.clone()).unwrap();
    let (machine, boot_id) = (("test", "boot".to_owned()), clock.boot_id());
    Ledger::on_server(postgres, directory, machine, clock, boot_id).unwrap()
}

/// A ledger that machines share, in a file where the test is not on PostgreSQL.
pub(crate) fn open_shared(directory: &Path) -> Ledger {
    if ADDRESSES.with_borrow(Option::is_some) {
        return open(directory);
    }
    let shared = SharedFile { server: "server".into(), machine: "test".into() };
    Ledger::open_shared(directory, Arc::new(Frozen(5_000, "boot-a")), shared).unwrap()
}

pub(crate) fn no_tls() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

thread_local! {
    /// In a test on PostgreSQL, the databases of its directories.
    static ADDRESSES: RefCell<Option<HashMap<PathBuf, String>>> = const { RefCell::new(None) };
}

/// The server of all tests in this process; `None` on a machine without PostgreSQL.
pub(crate) fn server() -> Option<&'static PostgresServer> {
    static SERVER: OnceLock<Option<PostgresServer>> = OnceLock::new();
    SERVER.get_or_init(PostgresServer::start).as_ref()
}

/// Runs a test of the ledger once more, on PostgreSQL.
pub(crate) fn with_postgres(test: fn()) {
    if server().is_some() {
        ADDRESSES.set(Some(HashMap::new()));
        test();
    }
}

/// The same tests on PostgreSQL.
macro_rules! on_postgres {
    ($($test:ident),* $(,)?) => {
        mod with_postgres {
            $(#[test]
            fn $test() {
                $crate::ledger::tests::with_postgres(super::$test);
            })*
        }
    };
}
pub(crate) use on_postgres;

on_postgres!(
    equal_items_share_one_attempt_and_equal_targets_collide,
    a_new_attempt_is_made_only_when_it_cannot_bill_twice_or_was_asked_for,
    living_owners_keep_their_rows_and_dead_ones_lose_them,
    a_process_that_was_taken_over_writes_nothing,
    the_gate_knows_what_another_process_has_just_learned,
    the_gate_counts_places_and_credits_in_the_same_transaction,
    rows_read_back_as_written_and_times_of_another_boot_mean_now,
    entries_come_longest_first_and_page_without_loss,
    a_discarded_plan_leaves_nothing_and_takes_nothing_of_others,
    outputs_are_known_by_content,
    objects_are_read_back_and_found_where_they_were_named_last,
    drafts_uploads_and_prices_are_remembered,
    creates_wait_for_a_first_draft_that_is_watched_and_for_none_once_drafts_are_known,
    a_start_in_doubt_gives_its_place_up_once_its_job_is_seen_and_does_not_run,
    words_of_older_ledgers_are_read,
    limits_are_shared_and_only_what_was_learned_outlives_a_boot,
    a_delivery_is_new_once_whatever_it_calls_itself,
    a_listener_is_known_while_it_lives,
    what_is_paused_is_opened_again_by_its_reason,
    attempts_that_ended_badly_are_counted_by_reason,
    outputs_of_others_are_remembered,
    a_bound_on_credits_counts_what_is_known_of_each_job_by_then,
    a_stop_pauses_all_that_is_open_and_tells_what_runs_from_what_was_not_started,
);

pub(crate) fn key() -> ApiKeyId {
    ApiKeyId { origin: "https://api.example".into(), fingerprint: Fingerprint("abc".into()) }
}

pub(crate) fn batch(ledger: &Ledger) -> BatchId {
    let new =
        NewBatch { profile: "dev".into(), key: key(), run_options: "{}".into(), pricing: None };
    ledger.create_batch(&new).unwrap()
}

pub(crate) fn input(input: &str, target: &str, correlation_id: &str) -> NewInput {
    NewInput {
        name: target.to_owned(),
        target: Some(target.into()),
        work: AttemptSpec {
            content_key: input.to_owned(),
            key: key(),
            profile: "dev".into(),
            source: InputSource::File {
                path: "/in/a.mp4".into(),
                size: 3,
                modified_ns: 4,
                sha256: "00".into(),
            },
            duration: Some(2.5),
            options: JobOptions::default(),
            estimate: Some(Credits(2.0)),
            pricing: None,
        },
        correlation_id: correlation_id.to_owned(),
        again: false,
    }
}

pub(crate) fn placed(ledger: &Ledger, batch: BatchId, new: NewInput) -> (InputId, AttemptId, bool) {
    match ledger.add_inputs(batch, &[new]).unwrap().remove(0) {
        AddResult::Added { input, attempt, fresh, .. } => (input, attempt, fresh),
        AddResult::Collision(other) => panic!("collides with {other}"),
    }
}

/// Three attempts of a batch, each of an entry of its own.
fn three_claimed(ledger: &Ledger, owner: &ProcessLease, batch: BatchId) -> Vec<Attempt> {
    let claim = |n: u32| {
        let new = input(&format!("k{n}"), &format!("/out/{n}"), &format!("c{n}"));
        let (_, attempt, _) = placed(ledger, batch, new);
        claimed(ledger, owner, attempt)
    };
    (0..3).map(claim).collect()
}

pub(crate) fn claimed(ledger: &Ledger, owner: &ProcessLease, id: AttemptId) -> Attempt {
    match ledger.claim(owner, id).unwrap() {
        Claim::Acquired(attempt) => *attempt,
        Claim::Busy => panic!("busy"),
    }
}

pub(crate) fn reach(
    ledger: &Ledger,
    owner: &ProcessLease,
    attempt: &mut Attempt,
    status: AttemptStatus,
) {
    attempt.state.status = status;
    assert_eq!(
        ledger.commit(owner, attempt, &StepAction::Poll.into(), None).unwrap(),
        Commit::Written
    );
}

#[test]
fn equal_items_share_one_attempt_and_equal_targets_collide() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let first = batch(&ledger);
    let (_, one, fresh) = placed(&ledger, first, input("k", "/out/a", "c1"));
    assert!(fresh);
    let (_, two, fresh) = placed(&ledger, first, input("k", "/out/b", "c2"));
    assert!(!fresh);
    assert_eq!(one, two);
    let collision = ledger.add_inputs(first, &[input("other", "/out/a", "c3")]).unwrap();
    assert_eq!(collision, [AddResult::Collision("/out/a".into())]);
    let (_, three, _) = placed(&ledger, batch(&ledger), input("k", "/out/a", "c4"));
    assert_eq!(three, one);
}

#[test]
fn a_new_attempt_is_made_only_when_it_cannot_bill_twice_or_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let owner = ledger.register_process("p1").unwrap();
    let (_, first, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c1"));
    let mut attempt = claimed(&ledger, &owner, first);

    attempt.state.start_count = 1;
    attempt.state.failure = Some(Failure::new(FailureKind::JobFailed, "job", "no subject"));
    reach(&ledger, &owner, &mut attempt, AttemptStatus::Failed);
    let (_, same, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c2"));
    assert_eq!(same, first, "a failed job may have been billed");

    attempt.state.start_count = 0;
    reach(&ledger, &owner, &mut attempt, AttemptStatus::Failed);
    let (_, other, fresh) = placed(&ledger, batch(&ledger), input("k", "/a", "c3"));
    assert!(fresh && other != first, "nothing was billed");
    assert_eq!(ledger.attempt(other).unwrap().number, 2);

    let mut attempt = claimed(&ledger, &owner, other);
    reach(&ledger, &owner, &mut attempt, AttemptStatus::Completed);
    let (_, same, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c4"));
    assert_eq!(same, other);
    let again = NewInput { again: true, ..input("k", "/a", "c5") };
    let third = batch(&ledger);
    let (_, third_task, fresh) = placed(&ledger, third, again.clone());
    assert!(fresh);
    let twin = NewInput { target: Some("/b".into()), correlation_id: "c6".into(), ..again };
    let (_, twin_task, fresh) = placed(&ledger, third, twin);
    assert!(!fresh, "one batch asks for one new attempt");
    assert_eq!(twin_task, third_task);
}

#[test]
fn living_owners_keep_their_rows_and_dead_ones_lose_them() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let (_, id, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c1"));
    let first = ledger.register_process("p1").unwrap();
    let second = ledger.register_process("p2").unwrap();
    let attempt = claimed(&ledger, &first, id);
    assert!(matches!(ledger.claim(&second, id).unwrap(), Claim::Busy));
    assert!(matches!(ledger.claim(&first, id).unwrap(), Claim::Busy));
    assert!(ledger.holds_lease(&first, &attempt).unwrap());
    drop(first);
    let adopted = claimed(&ledger, &second, id);
    assert_eq!(adopted.epoch, attempt.epoch + 1);
    ledger.release(&second, &adopted).unwrap();
    assert!(!ledger.holds_lease(&second, &adopted).unwrap());
}

#[test]
fn a_process_that_was_taken_over_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let (_, id, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c1"));
    let stopped = ledger.register_process("p1").unwrap();
    let mut attempt = claimed(&ledger, &stopped, id);
    ledger.take_over(id).unwrap();
    attempt.state.status = AttemptStatus::StartSent;
    assert_eq!(
        ledger.commit(&stopped, &attempt, &StepAction::Poll.into(), None).unwrap(),
        Commit::LeaseLost
    );
    let gate = StartLimits {
        batch: BatchId(1),
        in_flight: Arc::new(|_| 8),
        max_credits: None,
        rate: None,
    };
    assert_eq!(ledger.commit_start(&stopped, &attempt, &gate).unwrap(), StartCommit::LeaseLost);
    assert!(!ledger.holds_lease(&stopped, &attempt).unwrap());
    assert_eq!(ledger.attempt(id).unwrap().state.status, AttemptStatus::Planned);
    assert!(ledger.attempt_log(id).unwrap().is_empty());
}

#[test]
fn the_gate_knows_what_another_process_has_just_learned() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, other) = (open(dir.path()), open(dir.path()));
    let owner = ledger.register_process("p1").unwrap();
    let id = batch(&ledger);
    let (_, attempt, _) = placed(&ledger, id, input("k", "/a", "c1"));
    let mut attempt = claimed(&ledger, &owner, attempt);
    attempt.state.status = AttemptStatus::StartSent;
    let in_flight: ConcurrencyLimit = Arc::new(|limits| limits.jobs.size);
    let gate = StartLimits { batch: id, in_flight, max_credits: None, rate: None };
    assert_eq!(
        ledger.commit_start(&owner, &attempt, &gate).unwrap(),
        StartCommit::AtConcurrencyLimit
    );
    let limits = LimitKey { origin: key().origin, fingerprint: Some(key().fingerprint) };
    other.change(&limits, "h:1", Box::new(|known| known.key.jobs.size = 1)).unwrap();
    assert_eq!(ledger.commit_start(&owner, &attempt, &gate).unwrap(), StartCommit::Committed);
}

#[test]
fn the_gate_counts_places_and_credits_in_the_same_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let owner = ledger.register_process("p1").unwrap();
    let id = batch(&ledger);
    let mut attempts = three_claimed(&ledger, &owner, id);
    for attempt in &mut attempts {
        attempt.state.status = AttemptStatus::StartSent;
        attempt.state.start_count = 1;
    }
    let capped =
        StartLimits { batch: id, in_flight: Arc::new(|_| 1), max_credits: None, rate: None };
    assert_eq!(ledger.commit_start(&owner, &attempts[0], &capped).unwrap(), StartCommit::Committed);
    assert_eq!(
        ledger.commit_start(&owner, &attempts[1], &capped).unwrap(),
        StartCommit::AtConcurrencyLimit
    );
    assert_eq!(ledger.count_in_flight(&key(), None).unwrap(), 1);
    let repeated = ledger.commit_start(&owner, &attempts[0], &capped).unwrap();
    assert_eq!(repeated, StartCommit::Committed, "a repeated start keeps its own place");
    attempts[0].state.status = AttemptStatus::StartDoubt;
    ledger.commit(&owner, &attempts[0], &StepAction::Poll.into(), None).unwrap();
    assert_eq!(ledger.count_in_flight(&key(), None).unwrap(), 1, "it may have landed");
    attempts[0].last_poll.job_status = Some(JobStatus::Created);
    ledger.commit(&owner, &attempts[0], &StepAction::Poll.into(), None).unwrap();
    assert!(!attempts[0].occupies_slot() && ledger.count_in_flight(&key(), None).unwrap() == 0);

    let max_credits = Some(Credits(4.5));
    let bounded = StartLimits { batch: id, in_flight: Arc::new(|_| 8), max_credits, rate: None };
    assert_eq!(
        ledger.commit_start(&owner, &attempts[1], &bounded).unwrap(),
        StartCommit::Committed
    );
    let refused = ledger.commit_start(&owner, &attempts[2], &bounded).unwrap();
    assert_eq!(
        refused,
        StartCommit::OverBudget { spent: Credits(4.0), wanted: Some(Credits(2.0)) },
        "two are started or in doubt"
    );
    attempts[2].work.estimate = None;
    let unpriced = ledger.commit_start(&owner, &attempts[2], &bounded).unwrap();
    assert!(matches!(unpriced, StartCommit::OverBudget { wanted: None, .. }));
}

#[test]
fn rows_read_back_as_written_and_times_of_another_boot_mean_now() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let owner = ledger.register_process("p1").unwrap();
    let (_, id, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c1"));
    let mut attempt = claimed(&ledger, &owner, id);
    attempt.state = AttemptState {
        status: AttemptStatus::StartDoubt,
        job: Some(JobId("j-1".into())),
        draft_observation: DraftObservation::Created,
        create_count: 2,
        start_count: 1,
        reupload_count: 1,
        orphan_count: 1,
        sent: Some(Instant(4_000)),
        video_url: Some("https://x.example/v".into()),
        upload_reused: true,
        failure: Some(Failure::new(FailureKind::Broken, "start", "reset")),
    };
    attempt.last_poll.progress = Some(12.5);
    let mut refused = Failure::new(FailureKind::RateLimited, "upload", "too many requests");
    refused.request_id = Some("r-0".into());
    attempt.repeated =
        vec![RepeatedCall { at: Timestamp(3), status: AttemptStatus::Planned, failure: refused }];
    assert_eq!(
        ledger.commit(&owner, &attempt, &StepAction::Wait.into(), Some("r-1")).unwrap(),
        Commit::Written
    );
    assert_eq!(ledger.attempt(id).unwrap().state, attempt.state);
    assert_eq!(ledger.find_attempt_by_job(&JobId("j-1".into())).unwrap().unwrap().id, id);
    let story = ledger.attempt_log(id).unwrap();
    let retry = AttemptStep {
        at: Timestamp(3),
        status: AttemptStatus::Planned,
        note: StepNote::parse("retry: upload: too many requests (request r-0)"),
        request_id: Some("r-0".to_owned()),
    };
    assert_eq!(story[0], retry);
    assert_eq!(
        (story[1].status, story[1].note.action),
        (AttemptStatus::StartDoubt, StepAction::Wait)
    );
    assert_eq!(story[1].request_id.as_deref(), Some("r-1"));

    let rebooted = open_with(dir.path(), Frozen(7, "boot-b"));
    assert_eq!(rebooted.attempt(id).unwrap().state.sent, Some(Instant(7)));
}

#[test]
fn entries_come_longest_first_and_page_without_loss() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let id = batch(&ledger);
    for (n, seconds) in [1.0, 9.0, 5.0, 5.0].into_iter().enumerate() {
        let mut new = input(&format!("k{n}"), &format!("/out/{n}"), &format!("c{n}"));
        new.work.duration = Some(seconds);
        placed(&ledger, id, new);
    }
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let page = ledger.open_inputs(id, InputOrder::LongestFirst, after, 1).unwrap();
        let Some(input) = page.first() else { break };
        after = Some((input.duration_ms, input.id));
        names.push(input.name.clone());
    }
    assert_eq!(names, ["/out/1", "/out/2", "/out/3", "/out/0"]);
}

#[test]
fn a_discarded_plan_leaves_nothing_and_takes_nothing_of_others() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let kept = batch(&ledger);
    let (_, shared, _) = placed(&ledger, kept, input("k", "/a", "c1"));
    let refused = batch(&ledger);
    placed(&ledger, refused, input("k", "/a", "c2"));
    let (_, alone, _) = placed(&ledger, refused, input("k2", "/b", "c3"));
    ledger.delete_batch(refused).unwrap();
    assert!(ledger.batch(refused).unwrap().is_none());
    assert!(ledger.attempt(alone).is_err());
    assert!(ledger.attempt(shared).is_ok());
    assert_eq!(ledger.count_inputs(kept).unwrap().open, 1);
}

#[test]
fn outputs_are_known_by_content() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let (input, attempt, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c1"));
    assert!(!ledger.is_output("ff").unwrap());
    ledger.record_output_hash(input, "ff", 9).unwrap();
    assert!(ledger.is_output("ff").unwrap());
    assert_eq!(
        ledger.outputs_of_attempt(attempt).unwrap(),
        [(Target::from("/a"), "ff".to_owned(), 9)]
    );
}

#[test]
fn objects_are_read_back_and_found_where_they_were_named_last() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let object = |key: &str, etag: &str| StoredObject {
        url: ObjectUrl::parse(&format!("s3://b/{key}")).unwrap().unwrap(),
        size: 9,
        etag: Some(etag.to_owned()),
    };
    let source = |key: &str, etag: &str| InputSource::Object {
        object: object(key, etag),
        sha256: Some("aa".into()),
    };
    let new = |source: &InputSource, target: &str| {
        let mut new = input("k", "", "c1");
        new.target = Some(Target::from_bytes(target.into()));
        new.work.source = source.clone();
        new
    };
    let first = source("in/ü.mp4", "\"e1\"");
    let (_, attempt, _) = placed(&ledger, batch(&ledger), new(&first, "s3://b/out.webm"));
    assert_eq!(ledger.attempt(attempt).unwrap().work.source, first);
    let moved = source("moved.mp4", "\"e2\"");
    let second = batch(&ledger);
    let (id, same, fresh) = placed(&ledger, second, new(&moved, "gs://b/out.webm"));
    assert_eq!((same, fresh), (attempt, false));
    assert_eq!(ledger.attempt(attempt).unwrap().work.source, moved);
    let file = InputSource::File {
        path: "/in/a.mp4".into(),
        size: 9,
        modified_ns: 7,
        sha256: "aa".into(),
    };
    placed(&ledger, batch(&ledger), new(&file, "/out/a"));
    assert_eq!(ledger.attempt(attempt).unwrap().work.source, file);
    assert_eq!(first.upload_id(), file.upload_id(), "the same bytes");
    let unread = |etag| InputSource::Object { object: object("x", etag), sha256: None }.upload_id();
    assert_ne!(unread("e1"), unread("e2"));

    ledger.record_existing_output(id, attempt, "ff", 5).unwrap();
    assert_eq!(ledger.attempt(attempt).unwrap().state.status, AttemptStatus::Completed);
    let target = Target::from_bytes(b"gs://b/out.webm".to_vec());
    assert_eq!(ledger.outputs_of_attempt(attempt).unwrap(), [(target, "ff".to_owned(), 5)]);
    assert_eq!(ledger.plan_totals(second).unwrap().done, 1);
    ledger.record_existing_output(id, attempt, "ee", 6).unwrap();
    assert_eq!(ledger.outputs_of_attempt(attempt).unwrap()[0].1, "ee", "as it is now");
}

#[test]
fn drafts_uploads_and_prices_are_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    assert_eq!(ledger.draft_support(&key()).unwrap(), DraftSupport::Unknown);
    ledger.record_draft_support(&key(), DraftSupport::Supported).unwrap();
    assert_eq!(ledger.draft_support(&key()).unwrap(), DraftSupport::Supported);
    assert_eq!(ledger.billing_visibility(&key()).unwrap(), BillingVisibility::Unknown);
    for (seen, known) in [
        (BillingVisibility::Shown, BillingVisibility::Shown),
        (BillingVisibility::Hidden, BillingVisibility::Hidden),
        (BillingVisibility::Shown, BillingVisibility::Hidden),
    ] {
        ledger.record_billing_visibility(&key(), seen).unwrap();
        assert_eq!(ledger.billing_visibility(&key()).unwrap(), known);
    }
    assert_eq!(
        ledger.draft_support(&key()).unwrap(),
        DraftSupport::Supported,
        "the one leaves the other alone"
    );
    ledger.record_upload(&key(), "aa", "https://x/1").unwrap();
    ledger.record_upload(&key(), "aa", "https://x/2").unwrap();
    assert_eq!(ledger.find_upload(&key(), "aa").unwrap().as_deref(), Some("https://x/2"));
    ledger.delete_upload(&key(), "aa").unwrap();
    assert_eq!(ledger.find_upload(&key(), "aa").unwrap(), None);
    let pricing = crate::model::Pricing {
        per_minute: [("light".to_owned(), 45.0)].into(),
        raw: serde_json::json!({"x": 1}),
    };
    let id = ledger.record_pricing("o", &pricing).unwrap();
    assert_eq!(ledger.record_pricing("o", &pricing).unwrap(), id);
}

#[test]
fn creates_wait_for_a_first_draft_that_is_watched_and_for_none_once_drafts_are_known() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let owner = ledger.register_process("p").unwrap();
    let batch = batch(&ledger);
    let (_, first, _) = placed(&ledger, batch, input("k", "/a", "c1"));
    let (_, second, _) = placed(&ledger, batch, input("k2", "/b", "c2"));
    let mut watched = claimed(&ledger, &owner, first);
    let mut waiting = claimed(&ledger, &owner, second);
    waiting.state.status = AttemptStatus::CreateSent;
    let may_go = || ledger.commit_exclusive_create(&owner, &waiting, None).unwrap().is_some();
    for (status, draft, goes) in [
        (AttemptStatus::CreateSent, DraftObservation::Unknown, false),
        (AttemptStatus::Draft, DraftObservation::Unjudged, false),
        (AttemptStatus::Draft, DraftObservation::Pending, true),
        (AttemptStatus::StartSent, DraftObservation::Pending, true),
    ] {
        watched.state.draft_observation = draft;
        reach(&ledger, &owner, &mut watched, status);
        assert_eq!(may_go(), goes, "{status:?} {draft:?}");
    }
    for (drafts, draft_goes, create_goes) in
        [(DraftSupport::Unsupported, true, false), (DraftSupport::Supported, true, true)]
    {
        ledger.record_draft_support(&key(), drafts).unwrap();
        watched.state.draft_observation = DraftObservation::Unjudged;
        reach(&ledger, &owner, &mut watched, AttemptStatus::Draft);
        assert_eq!(may_go(), draft_goes, "{drafts:?}");
        reach(&ledger, &owner, &mut watched, AttemptStatus::CreateSent);
        assert_eq!(may_go(), create_goes, "{drafts:?}");
    }
}

#[test]
fn a_start_in_doubt_gives_its_place_up_once_its_job_is_seen_and_does_not_run() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let owner = ledger.register_process("p").unwrap();
    let (_, id, _) = placed(&ledger, batch(&ledger), input("k", "/a", "c1"));
    let mut attempt = claimed(&ledger, &owner, id);
    for (status, job_status, holds) in [
        (AttemptStatus::StartDoubt, None, true),
        (AttemptStatus::StartDoubt, Some("created"), false),
        (AttemptStatus::StartDoubt, Some("pending"), false),
        (AttemptStatus::StartDoubt, Some("drafted"), false),
        (AttemptStatus::StartDoubt, Some("processing"), true),
        (AttemptStatus::StartRefused, Some("pending"), true),
        (AttemptStatus::Running, Some("pending"), true),
    ] {
        attempt.last_poll.job_status = job_status.map(JobStatus::parse);
        reach(&ledger, &owner, &mut attempt, status);
        let counted = ledger.count_in_flight(&key(), None).unwrap() == 1;
        assert_eq!((attempt.occupies_slot(), counted), (holds, holds), "{status:?} {job_status:?}");
    }
}

/// What drafts were called in the first ledgers is still understood.
#[test]
fn words_of_older_ledgers_are_read() {
    for (word, seen) in [
        ("unknown", DraftObservation::Unknown),
        ("created", DraftObservation::Created),
        ("pending", DraftObservation::Unjudged),
        ("started", DraftObservation::Started),
    ] {
        assert_eq!((DraftObservation::parse(word), seen.as_str()), (Some(seen), word));
    }
}

#[test]
fn foreign_and_newer_files_are_refused_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let path = dir.path().join("ledger.sqlite3");
    let db = Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 999).unwrap();
    drop(db);
    let reopened = Ledger::open(dir.path(), Arc::new(Frozen(0, "b")));
    assert!(matches!(reopened, Err(LedgerError::Newer { found: 999, .. })));

    let other = tempfile::tempdir().unwrap();
    let db = Connection::open(other.path().join("ledger.sqlite3")).unwrap();
    db.execute_batch("PRAGMA application_id = 7; CREATE TABLE t (x)").unwrap();
    drop(db);
    let opened = Ledger::open(other.path(), Arc::new(Frozen(0, "b")));
    assert!(matches!(opened, Err(LedgerError::Foreign)));
    assert_eq!(network_name(0x6969), Some("NFS"));
    assert_eq!(network_name(0xFF53_4D42), Some("CIFS"));
    assert_eq!(network_name(0xEF53), None);
}

#[test]
fn the_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    batch(&ledger);
    for name in ["ledger.sqlite3", "ledger.sqlite3-wal"] {
        let mode = std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(ledger.check_integrity().unwrap(), "ok");
}

#[test]
fn limits_are_shared_and_only_what_was_learned_outlives_a_boot() {
    use crate::model::limits::{CallLimits, KeyLimits, LimitKey, LimiterStore as _, Pace};
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (open(dir.path()), open(dir.path()));
    let key = LimitKey { origin: "o".into(), fingerprint: Some(Fingerprint("f".into())) };
    let learned = Box::new(|limits: &mut CallLimits| {
        limits.host.flaps += 3;
        let limits = &mut limits.key;
        limits.submissions = Pace { rate: 7.5, cut_at: Some(Instant(5)), ..Pace::default() };
        limits.jobs.size = 3;
        limits.polls_paused_until = Some(Instant(9_000));
        limits.block.no_credits = true;
        limits.page_size = Some(25);
    });
    one.change(&key, "h:1", learned).unwrap();
    let seen = two.key(&key).unwrap();
    assert!((seen.submissions.rate - 7.5).abs() < f64::EPSILON && seen.block.no_credits);
    assert_eq!((seen.polls_paused_until, seen.page_size), (Some(Instant(9_000)), Some(25)));
    assert_eq!((seen.submissions.cut_at, seen.jobs.size), (Some(Instant(5)), 3));
    let flaps = |ledger: &Ledger| -> Vec<u32> {
        ledger.host_limits().unwrap().iter().map(|(_, host)| host.flaps).collect()
    };
    assert_eq!(flaps(&two), [3]);
    let rebooted = open_with(dir.path(), Frozen(7, "boot-b"));
    let mut kept = KeyLimits::default();
    kept.submissions.rate = 7.5;
    kept.jobs.size = 3;
    kept.block.no_credits = true;
    kept.page_size = Some(25);
    assert_eq!(rebooted.key(&key).unwrap(), kept);
    rebooted.change(&key, "h:1", Box::new(|_| {})).unwrap();
    assert_eq!(flaps(&rebooted), [0]);
}

#[test]
fn a_delivery_is_new_once_whatever_it_calls_itself() {
    let dir = tempfile::tempdir().unwrap();
    let new = |id: &str, signature: &str, job: &str, reports_final: bool| NewDelivery {
        id: id.into(),
        signature: signature.into(),
        origin: "https://api.example".into(),
        event: "job.completed".into(),
        job: Some(JobId(job.into())),
        reports_final,
    };
    {
        let ledger = open(dir.path());
        assert_eq!(
            ledger.record_delivery(&new("d1", "s1", "j1", true)).unwrap(),
            DeliveryRecord::New
        );
    }
    let ledger = open(dir.path());
    let again = |id, signature| ledger.record_delivery(&new(id, signature, "j1", true)).unwrap();
    assert_eq!(again("d1", "s9"), DeliveryRecord::Unfinished, "sent again by the service");
    assert_eq!(again("d9", "s1"), DeliveryRecord::Known, "replayed under another id");
    ledger.mark_delivery_handled("d1").unwrap();
    assert_eq!(again("d1", "s1"), DeliveryRecord::Known);
    ledger.record_delivery(&new("d2", "s2", "j2", false)).unwrap();
    let jobs = ["j1", "j2"].map(|job| JobId(job.into()));
    let ended = |origin| ledger.jobs_with_final_delivery(origin, &jobs).unwrap();
    assert_eq!(ended("https://api.example"), jobs[..1]);
    assert_eq!(ended("https://other.example"), []);
    assert_eq!(ledger.delete_deliveries_before(Timestamp(2_000)).unwrap(), 2);
    assert_eq!(ledger.record_delivery(&new("d1", "s1", "j1", true)).unwrap(), DeliveryRecord::New);
}

#[test]
fn a_listener_is_known_while_it_lives() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let origin = "https://api.example";
    assert_eq!(ledger.listener_address(origin).unwrap(), None);
    let owner = ledger.register_process("one").unwrap();
    ledger.register_listener(&owner, origin, "127.0.0.1:8787").unwrap();
    assert_eq!(ledger.listener_address(origin).unwrap().as_deref(), Some("127.0.0.1:8787"));
    assert_eq!(ledger.listener_address("https://other.example").unwrap(), None);
    drop(owner);
    assert_eq!(ledger.listener_address(origin).unwrap(), None);
}

#[test]
fn what_is_paused_is_opened_again_by_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let number = batch(&ledger);
    for (name, kind) in [
        ("a", FailureKind::InsufficientCredits),
        ("b", FailureKind::Unavailable),
        ("c", FailureKind::BudgetReached),
    ] {
        let (id, ..) = placed(&ledger, number, input(name, name, name));
        let failure = Failure::new(kind, "start", "why");
        ledger.set_input_state(id, InputState::Paused, Some(failure.clone())).unwrap();
    }
    let passing = &FailureKind::TEMPORARY;
    assert_eq!(ledger.count_paused_for(number, passing).unwrap(), 2);
    assert_eq!(ledger.count_paused_for(number, &[FailureKind::BudgetReached]).unwrap(), 1);
    assert_eq!(ledger.count_paused_for(BatchId(99), passing).unwrap(), 0);
    assert_eq!(ledger.reopen_paused_for(number, passing).unwrap(), 2);
    assert_eq!(ledger.count_paused_for(number, passing).unwrap(), 0);
    let open = ledger.open_inputs(number, InputOrder::LongestFirst, None, 9).unwrap();
    let names: Vec<&str> = open.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names, ["a", "b"], "a reached bound is for the user");
    let (done, late) = (open[0].id, Failure::new(FailureKind::Local, "the job ledger", "why"));
    ledger.set_input_state(done, InputState::Done, None).unwrap();
    ledger.set_input_state(done, InputState::Paused, Some(late)).unwrap();
    assert_eq!(ledger.count_inputs(number).unwrap().done, 1, "what is done is not paused");
}

#[test]
fn attempts_that_ended_badly_are_counted_by_reason() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let owner = ledger.register_process("p").unwrap();
    let number = batch(&ledger);
    for (name, status, kind) in [
        ("a", AttemptStatus::Failed, FailureKind::JobFailed),
        ("b", AttemptStatus::Failed, FailureKind::JobFailed),
        ("c", AttemptStatus::NeedsReview, FailureKind::NeedsReview),
    ] {
        let (_, id, _) = placed(&ledger, number, input(name, name, name));
        let mut attempt = claimed(&ledger, &owner, id);
        attempt.state.failure = Some(Failure::new(kind, "job", "why"));
        reach(&ledger, &owner, &mut attempt, status);
    }
    placed(&ledger, number, input("d", "d", "d"));
    let expected = [(FailureKind::JobFailed, 2), (FailureKind::NeedsReview, 1)];
    assert_eq!(ledger.count_failures_by_kind(number).unwrap(), expected);
}

#[test]
fn outputs_of_others_are_remembered() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let number = batch(&ledger);
    assert!(!ledger.is_output("ab12").unwrap());
    ledger.record_foreign_outputs(number, &[("a-nobg.webm".into(), "ab12".into(), 5)]).unwrap();
    assert!(ledger.is_output("ab12").unwrap());
    assert_eq!(ledger.plan_totals(number).unwrap(), PlanTotals::default(), "it is no work");
    ledger.delete_batch(number).unwrap();
    assert!(!ledger.is_output("ab12").unwrap());
}

#[test]
fn a_bound_on_credits_counts_what_is_known_of_each_job_by_then() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let owner = ledger.register_process("p1").unwrap();
    let id = batch(&ledger);
    let mut attempts = three_claimed(&ledger, &owner, id);
    let gate = |max: f64| StartLimits {
        batch: id,
        in_flight: Arc::new(|_| 8),
        max_credits: Some(Credits(max)),
        rate: Some(1.0),
    };
    let first = &mut attempts[0];
    (first.state.status, first.state.start_count) = (AttemptStatus::StartSent, 1);
    assert_eq!(ledger.commit_start(&owner, first, &gate(2.0)).unwrap(), StartCommit::Committed);
    assert_eq!(ledger.started_credits(id).unwrap(), Credits(2.0), "the estimate, for 2.5 s");
    first.last_poll.output_seconds = Some(25.0);
    reach(&ledger, &owner, first, AttemptStatus::Running);
    assert_eq!(ledger.started_credits(id).unwrap(), Credits(20.0), "by the length that shows");
    reach(&ledger, &owner, first, AttemptStatus::Completed);
    ledger.record_charges(&[(first.id, Credits(30.0))]).unwrap();
    assert_eq!(ledger.started_credits(id).unwrap(), Credits(30.0), "the charge");
    let second = &mut attempts[1];
    (second.state.status, second.state.start_count) = (AttemptStatus::StartSent, 1);
    let wanted = Some(Credits(2.0));
    assert_eq!(
        ledger.commit_start(&owner, second, &gate(31.0)).unwrap(),
        StartCommit::OverBudget { spent: Credits(30.0), wanted }
    );
    // Of a video of unknown length, the longest that it can be counts.
    second.work.estimate = None;
    let at_most = second.work.max_price(Some(1.0)).unwrap();
    assert!(at_most >= Credits(60.0), "{at_most}");
    assert_eq!(
        ledger.commit_start(&owner, second, &gate(31.0)).unwrap(),
        StartCommit::OverBudget { spent: Credits(30.0), wanted: Some(at_most) }
    );
    // A draft may show its length before it is started.
    second.last_poll.output_seconds = Some(5.0);
    assert_eq!(
        ledger.commit_start(&owner, second, &gate(31.0)).unwrap(),
        StartCommit::OverBudget { spent: Credits(30.0), wanted: Some(Credits(5.0)) }
    );
    second.last_poll.output_seconds = None;
    let enough = gate(30.0 + at_most.0);
    assert_eq!(ledger.commit_start(&owner, second, &enough).unwrap(), StartCommit::Committed);
}

#[test]
fn a_stop_pauses_all_that_is_open_and_tells_what_runs_from_what_was_not_started() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path());
    let owner = ledger.register_process("p1").unwrap();
    let id = batch(&ledger);
    let place = |n: u32| {
        placed(&ledger, id, input(&format!("k{n}"), &format!("/out/{n}"), &format!("c{n}"))).1
    };
    let (_, running, _, completed) = (place(0), place(1), place(2), place(3));
    for (attempt, status) in
        [(running, AttemptStatus::Running), (completed, AttemptStatus::Completed)]
    {
        let mut attempt = claimed(&ledger, &owner, attempt);
        attempt.state.start_count = 1;
        reach(&ledger, &owner, &mut attempt, status);
    }
    let started = ledger.open_inputs(id, InputOrder::StartedLongestFirst, None, 10).unwrap();
    let mut attempts: Vec<_> = started.iter().filter_map(|input| input.attempt).collect();
    attempts.sort_unstable();
    assert_eq!(attempts, [running, completed]);
    let in_flight = ledger.open_inputs(id, InputOrder::InFlightLongestFirst, None, 10).unwrap();
    assert_eq!(in_flight.iter().filter_map(|input| input.attempt).collect::<Vec<_>>(), [running]);
    let failure = Failure::new(crate::model::FailureKind::InsufficientCredits, "a", "b");
    assert_eq!(ledger.pause_open_inputs(id, &failure).unwrap(), 4);
    assert_eq!(ledger.open_inputs(id, InputOrder::LongestFirst, None, 10).unwrap().len(), 0);
    let expected = UnfinishedInputs { running: 1, not_started: 2, left: 0, drafts: 0 };
    assert_eq!(ledger.count_unfinished_inputs(id).unwrap(), expected);
    // The completed one costs nothing more, and the running one was counted when it was started.
    assert_eq!(ledger.credits_to_start_all(id, None).unwrap(), Credits(4.0));
    ledger.release_all(&owner).unwrap();
    assert!(matches!(ledger.claim(&owner, running).unwrap(), Claim::Acquired(_)));
}

#[test]
fn a_final_delivery_is_found_by_its_job() {
    let directory = tempfile::tempdir().unwrap();
    let plan = format!("EXPLAIN QUERY PLAN {}", super::write::deliveries::HAS_FINAL_DELIVERY);
    let steps: Vec<String> = open(directory.path())
        .read(|tx| tx.query_with(&plan, params!["", ""], |row| row.get(3)))
        .unwrap();
    assert!(steps.concat().contains("INDEX deliveries_by_job"), "{steps:?}");
}

#[test]
fn counting_jobs_in_flight_reads_only_rows_in_flight() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = open(directory.path());
    for query in [
        crate::ledger::write::starts::COUNT_IN_FLIGHT,
        crate::ledger::write::starts::COUNT_RUNNING_SINCE,
    ] {
        let steps: Vec<String> = ledger
            .read(|tx| {
                let plan = format!("EXPLAIN QUERY PLAN {query}");
                tx.query_with(&plan, params!["", "", 0_i64], |row| row.get(3))
            })
            .unwrap();
        assert!(steps.concat().contains("INDEX attempts_in_flight"), "{query}: {steps:?}");
    }
}
