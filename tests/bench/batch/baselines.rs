//! The same batch by a shell script, by a pool of threads, and by us.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::clips::Clips;
use crate::makespan::{Line, table};
use crate::report::Report;
use crate::world::{FAULTS, Service, Times, World, outputs_of};

const JOBS: usize = 200;

#[derive(Debug, Clone, Copy)]
enum Program {
    Shell,
    Python,
    Rbgv,
}

impl Program {
    const ALL: [Self; 3] = [Self::Shell, Self::Python, Self::Rbgv];

    fn name(self) -> &'static str {
        match self {
            Self::Shell => "curl and xargs",
            Self::Python => "threads with requests",
            Self::Rbgv => "rbgv",
        }
    }

    fn command(self, world: &World, inputs: &str) -> Command {
        let out = outputs_of(inputs);
        let script = |name: &str| -> PathBuf {
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/baselines").join(name)
        };
        let mut command = match self {
            Self::Rbgv => {
                let out = format!("{out}/");
                return world.rbgv(&["run", inputs, "-o", &out, "--yes", "--no-progress"]);
            }
            Self::Shell => world.program("bash", script("batch.sh")),
            Self::Python => world.program("/usr/bin/python3", script("batch.py")),
        };
        command
            .args([inputs, &out])
            .env("BASE_URL", &world.sandbox.base_url)
            .env("API_KEY", &world.sandbox.api_key)
            .env("POLL", (2.0 * world.scale).to_string())
            .env("BACKOFF", world.scale.to_string());
        command
    }
}

pub fn measure(scale: f64, report: &mut Report) -> io::Result<()> {
    let service =
        Service { times: Times::Even(1.0, 3.0), cap: 8, settle: 3.0, ..Service::default() };
    let mut table = table(&format!("{JOBS} short jobs by three programs, scale {scale}"));
    for program in Program::ALL {
        let mut world = World::new(service, scale)?;
        for (faulty, name) in [(false, ""), (true, ", 5 % failing")] {
            world.load(if faulty { FAULTS } else { "" });
            let (inputs, bytes) = world.inputs(JOBS, Clips::Small)?;
            let command = program.command(&world, &inputs);
            let (ran, seen) = world.measured(command)?;
            let name = format!("{}{name}", program.name());
            let line = Line {
                name: &name,
                jobs: JOBS,
                bytes,
                done: world.outputs(&inputs),
                ran: &ran,
                seen: &seen,
            };
            if matches!(program, Program::Rbgv) {
                line.add(&mut table, &world)?;
            } else {
                line.row(&mut table, &world);
            }
        }
    }
    report.table(table);
    Ok(())
}
