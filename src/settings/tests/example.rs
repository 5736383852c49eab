//! `config.example.toml` is parsed, holds every key, and says what the defaults are.

use super::*;
use crate::model::{Timing, limits::LimitBounds};
use crate::settings::file::schema;

const EXAMPLE: &str = include_str!("../../../config.example.toml");

/// Whether a line of the example, commented out or not, gives `key`.
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
    assert_eq!(settings.profile.limits, LimitBounds::default());
    assert_eq!(settings.profile.timing, Timing::default());
    assert_eq!(settings.defaults.model, ModelName::Light);
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
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
fn every_known_key_is_read() {
    let settings = Machine::new().user(EXAMPLE).settings();
    let shown: Vec<String> = settings.show().iter().map(|row| row.key.clone()).collect();
    // The ways to give a secret are shown as the secret.
    let secrets: Vec<&str> =
        SecretKind::ALL.into_iter().flat_map(SecretKind::keys).skip(1).collect();
    let own = schema::PROFILE.iter().filter(|key| !secrets.contains(key));
    let keys = own
        .map(|key| format!("profiles.dev.{key}"))
        .chain(schema::LIMITS.iter().map(|key| format!("profiles.dev.limits.{key}")))
        .chain(schema::TIMING.iter().map(|key| format!("profiles.dev.timing.{key}")));
    for key in keys {
        assert!(shown.contains(&key), "{key} is known and has no effect");
    }
}
