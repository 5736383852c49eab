//! Uploads and downloads beside `curl` with the same bytes and the same duties: the sum of an
//! input before it is sent, the sum and the sync of an output before it gets its name. Sums are
//! made by `openssl`, which uses what the processor has for them, as we do.

use std::io;
use std::process::Command;

use crate::clips::Clips;
use crate::report::{Aim, Report, Table, quantile};
use crate::world::{Service, Times, World, outputs_of};

const ROUNDS: usize = 7;

pub fn measure(megabytes: u64, report: &mut Report) -> io::Result<()> {
    let bytes = megabytes * 1_000_000;
    let service =
        Service { times: Times::Even(0.0, 0.1), output_bytes: bytes, ..Service::default() };
    let mut world = World::new(service, 1.0)?;
    let (inputs, _) = world.inputs(1, Clips::Sized(bytes))?;
    let (ran, seen) = world.batch(&inputs, &[])?;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let started = seen.calls.iter().find(|call| call.path.ends_with("/start"));
    let job = started.and_then(|call| call.path.split('/').nth(3)).unwrap_or_default().to_owned();
    // An existing copy would be used instead of a download.
    std::fs::remove_dir_all(world.home.work().join(outputs_of(&inputs)))?;
    let clip = format!("{inputs}/clip-000000.mp4");
    let mut table = Table::new(
        format!("{megabytes} MB, median of {ROUNDS} rounds"),
        &["direction", "rbgv", "curl", "rbgv MB/s", "curl MB/s", "rbgv's share of curl's speed"],
    );
    let [mut up, mut up_curl, mut down, mut down_curl] = [const { Vec::new() }; 4];
    for round in 0..ROUNDS {
        let out = format!("fetched-{round}/");
        std::fs::create_dir_all(world.home.work().join(&out))?;
        // Who comes second finds what the first one left to the kernel; so each is first as often.
        let mut turns = [true, false];
        turns.rotate_left(round % 2);
        for is_ours in turns {
            let command = if is_ours {
                world.rbgv(&["upload", "--again", &clip])
            } else {
                curl(&world, UPLOAD, &clip, "")
            };
            let time = timed(&mut world, command, "/v1/uploads")?;
            (if is_ours { &mut up } else { &mut up_curl }).push(time);
        }
        for is_ours in turns {
            let command = if is_ours {
                world.rbgv(&["fetch", &job, "-o", &out])
            } else {
                curl(&world, DOWNLOAD, &job, &format!("{out}by-curl.webm"))
            };
            let time = timed(&mut world, command, "/outputs/")?;
            (if is_ours { &mut down } else { &mut down_curl }).push(time);
        }
        std::fs::remove_dir_all(world.home.work().join(&out))?;
    }
    for (name, ours, theirs) in [("upload", up, up_curl), ("download", down, down_curl)] {
        let median = |mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            quantile(&times, 0.5)
        };
        let (ours, theirs) = (median(ours), median(theirs));
        let speed = |time: f64| format!("{:.0}", megabytes as f64 / time);
        table.row([
            name.to_owned(),
            format!("{ours:.2} s"),
            format!("{theirs:.2} s"),
            speed(ours),
            speed(theirs),
            format!("{:.2}", theirs / ours),
        ]);
        report.figure(format!("{name}, share of curl's speed"), theirs / ours, Aim::AtLeast(0.95));
    }
    report.table(table);
    Ok(())
}

const UPLOAD: &str = r#"openssl dgst -sha256 "$1" && curl -fsS --noproxy '*' -H "X-Api-Key: $API_KEY" \
    -F "file=@$1;type=video/mp4" "$BASE_URL/v1/uploads""#;

const DOWNLOAD: &str = r#"url=$(curl -fsS --noproxy '*' -H "X-Api-Key: $API_KEY" \
    "$BASE_URL/v1/jobs/$1" | jq -r .output_url) && curl -fsS --noproxy '*' -o "$2.part" "$url" \
    && openssl dgst -sha256 "$2.part" && sync "$2.part" && mv "$2.part" "$2" && sync "$(dirname "$2")""#;

fn curl(world: &World, script: &str, first: &str, second: &str) -> Command {
    let mut command = world.program("bash", "-c");
    command
        .args([script, "bash", first, second])
        .env("BASE_URL", &world.sandbox.base_url)
        .env("API_KEY", &world.sandbox.api_key);
    command
}

/// The time of a command that sends or fetches `what` once.
fn timed(world: &mut World, command: Command, what: &str) -> io::Result<f64> {
    let (ran, seen) = world.measured(command)?;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let moved = seen.calls.iter().filter(|call| call.path.contains(what)).count();
    assert_eq!(moved, 1, "{what} was not moved once: {:?}", seen.calls);
    Ok(ran.wall)
}
