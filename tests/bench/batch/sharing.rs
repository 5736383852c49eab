//! Eight processes that share a key, beside one with the same work. How many refusals there are in a
//! run is a matter of when limits are tried, which is after a number of starts of all processes. So each run
//! begins with the same knowledge, and each is measured several times in turn.

use std::io;

use crate::clips::Clips;
use crate::makespan::{Line, table};
use crate::report::{Aim, Report, Table};
use crate::support::RBGV;
use crate::world::{Service, World, outputs_of};

const ROUNDS: usize = 4;

pub fn measure(jobs: usize, scale: f64, report: &mut Report) -> io::Result<()> {
    let mut world = World::new(Service::default(), scale)?;
    let (inputs, _) = world.inputs(300, Clips::Small)?;
    world.batch(&inputs, &[])?;
    world.keep_knowledge()?;
    let mut table = table(&format!("{jobs} jobs by one and by eight processes, scale {scale}"));
    let (mut ratios, mut refused) = ([0.0; 2], [0; 2]);
    for round in 0..ROUNDS {
        let mut turns = [false, true];
        turns.rotate_left(round % 2);
        for eight in turns {
            let (ratio, refusals) = batch(&mut world, jobs, eight, &mut table)?;
            ratios[usize::from(eight)] += ratio;
            refused[usize::from(eight)] += refusals;
        }
    }
    report.table(table);
    let [one, eight] = ratios;
    report.figure("throughput of eight processes / of one", one / eight, Aim::AtLeast(0.95));
    let [one, eight] = refused;
    let more = eight as f64 - one as f64;
    report.figure("more refusals with eight processes", more, Aim::AtMost(0.0));
    Ok(())
}

/// Gives makespan / bound, and the refusals.
fn batch(
    world: &mut World,
    jobs: usize,
    eight: bool,
    table: &mut Table,
) -> io::Result<(f64, usize)> {
    world.recall_knowledge()?;
    let (inputs, bytes) = world.inputs(jobs, Clips::Small)?;
    let (ran, seen) = if eight {
        let list = world.home.path("tmp/list");
        let names: Vec<String> = (0..jobs).map(|n| format!("{inputs}/clip-{n:06}.mp4")).collect();
        std::fs::write(&list, names.join("\n"))?;
        let out = format!("{}/", outputs_of(&inputs));
        std::fs::create_dir_all(world.home.work().join(&out))?;
        let mut command = world.program("xargs", "-a");
        command.arg(&list).args(["-P", "8", "-n", "10", RBGV, "run", "-o", &out, "--yes"]);
        world.measured(command)?
    } else {
        world.batch(&inputs, &[])?
    };
    let name = if eight { "eight processes" } else { "one process" };
    let done = world.outputs(&inputs);
    let line = Line { name, jobs, bytes, done, ran: &ran, seen: &seen };
    Ok((line.add(table, world)?, seen.refusals()))
}
