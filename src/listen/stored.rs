//! Deliveries in a file, one a line, to be handled again. The body is kept as it came, links and
//! all: its signature covers every byte. The file is therefore its owner's alone.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::client::webhook::WebhookHeaders;
use crate::model::{Failure, FailureKind, Timestamp};

/// A delivery in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// When it came, in milliseconds since 1970.
    pub received_at: i64,
    /// `X-Webhook-Event`.
    #[serde(default)]
    event: Option<String>,
    /// `X-Webhook-Delivery-Id`.
    #[serde(default)]
    delivery_id: Option<String>,
    /// `X-Webhook-Timestamp`.
    #[serde(default)]
    timestamp: Option<String>,
    /// `X-Webhook-Signature`.
    #[serde(default)]
    signature: Option<String>,
    /// The body. What was verified is JSON, and so is text.
    pub body: String,
}

impl Stored {
    /// A delivery that came at `received_at`; none if its body is no text.
    #[must_use]
    pub fn new(headers: &WebhookHeaders, body: &[u8], received_at: Timestamp) -> Option<Self> {
        let headers = headers.clone();
        Some(Self {
            received_at: received_at.0,
            event: headers.event,
            delivery_id: headers.delivery_id,
            timestamp: headers.timestamp,
            signature: headers.signature,
            body: std::str::from_utf8(body).ok()?.to_owned(),
        })
    }

    /// Its headers, as they came.
    #[must_use]
    pub fn headers(&self) -> WebhookHeaders {
        WebhookHeaders {
            event: self.event.clone(),
            delivery_id: self.delivery_id.clone(),
            timestamp: self.timestamp.clone(),
            signature: self.signature.clone(),
        }
    }
}

/// Adds a delivery to the file at `path`, which nobody else can read.
///
/// # Errors
/// The file cannot be written.
pub fn append(path: &Path, stored: &Stored) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::local(format!("keeping a delivery in {}", path.display()), error)
    };
    let mut line = serde_json::to_vec(stored).map_err(|error| failed(&error))?;
    line.push(b'\n');
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(&line))
        .map_err(|error| failed(&error))
}

/// Reads the deliveries of a file, in order.
///
/// # Errors
/// The file cannot be read, or a line of it is no delivery.
pub fn load(path: &Path) -> Result<Vec<Stored>, Failure> {
    let wrong = |why: String| Failure::new(FailureKind::Usage, path.display().to_string(), why);
    let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
    let mut all = Vec::new();
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let line = line.map_err(|error| wrong(error.to_string()))?;
        if line.trim().is_empty() {
            continue;
        }
        let stored = serde_json::from_str(&line).map_err(|_| {
            wrong(format!("line {number} is no delivery; listen --keep FILE writes such files"))
        })?;
        all.push(stored);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_kept_comes_back_byte_for_byte_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kept");
        let headers = WebhookHeaders { signature: Some("sha256=00".into()), ..Default::default() };
        let body = "{\"a\": \"\u{df}\\u00df\"}\r\n";
        let stored = Stored::new(&headers, body.as_bytes(), Timestamp(7)).unwrap();
        append(&path, &stored).unwrap();
        append(&path, &stored).unwrap();
        let back = load(&path).unwrap();
        assert_eq!(back, [stored.clone(), stored]);
        assert_eq!((back[0].headers(), back[0].body.as_str()), (headers, body));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "{}\n").unwrap();
        assert!(load(&path).unwrap_err().why.contains("line 1"));
    }
}
