//! What a simulated service is like: drawn from a seed, and printed so that it can be met again.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::dice::Dice;

/// A call that limits may count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `POST /v1/uploads`
    Upload,
    /// `POST /v1/jobs`
    Create,
    /// `POST /v1/jobs/{id}/start`
    Start,
    /// `GET /v1/jobs/{id}`
    Get,
    /// `GET /v1/jobs`
    List,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Upload, Self::Create, Self::Start, Self::Get, Self::List];

    /// Whether it brings a job on its way; the others only read.
    pub fn submits(self) -> bool {
        matches!(self, Self::Upload | Self::Create | Self::Start)
    }

    /// A name for descriptions.
    pub fn word(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Create => "create",
            Self::Start => "start",
            Self::Get => "get",
            Self::List => "list",
        }
    }
}

/// A token bucket over some kinds of calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// The calls that it counts.
    pub counts: Vec<Kind>,
    /// Calls a second.
    pub rate: f64,
    /// Calls at once from a full bucket.
    pub burst: f64,
}

/// The form of `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// Whole seconds.
    Seconds,
    /// An HTTP date.
    Date,
    /// No header.
    Absent,
}

/// The body of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalBody {
    /// As documented.
    Contract,
    /// A line of plain text.
    Text,
    /// A gateway's page.
    Html,
    /// No body.
    Empty,
}

/// How long jobs take, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Times {
    /// All alike.
    Fixed(f64),
    /// Between two bounds.
    Uniform(f64, f64),
    /// Log-normal, by median and sigma.
    LongTailed(f64, f64),
}

/// From `at` seconds on, all rates and the cap are multiplied by `factor`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Seconds since the service began.
    pub at: f64,
    /// What rates and cap are multiplied by.
    pub factor: f64,
}

/// A way of answering that the documentation allows.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// In a few words.
    pub name: &'static str,
    /// Lines of the sandbox's scenario, and the sections they belong to.
    pub settings: Vec<(&'static str, &'static str)>,
}

/// A simulated service, and the line to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// What it was drawn from.
    pub seed: u64,
    /// Rates.
    pub buckets: Vec<Bucket>,
    /// Started jobs that have not ended.
    pub cap: Option<u32>,
    /// Calls that the service has under way at once.
    pub at_once: Option<u32>,
    /// Jobs that run at once; further ones wait in a queue.
    pub workers: Option<u32>,
    /// Form of `Retry-After`.
    pub retry_after: RetryAfter,
    /// Body of refusals.
    pub refusal: RefusalBody,
    /// Service times.
    pub times: Times,
    /// Seconds from sending a call to its answer, on average.
    pub latency: f64,
    /// Seconds that the bytes of an upload take beside that, on average.
    pub transfer: f64,
    /// Share of calls that fail.
    pub failing: f64,
    /// Change of limits.
    pub change: Option<Change>,
    /// Ways of answering.
    pub variants: Vec<Variant>,
    /// The user's `--in-flight`.
    pub in_flight: u32,
    /// Scripted faults of a scenario.
    pub faults: String,
}

/// Most jobs in flight by the program's default settings.
pub const IN_FLIGHT_MAX: u32 = 64;

/// The variant of a service that starts every job at once.
pub const IGNORED: &str = "auto_start ignored";

/// Jobs in a page of the list at most.
pub const PAGE: f64 = 100.0;

impl Server {
    /// A service without limits that answers as documented at once, with jobs of `seconds`.
    pub fn plain(seconds: f64) -> Self {
        Self {
            seed: 0,
            buckets: Vec::new(),
            cap: None,
            at_once: None,
            workers: None,
            retry_after: RetryAfter::Seconds,
            refusal: RefusalBody::Contract,
            times: Times::Fixed(seconds),
            latency: 0.02,
            transfer: 0.01,
            failing: 0.0,
            change: None,
            variants: Vec::new(),
            in_flight: IN_FLIGHT_MAX,
            faults: String::new(),
        }
    }

    /// Short jobs, eight at a time, and a rate for creates and starts that is nearly met.
    pub fn short() -> Self {
        let bucket = |counts: &[Kind], rate| Bucket { counts: counts.to_vec(), rate, burst: 10.0 };
        Self {
            buckets: vec![
                bucket(&[Kind::Create, Kind::Start], 10.0),
                bucket(&[Kind::Get, Kind::List], 20.0),
            ],
            cap: Some(8),
            times: Times::Uniform(1.0, 3.0),
            latency: 0.005,
            transfer: 0.002,
            ..Self::plain(2.0)
        }
    }

    /// The service that follows from `seed`.
    pub fn drawn(seed: u64) -> Self {
        let dice = Dice::new(seed, 1);
        let some =
            |share: f64, low: u32, high: u32| dice.chance(share).then(|| dice.whole(low, high));
        let mut server = Self {
            seed,
            buckets: buckets(&dice),
            cap: some(0.35, 1, 64),
            at_once: some(0.25, 2, 32),
            workers: some(0.35, 1, 64),
            retry_after: dice.pick(&[RetryAfter::Seconds, RetryAfter::Date, RetryAfter::Absent]),
            refusal: dice.pick(&[
                RefusalBody::Contract,
                RefusalBody::Contract,
                RefusalBody::Text,
                RefusalBody::Html,
                RefusalBody::Empty,
            ]),
            times: times(&dice),
            latency: dice.log(0.005, 0.5),
            transfer: dice.log(0.005, 0.5),
            failing: if dice.chance(0.5) { 0.0 } else { dice.uniform(0.0, 0.05) },
            change: None,
            variants: Vec::new(),
            in_flight: if dice.chance(0.15) { dice.whole(1, 32) } else { IN_FLIGHT_MAX },
            faults: String::new(),
        };
        if dice.chance(0.15) && (!server.buckets.is_empty() || server.cap.is_some()) {
            let factor = dice.pick(&[0.5, 2.0]);
            server.change = Some(Change { at: dice.log(10.0, 1_000.0), factor });
        }
        for group in groups() {
            // Services that ignore `auto_start` are the least likely.
            let share = if group[0].name == IGNORED { 0.08 } else { 0.2 };
            if dice.chance(share) {
                server.variants.push(dice.pick(&group));
            }
        }
        server
    }

    /// Whether drafts run by themselves.
    pub fn ignores_auto_start(&self) -> bool {
        self.variants.iter().any(|variant| variant.name == IGNORED)
    }

    /// What the user and the service allow in flight at `age`.
    pub fn cap_at(&self, age: f64) -> f64 {
        let cap = self.cap.map_or(f64::INFINITY, |cap| match self.change {
            Some(change) if age >= change.at => changed_cap(cap, change),
            _ => f64::from(cap),
        });
        cap.min(f64::from(self.in_flight))
    }

    /// Rate of a bucket at `age`.
    pub fn rate_at(&self, bucket: &Bucket, age: f64) -> f64 {
        match self.change {
            Some(change) if age >= change.at => bucket.rate * change.factor,
            _ => bucket.rate,
        }
    }

    /// The service times in the notation of the sandbox's timer.
    pub fn timer(&self) -> String {
        let milliseconds = |seconds: f64| format!("{:.0}ms", seconds * 1_000.0);
        match self.times {
            Times::Fixed(seconds) => milliseconds(seconds),
            Times::Uniform(low, high) => {
                format!("{}..{}", milliseconds(low), milliseconds(high))
            }
            Times::LongTailed(median, sigma) => {
                format!("lognormal:{},{sigma:.2}", milliseconds(median))
            }
        }
    }

    /// The sandbox's scenario: limits, and ways of answering. Latency and failing calls are the
    /// line's.
    pub fn scenario(&self) -> String {
        let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (section, line) in self.variants.iter().flat_map(|variant| &variant.settings) {
            sections.entry(section).or_default().push((*line).to_owned());
        }
        let takes = format!("takes = \"{:.0}ms\"", self.inside() * 1_000.0);
        sections.entry("answers").or_default().push(takes);
        let limits = sections.entry("limits").or_default();
        let word = |value: &dyn fmt::Debug| format!("{value:?}").to_lowercase();
        limits.push(format!("retry_after = \"{}\"", word(&self.retry_after)));
        limits.push(format!("refusal = \"{}\"", word(&self.refusal)));
        limits.extend(self.at_once.map(|most| format!("concurrency = {most}")));
        limits.extend(self.cap.map(|cap| format!("in_flight = {cap}")));
        let mut text = format!("seed = {}\n", self.seed);
        for (section, lines) in sections {
            text += &format!("[{section}]\n{}\n", lines.join("\n"));
        }
        for bucket in &self.buckets {
            text += &format!("[[limits.bucket]]\n{}\n", bucket.fields(bucket.rate, "\n"));
        }
        if let Some(change) = self.change {
            text += &format!("[[limits.schedule]]\nat = \"{:.0}ms\"\n", change.at * 1_000.0);
            if let Some(cap) = self.cap {
                text += &format!("in_flight = {}\n", changed_cap(cap, change));
            }
            if !self.buckets.is_empty() {
                let changed = |bucket: &Bucket| {
                    format!("{{ {} }}", bucket.fields(bucket.rate * change.factor, ", "))
                };
                let changed: Vec<_> = self.buckets.iter().map(changed).collect();
                text += &format!("bucket = [{}]\n", changed.join(", "));
            }
        }
        text + &self.faults
    }

    /// Seconds that the service has a call under way, to whole milliseconds.
    pub fn inside(&self) -> f64 {
        (0.2 * self.latency * 1_000.0).round() / 1_000.0
    }
}

impl Bucket {
    /// As the scenario has it, with another rate.
    fn fields(&self, rate: f64, between: &str) -> String {
        let mut calls: Vec<_> =
            self.counts.iter().map(|kind| format!("\"{}\"", kind.word())).collect();
        if self.counts.len() == Kind::ALL.len() {
            calls.push("\"usage\"".to_owned());
        }
        let calls = calls.join(", ");
        [
            format!("calls = [{calls}]"),
            format!("rate = {rate:?}"),
            format!("burst = {:?}", self.burst),
        ]
        .join(between)
    }
}

fn changed_cap(cap: u32, change: Change) -> f64 {
    (f64::from(cap) * change.factor).floor().max(1.0)
}

/// Draws what is counted.
fn buckets(dice: &Dice) -> Vec<Bucket> {
    use Kind::{Create, Get, List, Start, Upload};
    let bucket = |counts: &[Kind]| Bucket {
        counts: counts.to_vec(),
        rate: dice.log(0.05, 50.0),
        burst: f64::from(dice.whole(1, 30)),
    };
    let subset = || {
        let counts: Vec<Kind> = Kind::ALL.into_iter().filter(|_| dice.chance(0.5)).collect();
        if counts.is_empty() { vec![Create, Start] } else { counts }
    };
    match dice.whole(1, 9) {
        1 if dice.chance(0.5) => Vec::new(),
        1 | 2 => vec![bucket(&Kind::ALL)],
        3 => Kind::ALL.iter().map(|kind| bucket(&[*kind])).collect(),
        4 => vec![bucket(&[Create, Start])],
        5 => vec![bucket(&[Upload, Create, Start])],
        6 => vec![bucket(&[Start])],
        7 => vec![bucket(&[Upload, Create, Start]), bucket(&[Get, List])],
        8 => vec![bucket(&subset())],
        _ => vec![bucket(&subset()), bucket(&subset())],
    }
}

fn times(dice: &Dice) -> Times {
    match dice.whole(1, 3) {
        1 => Times::Fixed(dice.log(1.0, 120.0)),
        2 => {
            let low = dice.log(1.0, 60.0);
            Times::Uniform(low, low * dice.uniform(1.0, 3.0))
        }
        _ => Times::LongTailed(dice.log(1.0, 40.0), dice.uniform(0.3, 1.0)),
    }
}

/// The ways of answering, in groups of which a service has at most one each.
pub fn groups() -> Vec<Vec<Variant>> {
    let one = |name, section, line| Variant { name, settings: vec![(section, line)] };
    vec![
        vec![
            one("drafts are created", "jobs", "draft_state = \"created\""),
            one("drafts are queued_draft", "jobs", "draft_state = \"queued_draft\""),
        ],
        vec![one("no status from create", "jobs", "create_state = \"absent\"")],
        vec![one("billing is null", "jobs", "billing = \"null\"")],
        vec![one("progress is null", "jobs", "progress = \"null\"")],
        vec![
            one("job_id", "answers", "id = \"job_id\""),
            one("both ids", "answers", "id = \"both\""),
        ],
        vec![
            one("list array", "answers", "list = \"array\""),
            one("list jobs", "answers", "list = \"jobs\""),
            one("list data", "answers", "list = \"data\""),
        ],
        vec![one("no total", "answers", "list_total = false")],
        vec![one("oldest first", "answers", "order = \"oldest\"")],
        vec![one("list lags by 2 s", "answers", "list_lag = \"2s\"")],
        vec![
            one("pages of 20", "answers", "page_max = 20"),
            one("limit above 50 refused", "answers", "page_refused_above = 50"),
        ],
        vec![
            one("create 201", "answers", "create_status = 201"),
            one("create 202", "answers", "create_status = 202"),
        ],
        vec![
            one("naive times", "answers", "times = \"naive\""),
            one("times with an offset", "answers", "times = \"offset\""),
        ],
        vec![
            one("clock an hour ahead", "clock", "skew = \"1h\""),
            one("clock an hour behind", "clock", "skew = \"-1h\""),
        ],
        vec![
            one("second start 200", "jobs", "second_start = \"same\""),
            one("second start 400", "jobs", "second_start = \"invalid\""),
        ],
        vec![one(IGNORED, "jobs", "auto_start = \"ignored\"")],
    ]
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for bucket in &self.buckets {
            let counts: Vec<_> = bucket.counts.iter().map(|kind| kind.word()).collect();
            let counts =
                if counts.len() == Kind::ALL.len() { "all".into() } else { counts.join("+") };
            parts.push(format!("{counts} {:.2}/s burst {}", bucket.rate, bucket.burst));
        }
        let mut limit = |name: &str, limit: Option<u32>| {
            parts.extend(limit.map(|limit| format!("{name} {limit}")));
        };
        limit("cap", self.cap);
        limit("at once", self.at_once);
        limit("workers", self.workers);
        limit("--in-flight", Some(self.in_flight).filter(|most| *most != IN_FLIGHT_MAX));
        parts.push(match self.times {
            Times::Fixed(seconds) => format!("jobs {seconds:.1} s"),
            Times::Uniform(low, high) => format!("jobs {low:.1}-{high:.1} s"),
            Times::LongTailed(median, sigma) => format!("jobs ~{median:.1} s sigma {sigma:.2}"),
        });
        parts.push(format!("latency {:.0} ms", self.latency * 1_000.0));
        parts.push(format!("transfer {:.0} ms", self.transfer * 1_000.0));
        parts.push(format!("retry-after {:?}", self.retry_after).to_lowercase());
        if self.refusal != RefusalBody::Contract {
            parts.push(format!("refusal {:?}", self.refusal).to_lowercase());
        }
        if self.failing > 0.0 {
            parts.push(format!("failing {:.1} %", self.failing * 100.0));
        }
        if let Some(change) = self.change {
            parts.push(format!("limits x{} at {:.0} s", change.factor, change.at));
        }
        parts.extend(self.variants.iter().map(|variant| variant.name.to_owned()));
        write!(f, "seed {}: {}", self.seed, parts.join(", "))
    }
}

/// Seconds as a duration.
pub fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.max(0.0))
}
