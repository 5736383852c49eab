//! How quickly a batch could be through at best: the largest of several terms, each of which holds
//! for any client that uploads, creates and starts each job once. `docs/architecture.md` lists them.

use crate::server::{Bucket, Kind, PAGE, Server};

/// The name of the term for all limits together.
pub const TOGETHER: &str = "all limits together";

/// One reason why a batch cannot be quicker, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What binds.
    pub name: String,
    /// The bucket, where it is one.
    pub bucket: Option<Bucket>,
    /// At least this long.
    pub seconds: f64,
}

/// The terms for a batch that began at `began` seconds and whose jobs took `services`.
pub fn terms(server: &Server, began: f64, services: &[f64]) -> Vec<Term> {
    let jobs = services.len() as f64;
    if services.is_empty() {
        return Vec::new();
    }
    let (mut shortest, mut longest, mut sum) = (f64::INFINITY, 0.0_f64, 0.0);
    for service in services {
        shortest = shortest.min(*service);
        longest = longest.max(*service);
        sum += service;
    }
    let way = server.latency;
    // Upload and create, and the way of the start to the service.
    let head = 2.0 * way + server.transfer + 0.6 * way;
    // The way back of the start is part of the job's time; then one poll and the download.
    let tail = 2.0 * way;
    let term = |name: &str, seconds: f64| Term { name: name.to_owned(), bucket: None, seconds };
    let mut terms = vec![term("longest job", head + longest + tail)];
    for bucket in &server.buckets {
        terms.push(bucket_term(server, bucket, began, jobs, shortest));
    }
    if server.cap_at(began).is_finite() {
        // Between the end of a job and the start that takes its slot, the response that shows the end
        // and the start itself have to travel.
        let turns = sum + (jobs - server.cap_at(began)).max(0.0) * 0.8 * way;
        let spent = until(server, began + head, turns, |age| server.cap_at(age));
        let name = if server.cap.is_some() { "cap" } else { "--in-flight" };
        terms.push(term(name, head + spent + tail));
    }
    if let Some(workers) = server.workers {
        terms.push(term("workers", head + sum / f64::from(workers) + tail));
    }
    if let Some(most) = server.at_once {
        let polls = (jobs / PAGE).ceil();
        let inside = (3.0 * jobs + polls) * server.inside();
        terms.push(term("calls at once", inside / f64::from(most)));
    }
    if server.change.is_none() {
        terms.push(term(TOGETHER, together(server, services) + tail));
    }
    let own = crate::limits();
    // So many calls of each kind a second, the first few at once.
    let rate = (jobs - 3.0).max(0.0) / own.bounds.submission_rate_max;
    terms.push(term("the program's own rate", rate + shortest + tail));
    let calls = 3.0 * way + server.transfer;
    terms.push(term(
        "the program's own calls at once",
        jobs * calls / f64::from(own.bounds.concurrency),
    ));
    terms
}

/// The largest term.
pub fn binding(terms: &[Term]) -> Term {
    let first = Term { name: "nothing".to_owned(), bucket: None, seconds: 0.0 };
    terms.iter().fold(
        first,
        |most, term| {
            if term.seconds > most.seconds { term.clone() } else { most }
        },
    )
}

/// A bucket admits at most its burst and what its rate yields. It counts what each job needs of
/// the kinds in it; and, where it counts both ways of polling, the list pages that show all ends.
fn bucket_term(server: &Server, bucket: &Bucket, began: f64, jobs: f64, shortest: f64) -> Term {
    let counts = |kind| bucket.counts.contains(&kind);
    let way = server.latency;
    // Seconds before the first call of each kind can be sent.
    let before = |kind| match kind {
        Kind::Upload => 0.0,
        Kind::Create => way + server.transfer,
        _ => 2.0 * way + server.transfer,
    };
    let submits: Vec<Kind> = [Kind::Upload, Kind::Create, Kind::Start]
        .into_iter()
        .filter(|kind| counts(*kind))
        .collect();
    let polls = if counts(Kind::Get) && counts(Kind::List) {
        // A page shows no more ends than there can be jobs in flight.
        (jobs / PAGE.min(server.cap_at(began))).ceil()
    } else {
        0.0
    };
    let spent = |calls: f64, from: f64| {
        let beyond = (calls - bucket.burst).max(0.0);
        from + until(server, began + from, beyond, |age| server.rate_at(bucket, age))
    };
    let mut least = 0.0_f64;
    if let (Some(first), Some(last)) = (submits.first(), submits.last()) {
        // After the last of them: the rest of that job's way, however short the job is.
        let rest = before(Kind::Start) - before(*last) + 0.6 * way + shortest + 2.0 * way;
        least = spent(jobs * submits.len() as f64, before(*first)) + rest;
    }
    if polls > 0.0 {
        let first = submits.first().map_or(0.0, |kind| before(*kind));
        least = least.max(spent(jobs * submits.len() as f64 + polls, first) + way);
    }
    let counts: Vec<_> = bucket.counts.iter().map(|kind| kind.word()).collect();
    Term { name: counts.join("+"), bucket: Some(bucket.clone()), seconds: least }
}

/// When the last job ends for a client that knows every limit and nothing of how long jobs take: it
/// starts them in their order, each as soon as the buckets and the slots allow.
fn together(server: &Server, services: &[f64]) -> f64 {
    let way = server.latency;
    let workers = server.workers.map_or(f64::INFINITY, f64::from);
    let places = server.cap_at(0.0).min(workers);
    let mut ends: Vec<f64> = Vec::new();
    let mut last = 0.0_f64;
    for (number, service) in (1..).zip(services) {
        let mut start = 2.6 * way + server.transfer;
        for bucket in &server.buckets {
            let counts = |kind| bucket.counts.contains(&kind);
            let submits = [Kind::Upload, Kind::Create, Kind::Start];
            let calls = submits.into_iter().filter(|kind| counts(*kind)).count() as f64;
            let beyond = (calls * f64::from(number) - bucket.burst).max(0.0);
            start = start.max(beyond / bucket.rate);
        }
        if ends.len() as f64 >= places {
            // The earliest end frees a slot.
            ends.sort_by(f64::total_cmp);
            start = start.max(ends.remove(0) + 0.8 * way);
        }
        ends.push(start + service);
        last = last.max(start + service);
    }
    last
}

/// Seconds from `age` on until `amount` has passed at a speed that changes at most once.
fn until(server: &Server, age: f64, amount: f64, speed: impl Fn(f64) -> f64) -> f64 {
    let now = speed(age);
    match server.change {
        Some(change) if age < change.at && now * (change.at - age) < amount => {
            let before = change.at - age;
            before + (amount - now * before) / speed(change.at)
        }
        _ => amount / now,
    }
}

#[test]
fn the_bound_counts_what_the_server_counts() {
    let bucket = |counts: &[Kind], rate| Bucket { counts: counts.to_vec(), rate, burst: 5.0 };
    let with = |buckets| Server { buckets, latency: 0.0, transfer: 0.0, ..Server::plain(1.0) };
    let services = vec![2.0; 40];
    let seconds = |server: &Server| binding(&terms(server, 0.0, &services)).seconds;
    // 115 calls beyond the burst at 10/s, and the last job.
    let submits = [Kind::Upload, Kind::Create, Kind::Start];
    assert!((seconds(&with(vec![bucket(&submits, 10.0)])) - 13.5).abs() < 1e-9);
    // Two at a time, and the last of the uneven ones alone.
    let two = Server { cap: Some(2), ..with(Vec::new()) };
    let uneven = binding(&terms(&two, 0.0, &[1.0, 1.0, 9.0])).seconds;
    assert!((uneven - 10.0).abs() < 1e-9, "{uneven}");
    // One page shows all the ends.
    let slow = seconds(&with(vec![bucket(&Kind::ALL, 0.1)]));
    assert!((slow - 1_160.0).abs() < 1e-9, "{slow}");
    let capped = Server { cap: Some(4), ..with(Vec::new()) };
    assert!((seconds(&capped) - 20.0).abs() < 1e-9);
    // After 10 s twice as many.
    let change = crate::server::Change { at: 10.0, factor: 2.0 };
    let changed = Server { change: Some(change), ..capped };
    assert!((seconds(&changed) - 15.0).abs() < 1e-9);
}
