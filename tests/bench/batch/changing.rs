//! A server whose limit nobody knows, and which halves it and doubles it again in the middle.

use std::io;
use std::path::PathBuf;

use crate::chart::{Chart, Panel, Series};
use crate::clips::Clips;
use crate::report::{Aim, Report, Table, percent};
use crate::seen::Seen;
use crate::world::{Service, World};

/// Service times of each phase, and those at the beginning that are not counted.
const PHASE: f64 = 100.0;
const LEARNING: f64 = 20.0;
/// Mean service time.
const MEAN: f64 = 10.0;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// How much quicker than the vendor everything is
    #[arg(long, default_value_t = 0.06)]
    pub scale: f64,
    /// Jobs in flight that the server takes, before and after it takes half of that
    #[arg(long, default_value_t = 12)]
    pub cap: u32,
    /// Where to draw the run
    #[arg(long, value_name = "FILE.svg")]
    pub chart: Option<PathBuf>,
}

/// When what holds, in seconds of the server's clock.
struct Phases {
    begins: f64,
    halves: f64,
    doubles: f64,
    ends: f64,
    cap: f64,
}

impl Phases {
    fn cap(&self, at: f64) -> f64 {
        if (self.halves..self.doubles).contains(&at) { (self.cap / 2.0).floor() } else { self.cap }
    }
}

pub fn measure(args: &Args, report: &mut Report) -> io::Result<()> {
    let service = Service { cap: args.cap, ..Service::default() };
    let mut world = World::new(service, args.scale)?;
    let phase = PHASE * MEAN * args.scale;
    let learning = LEARNING * MEAN * args.scale;
    // Enough for all phases, and for the beginning.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let jobs = (f64::from(args.cap) * (2.5 * PHASE + LEARNING) * 1.05) as usize;
    let (inputs, _) = world.inputs(jobs, Clips::Small)?;
    // Planning comes before the first call.
    let lead = learning + jobs as f64 * 0.002;
    let halves = lead + phase;
    world.load(&format!(
        "[[limits.schedule]]\nat = \"{halves}s\"\nin_flight = {}\n\
         [[limits.schedule]]\nat = \"{}s\"\nin_flight = {}\n",
        args.cap / 2,
        halves + phase,
        args.cap,
    ));
    world.skip();
    // The server's clock at the time the schedule began.
    let (status, _) = world.sandbox.http("GET", "/health", "");
    assert_eq!(status, 200);
    let loaded = world.peek().calls.first().map_or(0.0, |call| call.at);
    let (ran, seen) = world.batch(&inputs, &[])?;
    let first = seen.works.first().map_or(loaded, |work| work.started);
    let phases = Phases {
        begins: first + learning,
        halves: loaded + halves,
        doubles: loaded + halves + phase,
        ends: loaded + halves + 2.0 * phase,
        cap: f64::from(args.cap),
    };
    tell(report, args, &seen, &phases);
    if ran.code != 0 || seen.bills != jobs {
        eprintln!("code {}, {} bills for {jobs} inputs", ran.code, seen.bills);
    }
    if let Some(path) = &args.chart {
        std::fs::write(path, draw(&seen, &phases, first, args.scale).svg())?;
    }
    Ok(())
}

fn tell(report: &mut Report, args: &Args, seen: &Seen, phases: &Phases) {
    let title = format!("A limit that changes, scale {}", args.scale);
    let headings =
        ["phase", "service times", "cap", "capacity used", "calls", "refused", "share refused"];
    let mut table = Table::new(title, &headings);
    let parts = [
        ("first", phases.begins, phases.halves),
        ("half", phases.halves, phases.doubles),
        ("doubled", phases.doubles, phases.ends),
        ("all", phases.begins, phases.ends),
    ];
    let last_start = seen.works.iter().map(|work| work.started).fold(0.0, f64::max);
    let mut whole = (0.0, 0.0);
    for (name, from, until) in parts {
        // Without work left there is nothing to measure.
        let until = until.min(last_start).max(from);
        let used = seen.used(from, until, |at| phases.cap(at));
        let calls: Vec<_> = seen
            .calls
            .iter()
            .filter(|call| call.is_keyed() && (from..until).contains(&call.at))
            .collect();
        let refused = calls.iter().filter(|call| call.status == 429).count();
        let share = refused as f64 / (calls.len() as f64).max(1.0);
        whole = (used, share);
        table.row([
            name.to_owned(),
            format!("{:.0}", (until - from) / (MEAN * args.scale)),
            if name == "all" { "-".to_owned() } else { format!("{:.0}", phases.cap(from)) },
            percent(used),
            calls.len().to_string(),
            refused.to_string(),
            percent(share),
        ]);
    }
    report.table(table);
    report.figure("changing limit, capacity used", whole.0, Aim::AtLeast(0.9));
    report.figure("changing limit, share of calls refused", whole.1, Aim::AtMost(0.02));
}

/// Times are told as the vendor's.
fn draw(seen: &Seen, phases: &Phases, first: f64, scale: f64) -> Chart {
    let time = |at: f64| (at - first) / scale;
    let seconds = time(phases.ends);
    let bins = 240;
    let width = (phases.ends - first) / f64::from(bins);
    let edges = || (0..bins).map(|bin| first + f64::from(bin) * width);
    let per_bin = |fits: &dyn Fn(&crate::seen::Call) -> bool, unit: f64| {
        let count = |from: f64| {
            seen.calls.iter().filter(|c| fits(c) && (from..from + width).contains(&c.at)).count()
        };
        edges().map(|from| (time(from), count(from) as f64 * unit)).collect::<Vec<_>>()
    };
    let per_second = scale / width;
    let series = |name, color, filled, points| Series { name, color, filled, points };
    let mean = |from: f64| {
        let samples = (0..8).map(|n| seen.in_flight(from + width * f64::from(n) / 8.0) as f64);
        samples.sum::<f64>() / 8.0
    };
    let in_flight = edges().map(|from| (time(from), mean(from))).collect();
    let caps = [first, phases.halves, phases.doubles].map(|at| (time(at), phases.cap(at)));
    Chart {
        title: "A limit that nobody knows, halved and doubled again".to_owned(),
        seconds,
        marks: vec![
            (time(phases.begins), "measured from here".to_owned()),
            (time(phases.halves), "halved".to_owned()),
            (time(phases.doubles), "doubled".to_owned()),
        ],
        panels: vec![
            Panel {
                title: "jobs in flight",
                series: vec![
                    series("in flight", "#1f6fb4", true, in_flight),
                    series("what the server takes", "#c0392b", false, caps.to_vec()),
                ],
            },
            Panel {
                title: "calls a second",
                series: vec![
                    series(
                        "create and start",
                        "#2e8b57",
                        false,
                        per_bin(&|call| call.lane == "control", per_second),
                    ),
                    series(
                        "looks",
                        "#8e6bbf",
                        false,
                        per_bin(&|call| call.lane == "poll", per_second),
                    ),
                ],
            },
            Panel {
                title: "refusals",
                series: vec![series(
                    "in each bin",
                    "#c0392b",
                    true,
                    per_bin(&|call| call.status == 429, 1.0),
                )],
            },
        ],
    }
}
