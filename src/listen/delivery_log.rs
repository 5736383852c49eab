//! The `--keep` file: one delivery per line. The body is kept as received, including links, since
//! the signature covers every byte; only the owner can read the file.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::client::webhook::WebhookHeaders;
use crate::model::{Failure, Timestamp};

/// A line of the file.
#[derive(Debug, Clone, Serialize)]
pub struct LoggedDelivery {
    /// Milliseconds since 1970.
    received_at: i64,
    #[serde(flatten)]
    headers: WebhookHeaders,
    /// The body, which is text: verified deliveries are JSON.
    body: String,
}

impl LoggedDelivery {
    /// The delivery, or `None` if its body is not text.
    pub fn new(headers: &WebhookHeaders, body: &[u8], received_at: Timestamp) -> Option<Self> {
        let body = std::str::from_utf8(body).ok()?.to_owned();
        Some(Self { received_at: received_at.0, headers: headers.clone(), body })
    }
}

#[derive(Debug)]
pub struct DeliveryLog {
    path: PathBuf,
    /// Held while a line is written.
    lock: Mutex<()>,
}

impl DeliveryLog {
    /// Opens or creates the file at `path`, readable only by its owner.
    pub fn open(path: PathBuf) -> Result<Self, Failure> {
        let log = Self { path, lock: Mutex::new(()) };
        log.file().map_err(|error| log.failed(&error).with_next("use --keep with another file"))?;
        Ok(log)
    }

    /// Appends a delivery and syncs it to disk.
    pub fn append(&self, delivery: &LoggedDelivery) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(delivery).map_err(|error| self.failed(&error))?;
        line.push(b'\n');
        let _lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.file()
            .and_then(|mut file| {
                // A line truncated by a full disk or a crash must not swallow the next one.
                if is_torn(&mut file)? {
                    line.insert(0, b'\n');
                }
                file.write_all(&line)?;
                file.sync_data()
            })
            .map_err(|error| self.failed(&error))
    }

    /// Opened for each delivery, so that the file can be rotated while a listener runs.
    fn file(&self) -> io::Result<File> {
        let file =
            OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?;
        let metadata = file.metadata()?;
        if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
            file.set_permissions(Permissions::from_mode(0o600))?;
        }
        Ok(file)
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> Failure {
        Failure::local(format!("saving deliveries to {}", self.path.display()), error)
    }
}

/// Whether the last line is incomplete.
fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn stored(body: &str) -> LoggedDelivery {
        let headers = WebhookHeaders { signature: Some("sha256=00".into()), ..Default::default() };
        LoggedDelivery::new(&headers, body.as_bytes(), Timestamp(7)).unwrap()
    }

    /// The bodies of a file's lines; `None` for a line that is not a delivery.
    fn bodies(path: &Path) -> Vec<Option<String>> {
        let text = std::fs::read_to_string(path).unwrap();
        let body = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(line["body"].as_str()?.to_owned())
        };
        text.lines().map(body).collect()
    }

    #[test]
    fn what_is_kept_is_whole_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kept");
        // One that others could read, as an editor or a copy may leave it.
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let body = "{\"a\": \"\u{df}\\u00df\"}\r\n";
        let keep = DeliveryLog::open(path.clone()).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        keep.append(&stored(body)).unwrap();
        keep.append(&stored(body)).unwrap();
        assert_eq!(bodies(&path), [Some(body.to_owned()), Some(body.to_owned())]);
        let text = std::fs::read_to_string(&path).unwrap();
        let start = r#"{"received_at":7,"event":null,"delivery_id":null,"timestamp":null,"signature":"sha256=00","body":"#;
        assert!(text.lines().all(|line| line.starts_with(start)), "{text}");
        assert!(DeliveryLog::open(dir.path().join("no/such/directory")).is_err());
    }

    #[test]
    fn a_line_that_was_cut_short_costs_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kept");
        let keep = DeliveryLog::open(path.clone()).unwrap();
        keep.append(&stored("1")).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"rece").unwrap();
        keep.append(&stored("2")).unwrap();
        assert_eq!(bodies(&path), [Some("1".to_owned()), None, Some("2".to_owned())]);
    }
}
