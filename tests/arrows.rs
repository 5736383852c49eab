//! The house rules of `src/lib.rs`, held by reading the sources: imports point one way, and what
//! only one place may do is done nowhere else.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::duration_suboptimal_units,
    clippy::format_push_string,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "end-to-end tests: real time and environment, and a failed unwrap is a failed test"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms each room may name.
const ARROWS: [(&str, &[&str]); 10] = [
    ("model", &[]),
    ("media", &["model"]),
    ("client", &["model", "blocking"]),
    ("ledger", &["model"]),
    ("settings", &["model"]),
    ("output", &["model"]),
    ("flow", &["model", "client", "ledger", "media", "blocking"]),
    ("listen", &["model", "client", "ledger"]),
    ("sandbox", &["media"]),
    (
        "cli",
        &[
            "model", "settings", "flow", "listen", "output", "sandbox", "client", "ledger",
            "media", "env",
        ],
    ),
];

/// Words that may stand in one place only, and that place.
const ONLY: [(&str, &[&str]); 7] = [
    ("reqwest::", &["client/transport", "sandbox/"]),
    ("rusqlite", &["ledger/"]),
    ("std::env::", &["env.rs"]),
    ("println!", &["output/"]),
    ("eprintln!", &["output/"]),
    ("process::exit", &["cli/", "main.rs"]),
    ("indicatif::", &["output/"]),
];

fn sources(directory: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push(path);
        }
    }
}

/// Path below `src` and text without comments and without unit tests.
fn code() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    assert!(paths.len() > 40, "the sources were found");
    paths
        .into_iter()
        .map(|path| {
            let below = path.strip_prefix(&root).unwrap().display().to_string();
            let text = fs::read_to_string(&path).unwrap();
            let text =
                text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
            let code: Vec<&str> =
                text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            (below, code.join("\n"))
        })
        .filter(|(below, _)| !below.ends_with("/tests.rs") && !below.contains("/tests/"))
        .collect()
}

fn room(below: &str) -> &str {
    below.split(['/', '.']).next().unwrap_or_default()
}

#[test]
fn imports_point_one_way() {
    let mut wrong = Vec::new();
    for (below, text) in code() {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room(&below)) else {
            continue;
        };
        for (at, _) in text.match_indices("crate::") {
            let named: String = text[at + "crate::".len()..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            let known = ARROWS.iter().any(|(name, _)| *name == named) || named == "env";
            if known && named != room(&below) && !allowed.contains(&named.as_str()) {
                wrong.push(format!("{below} names crate::{named}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_one_place_does_is_done_there_only() {
    let mut wrong = Vec::new();
    for (below, text) in code() {
        for (word, places) in ONLY {
            if text.contains(word) && !places.iter().any(|place| below.starts_with(place)) {
                wrong.push(format!("{below} has {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_has_a_map() {
    for (name, _) in ARROWS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name).join("mod.rs");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{name} says what lives in it");
    }
}
