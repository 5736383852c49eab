//! Figures over random servers: how long batches take beside the bound and beside a naive pool.

use std::time::Duration;

use crate::pool;
use crate::server::{Bucket, Kind, Server, seconds};
use crate::trial::{Batch, batch};
use crate::world::World;
use crate::{for_seeds, given, seeds, simulated};

/// Three batches with one ledger, and the pool, against one server.
struct Figures {
    server: Server,
    /// Inputs of a batch.
    jobs: usize,
    batches: Vec<Batch>,
    pool: Option<f64>,
}

impl Figures {
    fn of(server: Server, jobs: usize) -> Self {
        let batches: Vec<Batch> = simulated(async {
            let world = World::new(&server);
            let mut batches = Vec::new();
            for series in 1..=3 {
                batches.push(batch(&world, series, jobs, &[]).await);
            }
            batches
        });
        let pool = simulated(async {
            let world = World::new(&server);
            let inputs = world.inputs(1, jobs);
            let patience = seconds(40.0 * batches[0].bound().seconds) + Duration::from_hours(3);
            pool::run(&world.wire, &inputs, patience).await
        });
        Self { server, jobs, batches, pool }
    }

    /// How many times longer than the pool the first batch takes, with the third call that a draft
    /// costs allowed for where creates and starts share the binding bucket.
    /// Nothing where starts are counted and creates are not: an automatic start is none.
    fn beside_pool(&self) -> Option<f64> {
        let avoids = |bucket: &Bucket| {
            bucket.counts.contains(&Kind::Start) && !bucket.counts.contains(&Kind::Create)
        };
        if self.server.buckets.iter().any(avoids) {
            return None;
        }
        let allowed = match self.batches[0].binding_bucket() {
            Some(bucket)
                if [Kind::Create, Kind::Start].iter().all(|kind| bucket.counts.contains(kind)) =>
            {
                let calls = if bucket.counts.contains(&Kind::Upload) { 3.0 } else { 2.0 };
                let time = |calls: f64| calls * self.jobs as f64 - bucket.burst;
                time(calls) / time(calls - 1.0)
            }
            _ => 1.0,
        };
        Some(self.batches[0].makespan / (self.pool? * allowed))
    }

    /// What a long run shows of each server as it goes, for a table of them.
    fn line(&self) -> String {
        let batches = self.batches.iter().map(|batch| {
            format!(
                "{:.4} {:.5} {} {}",
                batch.ratio(),
                batch.refused(),
                batch.in_pauses,
                batch.reviews
            )
        });
        let beside = self.beside_pool().unwrap_or(0.0);
        let batches: Vec<_> = batches.collect();
        let kind = if is_steady(&self.server) { "steady" } else { "other" };
        let bound = self.batches[0].bound().name;
        format!("{} {beside:.4} {kind} [{bound}] {}", batches.join(" "), self.server)
    }

    fn warm_over_cold(&self) -> f64 {
        self.batches[2].ratio() / self.batches[0].ratio()
    }
}

/// Whether calls do not fail, limits stay, and drafts are honoured.
fn is_steady(server: &Server) -> bool {
    server.failing <= 0.0 && server.change.is_none() && !server.ignores_auto_start()
}

fn percentiles(name: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    if values.is_empty() {
        return;
    }
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    println!(
        "{name:<28} {:8.3} {:8.3} {:8.3} {:8.3} {:8.3}",
        at(0.1),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}

fn table(title: &str, all: &[&Figures]) {
    println!("\n{title}: {} servers", all.len());
    println!("{:<28} {:>8} {:>8} {:>8} {:>8} {:>8}", "", "p10", "p50", "p90", "p99", "max");
    for (nth, name) in ["cold / bound", "2nd / bound", "3rd / bound"].into_iter().enumerate() {
        percentiles(name, all.iter().map(|figures| figures.batches[nth].ratio()).collect());
    }
    let pool =
        all.iter().filter_map(|figures| Some(figures.pool? / figures.batches[0].bound().seconds));
    percentiles("pool of 8 / bound", pool.collect());
    percentiles(
        "cold / pool, allowed for",
        all.iter().filter_map(|figures| figures.beside_pool()).collect(),
    );
    percentiles("3rd / cold", all.iter().map(|figures| figures.warm_over_cold()).collect());
    for (nth, name) in ["refused, cold", "refused, 2nd", "refused, 3rd"].into_iter().enumerate() {
        percentiles(name, all.iter().map(|figures| figures.batches[nth].refused()).collect());
    }
}

/// The worst servers by a value, worst first.
fn worst(title: &str, all: &[&Figures], above: f64, value: impl Fn(&Figures) -> Option<f64>) {
    let listed = given("SIM_LIST", 30) as usize;
    let mut over: Vec<(f64, &Figures)> = all
        .iter()
        .filter_map(|figures| Some((value(figures)?, *figures)))
        .filter(|(value, _)| *value > above)
        .collect();
    over.sort_by(|one, other| other.0.total_cmp(&one.0));
    println!("\n{title}: {} of {}", over.len(), all.len());
    for (value, figures) in over.into_iter().take(listed) {
        let cold = &figures.batches[0];
        println!(
            "{value:8.3} [{} {:.0} s] {}",
            cold.bound().name,
            cold.bound().seconds,
            figures.server
        );
    }
}

#[test]
#[ignore = "measures for minutes: see docs/architecture.md"]
fn figures() {
    let (servers, jobs) = (given("SIM_SERVERS", 100), given("SIM_JOBS", 200) as usize);
    let only_steady = given("SIM_STEADY", 0) > 0;
    let results = for_seeds(&seeds(servers), |seed| {
        let server = Server::drawn(seed);
        (!only_steady || is_steady(&server)).then(|| {
            let figures = Figures::of(server, jobs);
            println!("{}", figures.line());
            figures
        })
    });
    let (mut all, mut failed) = (Vec::new(), Vec::new());
    for (seed, result) in results {
        match result {
            Ok(figures) => all.extend(figures),
            Err(panic) => failed.push(format!("{}\n    {panic}", Server::drawn(seed))),
        }
    }
    let all: Vec<&Figures> = all.iter().collect();
    let steady: Vec<&Figures> =
        all.iter().filter(|figures| is_steady(&figures.server)).copied().collect();
    table("All servers", &all);
    table("Servers whose calls do not fail, whose limits stay, and that honour drafts", &steady);
    worst("Cold above 1.15 of the bound", &steady, 1.15, |figures| {
        Some(figures.batches[0].ratio())
    });
    worst("3rd above 1.06 of the bound", &steady, 1.06, |figures| Some(figures.batches[2].ratio()));
    worst("3rd slower than cold by more than 3 %", &steady, 1.03, |figures| {
        Some(figures.warm_over_cold())
    });
    worst("Slower than the pool by more than 5 %", &all, 1.05, Figures::beside_pool);
    worst("Refused calls above 5 %", &all, 0.05, |figures| {
        figures.batches.iter().map(Batch::refused).reduce(f64::max)
    });
    worst("Calls sent in pauses", &all, 0.0, |figures| {
        Some(figures.batches.iter().map(|batch| batch.in_pauses as f64).sum())
    });
    let reviews: usize = all.iter().flat_map(|figures| &figures.batches).map(|b| b.reviews).sum();
    println!("\nleft to a person: {reviews} of {} inputs", all.len() * 3 * jobs);
    for figures in &all {
        for batch in figures.batches.iter().filter(|batch| !batch.broken.is_empty()) {
            failed.push(format!("{}\n    {}", figures.server, batch.message().join("\n    ")));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
