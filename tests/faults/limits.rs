//! Rows 11-13, 17, 18, 21, 32 and 33: limits, clocks, outages, redirects, secrets.

use crate::case::Case;

#[test]
fn row_11_retry_after_is_understood_in_every_form() {
    for form in ["1", "-5", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", ""] {
        let header =
            if form.is_empty() { String::new() } else { format!(", retry_after = \"{form}\"") };
        let mut case = Case::new(&format!(
            "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = {{ answer = {{ status = 429, code = \"rate_limited\"{header} }} }}\n"
        ));
        case.home.clip("a.mp4");
        let began = std::time::Instant::now();
        case.run(&["run", "a.mp4"]).ends_with(0);
        if form == "1" {
            assert!(began.elapsed().as_millis() >= 1_000, "told to wait for a second");
        }
        assert_eq!(case.audit().bills(), 1, "{form:?}");
    }
}

#[test]
fn row_11_a_long_retry_after_ends_the_run_and_loses_nothing() {
    let mut case = Case::new(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = { answer = { status = 429, code = \"rate_limited\", retry_after = \"36000\" } }\n",
    );
    case.home.clip("a.mp4");
    case.run(&["run", "a.mp4"]).ends_with(5).says("resume");
    assert_eq!(case.audit().bills(), 0);
}

#[test]
fn row_13_refused_polls_do_not_stop_submitting() {
    let mut case = Case::new(
        "[[fault]]\non = \"GET /v1/jobs/*\"\nuntil = \"1s\"\ndo = { answer = { status = 429, code = \"rate_limited\" } }\n",
    );
    case.home.clips(6);
    case.run(&["run", ".", "-o", "out/"]).ends_with(0);
    let audit = case.audit();
    assert_eq!((audit.starts(), audit.bills()), (6, 6));
}

#[test]
fn row_18_a_dead_output_host_does_not_stop_the_api() {
    let mut case = Case::new(
        "[[fault]]\non = \"GET /outputs/*/*\"\ntimes = 8\ndo = { answer = { status = 503 } }\n",
    );
    case.home.clips(4);
    case.run(&["run", ".", "-o", "out/"]).ends_with(0);
    assert_eq!(case.audit().bills(), 4);
}

#[test]
fn row_32_a_redirect_takes_neither_key_nor_body_along() {
    for (status, on) in [
        (302, "POST /v1/uploads"),
        (307, "POST /v1/uploads"),
        (307, "POST /v1/jobs"),
        (302, "GET /v1/usage/summary"),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let other = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let mut case = Case::new(&format!(
            "[[fault]]\non = \"{on}\"\ndo = {{ redirect = {{ to = \"http://{other}/steal\", status = {status} }} }}\n"
        ));
        case.home.clip("a.mp4");
        let ran =
            if on.starts_with("GET") { case.run(&["usage"]) } else { case.run(&["run", "a.mp4"]) };
        assert_ne!(ran.code, 0, "{on}");
        assert!(listener.accept().is_err(), "{on} {status}: nothing may arrive at the other host");
        case.sandbox.scenario("");
    }
}

#[test]
fn row_33_keys_and_signed_links_stay_out_of_sight() {
    let mut case = Case::new(
        "[[fault]]\non = \"GET /outputs/*/*\"\nnth = 1\ndo = { cut = { at = \"50%\" } }\n\
         [[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = \"garble\"\n",
    );
    case.home.clip("a.mp4");
    case.run(&["-vv", "--log-file", "log", "run", "a.mp4"]).ends_with(0);
    let key = case.sandbox.api_key.clone();
    for place in ["work/log", "state/ledger.sqlite3", "state/ledger.sqlite3-wal"] {
        let bytes = std::fs::read(case.home.path(place)).unwrap_or_default();
        for secret in [key.as_str(), "sig="] {
            assert!(
                !bytes.windows(secret.len()).any(|part| part == secret.as_bytes()),
                "{secret} in {place}"
            );
        }
    }
}

#[test]
fn row_12_twenty_refusals_at_once_cut_once() {
    use rbgv::client::limits::LimitTuning;
    use rbgv::client::limits::PaceBounds;
    use rbgv::client::limits::pace::{on_refused, rate};
    use rbgv::model::Instant;
    use rbgv::model::limits::Pace;
    let bounds = PaceBounds { initial: 10.0, max: 20.0, kinds: 3.0, tuning: LimitTuning::DEFAULT };
    let mut pace = Pace::default();
    // All were sent before the first refusal came: one episode.
    (0..20).for_each(|_| on_refused(&mut pace, &bounds, 2, (Instant(1_000), Instant(1_050)), None));
    let once = rate(&pace, &bounds);
    assert!((5.0..10.0).contains(&once), "{once}");
    on_refused(&mut pace, &bounds, 2, (Instant(1_100), Instant(1_200)), None);
    assert!(rate(&pace, &bounds) < once, "a later refusal is another episode");
}

#[test]
fn row_17_a_surge_opens_the_breaker_and_the_run_recovers() {
    // Three repetitions of a create outlast the outage, whether or not the breaker opens in time.
    let waits = "breaker_cooldown = \"300ms\"\nretry_after_max = \"30s\"\n\
                 backoff_first = \"400ms\"\nbackoff_max = \"2s\"\n";
    let mut case = Case::timed("", waits);
    case.home.variant("first.mp4", 999_999);
    case.run(&["run", "first.mp4", "-o", "first/"]).ends_with(0);
    case.then(
        "[[fault]]\non = \"* /v1/jobs\"\nuntil = \"1500ms\"\ndo = { answer = { status = 503, body = \"html\" } }\n\
         [[fault]]\non = \"* /v1/jobs/**\"\nuntil = \"1500ms\"\ndo = { answer = { status = 503, body = \"html\" } }\n",
    );
    case.home.clips(8);
    case.run(&["run", ".", "-o", "out/"]).ends_with(0);
    let audit = case.audit();
    assert_eq!(audit.bills(), 9);
    let failed =
        audit.0["requests"].as_array().unwrap().iter().filter(|row| row["status"] == 503).count();
    assert!((1..60).contains(&failed), "{failed} calls were thrown at a service that was down");
}

#[test]
fn row_17_of_a_thousand_callers_in_two_processes_one_probes() {
    use rbgv::client::limits::circuit_breaker::{BreakerDecision, check, on_failure, on_success};
    use rbgv::ledger::Ledger;
    use rbgv::model::limits::{CallLimits, LimitKey, LimiterStore as _};
    use rbgv::model::{Clock, Instant};
    let key = LimitKey { origin: "o".to_owned(), fingerprint: None };
    let directory = tempfile::tempdir().unwrap();
    let clock: std::sync::Arc<dyn Clock> = std::sync::Arc::new(rbgv::env::SystemClock::new());
    let ledgers = [(); 2].map(|()| Ledger::open(directory.path(), clock.clone()).unwrap());
    let cooldown = std::time::Duration::from_secs(15);
    let at = |second: u64| Instant(1_000_000 + second * 1_000);
    let answered = |process: usize, well_answered: bool, second| {
        let change = move |limits: &mut CallLimits| {
            if well_answered {
                on_success(&mut limits.host, at(second));
            } else {
                on_failure(&mut limits.host, cooldown, at(second));
            }
        };
        ledgers[process].change(&key, "host", Box::new(change)).unwrap();
    };
    let crowd = |callers: usize, second| -> Vec<BreakerDecision> {
        let asks = |n: usize| {
            let (decide, decided) = std::sync::mpsc::channel();
            let change = move |limits: &mut CallLimits| {
                decide.send(check(&mut limits.host, cooldown, false, at(second))).unwrap();
            };
            ledgers[n % 2].change(&key, "host", Box::new(change)).unwrap();
            decided.recv().unwrap()
        };
        (0..callers).map(asks).collect()
    };
    let sent = |callers, second| -> usize {
        let leaves = crowd(callers, second);
        leaves.iter().filter(|leave| !matches!(leave, BreakerDecision::CheckAfter(_))).count()
    };
    (0..6).for_each(|n| answered(n % 2, false, 0));
    assert_eq!(sent(1_000, 1), 0, "it is open in both");
    let mut cool_downs = Vec::new();
    for opened in [0, 15, 45] {
        // It flaps: each probe goes badly, and the next one comes later.
        let probed = (opened..1_000).find(|second| sent(2, *second) > 0).unwrap();
        cool_downs.push(probed - opened);
        assert_eq!(sent(1_000, probed), 0, "one probe, machine-wide");
        answered(1, false, probed);
    }
    assert_eq!(cool_downs, [15, 30, 60]);
    let probed = (105..1_000).find(|second| sent(2, *second) > 0).unwrap();
    answered(0, true, probed);
    assert_eq!(sent(1_000, probed), 1_000, "closed: from here on the pace of the key holds");
}

#[test]
fn row_21_a_clock_that_is_set_neither_stalls_nor_bursts() {
    use rbgv::client::limits::LimitTuning;
    use rbgv::client::limits::PaceBounds;
    use rbgv::client::limits::pace::admit;
    use rbgv::model::Instant;
    use rbgv::model::limits::Pace;
    let bounds = PaceBounds { initial: 10.0, max: 20.0, kinds: 1.0, tuning: LimitTuning::DEFAULT };
    let admitted = |pace: &mut Pace, from: u64, milliseconds: u64| {
        let at = |ms| Instant(from + ms);
        (0..milliseconds).filter(|ms| admit(pace, &bounds, 0, at(*ms)).is_ok()).count()
    };
    let hour = 3_600_000;
    for (set, now) in [("back", 11 * hour), ("forward", 13 * hour)] {
        let mut pace = Pace::default();
        admitted(&mut pace, 12 * hour, 2_000);
        let at_once = admitted(&mut pace, now, 1);
        assert!((1..=3).contains(&at_once), "{set}: no more at once than ever");
        let calls = admitted(&mut pace, now + 1, 1_000);
        assert!((9..=13).contains(&calls), "{set}: {calls} in a second, at ten a second");
    }
}
