//! `--json`: errors, numbers and credits as `docs/json.md` promises them, for every command.

use serde_json::Value;

use crate::support::{Home, Ran, Sandbox};

/// The lines with this `event`.
fn events<'a>(lines: &'a [Value], word: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["event"] == word).collect()
}

fn credits(lines: &[Value], word: &str) -> f64 {
    events(lines, word).iter().map(|line| line["credits"].as_f64().unwrap()).sum()
}

#[test]
fn every_command_is_on_the_page() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md");
    let page = std::fs::read_to_string(page).unwrap();
    for command in rbgv::cli::command().get_subcommands() {
        assert!(page.contains(&format!("`{}", command.get_name())), "{}", command.get_name());
    }
}

#[test]
fn every_error_is_a_document_of_standard_output() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    for (line, code) in [
        ("frobnicate", 2),
        ("run", 2),
        ("run a.mp4 --model best", 2),
        ("run gone.mp4", 2),
        ("run a.mp4 --background a.mp4", 2),
        ("run a.mp4 --canvas 0x9", 2),
        ("fetch nojob", 6),
        ("resume 7", 2),
        ("status nojob", 6),
        ("status --wait --failed", 2),
        ("usage --budget x", 2),
        ("usage --by day --reconcile", 2),
        ("logs nothing", 2),
        ("explain nothing", 2),
        ("config", 2),
        ("profile show nowhere", 3),
        ("keys list", 3),
        ("listen verify --headers h --body b", 3),
        ("model install", 2),
        ("smoke-test --only helth", 2),
        ("smoke-test --only success", 2),
        ("smoke-test --budget x", 2),
        ("sandbox --listen nowhere", 2),
        ("doctor --what", 2),
        ("man extra", 2),
        ("completions what", 2),
    ] {
        let args: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let ran = home.run(&sandbox, &args).ends_with(code);
        let error = ran.json().pop().unwrap_or_else(|| panic!("{line}: nothing"))["error"].clone();
        assert_eq!(error["exit_code"], code, "{line}: {error}");
        let keys = [
            "kind",
            "what",
            "why",
            "status",
            "code",
            "job",
            "request_id",
            "attempts",
            "elapsed_seconds",
            "next",
        ];
        for key in keys {
            assert!(error.get(key).is_some(), "{line}: {key}: {error}");
        }
        assert!(!ran.stderr.is_empty(), "{line}: in words, too");
    }
    let none = home.run(&sandbox, &["status", "one", "two", "--json"]).ends_with(6);
    let errors: Vec<Value> = none.json().iter().map(|line| line["error"]["job"].clone()).collect();
    assert_eq!(errors, ["one", "two"], "one for each job");
    assert_eq!(sandbox.audit().uploads(), 0, "nothing was sent");
}

#[test]
fn credits_of_events_add_up_and_copies_cost_nothing() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clips(2);
    let run = |args: &[&str]| home.run(&sandbox, args).ends_with(0).json();
    let first = run(&["run", ".", "-o", "one/", "--json", "-v"]);
    assert_eq!((credits(&first, "done"), credits(&first, "finished")), (4.0, 4.0));
    let hashing = first.iter().filter(|line| line["phase"] == "hashing");
    assert_eq!(hashing.map(|line| &line["item"]).collect::<Vec<_>>(), [&Value::Null; 2]);
    assert!(first.iter().all(|line| line["item"].as_i64().is_none_or(|input| input > 0)));

    std::fs::copy(home.work().join("clip-000.mp4"), home.work().join("twin.mp4")).unwrap();
    let copied = run(&["run", "clip-001.mp4", "twin.mp4", "-o", "two/", "--json"]);
    assert_eq!(events(&copied, "done").len(), 2);
    assert_eq!((credits(&copied, "done"), credits(&copied, "finished")), (0.0, 0.0));
    let again = run(&["run", "clip-001.mp4", "twin.mp4", "-o", "two/", "--json"]);
    assert_eq!(events(&again, "skipped").len(), 2);
    assert_eq!((credits(&again, "skipped"), credits(&again, "finished")), (0.0, 0.0));
    let copied = home.run(&sandbox, &["run", "twin.mp4", "-o", "three/"]).ends_with(0);
    let copied = copied.says("done in").says("0.00 credits");
    assert!(!copied.stderr.contains("2.00"), "{}", copied.stderr);

    home.variant("late.mp4", 9);
    let left = run(&["run", "late.mp4", "--no-wait", "--json"]);
    assert_eq!((credits(&left, "left"), credits(&left, "finished")), (2.0, 2.0));
    let resumed = run(&["resume", "--json"]);
    assert_eq!((credits(&resumed, "done"), credits(&resumed, "finished")), (0.0, 0.0));
    assert_eq!(sandbox.audit().bills(), 3);

    home.variant("words.mp4", 10);
    home.run(&sandbox, &["run", "words.mp4"]).ends_with(0).says(", about 2.00 credits");
    let by = home.run(&sandbox, &["usage", "--by", "model", "--json"]).ends_with(0).json();
    assert_eq!(
        (&by[0]["total"]["charged"], &by[0]["total"]["estimated"]),
        (&0.0.into(), &8.0.into())
    );
    home.run(&sandbox, &["usage", "--reconcile"]).ends_with(0);
    let by = home.run(&sandbox, &["usage", "--by", "model", "--json"]).ends_with(0).json();
    assert_eq!(
        (&by[0]["total"]["charged"], &by[0]["total"]["estimated"]),
        (&8.0.into(), &0.0.into())
    );
}

#[test]
fn nothing_to_do_is_one_sentence_and_a_success() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    for args in [&["resume"][..], &["resume", "1"], &["status", "--wait"], &["fetch", "--all"]] {
        let words = home.run(&sandbox, args).ends_with(0);
        assert_eq!((words.stdout.as_str(), words.stderr.lines().count()), ("", 1), "{args:?}");
        let message = home.run(&sandbox, &[args, &["--json"]].concat()).ends_with(0);
        let lines = message.json();
        assert_eq!((lines.len(), &lines[0]["event"]), (1, &"notice".into()), "{args:?}");
    }
}

#[test]
fn waiting_records_what_it_saw_and_polls_by_lists() {
    let sandbox = Sandbox::start(&["--timer", "1s", "--workers", "64"]);
    let home = Home::new();
    home.configure(&sandbox, "poll_first = \"2s\"\npoll_max = \"10s\"\n");
    home.clips(12);
    home.run(&sandbox, &["run", ".", "--no-wait"]).ends_with(0);
    let singles = || {
        let all = sandbox.audit();
        let row = |row: &&Value| {
            let path = row["path"].as_str().unwrap_or_default();
            row["method"] == "GET" && path.starts_with("/v1/jobs/")
        };
        all.0["requests"].as_array().unwrap().iter().filter(row).count()
    };
    let before = singles();
    let waited = home.run(&sandbox, &["status", "--wait", "--json"]).ends_with(0).json();
    let ends: Vec<_> = waited.iter().filter(|line| line["event"] == "left").collect();
    assert_eq!(ends.len(), 12);
    for end in ends {
        assert!(end["item"].as_i64().unwrap() > 0, "{end}");
        assert!(end["input"].as_str().unwrap().ends_with(".mp4"), "{end}");
        assert_eq!(end["status"], "completed");
    }
    let polled = singles() - before;
    assert!(polled <= 3, "pages of the list show the others: {polled}");
    drop(sandbox);
    // From the ledger alone.
    let status = Ran::of(home.command().args(["status", "--json"])).ends_with(0).json();
    assert_eq!(status[0]["jobs"], serde_json::json!([]), "nothing is under way any more");
}
