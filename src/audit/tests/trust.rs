//! Trust in the answers: uncertainty is reported, and never called agreement.

use super::*;

#[test]
fn all_matched_takes_a_second_word_of_the_service() {
    let case = || Case::of(vec![attempt("a")], vec![charge("a", 2.0)]);
    let alone = Case { used: None, ..case() }.found();
    assert_eq!(alone.verdict(), AuditResult::Unproven, "{alone:?}");
    assert!(alone.unchecked[0].contains("may be incomplete"), "{alone:?}");
    let counted = Case { used: None, total: Some(1), ..case() }.found();
    assert_eq!(counted.verdict(), AuditResult::Matched, "{counted:?}");
    let by_days = Case { used: None, days: vec![("2026-01-09", 2.0)], ..case() }.found();
    assert_eq!(by_days.verdict(), AuditResult::Matched, "{by_days:?}");
    let empty = Case { used: None, ..Case::of(vec![], vec![]) }.found();
    assert_eq!(empty.verdict(), AuditResult::Unproven, "two empty answers prove nothing");
}

#[test]
fn a_service_may_count_whole_days() {
    // Before the period by the clock, and on its first day.
    let early = event(Some("b"), 2.0, NOW - 7 * DAY - 3_600_000);
    let attempts = || {
        let first = Timestamp(NOW - 7 * DAY - 3_600_000);
        vec![attempt("a"), AttemptCost { at: first, updated_at: first, ..attempt("b") }]
    };
    let case = |used| Case {
        used: Some(used),
        ..Case::of(attempts(), vec![charge("a", 2.0), early.clone()])
    };
    for used in [2.0, 4.0] {
        assert_eq!(case(used).found().verdict(), AuditResult::Matched, "{used}");
    }
    // No charge by the clock, and one on the first day.
    let quiet = Case { used: Some(2.0), ..Case::of(attempts().split_off(1), vec![early.clone()]) };
    assert_eq!(quiet.found().verdict(), AuditResult::Matched);
    for used in [0.5, 6.0] {
        assert_eq!(case(used).found().verdict(), AuditResult::Unproven, "{used}");
    }
}

#[test]
fn figures_that_do_not_agree_yet_are_looked_at_again() {
    let recent = AttemptCost { updated_at: Timestamp(NOW - 1_000), ..attempt("a") };
    let case = |attempt: AttemptCost| Case {
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
    let found = Case::of(attempts(), events).found();
    let named = wrongs(&found);
    assert!(
        named.contains(&Mismatch::NotOurs) && named.contains(&Mismatch::OtherAmount),
        "{found:?}"
    );
    assert!(!named.contains(&Mismatch::NotCharged), "it may be the nameless one: {found:?}");
    assert!(found.unchecked[0].contains("1 of the events (2.00 credits)"), "{found:?}");
    assert!(found.charges.iter().all(|(_, credits)| credits.0 > 0.0));

    let fine = vec![charge("a", 2.0), charge("c", 2.0), event(None, 2.0, NOW - DAY)];
    let found = Case::of(attempts(), fine).found();
    assert_eq!(found.verdict(), AuditResult::Unproven, "{found:?}");
    assert_eq!(found.basis, Coverage::SomeCharges);
}

#[test]
fn the_bare_id_of_an_entry_beside_named_jobs_is_no_job() {
    let bonus = UsageEvent { names_job: false, ..charge("event-7", 500.0) };
    let found = Case::of(vec![attempt("a")], vec![charge("a", 2.0), bonus]).found();
    assert!(!wrongs(&found).contains(&Mismatch::NotOurs), "{found:?}");
    assert_ne!(found.verdict(), AuditResult::Matched);
}

#[test]
fn events_without_any_amount_do_not_say_that_nothing_was_charged() {
    let silent = UsageEvent { credits: None, ..charge("a", 0.0) };
    let found = Case { used: None, ..Case::of(vec![attempt("a")], vec![silent]) }.found();
    assert_eq!(wrongs(&found), [], "{found:?}");
    assert_eq!((found.verdict(), found.basis), (AuditResult::Unproven, Coverage::Nothing));
}

#[test]
fn a_page_that_was_cut_at_no_time_convicts_nobody() {
    let untimed = UsageEvent { at: None, ..charge("a", 2.0) };
    let case =
        Case { total: Some(30), ..Case::of(vec![attempt("a"), attempt("b")], vec![untimed]) };
    let found = case.found();
    assert_eq!(wrongs(&found), [], "{found:?}");
    assert_eq!((found.verdict(), found.basis), (AuditResult::Unproven, Coverage::SomeCharges));
    assert_eq!(found.charges.len(), 1);
}

#[test]
fn a_second_charge_counts_on_either_side_of_the_edge() {
    let before = event(Some("a"), 2.0, NOW - 7 * DAY - 60_000);
    let job = AttemptCost { at: Timestamp(NOW - 7 * DAY - 120_000), ..attempt("a") };
    let found = Case::of(vec![job.clone()], vec![charge("a", 2.0), before.clone()]).found();
    assert_eq!(wrongs(&found), [Mismatch::Twice], "{found:?}");
    // Our clock is ahead: a start in the period, and its charge just before it.
    let ahead = AttemptCost { at: Timestamp(NOW - 7 * DAY + 60_000), ..job };
    let found = Case { used: Some(0.0), ..Case::of(vec![ahead], vec![before]) }.found();
    assert_eq!(wrongs(&found), [], "{found:?}");
}

#[test]
fn a_service_may_book_what_is_used_below_nothing() {
    let case =
        |used| Case { used: Some(used), ..Case::of(vec![attempt("a")], vec![charge("a", -2.0)]) };
    assert_eq!(case(2.0).found().verdict(), AuditResult::Matched);
    assert_eq!(case(0.0).found().verdict(), AuditResult::Different, "a refund of nothing");
}

#[test]
fn what_failed_may_cost_less_and_never_more() {
    let failed = || AttemptCost { status: AttemptStatus::Failed, ..attempt("a") };
    let found = |credits| Case::of(vec![failed()], vec![charge("a", credits)]).found();
    assert_eq!(wrongs(&found(1.0)), []);
    assert_eq!(wrongs(&found(3.0)), [Mismatch::OtherAmount]);
}

#[test]
fn jobs_under_way_are_told_of() {
    let open = AttemptCost { status: AttemptStatus::Running, ..attempt("a") };
    let found = Case::of(vec![open], vec![]).found();
    assert_eq!(found.verdict(), AuditResult::Matched);
    assert!(found.remarks[0].starts_with("1 unfinished job"), "{found:?}");
}

#[test]
fn no_charge_is_looked_for_of_a_job_that_was_only_fetched() {
    let fetched = AttemptCost { sent_from_here: false, only_fetched: true, ..attempt("a") };
    let found = Case::of(vec![fetched.clone()], vec![]).found();
    assert_eq!(found.verdict(), AuditResult::Matched, "it may be months old: {found:?}");
    let found = Case::of(vec![fetched], vec![charge("a", 2.0)]).found();
    assert_eq!(found.matched, 1, "where there is a charge, it is known what for");
}

#[test]
fn jobs_of_a_key_that_is_not_asked_are_said_to_be_left_out() {
    let other = ApiKeyId { fingerprint: Fingerprint("older".into()), ..key() };
    let made = |job| AttemptCost { key: other.clone(), ..attempt(job) };
    let audited = |attempts: &[AttemptCost], keys: &[ApiKeyId]| {
        let mut found = Case::of(attempts.to_vec(), vec![]).found();
        found.report_other_keys(attempts, "p", keys, Timestamp(NOW - 7 * DAY));
        found
    };
    let found = audited(&[made("a"), made("b")], &[key()]);
    assert_eq!(found.verdict(), AuditResult::Unproven, "{found:?}");
    assert!(found.unchecked[0].starts_with("2 of this profile's jobs"), "{found:?}");
    assert_eq!(audited(&[made("a")], &[key(), other.clone()]).verdict(), AuditResult::Matched);
    let elsewhere = AttemptCost { profile: "q".into(), ..made("a") };
    assert_eq!(audited(&[elsewhere], &[key()]).verdict(), AuditResult::Matched, "its own audit");
    let draft = AttemptCost { may_be_billed: false, ..made("a") };
    assert_eq!(audited(&[draft], &[key()]).verdict(), AuditResult::Matched);
    let mut findings = Case::of(vec![made("a")], vec![charge("a", 2.0)]).found();
    findings.report_other_keys(&[made("a")], "p", &[key()], Timestamp(0));
    assert_eq!(findings.verdict(), AuditResult::Matched, "its charge was found");
}

#[test]
fn two_audits_make_one_that_claims_no_more_than_the_weaker() {
    let good = || Case::of(vec![attempt("a")], vec![charge("a", 2.0)]).found();
    let nameless = || Case::of(vec![attempt("b")], vec![event(None, 2.0, NOW - DAY)]).found();
    let bad = || Case::of(vec![], vec![charge("x", 1.0)]).found();
    for (one, other) in [(good(), nameless()), (nameless(), good())] {
        let both = one.and(other);
        assert_eq!(
            (both.verdict(), both.basis),
            (AuditResult::Unproven, Coverage::SomeCharges),
            "{both:?}"
        );
    }
    assert_eq!(nameless().and(nameless()).basis, Coverage::Nothing);
    assert_eq!(good().and(good()).verdict(), AuditResult::Matched);
    assert_eq!(good().and(good()).matched, 2);
    assert_eq!(good().and(bad()).verdict(), AuditResult::Different);
    assert_eq!(bad().and(good()).verdict(), AuditResult::Different);
}
