//! Domain types as values of columns. Those in JSON are read back by later versions, so their fields are
//! only ever added.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::attempt::{AttemptStatus, DraftObservation, RerunReason};
use super::batch::InputState;
use super::ids::{AttemptId, BatchId, InputId, ProcessId};
use super::step::StepNote;
use crate::ledger::database::value::{FromValue, ToValue, Value};
use crate::ledger::error::LedgerError;
use crate::model::{
    Credits, Failure, Fingerprint, Instant, JobId, JobOptions, JobStatus, Target, Timestamp,
};

/// Types that are stored as the value that they wrap.
macro_rules! stored_as_inner {
    ($($type:ident),*) => { $(
        impl ToValue for $type {
            fn to_value(&self) -> Value {
                self.0.to_value()
            }
        }

        impl FromValue for $type {
            fn from_value(value: Value) -> Result<Self, String> {
                FromValue::from_value(value).map(Self)
            }
        }
    )* };
}

stored_as_inner!(
    AttemptId,
    BatchId,
    Credits,
    Fingerprint,
    InputId,
    Instant,
    JobId,
    ProcessId,
    Timestamp
);

/// Enums that are stored as the words of their `strum` derives.
macro_rules! stored_as_word {
    ($($type:ident: $what:literal),*) => { $(
        impl ToValue for $type {
            fn to_value(&self) -> Value {
                <&'static str>::from(*self).to_value()
            }
        }

        impl FromValue for $type {
            fn from_value(value: Value) -> Result<Self, String> {
                let word = String::from_value(value)?;
                word.parse().map_err(|_| format!(concat!($what, " '{}'"), word))
            }
        }
    )* };
}

stored_as_word!(
    AttemptStatus: "attempt status",
    DraftObservation: "draft observation",
    InputState: "input state",
    RerunReason: "rerun reason"
);

impl ToValue for JobStatus {
    fn to_value(&self) -> Value {
        self.as_str().to_value()
    }
}

impl FromValue for JobStatus {
    fn from_value(value: Value) -> Result<Self, String> {
        String::from_value(value).map(|word| Self::parse(&word))
    }
}

impl ToValue for StepNote {
    fn to_value(&self) -> Value {
        self.to_string().to_value()
    }
}

impl FromValue for StepNote {
    fn from_value(value: Value) -> Result<Self, String> {
        String::from_value(value).map(|text| Self::parse(&text))
    }
}

/// Bytes, since a path need not be UTF-8.
impl ToValue for Path {
    fn to_value(&self) -> Value {
        Value::Bytes(self.as_os_str().as_bytes().to_vec())
    }
}

impl FromValue for PathBuf {
    fn from_value(value: Value) -> Result<Self, String> {
        Vec::from_value(value).map(|bytes| OsString::from_vec(bytes).into())
    }
}

impl ToValue for Target {
    fn to_value(&self) -> Value {
        Value::Bytes(self.to_bytes())
    }
}

impl FromValue for Target {
    fn from_value(value: Value) -> Result<Self, String> {
        Vec::from_value(value).map(Self::from_bytes)
    }
}

impl FromValue for JobOptions {
    fn from_value(value: Value) -> Result<Self, String> {
        decode(&String::from_value(value)?, "job options")
    }
}

impl FromValue for Failure {
    fn from_value(value: Value) -> Result<Self, String> {
        decode(&String::from_value(value)?, "failure")
    }
}

/// JSON of a value.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<String, LedgerError> {
    serde_json::to_string(value).map_err(|error| LedgerError::Corrupt(error.to_string()))
}

fn decode<T: DeserializeOwned>(json: &str, what: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("{what}: {error}"))
}

/// Kind of a failure as it is stored, which may be a word of a later version.
pub(crate) fn failure_kind(json: &str) -> Result<Option<String>, LedgerError> {
    #[derive(Deserialize)]
    struct Kind {
        kind: Option<String>,
    }
    let failure: Kind = decode(json, "failure").map_err(LedgerError::Corrupt)?;
    Ok(failure.kind)
}

/// Parses text as every kind of column.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_columns(json: &str) {
    let text = || Value::Text(json.to_owned());
    let _ = (JobOptions::from_value(text()), Failure::from_value(text()));
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::model::options::Rgb;
    use crate::model::{
        Background, Composition, Execution, FailureKind, JobId, ModelName, OutputFormat,
    };

    fn stored_and_read<T: Serialize + FromValue>(value: &T) -> T {
        T::from_value(Value::Text(encode(value).unwrap())).unwrap()
    }

    #[test]
    fn options_are_stored_under_names_that_stay() {
        let options = JobOptions {
            model: ModelName::Pro,
            format: OutputFormat::PngSequence,
            background: Background::ImageFile(PathBuf::from(OsStr::from_bytes(b"a\xffb.png"))),
            prompt: Some("dog, \"cat\"".into()),
            composition: Composition {
                canvas: Some((1920, 1080)),
                anchor: Some("top-left".into()),
                scale: Some(0.5),
                offset: Some((-3, 4)),
                verbatim: None,
            },
            webhook_url: Some("https://hook.example/x".into()),
            tags: [("k".to_owned(), "v".to_owned())].into(),
            extra: [("new".to_owned(), json!({"b": 1, "a": [null]}))].into(),
        };
        let plain = JobOptions::default();
        let colored = JobOptions {
            background: Background::Color(Rgb([0.0, 0.5, 1.0])),
            composition: Composition { verbatim: Some(json!({"z": 1})), ..Composition::default() },
            ..JobOptions::default()
        };
        let table = [
            (
                options,
                json!({
                    "model": "pro", "format": "png_sequence",
                    "background": {"image_file": "61ff622e706e67"}, "prompt": "dog, \"cat\"",
                    "canvas": [1920, 1080], "anchor": "top-left", "scale": 0.5, "offset": [-3, 4],
                    "webhook_url": "https://hook.example/x", "tags": {"k": "v"},
                    "extra": {"new": {"b": 1, "a": [null]}},
                }),
            ),
            (plain, json!({"model": "original", "format": "webm", "background": "transparent"})),
            (
                colored,
                json!({
                    "model": "original", "format": "webm", "background": {"color": [0.0, 0.5, 1.0]},
                    "composition": {"z": 1},
                }),
            ),
        ];
        for (options, stored) in table {
            assert_eq!(json!(options), stored);
            assert_eq!(stored_and_read(&options), options);
        }
        let newest = Value::Text("{\"model\": \"newest\"}".into());
        let error = JobOptions::from_value(newest).unwrap_err();
        assert!(error.contains("job options"), "{error}");
    }

    #[test]
    fn failures_are_stored_under_names_that_stay() {
        let mut failure = Failure::new(FailureKind::Unavailable, "start", "no answer");
        failure.delivery = Execution::Ambiguous;
        failure.status = Some(502);
        failure.job = Some(JobId("j".into()));
        failure.elapsed = Duration::from_millis(1_234);
        failure.next = Some("rbgv resume".into());
        let stored = json!({
            "kind": "unavailable", "what": "start", "why": "no answer", "delivery": "ambiguous",
            "status": 502, "job": "j", "attempts": failure.attempts, "elapsed_ms": 1234,
            "next": "rbgv resume",
        });
        assert_eq!(json!(failure), stored);
        assert_eq!(stored_and_read(&failure), failure);
        // Words of a later version.
        let later = json!({
            "kind": "quantum", "what": "a", "why": "b", "delivery": "partly", "attempts": 1,
            "elapsed_ms": 0,
        });
        let read = Failure::from_value(Value::Text(later.to_string())).unwrap();
        assert_eq!((read.kind, read.delivery), (FailureKind::Contract, Execution::Ambiguous));
    }
}
