//! Sets one value in a configuration file. Everything else stays as it is, comments included.

use std::collections::BTreeMap;
use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use super::config_file::ConfigFile;
use crate::model::Failure;
use crate::settings::secret::SecretKind;
use crate::settings::types::DEFAULT_PROFILE;

/// Sets `key`, dotted as in `config show`, to `value` in the file at `path`, which is created, or replaced
/// in one step. `value` is a TOML value, or text without quotes.
///
/// # Errors
/// `FailureKind::Usage`: the key is unknown or holds a secret, or the value is invalid;
/// `FailureKind::Configuration`: the file was invalid before; `FailureKind::Local`: it cannot be
/// written.
pub fn set_value(
    path: &Path,
    key: &str,
    value: &str,
    vars: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let wrong = |why: String| {
        Failure::usage(format!("{key} in {}", path.display()), why).with_next("rbgv help config")
    };
    let parts: Vec<&str> = key.split('.').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(wrong(
            "write the key with dots, such as profiles.dev.timing.settle".to_owned(),
        ));
    }
    let file = ConfigFile::read(path)?;
    let before = file.check(&file.text, vars)?;
    if let ["profiles", name, setting] = parts[..]
        && let Some(kind) = SecretKind::ALL.into_iter().find(|kind| kind.keys()[0] == setting)
    {
        let next = match kind {
            SecretKind::ApiKey => format!("rbgv init --profile {name}"),
            SecretKind::NextKey => format!("rbgv profile rotate {name} --begin"),
            SecretKind::AdminToken | SecretKind::WebhookSecret | SecretKind::Ledger => {
                format!("rbgv config set {key}_file FILE")
            }
        };
        let why = "other users can see a secret on a command line";
        return Err(wrong(why.to_owned()).with_next(next));
    }
    if let ["profiles", name, ..] = parts[..]
        && name != DEFAULT_PROFILE
        && !before.profiles.contains_key(name)
    {
        return Err(wrong(format!("the file has no profile {name}"))
            .with_next(format!("rbgv profile add {name}")));
    }
    let mut first_refusal = None;
    for value in candidates(value) {
        let mut document: DocumentMut =
            file.text.parse().map_err(|_| wrong("the file is not valid TOML".to_owned()))?;
        insert(document.as_table_mut(), &parts, value).map_err(wrong)?;
        let text = document.to_string();
        match file.check(&text, vars) {
            Ok(_) => return file.replace(&text),
            Err(failure) => _ = first_refusal.get_or_insert(failure.why),
        }
    }
    Err(wrong(first_refusal.unwrap_or_else(|| "the value is empty".to_owned())))
}

/// The values that `text` may mean: a number, a truth value, a date or quoted text; or else text.
fn candidates(text: &str) -> Vec<Value> {
    let typed = text.parse::<Value>().ok().filter(|value| {
        value.is_str()
            || value.is_integer()
            || value.is_float()
            || value.is_bool()
            || value.is_datetime()
    });
    let is_text = typed.as_ref().is_some_and(Value::is_str);
    typed.into_iter().chain((!is_text).then(|| Value::from(text))).collect()
}

fn insert(root: &mut Table, path: &[&str], mut value: Value) -> Result<(), String> {
    let Some((key, parents)) = path.split_last() else { return Ok(()) };
    let mut table: &mut dyn TableLike = root;
    for parent in parents {
        let item = table.entry(parent).or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        table = item.as_table_like_mut().ok_or_else(|| format!("`{parent}` is not a table"))?;
    }
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            // With the comment behind it.
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        Some(_) => return Err(format!("`{key}` is a table; name one of its settings")),
        None => _ = table.insert(key, Item::Value(value)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FailureKind;

    const BEFORE: &str = "# mine\ndefault_profile = \"live\" # the only one\n\n[profiles.live] # kept\n\
        environment = \"prod\"   # careful\napi_key_env = \"LIVE_KEY\"\n\n[profiles.live.timing]\n\
        settle = \"90s\"\n";

    fn after(key: &str, value: &str) -> Result<String, Failure> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, BEFORE).unwrap();
        let set = set_value(&path, key, value, &BTreeMap::new());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(set.is_ok() || text == BEFORE, "a refusal changes nothing");
        set.map(|()| text)
    }

    #[test]
    fn a_value_is_set_and_everything_else_stays() {
        for (key, value, from, to) in [
            ("profiles.live.environment", "dev", "\"prod\"   # careful", "\"dev\"   # careful"),
            ("profiles.live.timing.settle", "2m", "\"90s\"", "\"2m\""),
            ("profiles.live.timing.settle", "\"2m\"", "\"90s\"", "\"2m\""),
            ("default_profile", "default", "\"live\" # the", "\"default\" # the"),
        ] {
            assert_eq!(after(key, value).unwrap(), BEFORE.replacen(from, to, 1), "{key}");
        }
        for (key, value, line) in [
            (
                "profiles.live.limits.in_flight_max",
                "8",
                "[profiles.live.limits]\nin_flight_max = 8\n",
            ),
            ("profiles.live.key_created", "2026-01-31", "key_created = 2026-01-31\n"),
            ("profiles.live.tags.number", "7", "[profiles.live.tags]\nnumber = \"7\"\n"),
            ("defaults.background", "#101820", "[defaults]\nbackground = \"#101820\"\n"),
            ("profiles.live.allow_http", "true", "allow_http = true\n"),
        ] {
            let text = after(key, value).unwrap();
            assert!(text.contains(line), "{key}: {text}");
            assert_eq!(
                text.replacen(line, "", 1).replace("\n\n", "\n"),
                BEFORE.replace("\n\n", "\n")
            );
        }
    }

    #[test]
    fn what_would_not_be_read_is_not_written() {
        for (key, value, hint) in [
            ("profiles.live.environment", "production", "dev, staging or prod"),
            ("profiles.live.timing.settle", "9 lives", "duration"),
            ("profiles.live.limits.in_flight_max", "0", "out of range"),
            ("profiles.live.limits.in_flight_max", "many", "whole number"),
            ("profiles.live.base_ulr", "https://x.example", "`base_url`"),
            ("profiles.other.environment", "dev", "no profile other"),
            ("profiles.live.api_key_file", "k", "keep one of them"),
            ("default_profile", "other", "no profile 'other'"),
            ("profiles.live", "x", "is a table"),
            ("profiles.live.api_key_env", "sk-planted", "sk-"),
            ("profiles..x", "y", "with dots"),
        ] {
            let failure = after(key, value).unwrap_err();
            assert!(failure.why.contains(hint) || hint == "sk-", "{key}: {failure}");
            assert!(hint != "sk-" || !failure.to_string().contains("sk-planted"), "{failure}");
        }
        for secret in ["api_key", "next_key", "admin_token", "webhook_secret"] {
            let failure = after(&format!("profiles.live.{secret}"), "sk-planted").unwrap_err();
            assert_eq!(failure.kind, FailureKind::Usage);
            assert!(!format!("{failure:?}").contains("planted"), "{failure}");
        }
    }
}
