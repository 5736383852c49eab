//! `rbgv report`, `open` and `preview`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Home, Ran, Sandbox, wait_for};

/// A failed job of the first input, with a signed link in its reason.
const ONE_FAILS: &str = "[[fault]]\non = \"POST /v1/jobs/*/start\"\ntimes = 1\n\
     do = { fail_job = \"no subject in https://cdn.example/a?sig=planted-link\" }";

fn page(home: &Home, name: &str) -> String {
    std::fs::read_to_string(home.work().join(name)).unwrap()
}

/// The data block that the page's script reads.
fn details(page: &str) -> Value {
    let (_, rest) = page.split_once("type=\"application/json\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_run_writes_its_page_and_report_writes_it_again() {
    let sandbox = Sandbox::with(ONE_FAILS);
    let home = Home::with(&sandbox);
    home.variant("odd <b> & #1 50%.mp4", 1);
    home.variant("sub/b.mp4", 2);
    std::fs::create_dir(home.work().join("pages")).unwrap();
    let names = ["run", "odd <b> & #1 50%.mp4", "sub/b.mp4", "--report", "pages/p.html"];
    let ran = home.run(&sandbox, &names).ends_with(1);
    assert!(ran.stderr.contains("pages/p.html"), "{}", ran.stderr);
    let text = page(&home, "pages/p.html");
    let mode = std::fs::metadata(home.work().join("pages/p.html")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert!(text.contains("odd &lt;b&gt; &amp; #1 50%.mp4") && !text.contains("<b>"));
    assert!(text.contains("no subject in") && !text.contains("planted-link"), "{text}");
    assert!(!text.contains(&sandbox.api_key) && !text.contains("sig="), "no secrets");
    let rows = details(&text);
    let links: Vec<&str> =
        rows.as_array().unwrap().iter().filter_map(|row| row["b"]["h"].as_str()).collect();
    assert!(links.contains(&"../odd%20%3Cb%3E%20%26%20%231%2050%25.mp4"), "{links:?}");
    assert!(links.contains(&"../sub/b.mp4"), "{links:?}");
    assert!(rows.as_array().unwrap().iter().all(|row| row["b"].get("t").is_none()), "unchanged");

    std::fs::remove_file(home.work().join("sub/b.mp4")).unwrap();
    let ran = home.run_alone(&["report"]).ends_with(0);
    assert_eq!(ran.lines(), ["rbgv-report-1.html"]);
    let again = page(&home, "rbgv-report-1.html");
    assert!(again.contains("The input is no longer at"), "{again}");
    let ran =
        home.run_alone(&["report", "1", "--embed", "-o", "alone.html", "--json"]).ends_with(0);
    assert_eq!(
        (ran.json()[0]["batch"].as_i64(), ran.json()[0]["inputs"].as_i64()),
        (Some(1), Some(2))
    );
    assert!(page(&home, "alone.html").contains("data:video/mp4;base64,"));
    let other = ["report", "-o", "odd <b> & #1 50%.mp4"];
    home.run_alone(&other).ends_with(2).says("not a report");
    home.run_alone(&["report", "-o", "alone.html"]).ends_with(0);
    home.run_alone(&["report", "9"]).ends_with(2).says("next: rbgv status");
}

#[test]
fn the_timeline_has_calls_that_were_refused_and_repeated() {
    let refused = "[[fault]]\non = \"POST /v1/uploads\"\nnth = [1, 2]\n\
         do = { answer = { status = 429, code = \"rate_limited\" } }\n\
         [[fault]]\non = \"GET /v1/jobs/*\"\nnth = 1\n\
         do = { answer = { status = 429, code = \"rate_limited\" } }\n";
    let sandbox = Sandbox::with(refused);
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4", "--report", "p.html"]).ends_with(0);
    let text = page(&home, "p.html");
    assert!(text.contains("; 3 refused calls;"), "{text}");
    let logs = home.run_alone(&["logs", "a.mp4"]).ends_with(0).stdout;
    assert!(logs.contains("retry: uploading"), "{logs}");
}

#[test]
fn a_wrong_path_costs_nothing_and_an_interrupted_run_has_a_page() {
    let sandbox = Sandbox::start(&["--timer", "10m"]);
    let home = Home::with(&sandbox);
    home.clips(2);
    let wrong = ["run", "clip-000.mp4", "--report", "missing/p.html"];
    home.run(&sandbox, &wrong).ends_with(2).says("missing/p.html");
    assert_eq!(sandbox.audit().creates(), 0);
    let child = home
        .keyed(&sandbox)
        .args(["run", ".", "--report", "p.html"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("both jobs are started", || sandbox.audit().starts() == 2);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let text = page(&home, "p.html");
    assert!(text.contains("not finished; as of") && text.contains("unfinished 2"), "{text}");
}

#[test]
fn open_starts_the_desktop_program_without_keys() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let ran = home.run(&sandbox, &["run", "a.mp4", "--json"]).ends_with(0);
    let job =
        ran.json().iter().find_map(|line| line["job"].as_str().map(ToOwned::to_owned)).unwrap();
    let output = home.work().join("a-nobg.webm").display().to_string();
    let ran = home.run(&sandbox, &["open", &job]).ends_with(0).says("no display");
    assert_eq!(ran.lines(), [output.as_str()]);

    let programs = home.path("programs");
    std::fs::create_dir(&programs).unwrap();
    let seen = home.path("seen");
    let script = format!("#!/bin/sh\n{{ echo \"$1\"; env; }} > '{}'\n", seen.display());
    std::fs::write(programs.join("xdg-open"), script).unwrap();
    std::fs::set_permissions(programs.join("xdg-open"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let open = |word: &str| {
        let mut command = home.keyed(&sandbox);
        command.args(["open", word]).env("PATH", &path).env("DISPLAY", ":9");
        Ran::of(&mut command)
    };
    open("a.mp4").ends_with(0);
    let message = std::fs::read_to_string(&seen).unwrap();
    assert!(message.starts_with(&output) && message.contains("DISPLAY=:9"), "{message}");
    assert!(!message.contains(&sandbox.api_key) && !message.contains("TEST_KEY"), "{message}");
    let ran = open("1").ends_with(0);
    assert!(ran.lines()[0].ends_with("state/reports/batch-1.html"), "{:?}", ran.lines());
    assert!(std::fs::read_to_string(&seen).unwrap().starts_with(ran.lines()[0]));
    std::fs::write(programs.join("xdg-open"), "#!/bin/sh\nexit 3\n").unwrap();
    open("1").ends_with(9).says("next: open the file yourself");
    open("99").ends_with(2).says("next: rbgv status");
}

#[test]
fn a_preview_is_drawn_on_a_terminal_only() {
    let home = Home::new();
    let media = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media");
    let clip = media.join("clear.webm").display().to_string();
    home.run_alone(&["preview", &clip]).ends_with(2).says("terminal");
    let on_terminal = |arguments: &str, vars: &[(&str, &str)]| {
        let line = format!("{} preview {arguments}", crate::support::RBGV);
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home.path(""));
        command.envs(vars.iter().copied()).current_dir(home.work()).stdin(Stdio::null());
        Ran::of(&mut command)
    };
    let term = [("TERM", "xterm-256color")];
    let drawn = on_terminal(&clip, &term).ends_with(0).stdout;
    assert!(drawn.contains('▀') && drawn.contains("48;2;204;204;204"), "{drawn}");
    let drawn = on_terminal(&clip, &[("TERM", "xterm-kitty")]).ends_with(0).stdout;
    assert!(drawn.contains("\x1b_Ga=T,f=100"), "{drawn}");
    let late = on_terminal(&format!("{clip} --at 1h"), &term).ends_with(2).stdout;
    assert!(late.contains("the video is shorter"), "{late}");
    let broken = on_terminal(&media.join("README.md").display().to_string(), &term).ends_with(2);
    assert!(broken.stdout.contains("no picture"), "{}", broken.stdout);
}

/// Chromium, by either of the names under which systems install it.
fn chromium() -> Option<&'static str> {
    let is_there = |name: &&str| {
        let version = Command::new(name).arg("--version").stderr(Stdio::null()).output();
        version.is_ok_and(|output| output.status.success())
    };
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(is_there)
}

fn browse(mode: &str, program: &str, page: &Path, screenshots: Option<&Path>) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/report.mjs");
    let mut command = Command::new("node");
    command.arg(script).args([mode, program]).arg(page).args(screenshots);
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"))
}

/// A short clip of its own, small enough for the real engine.
#[cfg(feature = "matting")]
fn tiny(home: &Home, name: &str, seconds: &str) -> std::path::PathBuf {
    let path = home.work().join(name);
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(crate::support::astronaut())
        .args(["-t", seconds, "-vf", "scale=64:64", "-an"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success());
    path
}

#[cfg(feature = "matting")]
#[test]
fn the_page_works_in_a_browser() {
    let Some(program) = chromium() else {
        eprintln!("skipped: Chromium is not installed (apt-get install chromium)");
        return;
    };
    let home = Home::new();
    tiny(&home, "one & <i>#50%.mp4", "0.5");
    let two = tiny(&home, "two.mp4", "0.6");
    // A container that looks whole, without a frame that can be decoded.
    let mut bytes = std::fs::read(two).unwrap();
    let media = bytes.windows(4).position(|window| window == b"mdat").unwrap() + 4;
    let end = bytes.windows(4).position(|window| window == b"moov").unwrap() - 4;
    bytes[media..end].fill(0);
    std::fs::write(home.work().join("broken.mp4"), bytes).unwrap();
    home.run_alone(&["run", "--sandbox", ".", "--report", "page.html"]).ends_with(1);
    let page = home.work().join("page.html");
    let facts = browse("check", program, &page, screenshots().as_deref());
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);

    assert_eq!(facts["complaints"], serde_json::json!([]), "{facts:#}");
    let requests = facts["requests"].as_array().unwrap();
    let leaves = |url: &&Value| !url.as_str().unwrap().starts_with("file:///");
    assert!(!requests.iter().any(|url| leaves(&url)), "{requests:?}");
    assert_eq!((facts["rows"].as_i64(), facts["videos"].as_i64()), (Some(3), Some(2)), "{facts:#}");

    let tree = &facts["tree"];
    assert_eq!(tree["tables"], serde_json::json!(["Inputs"]));
    assert_eq!((tree["rows"].as_i64(), count(&tree["headers"])), (Some(4), 7), "{tree:#}");
    let buttons = tree["buttons"].as_array().unwrap();
    assert!(buttons.iter().any(|name| name == "one & <i>#50%.mp4"), "{buttons:?}");
    let images = tree["images"].as_array().unwrap();
    assert!(
        images
            .iter()
            .any(|name| name.as_str().unwrap().starts_with("Timeline of the batch 3 jobs")),
        "{images:?}"
    );

    assert_eq!(facts["expanded"], "true");
    assert_eq!(facts["notes"], serde_json::json!([]), "{facts:#}");
    assert_eq!(facts["wipe"]["value"], "70", "20 presses from the middle");
    assert_eq!(facts["wipe"]["text"], "70 % before, 30 % after");
    assert_eq!(facts["wipe"]["at"], "70%");
    assert_eq!(facts["dragged"]["value"], "25");
    let time = |step: usize, video: usize| facts["frames"][step][video].as_f64().unwrap();
    let frame = time(2, 0) - time(1, 0);
    assert!((0.02..0.06).contains(&frame), "a frame of 24 per second: {}", facts["frames"]);
    assert!((time(3, 0) - time(1, 0)).abs() < 1e-3, "{}", facts["frames"]);
    assert!((0..4).all(|step| (time(step, 0) - time(step, 1)).abs() < 1e-3), "in step");
    assert_eq!(facts["color"], "rgb(255, 0, 255)");
    assert_eq!(facts["closed"], "BUTTON");
    assert!(facts["panels"][0].as_str().unwrap().contains("There is no output"), "{facts:#}");
    assert_eq!(facts["failed"], serde_json::json!([1, "1 of 3 shown"]));
    assert_eq!(facts["found"], 1);
    assert_eq!((&facts["sideways"], &facts["phone_sideways"]), (&false.into(), &false.into()));
    assert!(facts["printed"].as_i64().unwrap() > 5_000);
}

/// A directory for screenshots.
#[cfg(feature = "matting")]
fn screenshots() -> Option<std::path::PathBuf> {
    std::env::var_os("RBGV_TEST_SCREENSHOTS").map(Into::into)
}

/// The figure in `docs/benchmarks.md`.
#[test]
#[ignore = "a measurement"]
fn ten_thousand_rows_are_painted_soon() {
    use rbgv::model::{Credits, Timestamp};
    use rbgv::report as page;
    let program = chromium().expect("Chromium");
    let row = |number: u64| {
        let clip = |link: String| {
            let kind = page::ClipKind::Video;
            page::Side::File(page::Clip { link, kind, poster: None, embedded: None, note: None })
        };
        let took = |seconds| Some(std::time::Duration::from_secs(1 + seconds));
        let is_failed = number < 200;
        page::ReportRow {
            name: format!("season-2/take-{number:05}/camera-a.mp4"),
            state: if is_failed { page::RowState::Failed } else { page::RowState::Done },
            reason: is_failed
                .then(|| "the job failed: no subject was found in the video".to_owned()),
            next: is_failed.then(|| format!("rbgv logs job_{number:024}")),
            job: Some(format!("job_{number:024}")),
            times: page::PhaseTimes {
                upload: took(number % 7),
                queue: took(number % 90),
                processing: took(number % 61),
                download: took(number % 3),
            },
            cost: Some(page::Cost { credits: Credits(10.0), is_estimate: true }),
            facts: vec![
                ("job", format!("job_{number:024}")),
                ("last request", format!("req_{number:020}")),
            ],
            before: clip(format!("take-{number:05}/camera-a.mp4")),
            after: clip(format!("done/take-{number:05}/camera-a-nobg.webm")),
            frame: Some(0.04),
        }
    };
    let jobs = 10_000_i64;
    let report = page::Report {
        batch: page::BatchFacts {
            number: 1,
            profile: "live".into(),
            machine: None,
            service: "https://api.example".into(),
            created_at: Timestamp(0),
            finished_at: Some(Timestamp(jobs * 1_000)),
            written_at: Timestamp(jobs * 1_000),
            cost: page::Cost { credits: Credits(100_000.0), is_estimate: true },
        },
        rows: (0..10_000).map(row).collect(),
        timeline: page::Timeline {
            from: 0,
            to: jobs * 1_000,
            submitted: (0..jobs).map(|job| job * 900).collect(),
            finished: (0..jobs).map(|job| job * 900 + 60_000).collect(),
            processing: (0..jobs).map(|job| (job * 900, job * 900 + 60_000)).collect(),
            refusals: (0..300).map(|refusal| refusal * 30_000).collect(),
            pauses: vec![(4_000_000, 4_600_000)],
        },
        job_times: page::Histogram((1..=10_000).map(|job| 1_000 + job * 6).collect()),
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("page.html");
    std::fs::write(&path, page::render(&report)).unwrap();
    let found = browse("paint", program, &path, None);
    println!("{} bytes, {found}", std::fs::metadata(&path).unwrap().len());
    assert!(found["painted_ms"].as_i64().unwrap() < 400, "{found}");
}
