//! Measures batches, and prints the tables of `docs/benchmarks.md`, section "Batches":
//!
//! ```text
//! cargo bench --bench batch -- list
//! cargo bench --bench batch -- makespan cap-bound --jobs 1000 --scale 0.15
//! cargo bench --bench batch -- all
//! ```
//!
//! The real program runs as a child against a real server (`rbgv sandbox --timer`), and all
//! figures come from what that server saw, from the clock, and from the kernel.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports")]
#![allow(unreachable_pub, reason = "a program has no outside")]

mod baselines;
mod clips;
mod makespan;
mod many;
mod report;
mod seen;
mod sharing;
mod transfer;
mod world;

#[path = "../../support/mod.rs"]
#[allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "it is written for tests")]
mod support;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use report::Report;

#[derive(Debug, clap::Parser)]
#[command(name = "batch", disable_help_subcommand = true)]
struct Cli {
    /// Print JSON in place of tables
    #[arg(long, global = true)]
    json: bool,
    /// Keep the server's audit of each run, and what the program said, in this directory
    #[arg(long, global = true, value_name = "DIR")]
    trace: Option<PathBuf>,
    /// Cargo adds it
    #[arg(long, global = true, hide = true)]
    bench: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Name the measurements
    List,
    /// Measure everything, as it stands in the documentation
    All,
    /// Makespan against its lower bound, of batches bound by one thing or another
    Makespan(makespan::Args),
    /// A hundred short jobs, with an empty and with a warm ledger
    Short {
        #[arg(long, default_value_t = 1.0)]
        scale: f64,
    },
    /// Eight processes with one key, beside one
    Sharing {
        #[arg(long, default_value_t = 600)]
        jobs: usize,
        #[arg(long, default_value_t = 0.1)]
        scale: f64,
    },
    /// The same batch by a shell script and by a pool of threads
    Baselines {
        #[arg(long, default_value_t = 0.5)]
        scale: f64,
    },
    /// Peak memory with ten thousand inputs, beside that with a thousand
    Inputs {
        #[arg(long, default_value_t = 1_000)]
        few: usize,
        #[arg(long, default_value_t = 10_000)]
        many: usize,
    },
    /// A list of a million lines
    Lines {
        #[arg(long, default_value_t = 1_000_000)]
        number: usize,
    },
    /// What the ledger costs each job, in a file and on a PostgreSQL server
    Ledger {
        #[arg(long, default_value_t = 1_000)]
        jobs: usize,
        /// Address of an empty database
        #[arg(long)]
        postgres: Option<String>,
    },
    /// `rbgv status` on a small and on a large ledger
    Status {
        #[arg(long, default_value_t = 1_000)]
        few: usize,
        #[arg(long, default_value_t = 100_000)]
        many: usize,
    },
    /// Uploads and downloads beside curl
    Transfer {
        #[arg(long, default_value_t = 200)]
        megabytes: u64,
    },
}

fn measure(what: What, report: &mut Report) -> io::Result<()> {
    match what {
        What::List | What::All => Ok(()),
        What::Makespan(args) => makespan::measure(&args, report),
        What::Short { scale } => makespan::short(scale, report),
        What::Sharing { jobs, scale } => sharing::measure(jobs, scale, report),
        What::Baselines { scale } => baselines::measure(scale, report),
        What::Inputs { few, many } => many::inputs(few, many, report),
        What::Lines { number } => many::lines(number, report),
        What::Ledger { jobs, postgres } => many::ledger(jobs, postgres.as_deref(), report),
        What::Status { few, many } => many::status(few, many, report),
        What::Transfer { megabytes } => transfer::measure(megabytes, report),
    }
}

/// The names and first words of all that can be measured.
fn list() {
    let command = Cli::command();
    for known in command.get_subcommands() {
        let about = known.get_about().map(ToString::to_string).unwrap_or_default();
        println!("{:<10} {about}", known.get_name());
    }
}

/// What `all` measures, in the order of the documentation.
const ALL: [&str; 9] = [
    "short",
    "makespan",
    "sharing",
    "baselines",
    "inputs",
    "lines",
    "ledger",
    "status",
    "transfer",
];

/// Every measurement with its defaults.
fn everything() -> Vec<What> {
    ALL.iter().map(|name| Cli::parse_from(["batch", name]).what).collect()
}

/// Measures, and prints the result at once.
fn tell(what: What, as_json: bool) -> io::Result<()> {
    let mut report = Report::default();
    measure(what, &mut report)?;
    let text = if as_json { report.json().to_string() } else { report.markdown() };
    println!("{text}");
    Ok(())
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(directory) = cli.trace {
        world::keep_traces(directory);
    }
    let todo = match cli.what {
        What::List => {
            list();
            return ExitCode::SUCCESS;
        }
        What::All => everything(),
        one => vec![one],
    };
    for what in todo {
        if let Err(error) = tell(what, cli.json) {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
