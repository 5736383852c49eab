//! Changes a profile's key in a configuration file, in the steps of a rotation. The rest of the file
//! stays as it is, comments included.

use std::path::Path;

use toml_edit::{DocumentMut, TableLike, value};

use super::config_file::ConfigFile;
use crate::model::Failure;
use crate::settings::secret::{SecretKind, SecretSource};

/// A change of a profile's key: the first one, or a step of a rotation.
#[derive(Debug, Clone)]
pub enum RotationStep {
    /// Sets the key of a profile that has none.
    First(SecretSource),
    /// Sets the next key.
    Begin(SecretSource),
    /// Replaces the key with the next key.
    Finish,
    /// Removes the next key.
    Abort,
}

/// Applies `step` to the profile `name` in the file at `path`, which is replaced in one step.
///
/// # Errors
/// `FailureKind::Configuration`: the file does not define the profile, the step does not fit its
/// state, or the result would be invalid; `FailureKind::Local`: it cannot be written.
pub fn rotate_key(path: &Path, name: &str, step: &RotationStep) -> Result<(), Failure> {
    let wrong = |why: &str| {
        let what = format!("profile {name} in {}", path.display());
        Failure::configuration(what, why)
    };
    let file = ConfigFile::read(path)?;
    let mut document: DocumentMut =
        file.text.parse().map_err(|_| wrong("the file is not valid TOML; see rbgv config show"))?;
    let profile = document
        .get_mut("profiles")
        .and_then(|profiles| profiles.as_table_like_mut()?.get_mut(name)?.as_table_like_mut())
        .ok_or_else(|| wrong("it is not defined there; change its key where it is"))?;
    apply(profile, step).map_err(wrong)?;
    let text = document.to_string();
    file.parse(&text)?;
    file.replace(&text)
}

fn apply(profile: &mut dyn TableLike, step: &RotationStep) -> Result<(), &'static str> {
    let rotating = SecretKind::NextKey.keys().iter().any(|key| profile.contains_key(key));
    match step {
        RotationStep::First(_)
            if SecretKind::ApiKey.keys().iter().any(|key| profile.contains_key(key)) =>
        {
            Err("it already has a key; replace it with rbgv profile rotate")
        }
        RotationStep::First(source) => {
            let (key, text) = source.entry(SecretKind::ApiKey);
            profile.insert(key, value(text));
            Ok(())
        }
        RotationStep::Begin(_) if rotating => Err("a rotation is already in progress"),
        RotationStep::Begin(source) => {
            let (key, text) = source.entry(SecretKind::NextKey);
            profile.insert(key, value(text));
            Ok(())
        }
        _ if !rotating => Err("no rotation is in progress; start one with --begin"),
        RotationStep::Finish => {
            for key in SecretKind::ApiKey.keys() {
                profile.remove(key);
            }
            for (next, own) in SecretKind::NextKey.keys().into_iter().zip(SecretKind::ApiKey.keys())
            {
                if let Some(source) = profile.remove(next) {
                    profile.insert(own, source);
                }
            }
            Ok(())
        }
        RotationStep::Abort => {
            for key in SecretKind::NextKey.keys() {
                profile.remove(key);
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "# mine\ndefault_profile = \"live\"\n\n[profiles.live] # kept\n\
        base_url = \"https://api.example\"\napi_key_env = \"OLD\"   # the old one\n\n\
        [profiles.live.timing]\nsettle = \"90s\"\n\n[profiles.other]\napi_key_env = \"X\"\n";

    #[test]
    fn a_rotation_changes_nothing_else_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, BEFORE).unwrap();
        let text = || std::fs::read_to_string(&path).unwrap();
        let step = |step| rotate_key(&path, "live", &step);
        assert!(step(RotationStep::Finish).is_err() && step(RotationStep::Abort).is_err());
        step(RotationStep::Begin(SecretSource::Variable("NEW".into()))).unwrap();
        assert!(text().contains("api_key_env = \"OLD\"   # the old one"), "{}", text());
        assert!(text().contains("next_key_env = \"NEW\"\n"), "{}", text());
        assert!(step(RotationStep::Begin(SecretSource::Variable("N2".into()))).is_err());
        step(RotationStep::Abort).unwrap();
        assert_eq!(text(), BEFORE);
        step(RotationStep::Begin(SecretSource::File("/keys/new".into()))).unwrap();
        step(RotationStep::Finish).unwrap();
        let after = text();
        assert!(
            after.contains("api_key_file = \"/keys/new\"") && !after.contains("OLD"),
            "{after}"
        );
        assert!(!after.contains("next_key") && after.contains("settle = \"90s\""), "{after}");
        assert!(after.contains("[profiles.other]\napi_key_env = \"X\""), "{after}");
        assert!(rotate_key(&path, "none", &RotationStep::Finish).is_err());
    }
}
