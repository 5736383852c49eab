//! `config.example.toml` is parsed, holds every key, and says what the defaults are.

use super::super::schema;
use super::*;

const EXAMPLE: &str = include_str!("../../../config.example.toml");

/// The example with the alternatives that are commented out, in place of what they stand beside.
fn mentions(key: &str) -> bool {
    EXAMPLE.lines().any(|line| {
        let line = line.trim_start_matches(['#', ' ']);
        line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
    })
}

#[test]
fn the_example_is_read_as_it_stands() {
    let settings = Machine::new().user(EXAMPLE).settings();
    assert_eq!(settings.profile.name, "dev");
    assert_eq!(settings.profile.limits, Limits::default());
    assert_eq!(settings.profile.timing, Timing::default());
    assert_eq!(settings.defaults.model, ModelName::Light);
    assert_eq!(settings.warnings, [String::new(); 0]);
}

#[test]
fn the_example_mentions_every_key() {
    let tables = [schema::TOP, schema::DEFAULTS, schema::PROFILE, schema::LIMITS, schema::TIMING];
    for key in tables.concat() {
        assert!(mentions(key), "config.example.toml does not explain `{key}`");
    }
    assert!(mentions("tags"));
}

#[test]
fn every_key_of_the_example_is_shown_or_stands_in_for_one_that_is() {
    let settings = Machine::new().user(EXAMPLE).settings();
    let shown: Vec<String> = settings.show().into_iter().map(|row| row.key).collect();
    for (table, keys) in [("limits.", schema::LIMITS), ("timing.", schema::TIMING)] {
        for key in keys {
            let key = format!("profiles.dev.{table}{key}");
            assert!(shown.contains(&key), "{key}");
        }
    }
}
