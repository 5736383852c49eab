use super::*;
use crate::model::OutputLink;

const TIMING: PollTiming = PollTiming {
    first: Duration::from_secs(2),
    max: Duration::from_secs(10),
    floor: Duration::from_millis(250),
};

fn job(n: u64) -> JobId {
    JobId(format!("job-{n}"))
}

fn view(n: u64, status: JobStatus) -> JobView {
    JobView::bare(&job(n).0, status)
}

fn done(n: u64) -> JobView {
    let link = OutputLink::new("https://cdn.example/o.webm");
    JobView { output_url: Some(link), ..view(n, JobStatus::Completed) }
}

fn going_on(jobs: impl IntoIterator<Item = u64>) -> Vec<JobView> {
    jobs.into_iter().map(|n| view(n, JobStatus::Processing)).collect()
}

fn start(expected: Option<u64>) -> JobStart {
    let expected = expected.map(Instant);
    JobStart { started: Instant(0), expected, polled_at: None, announced: false }
}

fn following(jobs: u64, expected: Option<u64>) -> ListSchedule {
    let mut state = ListSchedule::default();
    (0..jobs).for_each(|n| state.follow(&job(n), start(expected), Instant(0)));
    state
}

/// A complete list poll of one page.
fn list(state: &mut ListSchedule, at: u64, page: Vec<JobView>) {
    state.list_poll_sent(&TIMING, Instant(at));
    state.page_shown(Instant(at), Instant(at), page);
    state.list_poll_complete(&TIMING, Instant(at), 1, 0);
}

fn due(state: &mut ListSchedule, n: u64, now: u64) -> u64 {
    state.next(&TIMING, &job(n), Instant(now)).unwrap_err().0
}

fn fail(
    state: &mut ListSchedule,
    kind: FailureKind,
    requested_at: Option<Duration>,
    now: u64,
) -> u64 {
    state.list_poll_sent(&TIMING, Instant(now));
    let mut failure = Failure::new(kind, "listing jobs", "words");
    failure.retry_after = requested_at;
    state.list_poll_failed(
        &Timing { poll: TIMING, ..Timing::default() },
        failure,
        Instant(now),
        0.0,
    );
    state.next_list_poll(&TIMING).unwrap().0.0
}

#[test]
fn one_job_is_polled_by_itself_and_several_by_lists_at_the_pace_of_all() {
    // (jobs, expected end, next list poll, its pages)
    let table = [
        (0, None, None),
        (1, None, None),
        (2, None, Some((1_000, 1))),
        (2, Some(3_000), Some((3_000, 1))),
        (9, None, Some((250, 4))),
    ];
    for (jobs, expected, planned) in table {
        let state = following(jobs, expected);
        let next = state.next_list_poll(&TIMING).map(|(at, pages)| (at.0, pages));
        assert_eq!(next, planned, "{jobs} {expected:?}");
    }
    assert_eq!(due(&mut following(1, None), 0, 0), 2_000);
    assert_eq!(due(&mut following(1, Some(7_000)), 0, 0), 7_000);
    let mut four = following(4, None);
    list(&mut four, 1_000, going_on(0..4));
    assert_eq!(four.next_list_poll(&TIMING), Some((Instant(1_500), 2)));
    four.list_poll_complete(&TIMING, Instant(1_000), 2, 0);
    assert_eq!(four.next_list_poll(&TIMING), Some((Instant(2_000), 2)), "for two pages");
}

#[test]
fn a_job_that_the_list_shows_is_not_polled_by_itself_until_the_list_is_silent() {
    let mut state = following(2, None);
    assert_eq!(due(&mut state, 0, 0), 12_000);
    list(&mut state, 1_000, going_on(0..2));
    let shown = state.next(&TIMING, &job(0), Instant(1_100));
    assert!(matches!(shown, Ok(JobUpdate::Shown(Instant(1_000), _))));
    assert_eq!(due(&mut state, 0, 1_100), 13_000, "what was taken in is no news");
    assert_eq!(state.next(&TIMING, &job(0), Instant(13_000)), Ok(JobUpdate::Poll));
    state.polled(&job(0), Instant(13_000), None);
    assert_eq!(due(&mut state, 0, 13_000), 15_000);
    // The last one is left to polls of its own.
    list(&mut state, 14_000, going_on(0..2));
    state.next(&TIMING, &job(0), Instant(14_000)).unwrap();
    state.forget(&job(1));
    assert_eq!(due(&mut state, 0, 14_100), 16_000);
}

#[test]
fn what_two_list_polls_have_not_shown_is_polled_by_itself_until_one_shows_it() {
    let mut state = following(3, None);
    list(&mut state, 1, going_on(0..2));
    assert_eq!(due(&mut state, 2, 1), 12_001, "one may have come too early");
    list(&mut state, 2, going_on(0..2));
    assert_eq!(due(&mut state, 2, 2), 2_000);
    assert!(state.has_shown_all(Instant(2)), "pages are not read for what is not listed");
    list(&mut state, 3, going_on(0..3));
    assert!(state.next(&TIMING, &job(2), Instant(3)).is_ok());
    assert_eq!(due(&mut state, 2, 3), 12_003);
    // A list poll sent before a job was started cannot miss it.
    state.follow(&job(9), start(None), Instant(5));
    (0..3).for_each(|_| list(&mut state, 5, going_on(0..3)));
    assert_eq!(due(&mut state, 9, 6), 12_005);
}

#[test]
fn pages_before_the_followed_jobs_are_skipped_while_none_is_missed() {
    // (offset at which the poll starts, where the next one would, shown of 3 followed jobs, next)
    let table = [
        (0, 180, 0, 180),
        (180, 270, 0, 270),
        (270, 270, 3, 270),
        (270, 360, 3, 360),
        (360, 360, 2, 0),
        (0, 0, 2, 0),
    ];
    for (first, next, shown, expected) in table {
        let mut state = following(3, None);
        state.first_offset = first;
        state.list_poll_sent(&TIMING, Instant(1_000));
        let page = state.page_shown(Instant(1_000), Instant(1_000), going_on(0..shown));
        assert_eq!(page, PageShown { new: shown > 0, followed: shown > 0 });
        state.list_poll_complete(&TIMING, Instant(1_000), 1, next);
        assert_eq!(state.first_offset(), expected, "{first} {next} {shown}");
    }
    // What lists do not show at all holds nothing up.
    let mut state = following(3, None);
    for at in 1..5 {
        state.first_offset = 90;
        state.list_poll_sent(&TIMING, Instant(at));
        state.page_shown(Instant(at), Instant(at), going_on(0..2));
        state.list_poll_complete(&TIMING, Instant(at), 1, 90);
    }
    assert_eq!(state.first_offset(), 90);
}

#[test]
fn an_unclear_state_in_a_list_is_polled_at_the_pace_of_single_polls() {
    // (view, is passed on, first poll of the job itself)
    let table = [
        (view(0, JobStatus::Other("resting".into())), true, 2_000),
        (view(0, JobStatus::Created), false, 2_000),
        (view(0, JobStatus::Completed), false, 1_000),
        (view(0, JobStatus::Failed), false, 1_000),
    ];
    for (input, is_shown, first_poll) in table {
        let (mut state, mut polls, mut shown) = (following(2, None), Vec::new(), 0);
        for at in (1_000..10_000).step_by(250) {
            list(&mut state, at, vec![input.clone(), view(1, JobStatus::Processing)]);
            for _ in 0..2 {
                match state.next(&TIMING, &job(0), Instant(at)) {
                    Ok(JobUpdate::Shown(..)) => shown += 1,
                    Ok(_) => {
                        polls.push(at);
                        state.polled(&job(0), Instant(at), None);
                    }
                    Err(_) => {}
                }
            }
        }
        let expected: Vec<u64> = (first_poll..10_000).step_by(2_000).collect();
        assert_eq!((shown > 0, polls), (is_shown, expected), "{}", input.status);
    }
}

#[test]
fn only_a_page_that_was_asked_for_after_the_last_poll_is_news() {
    let mut state = following(2, None);
    state.polled(&job(0), Instant(2_000), None);
    list(&mut state, 1_500, vec![done(0)]);
    assert!(state.next(&TIMING, &job(0), Instant(2_000)).is_err(), "older than what is known");
    list(&mut state, 3_000, vec![done(0)]);
    let shown = state.next(&TIMING, &job(0), Instant(3_000));
    assert_eq!(shown, Ok(JobUpdate::Shown(Instant(3_000), Box::new(done(0)))));
}

#[test]
fn views_of_any_job_are_kept_for_a_while() {
    let mut state = following(2, None);
    list(&mut state, 1_000, going_on(0..8));
    assert_eq!(state.shown_since(&job(7), Instant(1_000)).unwrap().0, Instant(1_000));
    assert!(state.shown_since(&job(7), Instant(1_001)).is_none());
    list(&mut state, 11_000, going_on(0..2));
    assert!(state.shown_since(&job(7), Instant(0)).is_none());
}

#[test]
fn jobs_are_not_polled_by_themselves_while_a_list_poll_waits_for_its_turn() {
    let mut state = following(4, None);
    list(&mut state, 1_000, going_on(0..4));
    state.next(&TIMING, &job(0), Instant(1_000)).unwrap();
    assert_eq!(due(&mut state, 0, 1_000), 13_000);
    state.list_poll_sent(&TIMING, Instant(3_000));
    assert_eq!(due(&mut state, 0, 60_000), u64::MAX);
    state.list_poll_complete(&TIMING, Instant(3_000), 1, 0);
    assert_eq!(state.next(&TIMING, &job(0), Instant(60_000)), Ok(JobUpdate::Poll));
}

#[test]
fn a_single_failure_changes_nothing_and_several_make_lists_wait() {
    use FailureKind as K;
    let seconds = |number| Some(Duration::from_secs(number));
    // (failures before, kind, requested wait, next list poll after)
    let table = [
        (0, K::Unavailable, None, 625),
        (0, K::Unavailable, seconds(3), 3_000),
        (0, K::RateLimited, None, 1_000),
        (1, K::Broken, None, 1_000),
        (2, K::Broken, None, 2_000),
        (9, K::Broken, None, 8_000),
        (0, K::RateLimited, seconds(10_800), 10_800_000),
        (0, K::NotFound, None, 40_000),
        (9, K::Contract, None, 320_000),
    ];
    for (before, kind, requested_at, expected) in table {
        let mut state = following(4, None);
        list(&mut state, 1_000, going_on(0..4));
        (0..before).for_each(|_| {
            fail(&mut state, K::Broken, None, 5_000);
        });
        let next = fail(&mut state, kind, requested_at, 20_000) - 20_000;
        assert_eq!(next, expected, "{before} {kind:?} {requested_at:?}");
    }
    let mut state = following(4, None);
    list(&mut state, 1_000, going_on(0..4));
    (0..4).for_each(|n| {
        state.next(&TIMING, &job(n), Instant(1_000)).unwrap();
    });
    fail(&mut state, K::Broken, None, 1_500);
    assert_eq!(due(&mut state, 0, 1_500), 13_000);
    fail(&mut state, K::Broken, None, 2_000);
    let next = state.next(&TIMING, &job(0), Instant(2_000));
    assert_eq!(next, Ok(JobUpdate::Poll), "by itself after the second one");
    list(&mut state, 4_000, going_on(0..4));
    state.next(&TIMING, &job(0), Instant(4_000)).unwrap();
    assert_eq!(due(&mut state, 0, 4_000), 16_000);
}

#[test]
fn a_foretold_end_is_polled_for_within_the_cadence() {
    let at = |percent| JobView { progress: Some(percent), ..view(0, JobStatus::Processing) };
    let mut state = following(2, None);
    state.forget(&job(1));
    state.polled(&job(0), Instant(2_000), Some(81.0));
    assert_eq!(due(&mut state, 0, 2_000), 2_500, "none was sent at the start");
    state.polled(&job(0), Instant(2_500), Some(95.0));
    assert_eq!(due(&mut state, 0, 2_500), 4_000, "and only one");
    state.polled(&job(0), Instant(40_000), Some(41.0));
    assert_eq!(due(&mut state, 0, 40_000), 45_000, "the usual pause is shorter");
    state.polled(&job(0), Instant(45_000), Some(100.0));
    assert_eq!(due(&mut state, 0, 45_000), 45_454);
    state.polled(&job(0), Instant(45_460), Some(100.0));
    assert_eq!(due(&mut state, 0, 45_460), 45_919);
    // Two jobs, a list poll each second.
    let mut state = following(2, None);
    let other = || JobView { progress: Some(3.0), ..view(1, JobStatus::Processing) };
    let mut next = |now: u64, percent: f64| {
        list(&mut state, now, vec![at(percent), other()]);
        state.next_list_poll(&TIMING).unwrap().0.0
    };
    // (list poll at, first job at percent, next list poll)
    for (now, percent, expected) in [
        (1_000, 51.0, 2_000),
        (2_000, 81.0, 2_500),
        (2_500, 96.0, 3_000), // no more than one each second in all
        (3_000, 100.0, 4_000),
        (4_000, 21.0, 8_000), // put off, and no further
        (8_000, 21.0, 12_000),
    ] {
        assert_eq!(next(now, percent), expected, "{now} {percent}");
    }
    let mut now = 12_000;
    let polls = [(); 8].map(|()| {
        now = next(now, 100.0);
        now
    });
    let saved = [12_250, 12_500, 12_750, 13_000, 13_250, 14_000, 15_000, 16_000];
    assert_eq!(polls, saved, "those that were put off, not closer than the floor");
}

#[test]
fn a_refused_key_ends_polling() {
    for kind in [FailureKind::Unauthorized, FailureKind::Forbidden] {
        let mut state = following(3, None);
        fail(&mut state, kind, None, 1_000);
        for n in 0..3 {
            let next = state.next(&TIMING, &job(n), Instant(1_000));
            assert!(matches!(next, Ok(JobUpdate::Refused(failure)) if failure.kind == kind));
        }
    }
}

#[test]
fn a_hint_brings_one_poll_forward_and_a_listener_doubles_the_pauses() {
    let announced = JobStart { announced: true, ..start(None) };
    let mut state = ListSchedule::default();
    (0..2).for_each(|n| state.follow(&job(n), announced, Instant(0)));
    assert_eq!(state.next_list_poll(&TIMING), Some((Instant(1_000), 1)));
    state.hint(true, &[job(0), job(7)]);
    assert_eq!(state.next_list_poll(&TIMING), Some((Instant(2_000), 1)));
    assert_eq!(state.unannounced(), [job(1)]);
    assert_eq!(state.next(&TIMING, &job(0), Instant(500)), Ok(JobUpdate::Poll));
    state.polled(&job(0), Instant(500), None);
    state.hint(true, &[job(0)]);
    assert_eq!(due(&mut state, 0, 500), 12_000, "it is not used twice");
    state.forget(&job(1));
    assert_eq!(due(&mut state, 0, 500), 3_500);
    state.hint(false, &[]);
    assert_eq!(due(&mut state, 0, 500), 2_000);
}
