//! Writing outputs: an object appears whole or not at all, and replaces another one only on request.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use futures_util::stream::FuturesUnordered;
use object_store::{
    Attribute, Attributes, Error, MultipartUpload, PutMode, PutMultipartOptions, PutOptions,
    PutPayload, UpdateVersion,
};
use tokio_util::sync::CancellationToken;

use super::error::Access;
use super::{ObjectStores, key};
use crate::model::{Failure, FailureKind, ObjectUrl, StoreKind};

/// Metadata that hold the hash of an output, and the content key of its input. Not all stores permit other
/// characters than letters in these names.
pub(crate) const SHA256: &str = "rbgvsha256";
pub(crate) const CONTENT_KEY: &str = "rbgvinput";

/// Maximum size of an object that is written with one request, in bytes. The store then rejects the request
/// if another object exists, which it cannot do for one that is written in parts.
const SINGLE_MAX: u64 = 16 << 20;

/// Size of a part in bytes. All but the last have to be equal.
const PART_BYTES: u64 = 8 << 20;

/// Parts that are sent at the same time.
const PARTS_AT_ONCE: usize = 4;

/// Metadata with which an output is recognised on any machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputTag {
    /// SHA-256 of the output, in hex.
    pub sha256: String,
    /// Hash of service, input content and options.
    pub content_key: String,
}

/// An output to write: `size` bytes of a verified file.
pub struct NewObject {
    pub file: Arc<File>,
    pub size: u64,
    pub content_type: &'static str,
    pub tag: OutputTag,
}

impl ObjectStores {
    /// Checks that objects can be written at `url`, without writing one.
    pub async fn check_writable(&self, url: &ObjectUrl) -> Result<(), Failure> {
        let client = self.bucket(url)?.client;
        let failed = |error: Error| self.failure(url, &error, Access::Write);
        if url.kind == StoreKind::Azure {
            // An upload in parts begins without a request. This one requires a version that never was.
            let never = UpdateVersion { e_tag: Some("\"0x0\"".to_owned()), version: None };
            let options = PutOptions { mode: PutMode::Update(never), ..PutOptions::default() };
            return match client.put_opts(&key(url)?, PutPayload::new(), options).await {
                Ok(_) | Err(Error::Precondition { .. }) => Ok(()),
                Err(error) => Err(failed(error)),
            };
        }
        let begun = client.put_multipart_opts(&key(url)?, PutMultipartOptions::default()).await;
        let mut upload = begun.map_err(failed)?;
        // Nothing was sent. A store that does not permit this removes the upload by its own rules.
        let _ = upload.abort().await;
        Ok(())
    }

    /// Writes an output. An object with the same content counts as written; any other is replaced only with
    /// `overwrite`.
    ///
    /// # Errors
    ///
    /// The object is not changed by a write that fails.
    pub async fn write(
        &self,
        url: &ObjectUrl,
        new: &NewObject,
        overwrite: bool,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        // Also before a single request: not every store knows its condition.
        if !overwrite && self.is_written(url, &new.tag).await? {
            return Ok(());
        }
        if new.size <= SINGLE_MAX {
            return self.write_single(url, new, overwrite).await;
        }
        self.write_parts(url, new, stop).await?;
        match self.head(url).await? {
            Some(head) if head.object.size == new.size => Ok(()),
            _ => Err(repeatable(url, "the object is not as it was written")),
        }
    }

    /// Whether the output is there.
    ///
    /// # Errors
    ///
    /// A different object is there.
    async fn is_written(&self, url: &ObjectUrl, tag: &OutputTag) -> Result<bool, Failure> {
        match self.head(url).await? {
            None => Ok(false),
            Some(head) if head.tag.as_ref().is_some_and(|found| found.sha256 == tag.sha256) => {
                Ok(true)
            }
            Some(_) => {
                let why = "a different object with this name was created meanwhile";
                Err(Failure::new(FailureKind::Local, format!("writing {url}"), why)
                    .with_next("run again with --overwrite, or with another -o"))
            }
        }
    }

    async fn write_single(
        &self,
        url: &ObjectUrl,
        new: &NewObject,
        overwrite: bool,
    ) -> Result<(), Failure> {
        let client = self.bucket(url)?.client;
        let bytes = block(&new.file, 0, new.size, url).await?;
        let options = PutOptions {
            mode: if overwrite { PutMode::Overwrite } else { PutMode::Create },
            attributes: attributes(new),
            ..PutOptions::default()
        };
        match client.put_opts(&key(url)?, bytes.into(), options).await {
            Ok(_) => Ok(()),
            // Also after a request whose response was lost, and after one that conflicted with another request.
            Err(Error::AlreadyExists { .. }) if self.is_written(url, &new.tag).await? => Ok(()),
            Err(Error::AlreadyExists { .. }) => Err(repeatable(
                url,
                "the store refused to create it, although there is no such object",
            )),
            Err(error) => Err(self.failure(url, &error, Access::Write)),
        }
    }

    async fn write_parts(
        &self,
        url: &ObjectUrl,
        new: &NewObject,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let client = self.bucket(url)?.client;
        let options =
            PutMultipartOptions { attributes: attributes(new), ..PutMultipartOptions::default() };
        let failed = |error: Error| self.failure(url, &error, Access::Write);
        let mut upload = client.put_multipart_opts(&key(url)?, options).await.map_err(failed)?;
        let sent = tokio::select! {
            biased;
            () = stop.cancelled() => {
                let why = "interrupted";
                Err(Failure::new(FailureKind::Interrupted, "stopped", why))
            }
            sent = self.send_parts(upload.as_mut(), url, new) => sent,
        };
        if sent.is_err() {
            // Parts that stay are removed by a rule of the bucket.
            let _ = upload.abort().await;
        }
        sent
    }

    async fn send_parts(
        &self,
        upload: &mut dyn MultipartUpload,
        url: &ObjectUrl,
        new: &NewObject,
    ) -> Result<(), Failure> {
        let failed = |error: Error| self.failure(url, &error, Access::Write);
        let (mut sending, mut start) = (FuturesUnordered::new(), 0);
        while start < new.size {
            let length = PART_BYTES.min(new.size - start);
            let bytes = block(&new.file, start, length, url).await?;
            sending.push(upload.put_part(bytes.into()));
            start += length;
            if sending.len() == PARTS_AT_ONCE {
                sending.try_next().await.map_err(failed)?;
            }
        }
        sending.try_collect::<()>().await.map_err(failed)?;
        upload.complete().await.map(drop).map_err(failed)
    }
}

/// Failure of a write after which the output is still on this machine.
fn repeatable(url: &ObjectUrl, why: &str) -> Failure {
    Failure::new(FailureKind::Local, format!("writing {url}"), why)
        .with_next("run the same command again; the output is kept")
}

/// `length` bytes of the file from `start` on.
async fn block(
    file: &Arc<File>,
    start: u64,
    length: u64,
    url: &ObjectUrl,
) -> Result<Bytes, Failure> {
    let (file, what) = (Arc::clone(file), format!("writing {url}"));
    crate::blocking::blocking(move || {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut bytes, start).map_err(|error| Failure::local(what, &error))?;
        Ok(Bytes::from(bytes))
    })
    .await
}

fn attributes(new: &NewObject) -> Attributes {
    let mut attributes = Attributes::with_capacity(3);
    attributes.insert(Attribute::ContentType, new.content_type.into());
    attributes.insert(Attribute::Metadata(SHA256.into()), new.tag.sha256.clone().into());
    attributes.insert(Attribute::Metadata(CONTENT_KEY.into()), new.tag.content_key.clone().into());
    attributes
}
