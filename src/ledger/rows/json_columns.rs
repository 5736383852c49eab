//! JSON forms of domain values in columns. Later versions read them back, so fields are only ever
//! added.

use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ledger::error::LedgerError;
use crate::model::{Failure, JobOptions};

/// Bytes, since a path need not be UTF-8.
pub(crate) fn path_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

/// Inverse of [`path_bytes`].
pub(crate) fn path_from_bytes(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Result<String, LedgerError> {
    serde_json::to_string(value).map_err(|error| LedgerError::Corrupt(error.to_string()))
}

/// Inverse of [`encode`]. `what` names the column in the error.
pub(crate) fn decode<T: DeserializeOwned>(json: &str, what: &str) -> Result<T, LedgerError> {
    serde_json::from_str(json).map_err(|error| LedgerError::Corrupt(format!("{what}: {error}")))
}

pub(crate) fn decode_options(json: &str) -> Result<JobOptions, LedgerError> {
    decode(json, "job options")
}

pub(crate) fn decode_failure(json: &str) -> Result<Failure, LedgerError> {
    decode(json, "failure")
}

/// Kind of a failure as it is stored, which may be a word of a later version.
pub(crate) fn failure_kind(json: &str) -> Result<Option<String>, LedgerError> {
    #[derive(Deserialize)]
    struct Kind {
        kind: Option<String>,
    }
    Ok(decode::<Kind>(json, "failure")?.kind)
}

/// Parses text as every kind of column.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_columns(json: &str) {
    let _ = (decode_options(json), decode_failure(json));
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
            assert_eq!(decode_options(&encode(&options).unwrap()).unwrap(), options);
        }
        let error = decode_options("{\"model\": \"newest\"}").unwrap_err().to_string();
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
        assert_eq!(decode_failure(&encode(&failure).unwrap()).unwrap(), failure);
        // Words of a later version.
        let later = json!({
            "kind": "quantum", "what": "a", "why": "b", "delivery": "partly", "attempts": 1,
            "elapsed_ms": 0,
        });
        let read = decode_failure(&later.to_string()).unwrap();
        assert_eq!((read.kind, read.delivery), (FailureKind::Contract, Execution::Ambiguous));
    }
}
