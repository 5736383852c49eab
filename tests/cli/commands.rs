//! The smaller commands.

use crate::support::{Home, Sandbox};

#[test]
fn upload_prints_addresses_and_sends_bytes_once() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.variant("a.mp4", 1);
    home.variant("b.mp4", 2);
    let first = home.run(&sandbox, &["upload", "a.mp4", "b.mp4"]).ends_with(0);
    assert_eq!(first.lines().len(), 2);
    let second = home.run(&sandbox, &["upload", "a.mp4", "b.mp4"]).ends_with(0);
    assert_eq!(second.stderr, "note: 2 files are at the service (free)\n");
    assert_eq!(first.stdout, second.stdout);
    assert_eq!(sandbox.audit().uploads(), 2);
    home.run(&sandbox, &["upload", "--again", "a.mp4"]).ends_with(0);
    assert_eq!(sandbox.audit().uploads(), 3);
    std::fs::write(home.work().join("x.txt"), "x").unwrap();
    let json =
        home.run(&sandbox, &["upload", "--json", "x.txt", "a.mp4"]).ends_with(1).says("x.txt");
    assert_eq!(json.json().iter().filter(|line| line["video_url"].is_string()).count(), 1);
}

#[test]
fn status_lists_batches_and_requests_jobs() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.run_alone(&["status"]).ends_with(0);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    let status = home.run_alone(&["status", "--json"]).ends_with(0);
    assert_eq!(status.json()[0]["batches"][0]["done"], 1);
    let remote = home.run(&sandbox, &["status", "--remote", "--json"]).ends_with(0);
    let job = remote.json()[0]["job"].as_str().unwrap().to_owned();
    let asked = home.run(&sandbox, &["status", &job]).ends_with(0);
    assert!(asked.stdout.contains("completed"), "{}", asked.stdout);
    assert!(!asked.stdout.contains("sig="), "no output link is shown");
    home.run(&sandbox, &["status", "no-such-job"]).ends_with(6).says("no-such-job");
}

#[test]
fn fetch_takes_jobs_of_other_machines() {
    let sandbox = Sandbox::quick();
    let (here, there) = (Home::with(&sandbox), Home::with(&sandbox));
    there.clip("a.mp4");
    let started = there.run(&sandbox, &["run", "a.mp4", "--no-wait"]).ends_with(0);
    let job = started.lines()[0].to_owned();
    let fetched = here.run(&sandbox, &["fetch", &job, "-o", "got/"]).ends_with(0);
    let path = std::path::PathBuf::from(fetched.lines()[0]);
    assert!(path.starts_with(here.work().join("got")) && path.exists());
    here.run(&sandbox, &["fetch", &job, "-o", "got/"]).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 1);
    here.run(&sandbox, &["fetch", "nothing-there"]).ends_with(6).says("nothing-there");
    // The same clip here is paid for already.
    here.clip("b.mp4");
    here.run(&sandbox, &["run", "b.mp4"]).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 1);
    // A newer job of the same clip is not taken for the one that is asked for.
    here.run(&sandbox, &["run", "b.mp4", "--again", "--overwrite", "--yes"]).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 2);
    let old = here.run(&sandbox, &["fetch", &job, "-o", "old.webm", "--json"]).ends_with(0);
    let jobs: Vec<_> =
        old.json().iter().filter_map(|line| Some(line.get("job")?.clone())).collect();
    assert!(!jobs.is_empty() && jobs.iter().all(|found| *found == *job), "{jobs:?}");
}

#[test]
fn sequences_are_unpacked_when_asked() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let started =
        home.run(&sandbox, &["run", "a.mp4", "--format", "png_sequence", "--no-wait"]).ends_with(0);
    let job = started.lines()[0].to_owned();
    home.run(&sandbox, &["fetch", &job, "--extract"]).ends_with(0);
    assert!(home.work().join("a-nobg.zip").exists());
    let is_picture = |name: &&String| name.starts_with("a-nobg/") && name.ends_with(".png");
    let files = home.files();
    let picture = home.work().join(files.iter().find(is_picture).unwrap());
    std::fs::write(&picture, "old").unwrap();
    std::fs::write(home.work().join("a-nobg/notes.txt"), "mine").unwrap();
    home.run(&sandbox, &["fetch", &job, "--extract"])
        .ends_with(9)
        .says("exists already")
        .says("add --overwrite");
    home.run(&sandbox, &["fetch", &job, "--extract", "--overwrite"]).ends_with(0);
    assert_ne!(std::fs::read(&picture).unwrap(), b"old");
    assert_eq!(std::fs::read(home.work().join("a-nobg/notes.txt")).unwrap(), b"mine");
}

#[test]
fn usage_adds_up_with_what_was_run() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    let table = home.run(&sandbox, &["usage", "--events"]).ends_with(0);
    assert!(table.stdout.contains("credits used"), "{}", table.stdout);
    let json = home.run(&sandbox, &["usage", "--json", "--days", "1"]).ends_with(0);
    assert!(json.json()[0]["summary"].is_object());
}

#[test]
fn resume_without_anything_to_do_says_so() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.run(&sandbox, &["resume"]).ends_with(0).says("no unfinished batch");
    home.run(&sandbox, &["resume", "77"]).ends_with(2).says("no batch 77");
}

#[test]
fn a_wrong_key_and_an_absent_service_have_their_codes() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let mut wrong = home.command();
    wrong.env("TEST_KEY", "sk-not-this-one").args(["run", "a.mp4"]);
    crate::support::Ran::of(&mut wrong).ends_with(3);
    home.run_alone(&["run", "a.mp4"]).ends_with(3).says("TEST_KEY");
    let nobody = Sandbox::quick();
    let gone = Home::with(&nobody);
    gone.clip("a.mp4");
    let key = nobody.api_key.clone();
    drop(nobody);
    let mut run = gone.command();
    run.env("TEST_KEY", key).args(["run", "a.mp4"]);
    crate::support::Ran::of(&mut run).ends_with(5);
}

#[test]
fn the_sandbox_serves_outputs_at_the_address_of_its_api() {
    // (flags, start of the outputs' address)
    let table: [(&[&str], &str); 3] = [
        (&[], "http://127.0.0.1:"),
        (&["--listen", "127.0.0.2:0"], "http://127.0.0.2:"),
        (&["--listen", "127.0.0.2:0", "--cdn-listen", "127.0.0.3:0"], "http://127.0.0.3:"),
    ];
    for (flags, start) in table {
        let sandbox = Sandbox::start(&[&["--timer", "1s"], flags].concat());
        assert!(sandbox.cdn_url.starts_with(start), "{flags:?}: {}", sandbox.cdn_url);
    }
}

#[cfg(not(feature = "matting"))]
#[test]
fn a_build_without_matting_says_so() {
    let home = Home::new();
    home.clip("a.mp4");
    for args in [&["sandbox"][..], &["run", "--sandbox", "a.mp4"]] {
        let refused = home.run_alone(args).ends_with(2).says("without the feature `matting`");
        refused.says("next: rbgv sandbox --timer 2s\n");
    }
    home.run_alone(&["model", "list"]).ends_with(2);
}
