//! The Debian package, and the files of `docs/packaging` and `.github`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "end-to-end tests: real programs, and a failed unwrap is a failed test"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use yaml_rust2::{Yaml, YamlLoader};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn path(below: &str) -> PathBuf {
    Path::new(ROOT).join(below)
}

fn text(below: &str) -> String {
    std::fs::read_to_string(path(below)).unwrap()
}

fn yaml(below: &str) -> Yaml {
    YamlLoader::load_from_str(&text(below)).unwrap().remove(0)
}

/// Runs to the end, and returns standard output.
fn ran(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    stdout
}

fn cargo_deb() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join("cargo-deb")).find(|file| file.is_file())
}

#[test]
fn the_debian_package_is_installed_used_and_removed_in_a_clean_root() {
    let Some(cargo_deb) = cargo_deb() else {
        println!("skipped: cargo-deb is not installed (cargo install cargo-deb --locked)");
        return;
    };
    let scratch = tempfile::tempdir().unwrap();
    // The binary under test; an optimised one would be built from the same sources.
    let target = scratch.path().join("target");
    std::fs::create_dir_all(target.join("release")).unwrap();
    ran(Command::new("strip")
        .args(["--strip-unneeded", env!("CARGO_BIN_EXE_rbgv"), "-o"])
        .arg(target.join("release/rbgv")));
    let package = scratch.path().join("rbgv.deb");
    ran(Command::new(cargo_deb)
        .current_dir(ROOT)
        .env("CARGO_TARGET_DIR", &target)
        .args(["--no-build", "--no-strip", "--fast", "--output"])
        .arg(&package));

    // Lintian needs the names that packages have; errors and warnings fail.
    let named = scratch.path().join("rbgv_0.1.0-1_amd64.deb");
    std::fs::copy(&package, &named).unwrap();
    if Command::new("lintian").arg("--version").output().is_ok() {
        let mut lintian = Command::new("lintian");
        lintian.args(["--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0"]);
        ran(lintian.arg(&named));
    } else {
        println!("not checked with lintian, which is not installed");
    }

    let root = scratch.path().join("root");
    for directory in ["var/lib/dpkg/info", "var/lib/dpkg/updates"] {
        std::fs::create_dir_all(root.join(directory)).unwrap();
    }
    std::fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    let dpkg = |action: &[&str]| {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg(format!("--root={}", root.display()));
        dpkg.args(["--force-depends", "--force-not-root", "--force-script-chrootless"])
            .args(action);
        dpkg
    };
    ran(dpkg(&["--install"]).arg(&named));
    let version = ran(Command::new(root.join("usr/bin/rbgv")).arg("--version"));
    assert_eq!(version.trim(), format!("rbgv {}", env!("CARGO_PKG_VERSION")));
    let files = ran(&mut dpkg(&["--listfiles", "rbgv"]));
    for file in [
        "/usr/share/man/man1/rbgv-run.1.gz",
        "/usr/share/bash-completion/completions/rbgv",
        "/usr/share/zsh/vendor-completions/_rbgv",
        "/usr/share/fish/vendor_completions.d/rbgv.fish",
        "/usr/share/doc/rbgv/copyright",
        "/usr/share/doc/rbgv/changelog.Debian.gz",
    ] {
        assert!(files.lines().any(|line| line == file), "{file} is missing:\n{files}");
    }
    ran(&mut dpkg(&["--purge", "rbgv"]));
    assert!(!root.join("usr/bin/rbgv").exists());
}

#[test]
fn the_workflows_are_yaml_and_what_they_call_exists() {
    for below in ["ci", "release"] {
        let workflow = yaml(&format!(".github/workflows/{below}.yml"));
        let jobs = workflow["jobs"].as_hash().unwrap();
        for (name, job) in jobs {
            let steps = job["steps"].as_vec().unwrap();
            assert!(!steps.is_empty(), "{name:?}");
            for run in steps.iter().filter_map(|step| step["run"].as_str()) {
                let script = run.split_whitespace().find(|word| word.starts_with(".github/"));
                assert!(script.is_none_or(|script| path(script).is_file()), "{run}");
            }
        }
    }
}

#[test]
fn the_archive_of_a_release_holds_binary_licence_completions_and_manuals() {
    let scratch = tempfile::tempdir().unwrap();
    for entry in ["Cargo.toml", "LICENSE", "README.md", "completions", "docs/man"] {
        let to = scratch.path().join(entry);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        ran(Command::new("cp").arg("-R").arg(path(entry)).arg(&to));
    }
    let built = scratch.path().join("target/some-target/dist");
    std::fs::create_dir_all(&built).unwrap();
    std::fs::write(built.join("rbgv"), "binary").unwrap();
    let script = path(".github/archive.sh");
    ran(Command::new("sh").arg(script).arg("some-target").current_dir(scratch.path()));
    let name = format!("rbgv-{}-some-target", env!("CARGO_PKG_VERSION"));
    let archive = scratch.path().join(format!("dist/{name}.tar.gz"));
    let listed = ran(Command::new("tar").arg("-tzf").arg(&archive));
    for file in ["rbgv", "LICENSE", "completions/_rbgv", "man/rbgv.1"] {
        let file = format!("{name}/{file}");
        assert!(listed.lines().any(|line| line == file), "{file} is missing:\n{listed}");
    }
    // `cargo binstall` asks for this name.
    let manifest = text("Cargo.toml");
    assert!(manifest.contains("/rbgv-{ version }-{ target }.tar.gz"));
}

#[test]
fn the_action_runs_commands_that_are_accepted_and_reads_outputs_that_are_written() {
    let action = yaml("docs/packaging/action.yml");
    assert_eq!(action["runs"]["using"].as_str(), Some("composite"));
    let steps = action["runs"]["steps"].as_vec().unwrap();
    let smoke = steps.iter().find(|step| step["id"].as_str() == Some("smoke")).unwrap();
    let run = smoke["run"].as_str().unwrap();
    let words = run.split_whitespace().map(|word| match word {
        "\"$BUDGET\"" => "5",
        word => word,
    });
    if let Err(error) = rbgv::cli::command().try_get_matches_from(words) {
        panic!("{run}\n{error}");
    }
    assert!(!run.contains("${{"), "an input that is pasted into a command can change it");
    for output in ["verdict", "exit-code"] {
        let value = action["outputs"][output]["value"].as_str().unwrap();
        assert_eq!(value, format!("${{{{ steps.smoke.outputs.{output} }}}}"));
        assert!(text("src/output/formats/github.rs").contains(output), "{output}");
    }
}
