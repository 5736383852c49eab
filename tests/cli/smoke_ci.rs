//! `docs/smoke-test.md` and `docs/ci/`: their files can be parsed, and their commands typed.

use std::path::PathBuf;
use std::process::Command;

use yaml_rust2::{Yaml, YamlLoader};

use crate::support::{Home, RBGV, Ran, Sandbox};

fn page(below: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(below)
}

fn text(below: &str) -> String {
    std::fs::read_to_string(page(below)).unwrap()
}

fn yaml(below: &str) -> Yaml {
    YamlLoader::load_from_str(&text(below)).unwrap().remove(0)
}

/// Asserts that the program takes this command line.
fn accepted(line: &str) {
    let line = line.split(" #").next().unwrap().split('>').next().unwrap();
    let words = line.split_whitespace().filter(|word| *word != "\"$@\"");
    let words = words.map(|word| if word == "\"$budget\"" { "5" } else { word });
    if let Err(error) = rbgv::cli::command().try_get_matches_from(words) {
        panic!("{line}\n{error}");
    }
}

#[test]
fn every_command_of_the_page_is_accepted() {
    let page = text("smoke-test.md");
    let commands: Vec<&str> =
        page.lines().filter(|line| line.starts_with("rbgv smoke-test")).collect();
    assert!(commands.len() >= 6, "{commands:?}");
    commands.into_iter().for_each(accepted);
}

#[test]
fn every_stage_is_on_the_page() {
    let page = text("smoke-test.md");
    for stage in rbgv::model::smoke::SmokeStage::named() {
        assert!(page.contains(&format!("| `{stage}` |")), "{stage}");
    }
}

#[test]
fn the_workflows_are_yaml_whose_commands_are_accepted() {
    let github = yaml("ci/github.yml");
    let steps = github["jobs"]["smoke-test"]["steps"].as_vec().unwrap();
    let runs: Vec<&str> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
    let smoke: Vec<&str> = runs.iter().copied().filter(|run| run.starts_with("rbgv ")).collect();
    assert_eq!(smoke.len(), 1, "{runs:?}");
    accepted(smoke[0]);
    let when = github["jobs"]["smoke-test"]["if"].as_str().unwrap();
    assert!(when.ends_with("deployment_status.state == 'success'"), "{when}");
    // Outputs that are read are outputs that are written.
    for run in runs {
        for name in run.split("steps.smoke.outputs.").skip(1) {
            let name = name.split(' ').next().unwrap();
            assert!(["verdict", "exit-code", "failed", "message"].contains(&name), "{name}");
        }
    }
    assert!(steps.iter().any(|step| step["id"].as_str() == Some("smoke")), "outputs need an id");

    let gitlab = yaml("ci/gitlab-ci.yml");
    let job = &gitlab["smoke-test"];
    accepted(job["script"][0].as_str().unwrap());
    assert_eq!(job["artifacts"]["reports"]["junit"].as_str(), Some("smoke.xml"));
}

#[test]
fn the_script_names_who_is_responsible() {
    accepted(text("ci/smoke.sh").lines().find(|line| line.starts_with("rbgv ")).unwrap());
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let bin = std::path::Path::new(RBGV).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let run = |flags: &str| {
        let mut command = Command::new("sh");
        for (name, value) in home.keyed(&sandbox).get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command.arg(page("ci/smoke.sh")).args(flags.split(' ')).env("PATH", &path);
        Ran::of(command.current_dir(home.work()))
    };
    let well = run("--only free").ends_with(0);
    assert_eq!(well.stdout, "smoke test: well\n");
    assert!(home.work().join("smoke.json").exists());
    sandbox.scenario("[[fault]]\non = \"GET /health\"\ndo = { delay_answer = \"3500ms\" }\n");
    run("--only health").ends_with(0).says("slow");
    sandbox.scenario("[[fault]]\non = \"GET /health\"\ndo = { answer = { status = 503 } }\n");
    run("--only health").ends_with(5).says("down");
    sandbox
        .scenario("[[fault]]\non = \"POST /v1/jobs/*/start\"\ndo = { fail_job = \"no luck\" }\n");
    run("--only success").ends_with(6).says("failed at the service");
}
