use std::collections::BTreeMap;

use serde_json::json;

use super::seen::is_cut;
use super::*;
use crate::client::{UsageDay, UsageEvent};
use crate::ledger::{Asked, Phase};
use crate::model::{Fingerprint, ModelName};

const DAY: i64 = 86_400_000;
/// Noon of 2026-01-10.
const NOW: i64 = 1_768_046_400_000;

fn key() -> KeyId {
    KeyId { origin: "https://api.example".into(), print: Fingerprint("ours".into()) }
}

/// A completed attempt of 2 credits, a day old.
fn attempt(job: &str) -> Spent {
    Spent {
        task: TaskId(1),
        item_key: job.to_owned(),
        attempt: 1,
        asked: None,
        charged_before: false,
        name: format!("{job}.mp4"),
        job: Some(JobId(job.to_owned())),
        key: key(),
        profile: "p".into(),
        model: ModelName::Original,
        tags: BTreeMap::new(),
        phase: Phase::Completed,
        may_be_billed: true,
        at: Timestamp(NOW - DAY),
        changed_at: Timestamp(NOW - DAY),
        duration: Some(2.0),
        seconds: Some(2.0),
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
    attempts: Vec<Spent>,
    events: Vec<UsageEvent>,
    total: Option<u64>,
    used: Option<f64>,
    days: Vec<(&'static str, f64)>,
    prices: Option<Pricing>,
}

impl Case {
    /// Attempts and events, and a summary that agrees with the events.
    fn of(attempts: Vec<Spent>, events: Vec<UsageEvent>) -> Self {
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
        reconcile(&Books {
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

fn wrongs(findings: &Findings) -> Vec<Wrong> {
    findings.differences.iter().map(|difference| difference.wrong).collect()
}

#[test]
fn every_charge_with_its_attempt_is_all_there_is_to_say() {
    let found =
        Case::of(vec![attempt("a"), attempt("b")], vec![charge("a", 2.0), charge("b", 2.01)])
            .found();
    assert_eq!(found.verdict(), Verdict::Matched, "{found:?}");
    assert_eq!((found.matched, found.charges.len()), (2, 2));
    assert_eq!(Case::of(vec![], vec![]).found().verdict(), Verdict::Matched);
}

#[test]
fn every_difference_is_named() {
    let draft = Spent { may_be_billed: false, phase: Phase::Draft, ..attempt("d") };
    let table = [
        ("nobody's", vec![], vec![charge("x", 2.0)], vec![Wrong::NotOurs]),
        ("never started", vec![draft], vec![charge("d", 2.0)], vec![Wrong::NotStarted]),
        ("missing", vec![attempt("a")], vec![], vec![Wrong::NotCharged]),
        ("twice", vec![attempt("a")], vec![charge("a", 2.0), charge("a", 2.0)], vec![Wrong::Twice]),
        ("too much", vec![attempt("a")], vec![charge("a", 3.0)], vec![Wrong::OtherAmount]),
        ("too little", vec![attempt("a")], vec![charge("a", 1.9)], vec![Wrong::OtherAmount]),
        (
            "several",
            vec![attempt("a"), attempt("b")],
            vec![charge("b", 9.0), charge("x", 1.0)],
            vec![Wrong::OtherAmount, Wrong::NotOurs, Wrong::NotCharged],
        ),
    ];
    for (name, attempts, events, expected) in table {
        let found = Case::of(attempts, events).found();
        assert_eq!(wrongs(&found), expected, "{name}: {found:?}");
        assert_eq!(found.verdict(), Verdict::Different, "{name}");
    }
}

#[test]
fn what_may_be_charged_or_not_is_no_difference() {
    let with = |phase| Spent { phase, ..attempt("a") };
    for phase in [Phase::Running, Phase::StartSent, Phase::Failed, Phase::NeedsReview] {
        for events in [vec![], vec![charge("a", 2.0)]] {
            let found = Case::of(vec![with(phase)], events).found();
            assert_eq!(found.verdict(), Verdict::Matched, "{phase:?}: {found:?}");
        }
    }
    let failed = Case::of(vec![with(Phase::Failed)], vec![charge("a", 2.0)]).found();
    assert!(failed.remarks[0].contains("failed, and was charged 2.00 credits"), "{failed:?}");
    let refunded =
        Case::of(vec![with(Phase::Failed)], vec![charge("a", 2.0), charge("a", -2.0)]).found();
    assert!(refunded.remarks[0].contains("given back"), "{refunded:?}");
    let parts = Case::of(vec![attempt("a")], vec![charge("a", 1.5), charge("a", 0.5)]).found();
    assert_eq!(parts.verdict(), Verdict::Matched, "{parts:?}");
    let zero = Case::of(vec![with(Phase::Running)], vec![charge("other", 0.0)]).found();
    assert_eq!(zero.verdict(), Verdict::Matched, "an event without credits is no charge");
}

/// A second attempt at the item of `attempt("a")`.
fn second(asked: Option<Asked>) -> Spent {
    Spent { item_key: "a".into(), attempt: 2, asked, ..attempt("b") }
}

#[test]
fn a_second_charge_of_an_item_is_a_difference_unless_it_was_asked_for() {
    let charges = || vec![charge("a", 2.0), charge("b", 2.0)];
    let unasked = Case::of(vec![attempt("a"), second(None)], charges()).found();
    assert_eq!(wrongs(&unasked), [Wrong::SecondAttempt], "{unasked:?}");
    let difference = &unasked.differences[0];
    assert_eq!(difference.job, Some(JobId("b".into())), "the later one is too much");
    assert_eq!((unasked.matched, unasked.asked_again), (1, 0));

    for (asked, flag) in [(Asked::Again, "--again"), (Asked::RetryFailed, "--retry-failed")] {
        let found = Case::of(vec![attempt("a"), second(Some(asked))], charges()).found();
        assert_eq!(found.verdict(), Verdict::Matched, "{found:?}");
        assert_eq!((found.matched, found.asked_again), (2, 1));
        assert!(found.remarks[0].contains(flag) && found.remarks[0].contains("once more"));
    }
    // The order of the charges on the page says nothing.
    let late = vec![charge("b", 2.0), charge("a", 2.0)];
    let reordered = Case::of(vec![second(None), attempt("a")], late).found();
    assert_eq!(reordered.differences[0].job, Some(JobId("b".into())));
}

#[test]
fn a_second_charge_is_one_also_when_the_first_was_long_ago() {
    let later = |asked| Spent { charged_before: true, ..second(asked) };
    let alone = |asked| Case::of(vec![later(asked)], vec![charge("b", 2.0)]).found();
    assert_eq!(wrongs(&alone(None)), [Wrong::SecondAttempt]);
    assert_eq!(alone(Some(Asked::Again)).asked_again, 1);
    // The first came to nothing.
    let first = Spent { phase: Phase::Failed, ..attempt("a") };
    let free = Case::of(vec![first, second(None)], vec![charge("b", 2.0)]).found();
    assert_eq!((free.verdict(), free.asked_again), (Verdict::Matched, 0), "{free:?}");
    let first = vec![charge("a", 2.0), charge("a", -2.0), charge("b", 2.0)];
    let refunded = Case::of(vec![attempt("a"), second(None)], first).found();
    assert_eq!(refunded.verdict(), Verdict::Matched, "{refunded:?}");
}

#[test]
fn only_the_asked_key_must_have_been_charged() {
    let rotated = KeyId { print: Fingerprint("old".into()), ..key() };
    let other = Spent { key: rotated, ..attempt("a") };
    assert_eq!(Case::of(vec![other.clone()], vec![]).found().verdict(), Verdict::Matched);
    let seen = Case::of(vec![other], vec![charge("a", 2.0)]).found();
    assert_eq!(seen.matched, 1, "a charge of another key of ours is ours");
}

#[test]
fn unknown_prices_are_not_taken_for_agreement() {
    let unpriced = || vec![Spent { estimate: None, duration: None, ..attempt("a") }];
    let found = Case::of(unpriced(), vec![charge("a", 7.0)]).found();
    assert_eq!(found.verdict(), Verdict::Unproven, "{found:?}");
    let rate = [("original".to_owned(), 60.0)].into();
    let prices = Some(Pricing { per_minute: rate, raw: json!({}) });
    let found = Case { prices, ..Case::of(unpriced(), vec![charge("a", 7.0)]) }.found();
    assert_eq!(wrongs(&found), [Wrong::OtherAmount], "today's prices serve where none were kept");
}

#[test]
fn events_without_jobs_fall_back_to_days_and_say_so() {
    let events = || vec![event(None, 2.0, NOW - DAY), event(None, 2.0, NOW - DAY)];
    let attempts = || vec![attempt("a"), attempt("b")];
    let days = |days| Case { days, ..Case::of(attempts(), events()) }.found();
    let agreed = days(vec![("2026-01-09", 4.0)]);
    assert_eq!((agreed.verdict(), agreed.basis), (Verdict::Unproven, Basis::Days), "{agreed:?}");
    assert!(agreed.unchecked[0].contains("could not be checked"), "{agreed:?}");

    let more = days(vec![("2026-01-09", 6.0)]);
    assert_eq!(wrongs(&more), [Wrong::OtherTotal]);
    assert_eq!(more.differences[0].day.as_deref(), Some("2026-01-09"));
    let shifted = days(vec![("2026-01-08", 2.0), ("2026-01-09", 2.0)]);
    assert_eq!(shifted.verdict(), Verdict::Unproven, "days may end at another hour: {shifted:?}");
    let first = days(vec![("2026-01-03", 99.0), ("2026-01-09", 4.0)]);
    assert_eq!(first.verdict(), Verdict::Unproven, "the first day is not whole: {first:?}");
}

#[test]
fn a_bare_id_is_a_job_only_if_it_is_one_of_ours() {
    let bare = |id: &str| UsageEvent { names_job: false, ..charge(id, 2.0) };
    let ours = Case::of(vec![attempt("a")], vec![bare("a")]).found();
    assert_eq!(ours.verdict(), Verdict::Matched);
    let theirs = Case {
        days: vec![("2026-01-09", 2.0)],
        ..Case::of(vec![attempt("a")], vec![bare("event-1")])
    };
    let theirs = theirs.found();
    assert_eq!((theirs.verdict(), theirs.basis), (Verdict::Unproven, Basis::Days), "{theirs:?}");
}

#[test]
fn a_summary_without_days_leaves_the_total() {
    let events = vec![event(None, 2.0, NOW - DAY)];
    let found = Case::of(vec![attempt("a")], events.clone()).found();
    assert_eq!((found.verdict(), found.basis), (Verdict::Unproven, Basis::Total), "{found:?}");
    let other = Case { used: Some(9.0), ..Case::of(vec![attempt("a")], events.clone()) }.found();
    assert_eq!(wrongs(&other), [Wrong::OtherTotal]);
    let nothing = Case { used: None, ..Case::of(vec![attempt("a")], events) }.found();
    assert_eq!((nothing.verdict(), nothing.basis), (Verdict::Unproven, Basis::Nothing));
}

#[test]
fn a_page_that_was_cut_checks_what_it_shows() {
    let old = Spent { at: Timestamp(NOW - 3 * DAY), ..attempt("old") };
    let total = Some(2);
    let days = vec![("2026-01-07", 2.0), ("2026-01-09", 2.0)];
    let case = |days| Case {
        total,
        days,
        used: Some(4.0),
        ..Case::of(vec![old.clone(), attempt("a")], vec![charge("a", 2.0)])
    };
    let found = case(days).found();
    assert_eq!(found.basis, Basis::ChargesAndDays);
    assert_eq!(found.verdict(), Verdict::Unproven, "{found:?}");
    assert!(found.unchecked[0].contains("latest 1 of 2 events"), "{found:?}");
    let found = case(vec![("2026-01-07", 4.0), ("2026-01-09", 2.0)]).found();
    assert_eq!(wrongs(&found), [Wrong::OtherTotal]);
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
        assert_eq!(is_cut(&page, 100), cut, "{} of {:?}", page.events.len(), page.total);
    }
}

#[test]
fn silent_events_and_figures_that_contradict_each_other_prove_nothing() {
    let silent = Case { used: Some(2.0), ..Case::of(vec![attempt("a")], vec![]) }.found();
    assert_eq!(silent.verdict(), Verdict::Unproven, "{silent:?}");
    let other = Case { used: Some(5.0), ..Case::of(vec![attempt("a")], vec![charge("a", 2.0)]) };
    let other = other.found();
    assert_eq!(other.verdict(), Verdict::Unproven);
    assert!(other.unchecked[0].contains("leaves something out"), "{other:?}");
}

#[test]
fn only_what_is_recent_may_be_late() {
    let recent = Spent { changed_at: Timestamp(NOW - 1_000), ..attempt("a") };
    assert!(Case::of(vec![recent.clone()], vec![]).found().may_be_late);
    assert!(!Case::of(vec![attempt("a")], vec![]).found().may_be_late);
    let twice = vec![charge("a", 2.0), charge("a", 2.0)];
    assert!(!Case::of(vec![recent], twice).found().may_be_late, "waiting takes nothing back");
}

#[test]
fn all_matched_takes_a_second_word_of_the_service() {
    let case = || Case::of(vec![attempt("a")], vec![charge("a", 2.0)]);
    let alone = Case { used: None, ..case() }.found();
    assert_eq!(alone.verdict(), Verdict::Unproven, "{alone:?}");
    assert!(alone.unchecked[0].contains("nothing says"), "{alone:?}");
    let counted = Case { used: None, total: Some(1), ..case() }.found();
    assert_eq!(counted.verdict(), Verdict::Matched, "{counted:?}");
    let by_days = Case { used: None, days: vec![("2026-01-09", 2.0)], ..case() }.found();
    assert_eq!(by_days.verdict(), Verdict::Matched, "{by_days:?}");
    let empty = Case { used: None, ..Case::of(vec![], vec![]) }.found();
    assert_eq!(empty.verdict(), Verdict::Unproven, "two empty answers prove nothing");
}

#[test]
fn a_service_may_count_whole_days() {
    // Before the period by the clock, and on its first day.
    let early = event(Some("b"), 2.0, NOW - 7 * DAY - 3_600_000);
    let attempts = || {
        let first = Timestamp(NOW - 7 * DAY - 3_600_000);
        vec![attempt("a"), Spent { at: first, changed_at: first, ..attempt("b") }]
    };
    let case = |used| Case {
        used: Some(used),
        ..Case::of(attempts(), vec![charge("a", 2.0), early.clone()])
    };
    for used in [2.0, 4.0] {
        assert_eq!(case(used).found().verdict(), Verdict::Matched, "{used}");
    }
    for used in [0.5, 6.0] {
        assert_eq!(case(used).found().verdict(), Verdict::Unproven, "{used}");
    }
}

#[test]
fn figures_that_do_not_agree_yet_are_looked_at_again() {
    let recent = Spent { changed_at: Timestamp(NOW - 1_000), ..attempt("a") };
    let case = |attempt: Spent| Case {
        used: Some(4.0),
        ..Case::of(vec![attempt], vec![charge("a", 2.0)])
    };
    assert!(case(recent).found().may_be_late);
    assert!(!case(attempt("a")).found().may_be_late, "what is old does not change");
}

#[test]
fn charges_without_a_job_among_others_hide_nothing() {
    let attempts = || vec![attempt("a"), attempt("b"), attempt("c")];
    let events =
        vec![charge("a", 2.0), event(None, 2.0, NOW - DAY), charge("x", 1.0), charge("c", 9.0)];
    let case = Case { days: vec![("2026-01-09", 14.0)], ..Case::of(attempts(), events) };
    let found = case.found();
    let named = wrongs(&found);
    assert!(named.contains(&Wrong::NotOurs) && named.contains(&Wrong::OtherAmount), "{found:?}");
    assert!(!named.contains(&Wrong::NotCharged), "it may be the nameless one: {found:?}");
    assert!(found.unchecked[0].contains("1 of the events, 2.00 credits"), "{found:?}");
    assert!(found.charges.iter().all(|(_, credits)| credits.0 > 0.0));

    let fine = vec![charge("a", 2.0), charge("c", 2.0), event(None, 2.0, NOW - DAY)];
    let days = vec![("2026-01-09", 6.0)];
    let found = Case { days, ..Case::of(attempts(), fine) }.found();
    assert_eq!(found.verdict(), Verdict::Unproven, "{found:?}");
    assert_eq!(found.basis, Basis::ChargesAndDays);
}

#[test]
fn the_bare_id_of_an_entry_beside_named_jobs_is_no_job() {
    let bonus = UsageEvent { names_job: false, ..charge("event-7", 500.0) };
    let found = Case::of(vec![attempt("a")], vec![charge("a", 2.0), bonus]).found();
    assert!(!wrongs(&found).contains(&Wrong::NotOurs), "{found:?}");
    assert_ne!(found.verdict(), Verdict::Matched);
}

#[test]
fn events_without_any_amount_do_not_say_that_nothing_was_charged() {
    let silent = UsageEvent { credits: None, ..charge("a", 0.0) };
    let found = Case { used: None, ..Case::of(vec![attempt("a")], vec![silent]) }.found();
    assert_eq!(wrongs(&found), [], "{found:?}");
    assert_eq!((found.verdict(), found.basis), (Verdict::Unproven, Basis::Nothing));
}

#[test]
fn a_page_that_was_cut_at_no_time_convicts_nobody() {
    let untimed = UsageEvent { at: None, ..charge("a", 2.0) };
    let case = Case {
        total: Some(30),
        days: vec![("2026-01-09", 4.0)],
        ..Case::of(vec![attempt("a"), attempt("b")], vec![untimed])
    };
    let found = case.found();
    assert_eq!(wrongs(&found), [], "{found:?}");
    assert_eq!((found.verdict(), found.basis), (Verdict::Unproven, Basis::ChargesAndDays));
    assert_eq!(found.charges.len(), 1);
}

#[test]
fn a_second_charge_counts_on_either_side_of_the_edge() {
    let before = event(Some("a"), 2.0, NOW - 7 * DAY - 60_000);
    let job = Spent { at: Timestamp(NOW - 7 * DAY - 120_000), ..attempt("a") };
    let found = Case::of(vec![job.clone()], vec![charge("a", 2.0), before.clone()]).found();
    assert_eq!(wrongs(&found), [Wrong::Twice], "{found:?}");
    // Our clock is ahead: a start of the period, and its charge just before it.
    let ahead = Spent { at: Timestamp(NOW - 7 * DAY + 60_000), ..job };
    let found = Case { used: Some(0.0), ..Case::of(vec![ahead], vec![before]) }.found();
    assert_eq!(wrongs(&found), [], "{found:?}");
}

#[test]
fn a_service_may_book_what_is_used_below_nothing() {
    let case =
        |used| Case { used: Some(used), ..Case::of(vec![attempt("a")], vec![charge("a", -2.0)]) };
    assert_eq!(case(2.0).found().verdict(), Verdict::Matched);
    assert_eq!(case(0.0).found().verdict(), Verdict::Different, "a refund of nothing");
}

#[test]
fn what_failed_may_cost_less_and_never_more() {
    let failed = || Spent { phase: Phase::Failed, ..attempt("a") };
    let found = |credits| Case::of(vec![failed()], vec![charge("a", credits)]).found();
    assert_eq!(wrongs(&found(1.0)), []);
    assert_eq!(wrongs(&found(3.0)), [Wrong::OtherAmount]);
}

#[test]
fn jobs_under_way_are_told_of() {
    let open = Spent { phase: Phase::Running, ..attempt("a") };
    let found = Case::of(vec![open], vec![]).found();
    assert_eq!(found.verdict(), Verdict::Matched);
    assert!(found.remarks[0].starts_with("1 job is under way"), "{found:?}");
}

#[test]
fn jobs_of_a_key_that_is_not_asked_are_said_to_be_left_out() {
    let other = KeyId { print: Fingerprint("older".into()), ..key() };
    let made = |job| Spent { key: other.clone(), ..attempt(job) };
    let audited = |attempts: &[Spent], keys: &[KeyId]| {
        let mut found = Case::of(attempts.to_vec(), vec![]).found();
        found.leave_out(attempts, "p", keys, Timestamp(NOW - 7 * DAY));
        found
    };
    let found = audited(&[made("a"), made("b")], &[key()]);
    assert_eq!(found.verdict(), Verdict::Unproven, "{found:?}");
    assert!(found.unchecked[0].starts_with("2 of the jobs"), "{found:?}");
    assert_eq!(audited(&[made("a")], &[key(), other.clone()]).verdict(), Verdict::Matched);
    let elsewhere = Spent { profile: "q".into(), ..made("a") };
    assert_eq!(audited(&[elsewhere], &[key()]).verdict(), Verdict::Matched, "its own audit");
    let draft = Spent { may_be_billed: false, ..made("a") };
    assert_eq!(audited(&[draft], &[key()]).verdict(), Verdict::Matched);
    let mut seen = Case::of(vec![made("a")], vec![charge("a", 2.0)]).found();
    seen.leave_out(&[made("a")], "p", &[key()], Timestamp(0));
    assert_eq!(seen.verdict(), Verdict::Matched, "its charge was found");
}

#[test]
fn two_audits_make_one_that_claims_no_more_than_the_weaker() {
    let good = || Case::of(vec![attempt("a")], vec![charge("a", 2.0)]).found();
    let days = || Case::of(vec![attempt("b")], vec![event(None, 2.0, NOW - DAY)]).found();
    let bad = || Case::of(vec![], vec![charge("x", 1.0)]).found();
    for (one, other) in [(good(), days()), (days(), good())] {
        let both = one.and(other);
        assert_eq!((both.verdict(), both.basis), (Verdict::Unproven, Basis::Total), "{both:?}");
    }
    assert_eq!(good().and(good()).verdict(), Verdict::Matched);
    assert_eq!(good().and(good()).matched, 2);
    assert_eq!(good().and(bad()).verdict(), Verdict::Different);
    assert_eq!(bad().and(good()).verdict(), Verdict::Different);
}
