//! JSON forms of domain values in columns. Later versions read them back, so fields are only ever
//! added.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::LedgerError;
use crate::model::options::Rgb;
use crate::model::{
    Background, Composition, Execution, Failure, FailureKind, JobId, JobOptions, time::millis,
};

/// Bytes, since a path need not be UTF-8.
pub(crate) fn path_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

/// Inverse of [`path_bytes`].
pub(crate) fn path_from_bytes(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[derive(Serialize, Deserialize)]
struct StoredOptions {
    model: String,
    format: String,
    background: StoredBackground,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    canvas: Option<(u32, u32)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    anchor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scale: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<(i32, i32)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    composition: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    webhook_url: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    extra: BTreeMap<String, serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredBackground {
    Transparent,
    Color([f64; 3]),
    ImageUrl(String),
    /// Hex of the path, which need not be UTF-8.
    ImageFile(String),
}

pub(crate) fn encode_options(options: &JobOptions) -> Result<String, LedgerError> {
    let c = &options.composition;
    let stored = StoredOptions {
        model: options.model.to_string(),
        format: options.format.to_string(),
        background: match &options.background {
            Background::Transparent => StoredBackground::Transparent,
            Background::Color(Rgb(channels)) => StoredBackground::Color(*channels),
            Background::ImageUrl(url) => StoredBackground::ImageUrl(url.clone()),
            Background::ImageFile(path) => {
                StoredBackground::ImageFile(hex::encode(path_bytes(path)))
            }
        },
        prompt: options.prompt.clone(),
        canvas: c.canvas,
        anchor: c.anchor.clone(),
        scale: c.scale,
        offset: c.offset,
        composition: c.verbatim.clone(),
        webhook_url: options.webhook_url.clone(),
        tags: options.tags.clone(),
        extra: options.extra.clone(),
    };
    serde_json::to_string(&stored).map_err(|error| LedgerError::Corrupt(error.to_string()))
}

/// Inverse of [`encode_options`].
pub(crate) fn decode_options(json: &str) -> Result<JobOptions, LedgerError> {
    let corrupt = |why: String| LedgerError::Corrupt(format!("job options: {why}"));
    let stored: StoredOptions =
        serde_json::from_str(json).map_err(|error| corrupt(error.to_string()))?;
    Ok(JobOptions {
        model: stored.model.parse().map_err(|e| corrupt(format!("{e}")))?,
        format: stored.format.parse().map_err(|e| corrupt(format!("{e}")))?,
        background: match stored.background {
            StoredBackground::Transparent => Background::Transparent,
            StoredBackground::Color(channels) => Background::Color(Rgb(channels)),
            StoredBackground::ImageUrl(url) => Background::ImageUrl(url),
            StoredBackground::ImageFile(digits) => {
                let bytes = hex::decode(digits).map_err(|error| corrupt(error.to_string()))?;
                Background::ImageFile(PathBuf::from(OsStr::from_bytes(&bytes)))
            }
        },
        prompt: stored.prompt,
        composition: Composition {
            canvas: stored.canvas,
            anchor: stored.anchor,
            scale: stored.scale,
            offset: stored.offset,
            verbatim: stored.composition,
        },
        webhook_url: stored.webhook_url,
        tags: stored.tags,
        extra: stored.extra,
    })
}

#[derive(Serialize, Deserialize)]
struct StoredFailure {
    kind: String,
    what: String,
    why: String,
    delivery: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    attempts: u32,
    elapsed_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

pub(crate) fn encode_failure(failure: &Failure) -> Result<String, LedgerError> {
    let stored = StoredFailure {
        kind: failure.kind.as_str().to_owned(),
        what: failure.what.clone(),
        why: failure.why.clone(),
        delivery: match failure.delivery {
            Execution::NotExecuted => "not_executed",
            Execution::Refused => "refused",
            Execution::Ambiguous => "ambiguous",
        }
        .to_owned(),
        status: failure.status,
        code: failure.code.clone(),
        request_id: failure.request_id.clone(),
        job: failure.job.as_ref().map(ToString::to_string),
        attempts: failure.attempts,
        elapsed_ms: millis(failure.elapsed),
        next: failure.next.clone(),
    };
    serde_json::to_string(&stored).map_err(|error| LedgerError::Corrupt(error.to_string()))
}

/// Inverse of [`encode_failure`].
pub(crate) fn decode_failure(json: &str) -> Result<Failure, LedgerError> {
    let stored: StoredFailure = serde_json::from_str(json)
        .map_err(|error| LedgerError::Corrupt(format!("failure: {error}")))?;
    Ok(Failure {
        kind: FailureKind::parse(&stored.kind).unwrap_or(FailureKind::Contract),
        what: stored.what,
        why: stored.why,
        delivery: match stored.delivery.as_str() {
            "not_executed" => Execution::NotExecuted,
            "refused" => Execution::Refused,
            _ => Execution::Ambiguous,
        },
        status: stored.status,
        code: stored.code,
        request_id: stored.request_id,
        job: stored.job.map(JobId),
        attempts: stored.attempts,
        elapsed: Duration::from_millis(stored.elapsed_ms),
        retry_after: None,
        next: stored.next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ModelName, OutputFormat};

    #[test]
    fn options_read_back_as_they_were() {
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
            extra: [("new".to_owned(), serde_json::json!({"b": 1, "a": [null]}))].into(),
        };
        let json = encode_options(&options).unwrap();
        assert_eq!(decode_options(&json).unwrap(), options);
        let plain = JobOptions::default();
        assert_eq!(decode_options(&encode_options(&plain).unwrap()).unwrap(), plain);
    }

    #[test]
    fn failures_read_back_as_they_were() {
        let mut failure = Failure::new(FailureKind::Unavailable, "start", "no answer");
        failure.delivery = Execution::Ambiguous;
        failure.status = Some(502);
        failure.job = Some(JobId("j".into()));
        failure.elapsed = Duration::from_millis(1_234);
        failure.next = Some("rbgv resume".into());
        assert_eq!(decode_failure(&encode_failure(&failure).unwrap()).unwrap(), failure);
    }
}
