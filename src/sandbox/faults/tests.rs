//! `docs/sandbox.md` says everything that a scenario may say, and its examples are read.

use crate::sandbox::{FaultRule, Scenario};

const PAGE: &str = include_str!("../../../docs/sandbox.md");

fn blocks(kind: &str) -> impl Iterator<Item = &'static str> {
    let open = format!("```{kind}\n");
    PAGE.split("```").filter_map(move |block| {
        let open = open.strip_prefix("```")?;
        block.strip_prefix(open)
    })
}

#[test]
fn examples_are_read() {
    let mut count = 0;
    for block in blocks("toml") {
        Scenario::parse(block).unwrap();
        count += 1;
    }
    assert_eq!(count, 3);
    for block in blocks("sh") {
        for (index, quoted) in block.split('\'').enumerate() {
            if index % 2 == 1 {
                FaultRule::parse(quoted).unwrap();
            }
        }
    }
}

/// The words that a reader of TOML would have taken, from its own complaint.
fn expected_words(text: &str) -> Vec<String> {
    let error = Scenario::parse(text).unwrap_err().to_string();
    let (_, list) = error.split_once("expected ").unwrap();
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_key_and_value_is_documented() {
    let sections = expected_words("zzz = 1");
    assert!(sections.len() >= 10, "{sections:?}");
    let mut words = sections.clone();
    for section in sections.iter().filter(|section| !["seed", "fault"].contains(&section.as_str()))
    {
        words.extend(expected_words(&format!("[{section}]\nzzz = 1")));
    }
    words.extend(expected_words("[[fault]]\nzzz = 1"));
    words.extend(expected_words("[[limits.schedule]]\nzzz = 1"));
    words.extend(expected_words("[[limits.bucket]]\nzzz = 1"));
    words.extend(expected_words("[[limits.bucket]]\ncalls = [\"zzz\"]"));
    words.extend(expected_words("[[fault]]\non = \"* *\"\ndo = \"zzz\""));
    for (section, key) in [
        ("jobs", "auto_start"),
        ("jobs", "create_state"),
        ("jobs", "billing"),
        ("jobs", "progress"),
        ("jobs", "second_start"),
        ("answers", "error"),
        ("answers", "list"),
        ("answers", "order"),
        ("answers", "times"),
        ("answers", "compress"),
        ("answers", "id"),
        ("answers", "request_id"),
        ("usage", "names"),
        ("usage", "events"),
        ("limits", "preset"),
        ("limits", "refusal"),
        ("limits", "retry_after"),
        ("connections", "close"),
    ] {
        words.extend(expected_words(&format!("[{section}]\n{key} = \"zzz\"")));
    }
    for action in ["answer", "redirect", "drip", "cut", "stall_upload"] {
        words.extend(expected_words(&format!(
            "[[fault]]\non = \"* *\"\ndo = {{ {action} = {{ zzz = 1 }} }}"
        )));
    }
    for word in words {
        assert!(PAGE.contains(&word), "`{word}` is not in docs/sandbox.md");
    }
}
