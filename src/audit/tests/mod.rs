pub(crate) mod trust;

use std::collections::BTreeMap;

use serde_json::json;

use super::events_page::is_truncated;
use super::*;
use crate::client::{UsageDay, UsageEvent, UsageEventPage, UsageSummary};
use crate::ledger::{ApiKeyId, AttemptCost, AttemptId, AttemptStatus, RerunReason};
use crate::model::{Credits, Fingerprint, JobId, ModelName, Pricing, Timestamp};

const DAY: i64 = 86_400_000;
/// Noon of 2026-01-10.
const NOW: i64 = 1_768_046_400_000;

fn key() -> ApiKeyId {
    ApiKeyId { origin: "https://api.example".into(), fingerprint: Fingerprint("ours".into()) }
}

/// A completed attempt of 2 credits, a day old.
fn attempt(job: &str) -> AttemptCost {
    AttemptCost {
        attempt: AttemptId(1),
        content_key: job.to_owned(),
        number: 1,
        rerun_reason: None,
        charged_before: false,
        sent_from_here: true,
        only_fetched: false,
        name: format!("{job}.mp4"),
        job: Some(JobId(job.to_owned())),
        key: key(),
        profile: "p".into(),
        model: ModelName::Original,
        tags: BTreeMap::new(),
        status: AttemptStatus::Completed,
        may_be_billed: true,
        at: Timestamp(NOW - DAY),
        updated_at: Timestamp(NOW - DAY),
        duration: Some(2.0),
        output_seconds: Some(2.0),
        estimate: Some(Credits(2.0)),
        charged: None,
    }
}

fn event(job: Option<&str>, credits: f64, at: i64) -> UsageEvent {
    UsageEvent {
        job: job.map(|job| JobId(job.to_owned())),
        names_job: true,
        kind: None,
        credits: Some(Credits(credits)),
        at: Some((at / 1_000).to_string()),
        raw: json!({}),
    }
}

fn charge(job: &str, credits: f64) -> UsageEvent {
    event(Some(job), credits, NOW - DAY)
}

struct Case {
    attempts: Vec<AttemptCost>,
    events: Vec<UsageEvent>,
    total: Option<u64>,
    used: Option<f64>,
    days: Vec<(&'static str, f64)>,
    prices: Option<Pricing>,
}

impl Case {
    /// Attempts and events, and a summary that agrees with the events.
    fn of(attempts: Vec<AttemptCost>, events: Vec<UsageEvent>) -> Self {
        let used: f64 = events.iter().filter_map(|event| Some(event.credits?.0)).sum();
        Self { attempts, events, total: None, used: Some(used), days: Vec::new(), prices: None }
    }

    fn found(self) -> Findings {
        let day = |(date, credits): &(&str, f64)| UsageDay {
            date: (*date).to_owned(),
            jobs: None,
            credits: Some(Credits(*credits)),
        };
        let summary = UsageSummary {
            total_jobs: None,
            completed_jobs: None,
            failed_jobs: None,
            credits_used: self.used.map(Credits),
            credits_left: None,
            days: self.days.iter().map(day).collect(),
            raw: json!({}),
        };
        reconcile(&AuditInput {
            attempts: &self.attempts,
            keys: &[key()],
            events: &UsageEventPage { events: self.events, total: self.total },
            asked: 100,
            summary: &summary,
            prices: self.prices.as_ref(),
            since: Timestamp(NOW - 7 * DAY),
            now: Timestamp(NOW),
        })
    }
}

fn wrongs(findings: &Findings) -> Vec<Mismatch> {
    findings.differences.iter().map(|difference| difference.wrong).collect()
}

#[test]
fn a_charge_that_fits_a_longer_output_is_right_and_remarked_on() {
    let longer = AttemptCost { output_seconds: Some(10.0), ..attempt("a") };
    let found = Case::of(vec![longer], vec![charge("a", 10.0)]).found();
    assert_eq!((found.verdict(), found.beyond_estimate), (AuditResult::Matched, 1), "{found:?}");
    assert_eq!(
        found.remarks,
        [
            "a.mp4: charged 10.00 credits, 2.00 were estimated: the output is 10.0 s, the input by its \
          header 2.0 s"
        ]
    );
    assert_eq!(
        found.saw,
        ["1 usage events, from 2026-01-09 to 2026-01-09; a summary of 10.00 credits; 1 \
          attempts of this ledger since 2026-01-03"]
    );
    let shorter = AttemptCost { output_seconds: Some(1.0), ..attempt("a") };
    let found = Case::of(vec![shorter], vec![charge("a", 1.0)]).found();
    assert_eq!((found.beyond_estimate, found.remarks.len()), (0, 0), "less is no surprise");
}

#[test]
fn every_charge_with_its_attempt_is_all_there_is_to_say() {
    let found =
        Case::of(vec![attempt("a"), attempt("b")], vec![charge("a", 2.0), charge("b", 2.01)])
            .found();
    assert_eq!(found.verdict(), AuditResult::Matched, "{found:?}");
    assert_eq!((found.matched, found.charges.len()), (2, 2));
    assert_eq!(Case::of(vec![], vec![]).found().verdict(), AuditResult::Matched);
}

#[test]
fn every_difference_is_named() {
    let draft = AttemptCost { may_be_billed: false, status: AttemptStatus::Draft, ..attempt("d") };
    let table = [
        ("nobody's", vec![], vec![charge("x", 2.0)], vec![Mismatch::NotOurs]),
        ("never started", vec![draft], vec![charge("d", 2.0)], vec![Mismatch::NotStarted]),
        ("missing", vec![attempt("a")], vec![], vec![Mismatch::NotCharged]),
        (
            "twice",
            vec![attempt("a")],
            vec![charge("a", 2.0), charge("a", 2.0)],
            vec![Mismatch::Twice],
        ),
        ("too much", vec![attempt("a")], vec![charge("a", 3.0)], vec![Mismatch::OtherAmount]),
        ("too little", vec![attempt("a")], vec![charge("a", 1.9)], vec![Mismatch::OtherAmount]),
        (
            "several",
            vec![attempt("a"), attempt("b")],
            vec![charge("b", 9.0), charge("x", 1.0)],
            vec![Mismatch::OtherAmount, Mismatch::NotOurs, Mismatch::NotCharged],
        ),
    ];
    for (name, attempts, events, expected) in table {
        let found = Case::of(attempts, events).found();
        assert_eq!(wrongs(&found), expected, "{name}: {found:?}");
        assert_eq!(found.verdict(), AuditResult::Different, "{name}");
    }
}

#[test]
fn what_may_be_charged_or_not_is_no_difference() {
    let with = |phase| AttemptCost { status: phase, ..attempt("a") };
    for phase in [
        AttemptStatus::Running,
        AttemptStatus::StartSent,
        AttemptStatus::Failed,
        AttemptStatus::NeedsReview,
    ] {
        for events in [vec![], vec![charge("a", 2.0)]] {
            let found = Case::of(vec![with(phase)], events).found();
            assert_eq!(found.verdict(), AuditResult::Matched, "{phase:?}: {found:?}");
        }
    }
    let failed = Case::of(vec![with(AttemptStatus::Failed)], vec![charge("a", 2.0)]).found();
    assert!(failed.remarks[0].contains("failed, but was charged 2.00 credits"), "{failed:?}");
    let refunded =
        Case::of(vec![with(AttemptStatus::Failed)], vec![charge("a", 2.0), charge("a", -2.0)])
            .found();
    assert!(refunded.remarks[0].contains("refunded"), "{refunded:?}");
    let parts = Case::of(vec![attempt("a")], vec![charge("a", 1.5), charge("a", 0.5)]).found();
    assert_eq!(parts.verdict(), AuditResult::Matched, "{parts:?}");
    let zero = Case::of(vec![with(AttemptStatus::Running)], vec![charge("other", 0.0)]).found();
    assert_eq!(zero.verdict(), AuditResult::Matched, "an event without credits is no charge");
}

/// A second attempt at the input of `attempt("a")`.
fn second(asked: Option<RerunReason>) -> AttemptCost {
    AttemptCost { content_key: "a".into(), number: 2, rerun_reason: asked, ..attempt("b") }
}

#[test]
fn a_second_charge_of_an_item_is_a_difference_unless_it_was_asked_for() {
    let charges = || vec![charge("a", 2.0), charge("b", 2.0)];
    let unasked = Case::of(vec![attempt("a"), second(None)], charges()).found();
    assert_eq!(wrongs(&unasked), [Mismatch::SecondAttempt], "{unasked:?}");
    let difference = &unasked.differences[0];
    assert_eq!(difference.job, Some(JobId("b".into())), "the later one is too much");
    assert_eq!((unasked.matched, unasked.asked_again), (1, 0));

    for (asked, flag) in
        [(RerunReason::Again, "--again"), (RerunReason::RetryFailed, "--retry-failed")]
    {
        let found = Case::of(vec![attempt("a"), second(Some(asked))], charges()).found();
        assert_eq!(found.verdict(), AuditResult::Matched, "{found:?}");
        assert_eq!((found.matched, found.asked_again), (2, 1));
        assert!(found.remarks[0].contains(flag) && found.remarks[0].contains("once more"));
    }
    // The order of the charges on the page is irrelevant.
    let late = vec![charge("b", 2.0), charge("a", 2.0)];
    let reordered = Case::of(vec![second(None), attempt("a")], late).found();
    assert_eq!(reordered.differences[0].job, Some(JobId("b".into())));
}

#[test]
fn a_second_charge_is_one_also_when_the_first_was_long_ago() {
    let later = |asked| AttemptCost { charged_before: true, ..second(asked) };
    let alone = |asked| Case::of(vec![later(asked)], vec![charge("b", 2.0)]).found();
    assert_eq!(wrongs(&alone(None)), [Mismatch::SecondAttempt]);
    assert_eq!(alone(Some(RerunReason::Again)).asked_again, 1);
    // The first attempt failed.
    let first = AttemptCost { status: AttemptStatus::Failed, ..attempt("a") };
    let findings = Case::of(vec![first, second(None)], vec![charge("b", 2.0)]).found();
    assert_eq!(
        (findings.verdict(), findings.asked_again),
        (AuditResult::Matched, 0),
        "{findings:?}"
    );
    let first = vec![charge("a", 2.0), charge("a", -2.0), charge("b", 2.0)];
    let refunded = Case::of(vec![attempt("a"), second(None)], first).found();
    assert_eq!(refunded.verdict(), AuditResult::Matched, "{refunded:?}");
}

#[test]
fn only_the_asked_key_must_have_been_charged() {
    let rotated = ApiKeyId { fingerprint: Fingerprint("old".into()), ..key() };
    let other = AttemptCost { key: rotated, ..attempt("a") };
    assert_eq!(Case::of(vec![other.clone()], vec![]).found().verdict(), AuditResult::Matched);
    let findings = Case::of(vec![other], vec![charge("a", 2.0)]).found();
    assert_eq!(findings.matched, 1, "a charge of another key of ours is ours");
}

#[test]
fn unknown_prices_are_not_taken_for_agreement() {
    let unpriced = || vec![AttemptCost { estimate: None, duration: None, ..attempt("a") }];
    let found = Case::of(unpriced(), vec![charge("a", 7.0)]).found();
    assert_eq!(found.verdict(), AuditResult::Unproven, "{found:?}");
    let rate = [("original".to_owned(), 60.0)].into();
    let prices = Some(Pricing { per_minute: rate, raw: json!({}) });
    let found = Case { prices, ..Case::of(unpriced(), vec![charge("a", 7.0)]) }.found();
    assert_eq!(
        wrongs(&found),
        [Mismatch::OtherAmount],
        "today's prices serve where none were kept"
    );
}

#[test]
fn events_without_jobs_cannot_be_checked_and_say_so() {
    let events = vec![event(None, 2.0, NOW - DAY), event(None, 2.0, NOW - DAY)];
    let found = Case::of(vec![attempt("a"), attempt("b")], events).found();
    assert_eq!(
        (found.verdict(), found.basis),
        (AuditResult::Unproven, Coverage::Nothing),
        "{found:?}"
    );
    assert!(found.unchecked[0].contains("could not be checked"), "{found:?}");
    assert_eq!((found.matched, found.charges.len()), (0, 0), "{found:?}");
}

#[test]
fn a_bare_id_is_a_job_only_if_it_is_one_of_ours() {
    let bare = |id: &str| UsageEvent { names_job: false, ..charge(id, 2.0) };
    let ours = Case::of(vec![attempt("a")], vec![bare("a")]).found();
    assert_eq!(ours.verdict(), AuditResult::Matched);
    let theirs = Case::of(vec![attempt("a")], vec![bare("event-1")]).found();
    assert_eq!(
        (theirs.verdict(), theirs.basis),
        (AuditResult::Unproven, Coverage::Nothing),
        "{theirs:?}"
    );
}

#[test]
fn a_page_that_was_cut_checks_what_it_shows() {
    let old = AttemptCost { at: Timestamp(NOW - 3 * DAY), ..attempt("old") };
    let case = |credits| Case {
        total: Some(2),
        used: Some(4.0),
        ..Case::of(vec![old.clone(), attempt("a")], vec![charge("a", credits)])
    };
    let found = case(2.0).found();
    assert_eq!(
        (found.verdict(), found.basis),
        (AuditResult::Unproven, Coverage::SomeCharges),
        "{found:?}"
    );
    assert!(found.unchecked[0].contains("latest 1 of 2 events"), "{found:?}");
    assert_eq!(found.matched, 1);
    assert_eq!(wrongs(&case(4.0).found()), [Mismatch::OtherAmount]);
}

#[test]
fn which_pages_were_cut() {
    let page =
        |shown: usize, total| UsageEventPage { events: vec![charge("a", 1.0); shown], total };
    let table = [
        (page(3, None), false),
        (page(20, None), true),
        (page(100, None), true),
        (page(20, Some(20)), false),
        (page(20, Some(21)), true),
    ];
    for (page, cut) in table {
        assert_eq!(is_truncated(&page, 100), cut, "{} of {:?}", page.events.len(), page.total);
    }
}

#[test]
fn silent_events_and_figures_that_contradict_each_other_prove_nothing() {
    let silent = Case { used: Some(2.0), ..Case::of(vec![attempt("a")], vec![]) }.found();
    assert_eq!(silent.verdict(), AuditResult::Unproven, "{silent:?}");
    let other = Case { used: Some(5.0), ..Case::of(vec![attempt("a")], vec![charge("a", 2.0)]) };
    let other = other.found();
    assert_eq!(other.verdict(), AuditResult::Unproven);
    assert!(other.unchecked[0].contains("is incomplete"), "{other:?}");
}

#[test]
fn only_what_is_recent_may_be_late() {
    let recent = AttemptCost { updated_at: Timestamp(NOW - 1_000), ..attempt("a") };
    assert!(Case::of(vec![recent.clone()], vec![]).found().may_be_late);
    assert!(!Case::of(vec![attempt("a")], vec![]).found().may_be_late);
    let twice = vec![charge("a", 2.0), charge("a", 2.0)];
    assert!(!Case::of(vec![recent], twice).found().may_be_late, "waiting takes nothing back");
}
