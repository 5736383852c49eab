//! Looks at each job, and the time from a job's end to our knowing.

use std::io;

use crate::clips::Clips;
use crate::report::{Report, Table, quantile, seconds};
use crate::world::{Service, World};

pub fn measure(scale: f64, report: &mut Report) -> io::Result<()> {
    let mut table = Table::new(
        format!("Polling of jobs of 5-15 s, in the vendor's time, scale {scale}"),
        &["in flight", "jobs", "looks a job", "of them sweeps", "p50", "p95", "refused"],
    );
    for (in_flight, jobs) in [(1_u32, 10), (100, 400)] {
        let service = Service { cap: in_flight, control: 20.0, ..Service::default() };
        let mut world = World::new(service, scale)?;
        let most = in_flight.to_string();
        // How long such jobs take, and what the key bears, is learned from the first two.
        for measured in [false, false, true] {
            let (inputs, _) = world.inputs(jobs, Clips::Small)?;
            let (_, seen) = world.batch(&inputs, &["--in-flight", &most])?;
            if !measured {
                continue;
            }
            let delays = seen.delays();
            table.row([
                most.clone(),
                jobs.to_string(),
                format!("{:.2}", seen.polls() as f64 / jobs as f64),
                format!("{:.2}", seen.sweeps() as f64 / jobs as f64),
                seconds(quantile(&delays, 0.5) / scale),
                seconds(quantile(&delays, 0.95) / scale),
                seen.refusals().to_string(),
            ]);
        }
    }
    report.table(table);
    Ok(())
}
