//! Makespan against its lower bound, for batches that are bound by one thing or another.

use std::io;

use crate::clips::Clips;
use crate::report::{Aim, Report, Table, ratio, seconds};
use crate::seen::Seen;
use crate::world::{FAULTS, Ran, Service, Times, World};

/// What binds a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Setting {
    /// The cap on jobs in flight.
    CapBound,
    /// The rate of creates and starts.
    RateBound,
    /// The bandwidth of uploads.
    BandwidthBound,
    /// The cap, with service times that have a long tail and cannot be foreseen: nobody can put the
    /// longest first. Without an aim.
    LongTailed,
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Settings to measure [default: all but long-tailed]
    settings: Vec<Setting>,
    /// Jobs of a measured batch
    #[arg(long, default_value_t = 1000)]
    jobs: usize,
    /// Jobs of the batch before, from which the limits are learned
    #[arg(long, default_value_t = 300)]
    warm: usize,
    /// How much quicker than the vendor everything is
    #[arg(long, default_value_t = 0.15)]
    scale: f64,
    /// Only with failing calls
    #[arg(long, conflicts_with = "clean")]
    faults: bool,
    /// Only without failing calls
    #[arg(long)]
    clean: bool,
}

impl Setting {
    const AIMED: [Self; 3] = [Self::CapBound, Self::RateBound, Self::BandwidthBound];

    fn name(self) -> &'static str {
        match self {
            Self::CapBound => "cap-bound",
            Self::RateBound => "rate-bound",
            Self::BandwidthBound => "bandwidth-bound",
            Self::LongTailed => "long-tailed",
        }
    }

    /// Where a thousand jobs take about five hundred seconds of the vendor's time.
    fn service(self) -> Service {
        let usual = Service::default();
        match self {
            Self::CapBound => usual,
            Self::RateBound => Service { cap: 40, control: 4.0, ..usual },
            Self::BandwidthBound => Service {
                cap: 40,
                upload: Some(500_000.0),
                output: Some(500_000.0),
                output_bytes: 150_000,
                ..usual
            },
            Self::LongTailed => {
                Service { times: Times::LogNormal(7.0, 0.8), settle: 100.0, ..usual }
            }
        }
    }

    fn clips(self) -> Clips {
        match self {
            Self::BandwidthBound => Clips::Sized(250_000),
            _ => Clips::Small,
        }
    }
}

pub fn measure(args: &Args, report: &mut Report) -> io::Result<()> {
    let settings = if args.settings.is_empty() { &Setting::AIMED[..] } else { &args.settings };
    let mut table = table(&format!("Makespan of {} jobs, scale {}", args.jobs, args.scale));
    for setting in settings {
        let mut world = World::new(setting.service(), args.scale)?;
        let (inputs, _) = world.inputs(args.warm, setting.clips())?;
        world.batch(&inputs, &[])?;
        for (faulty, most) in [(false, 1.05), (true, 1.25)] {
            if (faulty && args.clean) || (!faulty && args.faults) {
                continue;
            }
            world.load(if faulty { FAULTS } else { "" });
            let name = format!("{}{}", setting.name(), if faulty { ", 5 % failing" } else { "" });
            let reached = batch(&mut world, args.jobs, setting.clips(), &name, &mut table)?;
            if *setting != Setting::LongTailed {
                report.figure(format!("makespan / bound, {name}"), reached, Aim::AtMost(most));
            }
        }
    }
    report.table(table);
    Ok(())
}

/// A hundred short jobs, by somebody who has never used the service, and then by one who has.
pub fn short(scale: f64, report: &mut Report) -> io::Result<()> {
    let service =
        Service { times: Times::Even(1.0, 3.0), cap: 8, settle: 3.0, ..Service::default() };
    let mut world = World::new(service, scale)?;
    let mut table = table(&format!("100 short jobs, scale {scale}"));
    let empty = batch(&mut world, 100, Clips::Small, "empty ledger", &mut table)?;
    batch(&mut world, 100, Clips::Small, "second run", &mut table)?;
    let warm = batch(&mut world, 100, Clips::Small, "third run", &mut table)?;
    report.table(table);
    report.figure("100 short jobs, empty ledger", empty, Aim::AtMost(1.25));
    report.figure("100 short jobs, warm ledger", warm, Aim::AtMost(1.12));
    Ok(())
}

/// A table with a line for each batch. The last columns say how many cores were busy, so that it
/// shows when it is this machine that binds.
pub fn table(title: &str) -> Table {
    let headings = [
        "batch",
        "makespan",
        "bound",
        "by",
        "ratio",
        "calls",
        "polls",
        "list polls",
        "refused",
        "failing",
        "bills",
        "done",
        "cores",
        "server's",
    ];
    Table::new(title, &headings)
}

fn batch(
    world: &mut World,
    jobs: usize,
    clips: Clips,
    name: &str,
    table: &mut Table,
) -> io::Result<f64> {
    let (inputs, bytes) = world.inputs(jobs, clips)?;
    let (ran, seen) = world.batch(&inputs, &[])?;
    let line = Line { name, jobs, bytes, done: world.outputs(&inputs), ran: &ran, seen: &seen };
    line.add(table, world)
}

/// A batch that was worked through.
pub struct Line<'a> {
    pub name: &'a str,
    pub jobs: usize,
    /// Of all inputs.
    pub bytes: u64,
    /// Published outputs.
    pub done: usize,
    pub ran: &'a Ran,
    pub seen: &'a Seen,
}

impl Line<'_> {
    /// Adds itself to a table, and gives makespan / bound. A batch that is not done, or was billed
    /// twice, is an error.
    pub fn add(&self, table: &mut Table, world: &World) -> io::Result<f64> {
        let Self { name, jobs, ran, seen, .. } = self;
        if ran.code != 0 || self.done != *jobs || seen.bills != *jobs {
            let end: Vec<&str> = ran.stderr.lines().rev().take(3).collect();
            let (done, bills) = (self.done, seen.bills);
            return Err(io::Error::other(format!(
                "{name}: code {}, {jobs} jobs, {done} done, {bills} bills: {end:?}",
                ran.code
            )));
        }
        Ok(self.row(table, world))
    }

    /// Adds itself to a table, however it ended, and gives makespan / bound.
    pub fn row(&self, table: &mut Table, world: &World) -> f64 {
        let Self { name, jobs, ran, seen, .. } = self;
        let bound = seen.bound(&world.service, world.scale, self.bytes, *jobs);
        let reached = ran.wall / bound.seconds;
        table.row([
            (*name).to_owned(),
            seconds(ran.wall),
            seconds(bound.seconds),
            bound.what.to_owned(),
            ratio(reached),
            seen.calls.len().to_string(),
            seen.polls().to_string(),
            seen.list_polls().to_string(),
            seen.refusals().to_string(),
            seen.faults().to_string(),
            seen.bills.to_string(),
            self.done.to_string(),
            format!("{:.2}", ran.cpu / ran.wall),
            format!("{:.2}", ran.server_cpu / ran.wall),
        ]);
        reached
    }
}
