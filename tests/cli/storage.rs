//! Inputs and outputs in object stores, against an S3 and a Google Cloud Storage in this process.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::header::IF_MATCH;
use axum::http::{Method, StatusCode};
use futures_util::TryStreamExt as _;
use rbgv::model::{FailureKind, ObjectUrl, StoredObject};
use rbgv::store::{NewObject, ObjectStores, OutputTag, StoreConfig};
use tokio_util::sync::CancellationToken;

use crate::gcs_server::Gcs;
use crate::s3_server::{ACCESS_KEY, S3, SECRET_KEY, serve};
use crate::support::{Home, Ran, Sandbox, astronaut};

fn clip() -> Vec<u8> {
    std::fs::read(astronaut()).unwrap()
}

/// A clip with other content.
fn other_clip(number: u8) -> Vec<u8> {
    [&clip()[..], b"\0\0\0\x09free", &[number]].concat()
}

fn url(text: &str) -> ObjectUrl {
    ObjectUrl::parse(text).unwrap().unwrap()
}

fn stores_with(vars: &[(&str, &str)]) -> ObjectStores {
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    ObjectStores::new(StoreConfig { vars: vars.collect(), ..StoreConfig::default() })
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

#[test]
fn a_prefix_becomes_a_prefix_of_outputs_and_is_recognised_on_any_machine() {
    let (s3, sandbox) = (S3::start(), Sandbox::quick());
    s3.put("in/a b#ü.mp4", &clip());
    s3.put("in/sub/c.mp4", &other_clip(1));
    s3.put("in/notes.txt", b"notes");
    s3.put("in/broken.mp4", b"this is text");
    let home = Home::with(&sandbox);
    let args = ["run", "-r", "s3://clips/in/", "-o", "s3://clips/out/"];
    let done = s3.run(&home, &sandbox, &args).ends_with(1);
    let outputs = ["s3://clips/out/a b#ü-nobg.webm", "s3://clips/out/sub/c-nobg.webm"];
    let mut lines = done.lines();
    lines.sort_unstable();
    assert_eq!(lines, outputs);
    assert!(done.stderr.contains("s3://clips/in/broken.mp4"), "{}", done.stderr);
    assert!(done.stderr.contains(".txt"), "{}", done.stderr);
    let written = std::fs::read(s3.object("out/sub/c-nobg.webm")).unwrap();
    assert!(written.starts_with(b"\x1a\x45\xdf\xa3"), "it is a WebM video");
    assert!(home.files().is_empty() && !home.path("state/spool").join("x").exists());
    assert_eq!(std::fs::read_dir(home.path("state/spool")).unwrap().count(), 0);
    let audit = sandbox.audit();
    assert_eq!((audit.uploads(), audit.bills()), (2, 2));

    let again = s3.run(&home, &sandbox, &args).ends_with(1);
    assert_eq!(again.lines().len(), 2, "{}", again.stderr);
    // Another machine, with the objects in the order of a list.
    let other = Home::with(&sandbox);
    std::fs::write(other.work().join("list"), "s3://clips/in/a b#ü.mp4\ns3://clips/in/*/c.mp4\n")
        .unwrap();
    let args = ["run", "--from-file", "list", "-o", "s3://clips/out", "--yes"];
    let moved = s3.run(&other, &sandbox, &args).ends_with(0);
    assert!(moved.lines().contains(&outputs[0]), "{moved:?}");
    let args = ["run", "-r", "s3://clips/in/", "-o", "s3://clips/out/", "--yes"];
    let same = s3.run(&other, &sandbox, &args).ends_with(1).says("already done");
    assert_eq!(same.lines().len(), 2);
    let audit = sandbox.audit();
    // `c.mp4` of the list has another target, and is the content of a job of this key.
    assert_eq!(audit.bills(), 2, "{moved:?}");
}

#[test]
fn a_google_prefix_becomes_outputs_that_another_machine_recognises() {
    let (gcs, sandbox) = (Gcs::start(), Sandbox::quick());
    gcs.put("in/a b#ü%41?.mp4", &clip());
    gcs.put("in/sub/c.mp4", &other_clip(1));
    gcs.put("in/broken.mp4", b"this is text");
    let args = ["run", "-r", "gs://clips/in/", "-o", "gs://clips/out/", "--yes"];
    let outputs = ["gs://clips/out/a b#ü%41?-nobg.webm", "gs://clips/out/sub/c-nobg.webm"];
    for bills in [2, 2] {
        let done = gcs.run(&Home::with(&sandbox), &sandbox, &args).ends_with(1);
        let mut lines = done.lines();
        lines.sort_unstable();
        assert_eq!(lines, outputs, "{}", done.stderr);
        assert_eq!((sandbox.audit().uploads(), sandbox.audit().bills()), (2, bills));
    }
    assert!(gcs.get("out/sub/c-nobg.webm").starts_with(b"\x1a\x45\xdf\xa3"), "a WebM video");
    assert_eq!(gcs.keys().len(), 5);
}

#[test]
fn a_google_object_of_somebody_else_is_never_replaced() {
    let (gcs, sandbox) = (Gcs::start(), Sandbox::quick());
    gcs.put("in/a.mp4", &clip());
    gcs.put("in/a-nobg.webm", b"somebody else's");
    let home = Home::with(&sandbox);
    gcs.run(&home, &sandbox, &["run", "gs://clips/in/a.mp4"]).ends_with(2).says("--overwrite");
    assert_eq!(sandbox.audit().creates(), 0);
    // Created after the last check for it, and before the output.
    gcs.create_before("out/a-nobg.webm");
    let args = ["run", "gs://clips/in/a.mp4", "-o", "gs://clips/out/"];
    gcs.run(&home, &sandbox, &args).ends_with(9).says("was created meanwhile").says("--overwrite");
    assert_eq!(gcs.get("out/a-nobg.webm"), &b"somebody else's"[..]);
    gcs.run(&home, &sandbox, &[&args[..], &["--overwrite"]].concat()).ends_with(0);
    assert!(gcs.get("out/a-nobg.webm").starts_with(b"\x1a\x45\xdf\xa3"));
    assert_eq!(gcs.get("in/a-nobg.webm"), &b"somebody else's"[..]);
    // It is gone when we look what it is: the output is not there, and not called done.
    gcs.create_around("again/a-nobg.webm");
    let args = ["run", "gs://clips/in/a.mp4", "-o", "gs://clips/again/"];
    gcs.run(&home, &sandbox, &args).ends_with(9).says("although there is no such object");
    gcs.run(&home, &sandbox, &args).ends_with(0);
    assert!(gcs.get("again/a-nobg.webm").starts_with(b"\x1a\x45\xdf\xa3"));
    assert_eq!(sandbox.audit().bills(), 1);
}

#[test]
fn failures_of_google_cloud_storage_name_the_bucket_and_cost_nothing() {
    let (gcs, sandbox) = (Gcs::start(), Sandbox::quick());
    gcs.put("in/a.mp4", &clip());
    let home = Home::with(&sandbox);
    let one = "gs://clips/in/a.mp4";
    let table: [(&[&str], i32, &str); 5] = [
        (&["run", "gs://nowhere/in/"], 2, "listing gs://nowhere/in/: there is no bucket nowhere"),
        (&["run", "gs://closed/in/"], 3, "do not permit listing the bucket (AccessDenied)"),
        (&["run", "gs://clips/in/x.mp4"], 2, "gs://clips/in/x.mp4: there is no such object"),
        (&["run", one, "-o", "gs://nowhere/out/"], 9, "there is no bucket nowhere"),
        (&["run", one, "-o", "gs://closed/out/"], 9, "the credentials do not permit"),
    ];
    for (args, code, text) in table {
        let message = gcs.run(&home, &sandbox, args).ends_with(code).says(text);
        assert!(message.stderr.contains("next: rbgv "), "{args:?}: {}", message.stderr);
    }
    let wrong = ("GOOGLE_BEARER_TOKEN", "planted-and-wrong");
    let mut command = home.keyed(&sandbox);
    let denied = Ran::of(command.envs(gcs.vars()).envs([wrong]).args(["run", "gs://clips/in/"]))
        .ends_with(3)
        .says("do not permit listing the bucket (AuthenticationRequired)")
        .says("rbgv help storage");
    assert!(!denied.stderr.contains("planted"), "{}", denied.stderr);
    let audit = sandbox.audit();
    assert_eq!((audit.uploads(), audit.creates(), audit.bills()), (0, 0, 0));
}

#[test]
fn google_lists_have_pages_and_large_outputs_parts() {
    const SIZE: u64 = (20 << 20) + 7;
    let gcs = Gcs::start();
    for number in 0..1_100 {
        gcs.put(&format!("many/{number:04}.mp4"), b"x");
    }
    let stores = stores_with(&gcs.vars());
    let mut file = tempfile::tempfile().unwrap();
    let bytes: Vec<u8> = (0..SIZE).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[2]).collect();
    file.write_all(&bytes).unwrap();
    let tag = OutputTag { sha256: "aa".into(), content_key: "k".into() };
    let new = NewObject {
        file: Arc::new(file),
        size: SIZE,
        content_type: "video/webm",
        tag: tag.clone(),
    };
    let (out, never) = (url("gs://clips/out/large one.webm"), CancellationToken::new());
    block_on(async {
        let first = stores.page(&url("gs://clips/many/"), false, None).await.unwrap();
        assert_eq!(first.objects.len(), 1_000);
        let rest = stores.page(&url("gs://clips/many/"), false, first.next).await.unwrap();
        assert_eq!((rest.objects.len(), rest.next), (100, None));
        let top = stores.page(&url("gs://clips"), false, None).await.unwrap();
        assert_eq!((top.objects.len(), top.folders), (0, 1));
        stores.check_writable(&out).await.unwrap();
        assert_eq!(stores.head(&out).await, Ok(None), "the check writes nothing");
        stores.write(&out, &new, false, &never).await.unwrap();
        let head = stores.head(&out).await.unwrap().unwrap();
        assert_eq!((head.object.size, head.tag), (SIZE, Some(tag)));
    });
    assert!(gcs.get("out/large one.webm") == bytes);
    assert_eq!(gcs.requests("PUT /clips/out%2Flarge%20one%2Ewebm?partNumber="), 3);
}

#[test]
fn an_azure_container_is_checked_without_writing_to_it() {
    let changes = Arc::<Mutex<usize>>::default();
    let counter = Arc::clone(&changes);
    let app = Router::new().fallback(async move |request: Request| {
        let code = match request.uri().path() {
            path if path.starts_with("/account/missing/") => "ContainerNotFound",
            path if path.starts_with("/account/closed/") => "AuthorizationPermissionMismatch",
            _ => "ConditionNotMet",
        };
        if request.method() != Method::PUT || !request.headers().contains_key(IF_MATCH) {
            *counter.lock().unwrap() += 1;
        }
        let status = match code {
            "ContainerNotFound" => StatusCode::NOT_FOUND,
            "ConditionNotMet" => StatusCode::PRECONDITION_FAILED,
            _ => StatusCode::FORBIDDEN,
        };
        (status, format!("<Error><Code>{code}</Code></Error>"))
    });
    let (address, _stop) = serve(app, "127.0.0.1");
    let stores = stores_with(&[
        ("AZURE_STORAGE_ENDPOINT", &format!("{address}/account")),
        ("AZURE_STORAGE_ACCOUNT_NAME", "account"),
        ("AZURE_STORAGE_ACCOUNT_KEY", "cGxhbnRlZA=="),
    ]);
    block_on(async {
        stores.check_writable(&url("az://clips/out/a.webm")).await.unwrap();
        for (container, text) in [("missing", "no container missing"), ("closed", "do not permit")]
        {
            let out = url(&format!("az://{container}/out/a.webm"));
            let refused = stores.check_writable(&out).await.unwrap_err();
            assert_eq!(refused.kind, FailureKind::Unwritable);
            assert!(refused.why.contains(text), "{refused}");
        }
    });
    assert_eq!(*changes.lock().unwrap(), 0, "every request has a condition that nothing meets");
}

/// Its URL would be signed as that of another object, or with a signature that the store does not accept.
#[test]
fn an_object_whose_url_cannot_be_signed_is_uploaded() {
    let (gcs, sandbox) =
        (Gcs::start(), Sandbox::start(&["--timer", "100ms", "--allow-private-fetch"]));
    gcs.put("in/a#1.mp4", &clip());
    gcs.put("in/a", &other_clip(1));
    let home = Home::with(&sandbox);
    gcs.run(&home, &sandbox, &["run", "--by-url", "gs://clips/in/a#1.mp4"]).ends_with(0);
    assert_eq!((sandbox.audit().uploads(), sandbox.audit().bills()), (1, 1));
    let azure =
        [("AZURE_STORAGE_ACCOUNT_NAME", "account"), ("AZURE_STORAGE_ACCOUNT_KEY", "cGxhbnRlZA==")];
    let stores = stores_with(&azure);
    for (key, is_signed) in [("in/a_b-1.mp4", true), ("in/a b.mp4", false), ("in/ü.mp4", false)] {
        let object = url(&format!("az://clips/{key}"));
        let signed = block_on(stores.sign(&object, Duration::from_mins(1)));
        assert_eq!(signed.is_ok(), is_signed, "{key}");
        assert_eq!(stores.gives_public_urls(&object), Ok(is_signed), "{key}");
    }
}

#[test]
fn outputs_beside_their_objects_replace_nothing_and_are_no_inputs() {
    let (s3, sandbox) = (S3::start(), Sandbox::quick());
    s3.put("in/a.mp4", &clip());
    s3.put("in/a-nobg.webm", b"somebody else's");
    let home = Home::with(&sandbox);
    let one = ["run", "s3://clips/in/a.mp4"];
    s3.run(&home, &sandbox, &one)
        .ends_with(2)
        .says("s3://clips/in/a-nobg.webm")
        .says("--overwrite");
    assert_eq!(std::fs::read(s3.object("in/a-nobg.webm")).unwrap(), b"somebody else's");
    assert_eq!((sandbox.audit().uploads(), sandbox.audit().creates()), (0, 0), "nothing was sent");
    s3.run(&home, &sandbox, &["run", "s3://clips/in/a.mp4", "--overwrite"]).ends_with(0);
    assert_ne!(std::fs::read(s3.object("in/a-nobg.webm")).unwrap(), b"somebody else's");
    // On another machine, the output is known by its metadata.
    let other = Home::with(&sandbox);
    let listed = s3.run(&other, &sandbox, &["run", "s3://clips/in/", "--yes"]).ends_with(0);
    assert_eq!(listed.lines(), ["s3://clips/in/a-nobg.webm"], "{}", listed.stderr);
    s3.run(&other, &sandbox, &["run", "s3://clips/in/a-nobg.webm"])
        .ends_with(2)
        .says("already an output");
    s3.run(
        &home,
        &sandbox,
        &[
            "run",
            "s3://clips/in/a.mp4",
            "-o",
            "s3://clips/in/a.mp4",
            "--format=mp4",
            "--background=green",
        ],
    )
    .ends_with(2)
    .says("never replaced");
    assert_eq!(sandbox.audit().bills(), 1);
    // A local directory works as for any input, and needs no second download of the service.
    let downloads = sandbox.audit().requests("GET", ".webm");
    s3.run(&home, &sandbox, &["run", "s3://clips/in/a.mp4", "-o", "here/"]).ends_with(0);
    assert_eq!(home.files(), ["here/a-nobg.webm"]);
    assert_eq!(sandbox.audit().bills(), 1);
    assert_eq!(sandbox.audit().requests("GET", ".webm"), downloads);
}

#[test]
fn with_its_hash_an_object_is_the_same_input_as_a_file() {
    let (s3, sandbox) = (S3::start(), Sandbox::quick());
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    s3.put("in/copy.mp4", &clip());
    let args = ["run", "--hash", "s3://clips/in/copy.mp4", "-o", "s3://clips/out/"];
    s3.run(&home, &sandbox, &args).ends_with(0);
    assert_eq!(s3.keys(), ["in/copy.mp4", "out/copy-nobg.webm"]);
    let local = std::fs::read(home.work().join("a-nobg.webm")).unwrap();
    assert_eq!(std::fs::read(s3.object("out/copy-nobg.webm")).unwrap(), local);
    assert_eq!((sandbox.audit().uploads(), sandbox.audit().bills()), (1, 1));
    let local = ["run", "a.mp4", "-o", "s3://clips/one.webm"];
    let put = s3.run(&home, &sandbox, &local).ends_with(0);
    assert_eq!(put.lines(), ["s3://clips/one.webm"]);
    assert_eq!(sandbox.audit().bills(), 1);
}

/// The content of every file below `directory`.
fn everything_in(directory: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(everything_in(&path));
        } else {
            all.extend(std::fs::read(path).unwrap_or_default());
        }
    }
    all
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn a_signed_url_is_sent_instead_of_the_bytes_and_kept_nowhere() {
    let s3 = S3::start();
    let sandbox = Sandbox::start(&["--timer", "100ms", "--allow-private-fetch"]);
    s3.put("in/a b#ü%41.mp4", &clip());
    let home = Home::with(&sandbox);
    let args =
        ["run", "--json", "--by-url", "s3://clips/in/a b#ü%41.mp4", "--report", "report.html"];
    let done = Ran::of(home.keyed(&sandbox).envs(s3.vars()).env("RBGV_LOG", "trace").args(args))
        .ends_with(0);
    let audit = sandbox.audit();
    assert_eq!((audit.uploads(), audit.bills()), (0, 1), "{}", done.stderr);
    assert_eq!(s3.requests("GET /clips/in/a%20b%23%C3%BC%2541.mp4?"), 1, "the service fetched it");
    let job = done.json().iter().find_map(|line| line["job"].as_str().map(ToOwned::to_owned));
    let job = job.unwrap();
    let status = s3.run(&home, &sandbox, &["status", "--json", &job]);
    let logs = s3.run(&home, &sandbox, &["logs", "--json", &job]);
    let kept = [
        everything_in(&home.path("")),
        done.stdout.into_bytes(),
        done.stderr.into_bytes(),
        format!("{status:?}{logs:?}").into_bytes(),
    ]
    .concat();
    assert!(contains(&kept, "s3://clips/in/a b#ü%41.mp4"));
    for secret in ["X-Amz-Signature", "x-amz-signature", "X-Amz-Credential", SECRET_KEY] {
        assert!(!contains(&kept, secret), "{secret}");
    }
}

#[test]
fn bytes_are_sent_where_the_service_does_not_take_the_url() {
    let (s3, sandbox) = (S3::start(), Sandbox::quick());
    s3.put("in/a.mp4", &clip());
    s3.put("in/b.mp4", &other_clip(1));
    // Refused when the job is created: free, and the bytes follow by themselves.
    sandbox.scenario(
        "[[fault]]\non = \"POST /v1/jobs\"\nnth = 1\n\
         do = { answer = { status = 400, code = \"invalid_request\" } }\n",
    );
    let home = Home::with(&sandbox);
    s3.run(&home, &sandbox, &["run", "--by-url", "s3://clips/in/a.mp4"]).ends_with(0);
    let audit = sandbox.audit();
    assert_eq!((audit.uploads(), audit.starts(), audit.bills()), (1, 1, 1));
    // Refused when it is fetched: the job has failed, and only a permitted new attempt follows.
    let failed = s3.run(&home, &sandbox, &["run", "--by-url", "s3://clips/in/b.mp4"]).ends_with(6);
    assert!(failed.stderr.contains("--retry-failed 1"), "{}", failed.stderr);
    assert_eq!(sandbox.audit().starts(), 2);
    let args = ["run", "--by-url", "--retry-failed", "1", "s3://clips/in/b.mp4"];
    s3.run(&home, &sandbox, &args).ends_with(0);
    assert_eq!((sandbox.audit().uploads(), sandbox.audit().starts()), (2, 3));
}

#[test]
fn failures_name_the_object_and_a_next_command_and_no_secret() {
    let (s3, sandbox) = (S3::start(), Sandbox::quick());
    s3.put("in/a.mp4", &clip());
    let home = Home::with(&sandbox);
    // (arguments, exit code, texts)
    let table: [(&[&str], i32, &[&str]); 7] = [
        (
            &["run", "s3://clips/in/x.mp4"],
            2,
            &["s3://clips/in/x.mp4", "no such object", "rbgv run"],
        ),
        (&["run", "s3://clips/none/"], 2, &["s3://clips/none/", "no such objects"]),
        (&["run", "s3://nowhere/in/"], 2, &["no bucket nowhere"]),
        (&["run", "s3://clips/in//a.mp4"], 2, &["empty part"]),
        (&["run", "s3://clips/in/*.mov"], 2, &["s3://clips/in/*.mov"]),
        (&["run", "s3://clips/in/a.mp4", "-o", "s3://clips//x/"], 2, &["-o", "empty part"]),
        (&["run", "--watch", "s3://clips/in/"], 2, &["--watch needs a directory"]),
    ];
    for (args, code, texts) in table {
        let message = s3.run(&home, &sandbox, args).ends_with(code);
        for text in texts {
            assert!(message.stderr.contains(text), "{args:?}: {text}\n{}", message.stderr);
        }
    }
    s3.refuse(Some(|method, path| method == "POST" || method == "PUT" && path.contains("-nobg")));
    let denied = s3.run(&home, &sandbox, &["run", "s3://clips/in/a.mp4"]);
    assert!(denied.code != 0 && denied.stderr.contains("AccessDenied"), "{denied:?}");
    assert!(denied.stderr.contains("s3://clips/in/a-nobg.webm"), "{denied:?}");
    s3.refuse(None);
    let wrong = Ran::of(
        home.keyed(&sandbox)
            .env("AWS_ENDPOINT_URL", &s3.url)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", "planted-and-wrong")
            .args(["run", "s3://clips/in/"]),
    )
    .says("SignatureDoesNotMatch")
    .says("rbgv help storage");
    assert!(!wrong.stderr.contains("planted"), "{}", wrong.stderr);
    let audit = sandbox.audit();
    assert_eq!((audit.uploads(), audit.creates(), audit.bills()), (0, 0, 0));
}

#[test]
fn an_output_that_cannot_be_written_is_kept_and_costs_nothing_more() {
    let (s3, sandbox) = (S3::start(), Sandbox::quick());
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    s3.refuse(Some(|method, path| method == "PUT" && path.contains("-nobg")));
    let message = s3.run(&home, &sandbox, &["run", "a.mp4", "-o", "s3://clips/out/"]);
    assert!(
        message.code != 0 && message.stderr.contains("s3://clips/out/a-nobg.webm"),
        "{message:?}"
    );
    assert_eq!(std::fs::read_dir(home.path("state/spool")).unwrap().count(), 1);
    s3.refuse(None);
    let resumed = s3.run(&home, &sandbox, &["resume"]).ends_with(0);
    assert_eq!(resumed.lines(), ["s3://clips/out/a-nobg.webm"]);
    assert_eq!(sandbox.audit().bills(), 1);
    assert_eq!(std::fs::read_dir(home.path("state/spool")).unwrap().count(), 0);
    let job = home.run(&sandbox, &["status", "--json"]).stdout;
    let job = job.split("\"job\":\"").nth(1).and_then(|rest| rest.split('"').next());
    if let Some(job) = job {
        s3.run(&home, &sandbox, &["fetch", job, "-o", "s3://clips/fetched/"]).ends_with(0);
        assert!(s3.object("fetched/a-nobg.webm").exists());
    }
}

#[test]
fn large_outputs_are_written_in_parts_and_never_over_others() {
    const SIZE: u64 = (20 << 20) + 7;
    let s3 = S3::start();
    let stores = stores_with(&s3.vars());
    let mut file = tempfile::tempfile().unwrap();
    let bytes: Vec<u8> = (0..SIZE).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[2]).collect();
    file.write_all(&bytes).unwrap();
    let tag = |sha256: &str| OutputTag { sha256: sha256.into(), content_key: "k".into() };
    let new = |file: &File, size, sha256: &str| NewObject {
        file: Arc::new(file.try_clone().unwrap()),
        size,
        content_type: "video/webm",
        tag: tag(sha256),
    };
    let (out, never) = (url("s3://clips/out/large.webm"), CancellationToken::new());
    block_on(async {
        stores.check_writable(&out).await.unwrap();
        assert_eq!(stores.head(&out).await, Ok(None), "the check writes nothing");
        stores.write(&out, &new(&file, SIZE, "aa"), false, &never).await.unwrap();
        let head = stores.head(&out).await.unwrap().unwrap();
        assert_eq!((head.object.size, head.tag), (SIZE, Some(tag("aa"))));
        let read: Vec<bytes::Bytes> =
            stores.read(&head.object).await.unwrap().try_collect().await.unwrap();
        assert!(read.concat() == bytes);
        stores.write(&out, &new(&file, SIZE, "aa"), false, &never).await.unwrap();
        for size in [SIZE, 100] {
            let refused = stores.write(&out, &new(&file, size, "bb"), false, &never).await;
            let refused = refused.unwrap_err();
            assert_eq!(refused.kind, FailureKind::Local);
            assert!(refused.next.unwrap().contains("--overwrite"));
        }
        stores.write(&out, &new(&file, 100, "bb"), true, &never).await.unwrap();
        let changed = stores.read(&head.object).await.err().unwrap();
        assert!(changed.why.contains("changed"), "{changed}");
        let stop = CancellationToken::new();
        stop.cancel();
        let stopped = stores.write(&out, &new(&file, SIZE, "cc"), true, &stop).await.unwrap_err();
        assert_eq!(stopped.kind, FailureKind::Interrupted);
        assert_eq!(stores.head(&out).await.unwrap().unwrap().object.size, 100);
        s3.refuse(Some(|method, _| method == "POST"));
        let refused = stores.check_writable(&out).await.unwrap_err();
        assert_eq!(refused.kind, FailureKind::Unwritable);
    });
}

#[test]
fn long_lists_are_read_by_pages_and_videos_by_blocks() {
    let s3 = S3::start();
    for number in 0..1_100 {
        s3.put(&format!("many/{number:04}.mp4"), b"x");
    }
    let far = [&clip()[..], b"\0\x08\0\0free", &vec![0; (8 << 16) - 8]].concat();
    s3.put("far.mp4", &far);
    let stores = stores_with(&s3.vars());
    block_on(async {
        let (mut next, mut all, mut pages) = (None, Vec::<StoredObject>::new(), 0);
        loop {
            let page = stores.page(&url("s3://clips/many/"), false, next).await.unwrap();
            all.extend(page.objects);
            pages += 1;
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!((all.len(), pages), (1_100, 2));
        assert!(all.is_sorted_by_key(|object| object.url.key.clone()));
        let top = stores.page(&url("s3://clips"), false, None).await.unwrap();
        assert_eq!((top.objects.len(), top.folders), (1, 1));
        let video = stores.inspect(&top.objects[0]).await.unwrap();
        assert!((video.duration.unwrap() - 2.0).abs() < 1.0, "{video:?}");
        assert!(s3.requests("GET /clips/far.mp4") <= 4);
    });
}
