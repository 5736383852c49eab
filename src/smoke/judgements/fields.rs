//! The fields of answers as the contract lists them, and additional, missing and different ones in
//! an answer. Pure.

use serde_json::Value;

use std::collections::BTreeSet;

/// Differences of answers from the contract.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Drift {
    /// Fields that are not listed.
    pub(crate) new: BTreeSet<String>,
    /// Listed fields that are missing, or of another type.
    pub(crate) broken: BTreeSet<String>,
    /// Job states that the contract does not have.
    pub(crate) states: BTreeSet<String>,
}

impl Drift {
    /// Adds the differences of `other`.
    pub(crate) fn add(&mut self, other: Self) {
        self.new.extend(other.new);
        self.broken.extend(other.broken);
        self.states.extend(other.states);
    }

    /// Every difference as a line, the worst first.
    #[must_use]
    pub(crate) fn lines(&self) -> Vec<String> {
        let states = self.states.iter().map(|state| format!("unknown job status: {state}"));
        states.chain(self.broken.iter().cloned()).chain(self.new.iter().cloned()).collect()
    }
}

/// Type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Text,
    Number,
    Flag,
    Object,
    /// A string, or null while there is no value.
    MaybeText,
    /// A number, or null while it is not known.
    MaybeNumber,
    /// Not documented.
    Any,
}

impl FieldKind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Number => value.is_number(),
            Self::Flag => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::MaybeText => value.is_string() || value.is_null(),
            Self::MaybeNumber => value.is_number() || value.is_null(),
            Self::Any => true,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Object => "an object",
            Self::MaybeText => "a string or null",
            Self::MaybeNumber => "a number or null",
            Self::Any => "anything",
        }
    }
}

/// Fields of an answer: the listed ones, each with its possible names, and further ones that are
/// known to appear.
pub(crate) struct Fields {
    place: &'static str,
    pub(crate) listed: &'static [(&'static [&'static str], FieldKind)],
    besides: &'static [&'static str],
}

pub(crate) const HEALTH: Fields = Fields {
    place: "health",
    listed: &[(&["status"], FieldKind::Text), (&["checks"], FieldKind::Object)],
    besides: &[],
};

pub(crate) const CHECKS: Fields = Fields {
    place: "health.checks",
    listed: &[
        (&["api"], FieldKind::Flag),
        (&["runpod_configured"], FieldKind::Flag),
        (&["r2_configured"], FieldKind::Flag),
    ],
    besides: &[],
};

pub(crate) const PRICING: Fields = Fields {
    place: "pricing",
    listed: &[
        (&["model_pricing_credits_per_minute"], FieldKind::Object),
        (&["price_per_second_cents"], FieldKind::Any),
        (&["packages"], FieldKind::Any),
    ],
    besides: &[],
};

pub(crate) const UPLOAD: Fields = Fields {
    place: "upload",
    listed: &[
        (&["success"], FieldKind::Flag),
        (&["video_id"], FieldKind::Any),
        (&["video_url"], FieldKind::Text),
        (&["filename"], FieldKind::Text),
        (&["size"], FieldKind::Number),
    ],
    besides: &["request_id"],
};

pub(crate) const CREATE: Fields =
    Fields { place: "create", listed: ACCEPTED, besides: &["request_id"] };

pub(crate) const START: Fields =
    Fields { place: "start", listed: ACCEPTED, besides: &["request_id"] };

/// Create and start have the same answer (contract, *Endpoints*).
const ACCEPTED: &[(&[&str], FieldKind)] = &[
    (&["success"], FieldKind::Flag),
    (&["id", "job_id"], FieldKind::Any),
    (&["status"], FieldKind::Text),
    (&["message"], FieldKind::MaybeText),
];

pub(crate) const JOB: Fields = Fields {
    place: "job",
    listed: &[
        (&["id", "job_id"], FieldKind::Any),
        (&["status"], FieldKind::Text),
        (&["progress"], FieldKind::MaybeNumber),
        (&["output_url"], FieldKind::MaybeText),
        (&["error"], FieldKind::MaybeText),
        (&["created_at"], FieldKind::Text),
        (&["duration_seconds"], FieldKind::MaybeNumber),
        (&["billing_status"], FieldKind::MaybeText),
        (&["webhook_url"], FieldKind::MaybeText),
        (&["webhook_events"], FieldKind::Any),
    ],
    // Both SDKs send `metadata`, the pages do not list it. The sandbox has `notes`.
    besides: &["metadata", "notes", "success", "request_id"],
};

pub(crate) const DOWNLOAD: Fields = Fields {
    place: "download",
    listed: &[
        (&["success"], FieldKind::Flag),
        (&["download_url"], FieldKind::Text),
        (&["output_format"], FieldKind::Text),
    ],
    besides: &["request_id"],
};

/// Prefix of the line for a missing field.
pub(crate) const MISSING: &str = "missing: ";

impl Fields {
    /// Differences of `answer`.
    pub(crate) fn compare(&self, answer: &Value) -> Drift {
        let mut drift = Drift::default();
        let Some(object) = answer.as_object() else {
            drift.broken.insert(format!("{} is not an object", self.place));
            return drift;
        };
        for (names, kind) in self.listed {
            let place = format!("{}.{}", self.place, names[0]);
            match names.iter().find_map(|name| object.get(*name)) {
                None => drift.broken.insert(format!("{MISSING}{place}")),
                Some(value) if !kind.fits(value) => drift.broken.insert(format!(
                    "{place} is {}, but {} is documented",
                    shown(value),
                    kind.words()
                )),
                Some(_) => continue,
            };
        }
        let known = |name: &str| {
            self.besides.contains(&name)
                || self.listed.iter().any(|(names, _)| names.contains(&name))
        };
        for name in object.keys().filter(|name| !known(name)) {
            drift.new.insert(format!("not in the contract: {}.{name}", self.place));
        }
        drift
    }
}

/// Type of a value, without the value itself: it may be a link.
fn shown(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
