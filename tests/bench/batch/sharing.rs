//! Eight processes that share a key, beside one with the same work.

use std::io;

use crate::clips::Clips;
use crate::makespan::{Line, table};
use crate::report::{Aim, Report};
use crate::support::RBGV;
use crate::world::{Service, World, outputs_of};

pub fn measure(jobs: usize, scale: f64, report: &mut Report) -> io::Result<()> {
    let mut world = World::new(Service::default(), scale)?;
    let (inputs, _) = world.inputs(300, Clips::Small)?;
    world.batch(&inputs, &[])?;
    let mut table = table(&format!("{jobs} jobs by one and by eight processes, scale {scale}"));
    let (inputs, bytes) = world.inputs(jobs, Clips::Small)?;
    let (ran, seen) = world.batch(&inputs, &[])?;
    let line = Line {
        name: "one process",
        jobs,
        bytes,
        done: world.outputs(&inputs),
        ran: &ran,
        seen: &seen,
    };
    let one = line.add(&mut table, &world);
    let refused_by_one = seen.refusals();

    let (inputs, bytes) = world.inputs(jobs, Clips::Small)?;
    let list = world.home.path("tmp/list");
    let names: Vec<String> = (0..jobs).map(|n| format!("{inputs}/clip-{n:06}.mp4")).collect();
    std::fs::write(&list, names.join("\n"))?;
    let out = format!("{}/", outputs_of(&inputs));
    std::fs::create_dir_all(world.home.work().join(&out))?;
    let mut command = world.program("xargs", "-a");
    command.arg(&list).args(["-P", "8", "-n", "10", RBGV, "run", "-o", &out, "--yes"]);
    let (ran, seen) = world.measured(command)?;
    let line = Line {
        name: "eight processes",
        jobs,
        bytes,
        done: world.outputs(&inputs),
        ran: &ran,
        seen: &seen,
    };
    let eight = line.add(&mut table, &world);
    report.table(table);
    report.figure("throughput of eight processes / of one", one / eight, Aim::AtLeast(0.95));
    let more = seen.refusals() as f64 - refused_by_one as f64;
    report.figure("more refusals with eight processes", more, Aim::AtMost(0.0));
    Ok(())
}
