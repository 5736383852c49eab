//! The fields of answers as the contract lists them, and additional, missing and different ones in
//! an answer. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

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

/// The types that a field may have, named as by [`type_of`]; none where any type is accepted.
pub(crate) type FieldTypes = &'static [&'static str];

const TEXT: FieldTypes = &["a string"];
const NUMBER: FieldTypes = &["a number"];
const FLAG: FieldTypes = &["true or false"];
const OBJECT: FieldTypes = &["an object"];
/// Null while there is no value.
const TEXT_OR_NULL: FieldTypes = &["a string", "null"];
const NUMBER_OR_NULL: FieldTypes = &["a number", "null"];
/// Not documented.
const ANY: FieldTypes = &[];

/// Fields of an answer: the listed ones, each with its possible names, and further ones that are
/// known to appear.
pub(crate) struct Fields {
    /// Name of the answer in messages.
    answer: &'static str,
    pub(crate) listed: &'static [(&'static [&'static str], FieldTypes)],
    also_known: &'static [&'static str],
}

pub(crate) const HEALTH: Fields = Fields {
    answer: "health",
    listed: &[(&["status"], TEXT), (&["checks"], OBJECT)],
    also_known: &[],
};

pub(crate) const CHECKS: Fields = Fields {
    answer: "health.checks",
    listed: &[(&["api"], FLAG), (&["runpod_configured"], FLAG), (&["r2_configured"], FLAG)],
    also_known: &[],
};

pub(crate) const PRICING: Fields = Fields {
    answer: "pricing",
    listed: &[
        (&["model_pricing_credits_per_minute"], OBJECT),
        (&["price_per_second_cents"], ANY),
        (&["packages"], ANY),
    ],
    also_known: &[],
};

pub(crate) const UPLOAD: Fields = Fields {
    answer: "upload",
    listed: &[
        (&["success"], FLAG),
        (&["video_id"], ANY),
        (&["video_url"], TEXT),
        (&["filename"], TEXT),
        (&["size"], NUMBER),
    ],
    also_known: &["request_id"],
};

pub(crate) const CREATE: Fields =
    Fields { answer: "create", listed: ACCEPTED, also_known: &["request_id"] };

pub(crate) const START: Fields =
    Fields { answer: "start", listed: ACCEPTED, also_known: &["request_id"] };

/// Create and start have the same answer (contract, *Endpoints*).
const ACCEPTED: &[(&[&str], FieldTypes)] = &[
    (&["success"], FLAG),
    (&["id", "job_id"], ANY),
    (&["status"], TEXT),
    (&["message"], TEXT_OR_NULL),
];

pub(crate) const JOB: Fields = Fields {
    answer: "job",
    listed: &[
        (&["id", "job_id"], ANY),
        (&["status"], TEXT),
        (&["progress"], NUMBER_OR_NULL),
        (&["output_url"], TEXT_OR_NULL),
        (&["error"], TEXT_OR_NULL),
        (&["created_at"], TEXT),
        (&["duration_seconds"], NUMBER_OR_NULL),
        (&["billing_status"], TEXT_OR_NULL),
        (&["webhook_url"], TEXT_OR_NULL),
        (&["webhook_events"], ANY),
    ],
    // Both SDKs send `metadata`, the pages do not list it. The sandbox has `notes`.
    also_known: &["metadata", "notes", "success", "request_id"],
};

pub(crate) const DOWNLOAD: Fields = Fields {
    answer: "download",
    listed: &[(&["success"], FLAG), (&["download_url"], TEXT), (&["output_format"], TEXT)],
    also_known: &["request_id"],
};

/// Prefix of the line for a missing field.
pub(crate) const MISSING: &str = "missing: ";

impl Fields {
    /// Differences of the answer `raw`.
    pub(crate) fn compare(&self, raw: &Value) -> Drift {
        let mut drift = Drift::default();
        let Some(object) = raw.as_object() else {
            drift.broken.insert(format!("{} is not an object", self.answer));
            return drift;
        };
        for (names, types) in self.listed {
            let field = format!("{}.{}", self.answer, names[0]);
            let Some(value) = names.iter().find_map(|name| object.get(*name)) else {
                drift.broken.insert(format!("{MISSING}{field}"));
                continue;
            };
            let found = type_of(value);
            if !types.is_empty() && !types.contains(&found) {
                let documented = types.join(" or ");
                drift.broken.insert(format!("{field} is {found}, but {documented} is documented"));
            }
        }
        let known = |name: &str| {
            self.also_known.contains(&name)
                || self.listed.iter().any(|(names, _)| names.contains(&name))
        };
        for name in object.keys().filter(|name| !known(name)) {
            drift.new.insert(format!("not in the contract: {}.{name}", self.answer));
        }
        drift
    }
}

/// Type of a value, for a message that must not show the value itself: it may be a link.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
