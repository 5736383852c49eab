//! One configuration file as sections of placed values, checked for keys that do not exist.
//!
//! Messages never quote the file: a line may hold an API key.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use semver::{Version, VersionReq};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::Failure;

use super::located_value::{ConfigSection, FileOrigin, LocatedValue, ScalarValue, SourceFile};
use super::schema;
use crate::settings::secret;

/// What one file says, or several merged.
#[derive(Default)]
pub(crate) struct Layer {
    pub(crate) top: ConfigSection,
    pub(crate) defaults: ConfigSection,
    pub(crate) profiles: BTreeMap<String, ProfileLayer>,
}

/// What is said of one profile.
#[derive(Clone, Default)]
pub(crate) struct ProfileLayer {
    pub(crate) own: ConfigSection,
    pub(crate) tags: ConfigSection,
    pub(crate) limits: ConfigSection,
    pub(crate) timing: ConfigSection,
}

impl Layer {
    /// Reads the text of one file.
    ///
    /// # Errors
    /// With line and column: malformed TOML, another version required, a key that does not exist.
    pub(crate) fn parse(path: &Arc<Path>, author: FileOrigin, text: &str) -> Result<Self, Failure> {
        let source = SourceFile { path, author, text };
        let document = DeTable::parse(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            source.place(offset).failure(format!("not valid TOML: {}", error.message()))
        })?;
        let root = document.get_ref();
        // First, since a file for another version may well hold keys that this one does not know.
        if let Some(required) = root.get("require") {
            check_version(&LocatedValue::take(source, "require", required)?)?;
        }
        let mut layer = Self::default();
        for (key, value) in in_order(root) {
            match key.get_ref().as_ref() {
                "defaults" => {
                    layer.defaults = section(source, "defaults", value, schema::DEFAULTS)?;
                }
                "profiles" => layer.profiles = profiles(source, value)?,
                _ => {
                    let tables = ["defaults", "profiles"];
                    put(source, &mut layer.top, key, value, &[schema::TOP, &tables].concat())?;
                }
            }
        }
        Ok(layer)
    }

    /// Takes what `over` says where it says something.
    pub(crate) fn overlay(&mut self, over: &Self) {
        self.top.overlay(&over.top);
        self.defaults.overlay(&over.defaults);
        for (name, profile) in &over.profiles {
            self.profiles.entry(name.clone()).or_default().overlay(profile);
        }
    }
}

impl ProfileLayer {
    fn overlay(&mut self, over: &Self) {
        // The five ways to give one secret are one setting: naming one replaces the other.
        for slot in secret::SecretKind::ALL {
            let keys = slot.keys();
            if keys.iter().any(|key| over.own.get(key).is_some()) {
                self.own.0.retain(|key, _| !keys.contains(&key.as_str()));
            }
        }
        self.own.overlay(&over.own);
        self.tags.overlay(&over.tags);
        self.limits.overlay(&over.limits);
        self.timing.overlay(&over.timing);
    }
}

/// The entries of `table` in the order of the file, so that the first mistake is told first.
fn in_order<'t, 'i>(
    table: &'t DeTable<'i>,
) -> Vec<(&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn put(
    source: SourceFile<'_>,
    section: &mut ConfigSection,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
    known: &[&str],
) -> Result<(), Failure> {
    let name = key.get_ref().as_ref();
    if !known.contains(&name) {
        return Err(source.place(key.span().start).failure(schema::unknown_key(name, known)));
    }
    section.0.insert(name.to_owned(), LocatedValue::take(source, name, value)?);
    Ok(())
}

fn table<'t, 'i>(
    source: SourceFile<'_>,
    name: &str,
    value: &'t Spanned<DeValue<'i>>,
) -> Result<&'t DeTable<'i>, Failure> {
    value.get_ref().as_table().ok_or_else(|| {
        source.place(value.span().start).failure(format!("`{name}` is a table: write [{name}]"))
    })
}

fn section(
    source: SourceFile<'_>,
    name: &str,
    value: &Spanned<DeValue<'_>>,
    known: &[&str],
) -> Result<ConfigSection, Failure> {
    let mut section = ConfigSection::default();
    for (key, value) in in_order(table(source, name, value)?) {
        put(source, &mut section, key, value, known)?;
    }
    Ok(section)
}

fn profiles(
    source: SourceFile<'_>,
    value: &Spanned<DeValue<'_>>,
) -> Result<BTreeMap<String, ProfileLayer>, Failure> {
    let mut profiles = BTreeMap::new();
    for (key, value) in in_order(table(source, "profiles", value)?) {
        let name = key.get_ref().as_ref();
        check_name(name).map_err(|why| source.place(key.span().start).failure(why))?;
        profiles.insert(name.to_owned(), profile(source, name, value)?);
    }
    Ok(profiles)
}

fn profile(
    source: SourceFile<'_>,
    name: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<ProfileLayer, Failure> {
    let mut profile = ProfileLayer::default();
    let within = |part: &str| format!("profiles.{name}.{part}");
    for (key, value) in in_order(table(source, &format!("profiles.{name}"), value)?) {
        match key.get_ref().as_ref() {
            "limits" => {
                profile.limits = section(source, &within("limits"), value, schema::LIMITS)?;
            }
            "timing" => {
                profile.timing = section(source, &within("timing"), value, schema::TIMING)?;
            }
            "tags" => {
                for (tag, value) in in_order(table(source, &within("tags"), value)?) {
                    let tag = tag.get_ref().as_ref();
                    profile.tags.0.insert(tag.to_owned(), LocatedValue::take(source, tag, value)?);
                }
            }
            _ => {
                let tables = ["tags", "limits", "timing"];
                put(source, &mut profile.own, key, value, &[schema::PROFILE, &tables].concat())?;
            }
        }
    }
    Ok(profile)
}

/// Finds what is wrong with `name` as the name of a profile. Names are put into dotted keys, file
/// names and messages, so they are plain.
///
/// # Errors
/// Says what a name may be.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    if name == crate::settings::SANDBOX {
        return Err(format!(
            "the name `{name}` is reserved for the sandbox inside the process; choose another"
        ));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Err("the name of a profile is 1 to 64 letters, digits, `-` or `_`".to_owned());
    }
    Ok(())
}

fn check_version(entry: &LocatedValue) -> Result<(), Failure> {
    let ScalarValue::Text(text) = &entry.scalar else {
        let why = "`require` is a text, such as require = \">=0.1, <0.2\"";
        return Err(entry.place.failure(why));
    };
    let wanted = VersionReq::parse(text).map_err(|error| {
        let example = "write it as require = \">=0.1, <0.2\"";
        entry.place.failure(format!("'{text}' is no range of versions ({error}); {example}"))
    })?;
    let ours = env!("CARGO_PKG_VERSION");
    let matches = Version::parse(ours).is_ok_and(|version| wanted.matches(&version));
    if matches {
        return Ok(());
    }
    Err(entry.place.failure(format!(
        "this file requires rbgv {text}, and this is rbgv {ours}; install a version that fits, or change `require`"
    )))
}
