//! Deliveries in a file, one per line. The body is kept as received, links included: its signature
//! covers every byte. The file is therefore readable by its owner alone.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::client::webhook::WebhookHeaders;
use crate::model::{Failure, Timestamp};

/// A delivery in a file.
#[derive(Debug, Clone, Serialize)]
pub struct LoggedDelivery {
    /// When it came, in milliseconds since 1970.
    received_at: i64,
    /// `X-Webhook-Event`.
    event: Option<String>,
    /// `X-Webhook-Delivery-Id`.
    delivery_id: Option<String>,
    /// `X-Webhook-Timestamp`.
    timestamp: Option<String>,
    /// `X-Webhook-Signature`.
    signature: Option<String>,
    /// The body. What was verified is JSON, and so is text.
    body: String,
}

impl LoggedDelivery {
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
}

/// The file that deliveries are kept in, for as long as a listener lives.
#[derive(Debug)]
pub struct DeliveryLog {
    path: PathBuf,
    /// One line at a time.
    turn: Mutex<()>,
}

impl DeliveryLog {
    /// Opens the file at `path`, or makes it, and lets nobody else read it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn open(path: PathBuf) -> Result<Self, Failure> {
        let keep = Self { path, turn: Mutex::new(()) };
        keep.file()
            .map_err(|error| keep.failed(&error).with_next("use --keep with another file"))?;
        Ok(keep)
    }

    /// Adds a delivery, which is on the disk when this returns.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&self, stored: &LoggedDelivery) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(stored).map_err(|error| self.failed(&error))?;
        line.push(b'\n');
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.file()
            .and_then(|mut file| {
                // A line that was cut short, by a full disk or a crash, must not take the next one
                // with it.
                if is_torn(&mut file)? {
                    line.insert(0, b'\n');
                }
                file.write_all(&line)?;
                file.sync_data()
            })
            .map_err(|error| self.failed(&error))
    }

    /// Opened anew each time, so that the file may be moved away under a running listener.
    fn file(&self) -> io::Result<File> {
        let file =
            OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?;
        let facts = file.metadata()?;
        if facts.is_file() && facts.permissions().mode() & 0o077 != 0 {
            file.set_permissions(Permissions::from_mode(0o600))?;
        }
        Ok(file)
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> Failure {
        Failure::local(format!("saving deliveries to {}", self.path.display()), error)
    }
}

/// Whether the last line has no end.
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
        let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!((&line["signature"], &line["received_at"]), (&"sha256=00".into(), &7.into()));
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
