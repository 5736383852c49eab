//! `rbgv usage`: figures, alarms, and the audit, in every form that a service may answer.

use serde_json::Value;

use crate::support::{Home, Ran, Sandbox};

const NAMES: [&str; 4] = ["plain", "short", "camel", "nested"];

fn usage(names: &str, events: &str) -> String {
    format!("[usage]\nnames = \"{names}\"\nevents = \"{events}\"\n")
}

fn audit(home: &Home, sandbox: &Sandbox) -> Ran {
    home.run(sandbox, &["usage", "--reconcile", "--lag", "0", "--json"])
}

fn differences(ran: &Ran) -> Vec<String> {
    let document = ran.json().remove(0);
    let all = document["differences"].as_array().unwrap().iter();
    all.map(|difference| difference["difference"].as_str().unwrap().to_owned()).collect()
}

/// A home with one finished job.
fn with_a_job(sandbox: &Sandbox) -> Home {
    let home = Home::with(sandbox);
    home.clip("a.mp4");
    home.run(sandbox, &["run", "a.mp4", "--tag", "team=blue"]).ends_with(0);
    home
}

fn job(home: &Home) -> String {
    let reported = home.run_alone(&["logs", "a.mp4", "--json"]).ends_with(0);
    reported.json()[0]["job"].as_str().unwrap().to_owned()
}

#[test]
fn figures_are_found_under_every_naming() {
    let sandbox = Sandbox::quick();
    let home = with_a_job(&sandbox);
    for names in NAMES {
        sandbox.scenario(&usage(names, "charges"));
        let shown = home.run(&sandbox, &["usage", "--events", "--json"]).ends_with(0);
        let document: Value = shown.json().remove(0);
        assert_eq!(document["jobs"], 1, "{names}: {document}");
        assert_eq!(document["credits_used"], 2.0, "{names}: {document}");
        assert_eq!(document["by_day"][0]["credits"], 2.0, "{names}: {document}");
        assert_eq!(document["events"][0]["credits"], 2.0, "{names}: {document}");
        assert_eq!(document["events"][0]["job"], job(&home), "{names}: {document}");
        assert!(document["summary"].is_object(), "{names}: the whole answer is kept");
        let text = home.run(&sandbox, &["usage"]).ends_with(0).stdout;
        assert!(text.contains("2.00 credits") && text.contains('█'), "{names}: {text}");
    }
}

#[test]
fn an_audit_matches_every_charge_under_every_naming() {
    let sandbox = Sandbox::quick();
    let home = with_a_job(&sandbox);
    for names in NAMES {
        for events in ["charges", "all"] {
            sandbox.scenario(&usage(names, events));
            let document = audit(&home, &sandbox).ends_with(0).json().remove(0);
            assert_eq!(document["verdict"], "matched", "{names}/{events}: {document}");
            assert_eq!(document["basis"], "charges", "{names}/{events}: {document}");
            assert_eq!(document["matched_credits"], 2.0, "{names}/{events}: {document}");
        }
        for events in ["anonymous", "daily"] {
            sandbox.scenario(&usage(names, events));
            let document = audit(&home, &sandbox).ends_with(0).json().remove(0);
            assert_eq!(document["verdict"], "unproven", "{names}/{events}: {document}");
            assert_eq!(document["basis"], "nothing", "{names}/{events}: {document}");
            let text = home.run(&sandbox, &["usage", "--reconcile"]).ends_with(0).stdout;
            assert!(!text.contains("all matched"), "{names}/{events}: {text}");
            assert!(text.contains("could not be checked"), "{names}/{events}: {text}");
        }
    }
    let by_model = home.run_alone(&["usage", "--by", "model", "--json"]).ends_with(0);
    assert_eq!(by_model.json()[0]["groups"][0]["credits"], 2.0);
}

#[test]
fn an_audit_names_charges_that_are_not_ours() {
    let sandbox = Sandbox::quick();
    let home = with_a_job(&sandbox);
    let elsewhere = Home::with(&sandbox);
    elsewhere.variant("b.mp4", 1);
    elsewhere.run(&sandbox, &["run", "b.mp4"]).ends_with(0);
    for names in NAMES {
        sandbox.scenario(&usage(names, "charges"));
        let found = audit(&home, &sandbox).ends_with(11);
        assert_eq!(differences(&found), ["not_ours"], "{names}");
    }
    let text = home.run(&sandbox, &["usage", "--reconcile"]).ends_with(11).stdout;
    assert!(text.contains("1 difference"), "{text}");
    let csv = home.run(&sandbox, &["usage", "--reconcile", "--csv"]).ends_with(11);
    assert!(csv.lines()[1].starts_with("not_ours,"), "{}", csv.stdout);
}

#[test]
fn an_audit_names_a_job_that_was_charged_twice() {
    let sandbox = Sandbox::with("[jobs]\nsecond_start = \"again\"");
    let home = with_a_job(&sandbox);
    let (status, body) = sandbox.http("POST", &format!("/v1/jobs/{}/start", job(&home)), "{}");
    assert_eq!(status, 200, "{body}");
    let found = audit(&home, &sandbox).ends_with(11);
    assert_eq!(differences(&found), ["charged_twice"]);
}

#[test]
fn an_audit_names_another_amount() {
    let sandbox = Sandbox::with(
        "[[fault]]\non = \"GET /api/pricing\"\n\
         do = { set = { model_pricing_credits_per_minute = { original = 30 } } }",
    );
    let home = with_a_job(&sandbox);
    let found = audit(&home, &sandbox).ends_with(11);
    assert_eq!(differences(&found), ["other_amount"]);
}

#[test]
fn usage_that_lags_is_fetched_again() {
    let sandbox = Sandbox::with("[usage]\nlag = \"1h\"");
    let home = with_a_job(&sandbox);
    let missing = audit(&home, &sandbox).ends_with(11);
    assert_eq!(differences(&missing), ["not_charged"]);
    sandbox.scenario("[usage]\nlag = \"4s\"");
    let found = home.run(&sandbox, &["usage", "--reconcile", "--lag", "60s"]).ends_with(0);
    assert!(found.stdout.contains("all matched"), "{}", found.stdout);
}

#[test]
fn budgets_ring() {
    let sandbox = Sandbox::quick();
    let home = with_a_job(&sandbox);
    home.run(&sandbox, &["usage", "--budget", "100"]).ends_with(0);
    home.run(&sandbox, &["usage", "--budget", "1.5"]).ends_with(10).says("budget");
    let ledger = home.run_alone(&["usage", "--by", "day", "--budget", "1.5", "--json"]);
    assert_eq!(ledger.ends_with(10).json()[0]["budget"]["exceeded"], true);
    home.run(&sandbox, &["usage", "--budget", "-1"]).ends_with(2);
}

#[test]
fn the_ledger_groups_without_a_key_and_without_the_service() {
    let sandbox = Sandbox::quick();
    let home = with_a_job(&sandbox);
    drop(sandbox);
    for (by, name) in [("model", "original"), ("tag", "team=blue"), ("profile", "test")] {
        let grouped = home.run_alone(&["usage", "--by", by, "--json"]).ends_with(0);
        let document: Value = grouped.json().remove(0);
        assert_eq!(document["groups"][0][by], name, "{document}");
        assert_eq!(document["groups"][0]["credits_per_output"], 2.0, "{document}");
    }
    let csv = home.run_alone(&["usage", "--by", "tag", "--csv"]).ends_with(0);
    let heads = "tag,jobs,completed,failed,credits,unpriced,credits_per_output,charged,estimated";
    assert_eq!(csv.lines()[0], heads);
    assert_eq!(csv.lines()[1], "team=blue,1,1,0,2,0,2,0,2");
    home.run_alone(&["usage", "--by", "day", "--csv", "--json"]).ends_with(2);
}

/// The ledger, to make it say what it should not.
fn in_the_ledger(home: &Home, sql: &str) {
    let db = rusqlite::Connection::open(home.path("state/ledger.sqlite3")).unwrap();
    assert!(db.execute(sql, []).unwrap() > 0, "{sql}");
}

#[test]
fn a_second_bill_is_shown_as_asked_for_or_is_a_difference() {
    let sandbox = Sandbox::quick();
    let home = with_a_job(&sandbox);
    home.run(&sandbox, &["run", "a.mp4", "--again", "--overwrite"]).ends_with(0);
    let document = audit(&home, &sandbox).ends_with(0).json().remove(0);
    assert_eq!((&document["verdict"], &document["matched"]), (&"matched".into(), &2.into()));
    assert_eq!(document["asked_again"], 1, "{document}");
    let text = home.run(&sandbox, &["usage", "--reconcile"]).ends_with(0).stdout;
    assert!(text.contains("a.mp4: charged once more") && text.contains("--again"), "{text}");
    assert!(text.contains("except on request (1)"), "{text}");
    // The proof is the ledger's, and nothing else is.
    in_the_ledger(&home, "UPDATE attempts SET rerun_reason = NULL WHERE number = 2");
    let found = audit(&home, &sandbox).ends_with(11);
    assert_eq!(differences(&found), ["second_attempt"]);
    home.run_alone(&["explain", "second_attempt"]).ends_with(0);
}

#[test]
fn a_failed_second_attempt_does_not_pay_for_a_third() {
    let sandbox = Sandbox::quick();
    let home = with_a_job(&sandbox);
    sandbox.scenario(
        "[[fault]]\non = \"POST /v1/jobs\"\ndo = { answer = { status = 422, message = \"no\" } }\n",
    );
    home.run(&sandbox, &["run", "a.mp4", "--again", "--overwrite"]).ends_with(6);
    sandbox.scenario("");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 1, "the output is there, and paid for");
}

#[test]
fn an_audit_without_a_second_source_claims_nothing() {
    let sandbox = Sandbox::quick();
    let home = with_a_job(&sandbox);
    // A list without a count of events, and a summary without a figure.
    sandbox.scenario(
        "[usage]\nnames = \"short\"\n[[fault]]\non = \"GET /v1/usage/summary\"\n\
         do = { drop = [\"credits\", \"by_day\"] }\n",
    );
    let document = audit(&home, &sandbox).ends_with(0).json().remove(0);
    assert_eq!(document["verdict"], "unproven", "{document}");
    let text = home.run(&sandbox, &["usage", "--reconcile"]).ends_with(0).stdout;
    assert!(text.contains("may be incomplete") && !text.contains("all matched"), "{text}");
    home.run(&sandbox, &["usage", "--reconcile", "--strict"]).ends_with(11);
    home.run(&sandbox, &["usage", "--strict"]).ends_with(2);
    home.run(&sandbox, &["usage", "--budget", "5"]).ends_with(11).says("does not report");
    // One that is unavailable is not called agreement either.
    sandbox
        .scenario("[[fault]]\non = \"GET /v1/usage/events\"\ndo = { answer = { status = 404 } }\n");
    let failed = home.run(&sandbox, &["usage", "--reconcile", "--lag", "0"]);
    assert!(failed.code != 0 && !failed.stdout.contains("matched"), "{failed:?}");
}

#[test]
fn an_incomplete_page_of_events_is_reported() {
    let sandbox = Sandbox::quick();
    let home = with_a_job(&sandbox);
    sandbox.scenario("[[fault]]\non = \"GET /v1/usage/events\"\ndo = { set = { total = 500 } }\n");
    let document = audit(&home, &sandbox).ends_with(0).json().remove(0);
    assert_eq!(document["verdict"], "unproven", "{document}");
    assert!(document["unchecked"].to_string().contains("latest 1 of 500 events"), "{document}");
    let csv = home.run(&sandbox, &["usage", "--reconcile", "--csv", "--lag", "0"]).ends_with(0);
    assert_eq!(csv.lines(), ["difference,job,input,day,charged,expected"]);
    assert!(csv.stderr.contains("not checked") && csv.stderr.contains("not everything"));
}

#[test]
fn figures_that_differ_for_a_while_are_fetched_again() {
    let sandbox = Sandbox::quick();
    let home = with_a_job(&sandbox);
    sandbox.scenario(
        "[[fault]]\non = \"GET /v1/usage/summary\"\nnth = 1\ndo = { set = { credits_used = 9.5 } }\n",
    );
    let found = home.run(&sandbox, &["usage", "--reconcile", "--lag", "60s"]).ends_with(0);
    assert!(found.stdout.contains("all matched"), "{}", found.stdout);
    assert!(found.stderr.contains("checking again"), "{}", found.stderr);
}

#[test]
fn what_a_service_says_moves_no_cursor_and_shows_no_key() {
    let sandbox = Sandbox::quick();
    let home = with_a_job(&sandbox);
    sandbox.scenario(
        "[[fault]]\non = \"GET /v1/usage/events\"\ndo = { set = { items = [\
         { job_id = \"\\u001b[2Jx\", type = \"=cmd()\", credits = 1, api_key = \"sk-planted\", \
         link = \"https://c.example/a?sig=planted\" }] } }\n\
         [[fault]]\non = \"GET /v1/usage/summary\"\n\
         do = { set = { api_key = \"sk-planted\", daily = [{ date = \"\\u001b[31m\", credits = 2 }] } }\n",
    );
    for form in
        [&["--events"][..], &["--events", "--json"], &["--events", "--csv"], &["--csv"], &[]]
    {
        let ran = home.run(&sandbox, &[&["usage"], form].concat()).ends_with(0);
        assert!(!ran.stdout.contains('\u{1b}'), "{form:?}: {}", ran.stdout);
        assert!(!ran.stdout.contains("planted"), "{form:?}: {}", ran.stdout);
        assert!(!ran.stdout.contains(",=cmd"), "{form:?}: {}", ran.stdout);
    }
    let ran = audit(&home, &sandbox).ends_with(11);
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains("planted"), "{}", ran.stdout);
}

#[test]
fn jobs_that_were_only_fetched_are_not_counted_as_spending() {
    let sandbox = Sandbox::quick();
    let home = with_a_job(&sandbox);
    let elsewhere = Home::with(&sandbox);
    elsewhere.run(&sandbox, &["fetch", &job(&home)]).ends_with(0);
    let by_day = elsewhere.run_alone(&["usage", "--by", "day", "--json"]).ends_with(0);
    assert_eq!(by_day.json()[0]["total"]["jobs"], 0);
    let audited = audit(&elsewhere, &sandbox).ends_with(0).json().remove(0);
    assert_eq!((&audited["verdict"], &audited["matched"]), (&"matched".into(), &1.into()));
}

#[test]
fn a_budget_alarm_fires_when_prices_are_unknown() {
    let sandbox = Sandbox::quick();
    let home = with_a_job(&sandbox);
    in_the_ledger(&home, "UPDATE attempts SET estimate = NULL");
    let by_day = ["usage", "--by", "day", "--budget", "100", "--json"];
    let rung = home.run_alone(&by_day).ends_with(10).says("may be exceeded");
    assert_eq!(rung.json()[0]["budget"]["unpriced"], 1);
    // The audit records what it was charged.
    audit(&home, &sandbox).ends_with(0);
    home.run_alone(&by_day).ends_with(0);
}

#[test]
fn a_command_that_fails_as_a_whole_says_so_in_json() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let mut usage = home.command();
    let failed =
        Ran::of(usage.env("TEST_KEY", "sk-planted").args(["usage", "--json"])).ends_with(3);
    let error = &failed.json()[0]["error"];
    assert_eq!((&error["status"], &error["exit_code"]), (&401.into(), &3.into()), "{error}");
    assert!(!failed.stdout.contains("planted"));
    let mut check = home.command();
    check.env("TEST_KEY", "sk-planted").args(["profile", "check", "--json"]);
    let checked = Ran::of(&mut check).ends_with(3).json().remove(0);
    assert_eq!(checked["checks"][3]["failure"]["status"], 401, "{checked}");
}
