//! One configuration file as sections of located values, checked for unknown keys.
//!
//! Messages never quote the file: a line may contain an API key.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use semver::{Version, VersionReq};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::Failure;

use super::located_value::{ConfigSection, FileOrigin, LocatedValue, ScalarValue, SourceFile};
use super::schema;
use crate::settings::secret::SecretKind;
use crate::settings::types::check_profile_name;

/// The content of one file, or of several merged ones.
#[derive(Default)]
pub(crate) struct Layer {
    pub(crate) top: ConfigSection,
    pub(crate) defaults: ConfigSection,
    pub(crate) profiles: BTreeMap<String, ProfileLayer>,
}

#[derive(Clone, Default)]
pub(crate) struct ProfileLayer {
    pub(crate) own: ConfigSection,
    pub(crate) tags: ConfigSection,
    pub(crate) limits: ConfigSection,
    pub(crate) timing: ConfigSection,
}

impl Layer {
    /// Parses the text of one file.
    ///
    /// # Errors
    /// Invalid TOML, a required version other than ours, or an unknown key, with line and column.
    pub(crate) fn parse(path: &Arc<Path>, origin: FileOrigin, text: &str) -> Result<Self, Failure> {
        let source = SourceFile { path, origin, text };
        let document = DeTable::parse(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            source.place(offset).failure(format!("not valid TOML: {}", error.message()))
        })?;
        let root = document.get_ref();
        // First, since a file for another version may contain keys that are unknown here.
        if let Some(required) = root.get("require") {
            check_version(&LocatedValue::from_toml(source, "require", required)?)?;
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
                    insert_key(
                        source,
                        &mut layer.top,
                        key,
                        value,
                        &[schema::TOP, &tables].concat(),
                    )?;
                }
            }
        }
        Ok(layer)
    }

    /// Replaces values by those of `over`.
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
        // The five keys of a secret are one setting: each replaces the others.
        for kind in SecretKind::ALL {
            let keys = kind.keys();
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

/// The entries of `table` in the order of the file, so that the first mistake is reported.
fn in_order<'t, 'i>(
    table: &'t DeTable<'i>,
) -> Vec<(&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn insert_key(
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
    section.0.insert(name.to_owned(), LocatedValue::from_toml(source, name, value)?);
    Ok(())
}

fn table<'t, 'i>(
    source: SourceFile<'_>,
    name: &str,
    value: &'t Spanned<DeValue<'i>>,
) -> Result<&'t DeTable<'i>, Failure> {
    value.get_ref().as_table().ok_or_else(|| {
        source
            .place(value.span().start)
            .failure(format!("`{name}` must be a table: write [{name}]"))
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
        insert_key(source, &mut section, key, value, known)?;
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
        check_profile_name(name).map_err(|why| source.place(key.span().start).failure(why))?;
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
                    profile
                        .tags
                        .0
                        .insert(tag.to_owned(), LocatedValue::from_toml(source, tag, value)?);
                }
            }
            _ => {
                let tables = ["tags", "limits", "timing"];
                insert_key(
                    source,
                    &mut profile.own,
                    key,
                    value,
                    &[schema::PROFILE, &tables].concat(),
                )?;
            }
        }
    }
    Ok(profile)
}

fn check_version(entry: &LocatedValue) -> Result<(), Failure> {
    let ScalarValue::Text(text) = &entry.scalar else {
        let why = "`require` must be text, such as require = \">=0.1, <0.2\"";
        return Err(entry.place.failure(why));
    };
    let wanted = VersionReq::parse(text).map_err(|error| {
        let example = "write it as require = \">=0.1, <0.2\"";
        entry.place.failure(format!("'{text}' is not a version range ({error}); {example}"))
    })?;
    let ours = env!("CARGO_PKG_VERSION");
    let matches = Version::parse(ours).is_ok_and(|version| wanted.matches(&version));
    if matches {
        return Ok(());
    }
    Err(entry.place.failure(format!(
        "this file requires rbgv {text}, this is rbgv {ours}; install a matching version, or change `require`"
    )))
}
