//! What `--json` prints is what `docs/schema/` says: every key of every document.

use std::path::Path;

use serde_json::Value;

use crate::support::{Home, Ran, Sandbox};

fn schema(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The first reason why `value` is not what `schema` describes. Keys that a schema does not name are
/// mistakes, too.
fn mismatch(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(target) = schema["$ref"].as_str() {
        let named = root.pointer(target.trim_start_matches('#')).unwrap();
        return mismatch(root, named, value, at);
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array() {
            let reasons: Vec<String> =
                choices.iter().filter_map(|choice| mismatch(root, choice, value, at)).collect();
            if reasons.len() == choices.len() {
                return Some(format!("{at} is none of {}: {}", choices.len(), reasons.join("; ")));
            }
        }
    }
    if let Some(constant) = schema.get("const").filter(|constant| *constant != value) {
        return Some(format!("{at} is {value}, not {constant}"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = |allowed: &Value| allowed == kind || (allowed == "number" && kind == "integer");
    let allowed = match &schema["type"] {
        Value::Null => true,
        Value::Array(all) => all.iter().any(fits),
        one => fits(one),
    };
    if !allowed {
        return Some(format!("{at} is {kind}, not {}", schema["type"]));
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        return values
            .iter()
            .enumerate()
            .find_map(|(number, value)| mismatch(root, items, value, &format!("{at}[{number}]")));
    }
    let object = value.as_object()?;
    let required = schema["required"].as_array().into_iter().flatten();
    let missing = required.filter_map(Value::as_str).find(|key| !object.contains_key(*key));
    if let Some(key) = missing {
        return Some(format!("{at} lacks {key}"));
    }
    let (properties, others) =
        (schema["properties"].as_object(), schema.get("additionalProperties"));
    if properties.is_none() && others.is_none() {
        return None;
    }
    object.iter().find_map(|(key, value)| {
        let below = format!("{at}.{key}");
        match properties.and_then(|known| known.get(key)).or(others) {
            Some(schema) if schema == &Value::Bool(true) => None,
            Some(schema) => mismatch(root, schema, value, &below),
            None => Some(format!("{below} is not in the schema")),
        }
    })
}

/// Asserts that every line of standard output fits.
#[track_caller]
fn fits(ran: &Ran, name: &str) {
    let schema = schema(name);
    let lines = ran.json();
    assert!(!lines.is_empty(), "{name}: nothing was printed\n{}", ran.stderr);
    for line in lines {
        if let Some(why) = mismatch(&schema, &schema, &line, name) {
            panic!("{why}\n{line:#}");
        }
    }
}

#[test]
fn documents_of_jobs_and_batches_fit_their_schemas() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    std::fs::write(home.work().join("text.mp4"), "no video").unwrap();
    let json = |args: &[&str], code: i32, name: &str| {
        let ran = home.run(&sandbox, &[args, &["--json"]].concat()).ends_with(code);
        fits(&ran, name);
        ran
    };
    json(&["run", "a.mp4", "--dry-run"], 0, "run-dry-run");
    json(&["run", ".", "-v", "--tag", "who=me"], 1, "run");
    json(&["run", "a.mp4"], 0, "run");
    json(&["upload", "a.mp4", "--again"], 0, "upload");
    json(&["run", "no-such-file.mp4"], 2, "error");
    json(&["status"], 0, "status");
    json(&["status", "--limits"], 0, "status-limits");
    json(&["status", "--remote"], 0, "status-job");
    let logs = json(&["logs", "a.mp4"], 0, "logs");
    let job = logs.json()[0]["job"].as_str().unwrap().to_owned();
    json(&["status", &job], 0, "status-job");
    json(&["report"], 0, "report");
    json(&["open", &job], 0, "open");
    sandbox.scenario(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\ndo = { answer = { status = 402 } }\n",
    );
    home.variant("b.mp4", 1);
    json(&["run", "b.mp4"], 4, "run");
    json(&["status"], 0, "status");
    json(&["usage", "--events", "--budget", "0.5"], 10, "usage");
    json(&["usage", "--by", "tag"], 0, "usage-by");
    json(&["usage", "--reconcile"], 0, "usage-reconcile");
    json(&["smoke-test", "--only", "health,authentication"], 0, "smoke-test");
}

#[test]
fn documents_of_profiles_keys_and_the_program_fit_their_schemas() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let json = |args: &[&str], code: i32, name: &str| {
        let mut command = home.keyed(&sandbox);
        command.env("RBGV_ADMIN_TOKEN", &sandbox.admin_token).args(args).arg("--json");
        let ran = Ran::of(&mut command).ends_with(code);
        fits(&ran, name);
        ran
    };
    json(&["config", "show"], 0, "config-show");
    json(&["config", "path"], 0, "config-path");
    json(&["config", "get", "profiles.test.timing.settle"], 0, "config-get");
    json(&["config", "set", "profiles.test.timing.settle", "3s"], 0, "config-set");
    json(&["profile", "list"], 0, "profile-list");
    json(&["profile", "check"], 0, "profile-check");
    json(&["profile", "add", "other", "--key-env", "TEST_KEY", "--no-check"], 0, "profile-add");
    json(&["profile", "rotate", "--status"], 2, "error");
    let made = json(&["keys", "create", "team"], 0, "keys-create");
    let fingerprint = made.json()[0]["key_fingerprint"].as_str().unwrap().to_owned();
    json(&["keys", "disable", &fingerprint], 0, "keys-switch");
    json(&["keys", "list"], 0, "keys-list");
    json(&["doctor"], 0, "doctor");
    json(&["explain"], 0, "explain");
    json(&["version"], 0, "version");
    json(&["model", "list"], 0, "model");
    std::fs::write(home.work().join("headers"), "X-Webhook-Signature: sha256=00\n").unwrap();
    std::fs::write(home.work().join("body"), "{}").unwrap();
    std::fs::write(home.work().join("secret"), "whsec").unwrap();
    let verify =
        ["listen", "verify", "--headers", "headers", "--body", "body", "--secret-file", "secret"];
    json(&verify, 10, "listen-verify");
}

#[test]
fn a_schema_refuses_what_it_does_not_describe() {
    let schema = schema("version");
    let good = serde_json::json!({
        "version": "1", "commit": null, "target": "t", "features": ["a"], "contract": "c",
    });
    assert_eq!(mismatch(&schema, &schema, &good, "version"), None);
    for (key, value) in [("version", Value::Null), ("features", "a".into()), ("more", 1.into())] {
        let mut wrong = good.clone();
        wrong[key] = value;
        assert!(mismatch(&schema, &schema, &wrong, "version").is_some(), "{key}");
    }
    let mut less = good.clone();
    less.as_object_mut().unwrap().remove("commit");
    assert!(mismatch(&schema, &schema, &less, "version").is_some());
}

#[test]
fn lists_are_printed_field_by_field() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a b.mp4");
    home.run(&sandbox, &["run", "."]).ends_with(0);
    let run = |args: &[&str]| home.run(&sandbox, args);
    let printed = |args: &[&str]| run(args).ends_with(0).stdout;
    assert_eq!(printed(&["status", "--fields", "batch,done,failed"]), "1\t1\t0\n");
    assert_eq!(printed(&["status", "--template", "{batch}: {{{done}}}"]), "1: {1}\n");
    assert_eq!(printed(&["profile", "list", "--fields", "name,active"]), "test\ttrue\n");
    let outputs = printed(&["logs", "a b.mp4", "--fields", "input,state,size"]);
    assert!(outputs.contains("a b.mp4\tdone\t"), "{outputs}");
    assert_eq!(
        printed(&["usage", "--by", "model", "--template", "{model}={jobs}"]),
        "original=1\n"
    );
    run(&["status", "--fields", "nothing"]).ends_with(2).says("known: batch, made_at");
    run(&["status", "--template", "{batch"]).ends_with(2);
    run(&["status", "--fields", "batch", "--json"]).ends_with(2);
}
