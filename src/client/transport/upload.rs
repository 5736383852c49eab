//! Upload bodies: a file, streamed in chunks, with progress and stall detection. The read timeout
//! of the HTTP library cannot detect stalls: it runs from sending to the response headers,
//! regardless of transferred data.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep_until};
use tokio_util::io::ReaderStream;

use super::Progress;
use crate::client::types::{UploadContent, UploadFile};

/// Chunk size in bytes.
const CHUNK_SIZE: usize = 256 * 1024;

/// Progress of an upload, shared by the body and the stall detection.
pub(crate) struct UploadProgress {
    began: Instant,
    /// Time of the last progress, in milliseconds since `began`.
    last: AtomicU64,
    sent: AtomicU64,
    complete: AtomicBool,
    /// Read error of the file, which the HTTP library would report as a broken connection.
    problem: Mutex<Option<String>>,
}

impl UploadProgress {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            last: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            complete: AtomicBool::new(false),
            problem: Mutex::new(None),
        }
    }

    fn beat(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    fn fail(&self, why: String) -> io::Error {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.clone());
        io::Error::other(why)
    }

    pub(crate) fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns after `idle` without progress. Once the whole body is handed over, twice as long is
    /// permitted: buffers still drain unobserved, and the service stores the file.
    pub(crate) async fn stalled(&self, idle: Duration) {
        loop {
            let timeout = if self.complete.load(Ordering::Relaxed) { idle * 2 } else { idle };
            let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
            let deadline = self.began + last + timeout;
            if Instant::now() >= deadline {
                return;
            }
            sleep_until(deadline).await;
        }
    }
}

/// A file ready to be sent.
pub(crate) struct FileBody {
    bytes: BoxStream<'static, io::Result<Bytes>>,
    pub(crate) size: u64,
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) pulse: Arc<UploadProgress>,
    progress: Progress,
}

impl FileBody {
    /// Opens the file; every attempt sends it from its start.
    pub(crate) async fn open(file: &UploadFile, progress: &Progress) -> Result<Self, String> {
        let bytes = match &file.content {
            UploadContent::File(path) => {
                let opened = File::open(path)
                    .await
                    .map_err(|error| format!("cannot open {}: {error}", path.display()))?;
                ReaderStream::with_capacity(opened.take(file.size), CHUNK_SIZE).boxed()
            }
            UploadContent::Stream(open) => open().await.map_err(|error| error.to_string())?,
        };
        Ok(Self {
            bytes,
            size: file.size,
            name: ascii_name(&file.name),
            content_type: file.content_type.clone(),
            pulse: Arc::new(UploadProgress::new()),
            progress: Arc::clone(progress),
        })
    }

    /// Exactly `size` bytes, or an error.
    pub(crate) fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let Self { bytes, size, pulse, progress, .. } = self;
        pulse.beat();
        let watched = Arc::clone(&pulse);
        let pieces = bytes.map(move |piece| {
            let piece =
                piece.map_err(|error| watched.fail(format!("cannot read the file: {error}")))?;
            let length = piece.len() as u64;
            let sent = watched.sent.fetch_add(length, Ordering::Relaxed) + length;
            if sent > size {
                return Err(watched.fail(format!("the file changed: more than {size} bytes")));
            }
            watched.beat();
            watched.complete.store(sent == size, Ordering::Relaxed);
            progress(sent);
            Ok(piece)
        });
        let end = stream::once(async move {
            let sent = pulse.sent.load(Ordering::Relaxed);
            if sent == size {
                return None;
            }
            let why = format!("the file changed: {sent} bytes instead of {size}");
            Some(Err(pulse.fail(why)))
        });
        pieces.chain(end.filter_map(std::future::ready))
    }
}

/// `name` reduced to characters that all multipart parsers accept, with its extension.
fn ascii_name(name: &str) -> String {
    const NAME_MAX: usize = 100;
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .collect();
    let start = plain.len().saturating_sub(NAME_MAX);
    match plain[start..].trim_start_matches('.') {
        "" => "file".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::*;

    async fn body(content: &[u8], size: u64) -> (FileBody, tempfile::NamedTempFile) {
        let on_disk = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(on_disk.path(), content).unwrap();
        let file = UploadFile {
            content: on_disk.path().to_owned().into(),
            name: "a.mp4".into(),
            size,
            content_type: "video/mp4".into(),
        };
        let progress: Progress = Arc::new(|_| ());
        (FileBody::open(&file, &progress).await.unwrap(), on_disk)
    }

    #[tokio::test]
    async fn exactly_the_promised_bytes_are_sent() {
        let content = vec![7; CHUNK_SIZE * 2 + 5];
        let (whole, _kept) = body(&content, content.len() as u64).await;
        let sent: Vec<Bytes> = whole.into_stream().try_collect().await.unwrap();
        assert_eq!(sent.concat(), content);
        assert!(sent.iter().all(|piece| piece.len() <= CHUNK_SIZE));

        let (grown, _kept) = body(b"12345", 3).await;
        let sent: Vec<Bytes> = grown.into_stream().try_collect().await.unwrap();
        assert_eq!(sent.concat(), b"123");
    }

    #[tokio::test]
    async fn a_file_that_shrank_is_a_local_problem() {
        let (shrunk, _kept) = body(b"123", 5).await;
        let pulse = Arc::clone(&shrunk.pulse);
        let result: io::Result<Vec<Bytes>> = shrunk.into_stream().try_collect().await;
        assert!(result.is_err());
        assert!(pulse.problem().unwrap().contains("3 bytes instead of 5"));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_counted_from_the_last_movement() {
        let pulse = UploadProgress::new();
        let second = Duration::from_secs(1);
        let began = Instant::now();
        let moving = async {
            for _ in 0..5 {
                tokio::time::sleep(second).await;
                pulse.beat();
            }
        };
        tokio::join!(moving, pulse.stalled(second * 3));
        assert_eq!(began.elapsed(), second * 8);

        pulse.beat();
        pulse.complete.store(true, Ordering::Relaxed);
        let began = Instant::now();
        pulse.stalled(second * 3).await;
        assert_eq!(began.elapsed(), second * 6);
    }

    #[test]
    fn names_are_plain_and_keep_their_ending() {
        assert_eq!(ascii_name("clip 1.mp4"), "clip_1.mp4");
        assert_eq!(ascii_name("Fuß\"\r\n.mov"), "Fu____.mov");
        assert_eq!(ascii_name("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(ascii_name(""), "file");
        let long = ascii_name(&format!("{}.webm", "x".repeat(4_000)));
        assert_eq!((long.len(), &long[95..]), (100, ".webm"));
    }
}
