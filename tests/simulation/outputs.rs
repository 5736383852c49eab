//! Output hosts that do not answer, or reject every link, with the program's default timings.

use std::time::Duration;

use rbgv::model::ExitClass;

use crate::server::Server;
use crate::simulated;
use crate::world::{Ended, Ran, World};

const PATIENCE: Duration = Duration::from_hours(6);

/// A service with jobs of 10 s whose output host gives `answers` until `until`.
fn server(answers: &str, until: &str) -> Server {
    let fault =
        format!("[[fault]]\non = \"GET /outputs/*/*\"\nuntil = \"{until}\"\ndo = {answers}\n");
    Server { faults: fault, ..Server::plain(10.0) }
}

/// What a run over `clips` clips does, the number of its outputs, and how many seconds it takes.
async fn run(world: &World, clips: usize) -> (Ran, usize, f64) {
    let inputs = world.inputs(1, clips);
    let began = world.wire.age();
    let ran = world.run(&inputs, None, PATIENCE).await;
    let done = World::done(&inputs);
    (ran, done, world.wire.age() - began)
}

fn bills(world: &World) -> usize {
    world.wire.service().truth().jobs.iter().map(|job| job.charges).sum()
}

const DOWN: [&str; 2] = ["{ answer = { status = 503 } }", "{ reset = \"before\" }"];

#[test]
fn an_output_host_that_is_down_for_minutes_is_waited_for() {
    for answers in DOWN {
        let server = server(answers, "7m");
        let (ran, done, took, bills) = simulated(async {
            let world = World::new(&server);
            let (ran, done, took) = run(&world, 100).await;
            (ran, done, took, bills(&world))
        });
        assert_eq!(ran.ended, Ended::Class(ExitClass::Done), "{answers}: {:?}", ran.troubles);
        assert_eq!((done, bills), (100, 100), "{answers}");
        assert!(took > 420.0 && took < 900.0, "{answers}: {took}");
    }
}

#[test]
fn an_output_host_that_stays_down_ends_the_run_as_a_service_does() {
    for answers in DOWN {
        let server = server(answers, "1h");
        simulated(async {
            let world = World::new(&server);
            let (ran, done, took) = run(&world, 100).await;
            let class = Ended::Class(ExitClass::Unavailable);
            assert_eq!((&ran.ended, done), (&class, 0), "{answers}: {:?}", ran.troubles);
            // `outage_max`, after the first job has ended.
            assert!((600.0..660.0).contains(&took), "{answers}: {took}");
            tokio::time::sleep(Duration::from_hours(1)).await;
            let (ran, done, _) = run(&world, 100).await;
            assert_eq!(ran.ended, Ended::Class(ExitClass::Done), "{answers}: {:?}", ran.troubles);
            assert_eq!((done, bills(&world)), (100, 100), "{answers}");
        });
    }
}

#[test]
fn links_that_are_all_rejected_end_a_download_soon_with_the_reason() {
    for status in [403, 404] {
        let server = server(&format!("{{ answer = {{ status = {status} }} }}"), "1h");
        let (ran, done, took) = simulated(async { run(&World::new(&server), 4).await });
        assert_eq!((&ran.ended, done), (&Ended::Class(ExitClass::Contract), 0), "{status}");
        assert!(took < 90.0, "{status}: {took}");
        assert_eq!(ran.troubles.len(), 4, "{status}: {:?}", ran.troubles);
        let message = &ran.troubles[0];
        assert!(message.contains("the output host rejected 6 new links: "), "{message}");
        assert!(message.contains(&format!("HTTP {status}")), "{message}");
    }
}
