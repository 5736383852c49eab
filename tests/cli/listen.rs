//! `rbgv listen`: webhooks that settle jobs, wake a run, and are handed on.

use std::time::{Duration, Instant};

use crate::support::{Home, Listener, Ran, Sandbox, WEBHOOK_SECRET, this_moment, wait_for};

fn signing(args: &[&str]) -> Sandbox {
    Sandbox::start(&[&["--webhook-secret", WEBHOOK_SECRET], args].concat())
}

/// A home whose runs poll jobs once an hour.
fn patient(sandbox: &Sandbox) -> Home {
    looking(sandbox, "1h")
}

/// A home whose runs poll jobs for the first time after `first`, and once an hour where a
/// listener lives.
fn looking(sandbox: &Sandbox, first: &str) -> Home {
    let home = Home::new();
    let config = format!(
        "[profiles.test]\nbase_url = \"{}\"\napi_key_env = \"TEST_KEY\"\n\
         [profiles.test.timing]\npoll_first = \"{first}\"\npoll_max = \"1h\"\n",
        sandbox.base_url
    );
    std::fs::write(home.path("config/rbgv/config.toml"), config).unwrap();
    home
}

#[test]
fn a_run_is_woken_by_a_webhook() {
    let sandbox = signing(&["--timer", "300ms"]);
    let home = patient(&sandbox);
    let listener = Listener::start(home.keyed(&sandbox), &[]);
    home.clips(3);
    let began = Instant::now();
    let ran = home
        .run(&sandbox, &["run", ".", "-o", "out/", "--webhook-url", &listener.url()])
        .ends_with(0);
    assert_eq!(ran.lines().len(), 3);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    let audit = sandbox.audit();
    assert_eq!((audit.starts(), audit.bills()), (3, 3));
    assert_eq!(listener.stop(), Some(0));
}

#[test]
fn a_run_polls_by_itself_once_its_listener_is_gone() {
    let sandbox = signing(&["--timer", "300ms"]);
    sandbox.scenario(
        "[webhooks]\nattempts = 1\n[[fault]]\non = \"WEBHOOK job.completed\"\ndo = \"lose\"\n",
    );
    let home = looking(&sandbox, "1s");
    let listener = Listener::start(home.keyed(&sandbox), &[]);
    home.clip("a.mp4");
    let mut command = home.keyed(&sandbox);
    command.args(["run", "a.mp4", "--webhook-url", &listener.url()]);
    let running = std::thread::spawn(move || Ran::of(&mut command));
    wait_for("the start", || sandbox.audit().starts() == 1);
    listener.crash();
    running.join().unwrap().ends_with(0);
    assert!(home.work().join("a-nobg.webm").exists());
    assert_eq!(sandbox.audit().bills(), 1);
}

#[test]
fn jobs_that_nobody_follows_are_settled_with_one_poll() {
    let sandbox = signing(&["--timer", "300ms"]);
    let home = Home::with(&sandbox);
    let mut listener = Listener::start(home.keyed(&sandbox), &[]);
    home.clip("a.mp4");
    let started = home
        .run(&sandbox, &["run", "a.mp4", "--no-wait", "--webhook-url", &listener.url()])
        .ends_with(0);
    let job = started.lines()[0].to_owned();
    let heard = listener.wait_for(|line| line["webhook"] == "job.completed");
    assert_eq!((heard["job"].as_str(), heard["settled"].as_str()), (Some(&*job), Some("settled")));
    let status = home.run_alone(&["status", "--json"]).ends_with(0).json();
    assert_eq!(status[0]["jobs"], serde_json::json!([]), "nothing is under way");
    home.run(&sandbox, &["fetch", "--all"]).ends_with(0);
    assert!(home.work().join("a-nobg.webm").exists());
}

#[test]
fn webhooks_are_handed_to_a_command() {
    let sandbox = signing(&["--timer", "100ms"]);
    let home = Home::with(&sandbox);
    let exec = "cat > \"$RBGV_EVENT.json\"";
    let mut listener = Listener::start(home.keyed(&sandbox), &["--exec", exec]);
    home.clip("a.mp4");
    let started = home
        .run(&sandbox, &["run", "a.mp4", "--no-wait", "--webhook-url", &listener.url()])
        .ends_with(0);
    listener.wait_for(|line| line["webhook"] == "job.completed");
    assert_eq!(listener.stop(), Some(0), "what was taken is handled first");
    let body = std::fs::read_to_string(home.work().join("job.completed.json")).unwrap();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["data"]["id"].as_str(), Some(started.lines()[0]));
}

#[test]
fn webhooks_are_forwarded_unchanged() {
    let sandbox = signing(&["--timer", "100ms"]);
    let (home, behind) = (Home::with(&sandbox), Home::with(&sandbox));
    // A listener behind a listener believes what it is sent only if nothing was changed.
    let mut second = Listener::start(behind.keyed(&sandbox), &[]);
    let mut first = Listener::start(home.keyed(&sandbox), &["--forward", &second.url()]);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4", "--webhook-url", &first.url()]).ends_with(0);
    let completed = |line: &serde_json::Value| line["webhook"] == "job.completed";
    let (one, two) = (first.wait_for(completed), second.wait_for(completed));
    assert_eq!(one["delivery"], two["delivery"]);
    assert_eq!(two["settled"], "unknown_job");
    let mut elsewhere = home.keyed(&sandbox);
    elsewhere.env("RBGV_WEBHOOK_SECRET", WEBHOOK_SECRET);
    Ran::of(elsewhere.args(["listen", "--forward", "https://hook.example/"]))
        .ends_with(2)
        .says("--forward-anywhere");
}

#[test]
fn a_sample_webhook_is_signed_like_a_real_one() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let mut listener = Listener::start(home.keyed(&sandbox), &[]);
    let trigger = |secret: &str, args: &[&str]| {
        let mut command = home.command();
        command.env("RBGV_WEBHOOK_SECRET", secret).args(["--json", "trigger"]).args(args);
        Ran::of(&mut command)
    };
    for event in ["job.started", "job.completed", "job.failed"] {
        let sent = trigger(WEBHOOK_SECRET, &[event, "--to", &listener.url()]).ends_with(0);
        let received = listener.wait_for(|line| line["webhook"] == event);
        assert_eq!(received["delivery"], sent.json()[0]["delivery_id"]);
        assert_eq!(received["job"], sent.json()[0]["job"]);
    }
    let audit = sandbox.audit();
    assert_eq!((audit.creates(), audit.starts()), (0, 0));
    let to = listener.url();
    let refused = trigger("planted-other-secret", &["job.failed", "--to", &to]).ends_with(5);
    let refused = refused.says("401");
    assert!(!refused.stderr.contains("planted-other"), "the secret is not shown");
    trigger(WEBHOOK_SECRET, &["job.failed", "--to", "https://hook.example/"])
        .ends_with(2)
        .says("--to-anywhere");
    assert_eq!(listener.stop(), Some(0));
    trigger(WEBHOOK_SECRET, &["job.failed", "--to", &to]).ends_with(5).says("rbgv listen");
}

#[test]
fn a_signature_that_does_not_fit_is_explained() {
    let sandbox = signing(&["--timer", "100ms"]);
    let home = Home::with(&sandbox);
    let mut listener = Listener::start(home.keyed(&sandbox), &["--keep", "kept"]);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4", "--webhook-url", &listener.url()]).ends_with(0);
    listener.wait_for(|line| line["webhook"] == "job.completed");
    assert_eq!(listener.stop(), Some(0));
    let kept = std::fs::read_to_string(home.work().join("kept")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(kept.lines().last().unwrap()).unwrap();
    let text = |key: &str| kept[key].as_str().unwrap();
    let headers = format!(
        "X-Webhook-Event: {}\nX-Webhook-Delivery-Id: {}\nX-Webhook-Timestamp: {}\nX-Webhook-Signature: {}\n",
        text("event"),
        text("delivery_id"),
        text("timestamp"),
        text("signature")
    );
    std::fs::write(home.work().join("headers"), &headers).unwrap();
    std::fs::write(home.work().join("secret"), WEBHOOK_SECRET).unwrap();
    let verify = |body: &str, more: &[&str]| {
        std::fs::write(home.work().join("body"), body).unwrap();
        let args = ["listen", "verify", "--headers", "headers", "--body", "body"];
        Ran::of(home.command().args(args).args(more))
    };
    let secret = ["--secret-file", "secret"];
    verify(text("body"), &secret).ends_with(0);
    let parsed: serde_json::Value = serde_json::from_str(text("body")).unwrap();
    let pretty = serde_json::to_string_pretty(&parsed).unwrap();
    let message = verify(&pretty, &secret).ends_with(10).stdout;
    assert!(message.contains("parsed"), "{message}");
    let old = verify(text("body"), &["--secret-file", "secret", "--max-age", "0"]);
    assert!(old.ends_with(10).stdout.contains("replay"));
    verify(text("body"), &[]).ends_with(3).says("RBGV_WEBHOOK_SECRET");
    let spaced = headers.replace(": ", ":   ").replace('\n', " \r\n");
    std::fs::write(home.work().join("headers"), spaced).unwrap();
    verify(text("body"), &secret).ends_with(0);
    let twice = headers.clone() + &headers;
    std::fs::write(home.work().join("headers"), twice).unwrap();
    let message = verify(text("body"), &secret).ends_with(10).stdout;
    assert!(message.contains("X-Webhook-Signature appears more than once"), "{message}");
    std::fs::write(home.work().join("headers"), headers).unwrap();
    verify(&"x".repeat((1 << 20) + 1), &secret).ends_with(2).says("larger than 1048576 bytes");
    std::fs::write(home.work().join("secret"), "another").unwrap();
    let message = verify(text("body"), &secret).ends_with(10).stdout;
    assert!(
        message.contains("a secret other than") && message.contains("would reject this webhook"),
        "{message}"
    );
}

#[test]
fn what_is_received_is_logged() {
    let sandbox = signing(&["--timer", "100ms"]);
    let home = Home::with(&sandbox);
    let args = ["--log-file", "log", "--log-format", "json"];
    let listener = Listener::start(home.keyed(&sandbox), &args);
    assert_eq!(listener.post(&[("X-Webhook-Delivery-Id", "d-0")], b"{}"), 401);
    let body = r#"{"event": "job.started", "data": {"id": "j-1"}}"#;
    assert_eq!(listener.post_signed("d-1", &this_moment(), body), 200);
    assert_eq!(listener.stop(), Some(0));
    let log = std::fs::read_to_string(home.work().join("log")).unwrap();
    let logged: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["target"] == "rbgv::webhook")
        .collect();
    assert_eq!((&logged[0]["delivery"], &logged[0]["reason"]), (&"d-0".into(), &"unsigned".into()));
    assert_eq!((&logged[1]["delivery"], &logged[1]["job_id"]), (&"d-1".into(), &"j-1".into()));
    assert_eq!(
        (&logged[1]["webhook"], &logged[1]["profile"]),
        (&"job.started".into(), &"test".into())
    );
}
