//! What was seen of the calls on the line, and the promises that can be checked there.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::http::response::Parts;
use serde_json::Value;

use crate::server::{Bucket, Kind};

/// Calls of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Sent.
    pub sent: u64,
    /// Answered with 429.
    pub refused: u64,
}

/// Everything that was seen.
#[derive(Default)]
pub struct Record {
    trace: DefaultHasher,
    counts: BTreeMap<Kind, Count>,
    /// When calls were answered that were not refused.
    accepted: Vec<(f64, Kind)>,
    /// Until when calls that submit, and calls that read, were asked to pause: when that was
    /// received, and the end.
    paused: [Option<(f64, f64)>; 2],
    /// Jobs whose end the client was shown, with all that belongs to it.
    ended: BTreeMap<String, f64>,
    /// Jobs whose create or latest start got no answer.
    in_doubt: BTreeSet<String>,
    files: BTreeMap<String, String>,
    jobs: BTreeMap<String, String>,
    sent_in_pauses: Vec<String>,
    polls_after_end: Vec<String>,
    /// More calls than this make no sense.
    allowed: Option<u64>,
    keeps_lines: bool,
    lines: Vec<String>,
}

impl Record {
    /// A call leaves the client.
    pub fn sent(&mut self, age: f64, kind: Option<Kind>, path: &str) {
        self.note(age, "sent", kind, path);
        let Some(kind) = kind else { return };
        self.counts.entry(kind).or_default().sent += 1;
        if let Some((from, until)) = self.paused[usize::from(!kind.submits())]
            && age > from
            && age < until - 0.002
        {
            let left = until - age;
            let word = kind.word();
            self.sent_in_pauses.push(format!("{word} at {age:.3} s, {left:.3} s too early"));
        }
        let Some(job) = path.strip_prefix("/v1/jobs/") else { return };
        match kind {
            Kind::Start => {
                self.in_doubt.insert(job.trim_end_matches("/start").to_owned());
            }
            // What leaves in the moment of the answer is under way. What is in doubt is decided by a
            // poll, even if lists have shown more meanwhile.
            Kind::Get
                if self.ended.get(job).is_some_and(|ended| age > ended + 0.001)
                    && !self.in_doubt.contains(job) =>
            {
                self.polls_after_end.push(format!("{path} at {age:.3} s"));
            }
            _ => {}
        }
    }

    /// An answer reaches the client.
    pub fn answered(
        &mut self,
        age: f64,
        kind: Option<Kind>,
        path: &str,
        parts: &Parts,
        body: &[u8],
    ) {
        let status = parts.status.as_u16();
        self.note(age, &status.to_string(), kind, path);
        let Some(kind) = kind else { return };
        if let (Kind::Start, Some(job)) = (kind, path.strip_prefix("/v1/jobs/")) {
            self.in_doubt.remove(job.trim_end_matches("/start"));
        }
        if kind == Kind::Create {
            let answer: Value = serde_json::from_slice(body).unwrap_or_default();
            self.in_doubt.remove(id_of(&answer).unwrap_or_default());
        }
        if status == 429 {
            self.counts.entry(kind).or_default().refused += 1;
            if let Some(pause) = pause(parts) {
                let paused = &mut self.paused[usize::from(!kind.submits())];
                let longest = paused.map_or(0.0, |(_, until)| until).max(age + pause);
                *paused = Some((age, longest));
            }
        } else {
            self.accepted.push((age, kind));
        }
        if status == 200 && matches!(kind, Kind::Get | Kind::List) {
            let value: Value = serde_json::from_slice(body).unwrap_or_default();
            for job in jobs_in(&value) {
                let is_whole = match job["status"].as_str() {
                    Some("completed") => job["output_url"].is_string(),
                    Some("failed") => job["error"].is_string(),
                    _ => false,
                };
                if let (true, Some(id)) = (is_whole, id_of(job)) {
                    self.ended.entry(id.to_owned()).or_insert(age);
                }
            }
        }
    }

    /// The service did what a call asked for, whether or not its answer arrives.
    pub fn served(&mut self, kind: Option<Kind>, file: Option<&str>, asked: &[u8], answer: &[u8]) {
        if !matches!(kind, Some(Kind::Upload | Kind::Create)) {
            return;
        }
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        match (kind, file) {
            (Some(Kind::Upload), Some(file)) => {
                if let Some(url) = answer["video_url"].as_str() {
                    self.files.insert(url.to_owned(), file.to_owned());
                }
            }
            (Some(Kind::Create), _) => {
                let asked: Value = serde_json::from_slice(asked).unwrap_or_default();
                let file = asked["video_url"].as_str().and_then(|url| self.files.get(url));
                if let (Some(id), Some(file)) = (id_of(&answer), file) {
                    self.jobs.insert(id.to_owned(), file.clone());
                    self.in_doubt.insert(id.to_owned());
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, age: f64, what: &str, kind: Option<Kind>, path: &str) {
        let milliseconds = (age * 1_000.0).round() as u64;
        (milliseconds, what, kind.map(Kind::word), path).hash(&mut self.trace);
        if self.keeps_lines {
            let word = kind.map_or("", Kind::word);
            self.lines.push(format!("{age:10.3} {what:>4} {word:6} {path}"));
        }
    }

    /// Keeps a line for each call and answer from now on.
    pub fn keep_lines(&mut self) {
        self.keeps_lines = true;
    }

    /// The lines that were kept.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// All calls and answers with their virtual times, as one number.
    pub fn trace(&self) -> u64 {
        self.trace.finish()
    }

    /// The input that a job was made for.
    pub fn input_of(&self, job: &str) -> Option<&str> {
        self.jobs.get(job).map(String::as_str)
    }

    /// The calls that a bucket would let through at once at `age`, after all that it has let through.
    pub fn tokens(&self, bucket: &Bucket, age: f64) -> f64 {
        let (mut tokens, mut last) = (bucket.burst, 0.0);
        let counted = self.accepted.iter().filter(|(_, kind)| bucket.counts.contains(kind));
        for (at, _) in counted {
            tokens = bucket.burst.min(tokens + (at - last) * bucket.rate) - 1.0;
            last = *at;
        }
        bucket.burst.min(tokens + (age - last) * bucket.rate).max(0.0)
    }

    /// Calls by kind so far.
    pub fn counts(&self) -> &BTreeMap<Kind, Count> {
        &self.counts
    }

    /// All calls so far that limits may count.
    pub fn total(&self) -> Count {
        self.counts.values().fold(Count::default(), |all, count| Count {
            sent: all.sent + count.sent,
            refused: all.refused + count.refused,
        })
    }

    /// Calls that were sent while a pause applied to them.
    pub fn sent_in_pauses(&self) -> &[String] {
        &self.sent_in_pauses
    }

    /// Requests for a job of which the client had been shown the end.
    pub fn polls_after_end(&self) -> &[String] {
        &self.polls_after_end
    }

    /// Allows this number of further calls.
    pub fn allow(&mut self, calls: u64) {
        self.allowed = Some(self.total().sent + calls);
    }

    /// Whether more calls were made than make sense.
    pub fn is_excessive(&self) -> bool {
        self.allowed.is_some_and(|allowed| self.total().sent > allowed)
    }

    /// Another process begins: it knows neither pauses that were not recorded nor ends that were
    /// shown to the one before.
    pub fn new_process(&mut self) {
        self.ended.clear();
    }
}

fn id_of(job: &Value) -> Option<&str> {
    job["id"].as_str().or_else(|| job["job_id"].as_str())
}

/// The jobs of an answer to a get or list.
fn jobs_in(answer: &Value) -> &[Value] {
    for name in ["items", "jobs", "data"] {
        if let Some(jobs) = answer[name].as_array() {
            return jobs;
        }
    }
    match answer {
        Value::Array(jobs) => jobs,
        job => std::slice::from_ref(job),
    }
}

/// The pause that an answer asks for, in seconds.
fn pause(parts: &Parts) -> Option<f64> {
    let text = |name: &str| parts.headers.get(name)?.to_str().ok();
    let asked = text("retry-after")?;
    if let Ok(seconds) = asked.parse::<f64>() {
        return Some(seconds);
    }
    let at = httpdate::parse_http_date(asked).ok()?;
    let now = httpdate::parse_http_date(text("date")?).ok()?;
    at.duration_since(now).ok().map(|pause| pause.as_secs_f64())
}

#[test]
fn a_bucket_holds_what_it_has_not_let_through() {
    let bucket = Bucket { counts: vec![Kind::Start], rate: 0.5, burst: 10.0 };
    let mut record = Record::default();
    for at in [1.0, 1.0, 3.0] {
        record.accepted.push((at, Kind::Start));
        record.accepted.push((at, Kind::Upload));
    }
    let at = |age: f64| record.tokens(&bucket, age);
    assert_eq!((at(3.0), at(5.0), at(1_000.0)), (8.0, 9.0, 10.0));
}
