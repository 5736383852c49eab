//! Reading objects: lists by pages, properties, bytes, and the properties of a video from a few blocks of it.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::list::PaginatedListOptions;
use object_store::{Attribute, Attributes, Error, GetOptions, GetRange, GetResult, ObjectMeta};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use super::error::Access;
use super::write::{CONTENT_KEY, OutputTag, SHA256};
use super::{ObjectStores, error, key};
use crate::media::{self, InputError, Video};
use crate::model::{Failure, ObjectUrl, StoredObject};

/// Bytes of one request for a part of a video.
const BLOCK_BYTES: u64 = 256 * 1024;

/// Maximum requests to learn the properties of a video. A video whose index is spread over the file has more
/// parts; its length then stays unknown.
const MAX_BLOCKS: u32 = 40;

/// One page of a list of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPage {
    /// In the order of their keys.
    pub objects: Vec<StoredObject>,
    /// Prefixes below the listed one, which were not listed themselves.
    pub folders: usize,
    /// Continues the list.
    pub next: Option<String>,
}

/// Properties of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectHead {
    pub object: StoredObject,
    /// Written by this program as an output.
    pub tag: Option<OutputTag>,
}

impl ObjectStores {
    /// A page of the objects whose keys begin with that of `prefix`; without those in prefixes below it unless
    /// `recursive`.
    pub async fn page(
        &self,
        prefix: &ObjectUrl,
        recursive: bool,
        page: Option<String>,
    ) -> Result<ObjectPage, Failure> {
        let client = self.bucket(prefix)?.client;
        let options = PaginatedListOptions {
            delimiter: (!recursive).then_some("/".into()),
            page_token: page,
            ..PaginatedListOptions::default()
        };
        let start = Some(prefix.key.as_str()).filter(|key| !key.is_empty());
        let listed = client.list_paginated(start, options).await;
        let listed = listed.map_err(|error| self.failure(prefix, &error, Access::List))?;
        let objects = listed.result.objects.into_iter().map(|meta| stored(prefix, meta));
        // An object whose key is the prefix itself stands for a folder.
        let objects: Vec<StoredObject> =
            objects.filter(|object| object.url.key.starts_with(&prefix.key)).collect();
        // Of the control characters, the library rejects only those of ASCII.
        if objects.iter().any(|object| object.url.check().is_err()) {
            return Err(error::bad_list(prefix));
        }
        Ok(ObjectPage {
            objects,
            folders: listed.result.common_prefixes.len(),
            next: listed.page_token,
        })
    }

    /// The properties of an object; `None` if there is none.
    pub async fn head(&self, url: &ObjectUrl) -> Result<Option<ObjectHead>, Failure> {
        let client = self.bucket(url)?.client;
        let options = GetOptions { head: true, ..GetOptions::default() };
        match client.get_opts(&key(url)?, options).await {
            Ok(found) => {
                let tag = tag(&found.attributes);
                Ok(Some(ObjectHead { object: stored(url, found.meta), tag }))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failure(url, &error, Access::Read)),
        }
    }

    /// The bytes of an object.
    ///
    /// # Errors
    ///
    /// Also if the object was changed since `object` was read.
    pub async fn read(
        &self,
        object: &StoredObject,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, Failure> {
        let (stores, url) = (self.clone(), object.url.clone());
        let pieces = self.open(object, None).await?.into_stream().map(move |piece| {
            piece.map_err(|error| io::Error::other(stores.failure(&url, &error, Access::Read).why))
        });
        Ok(pieces.boxed())
    }

    async fn read_range(&self, object: &StoredObject, range: Range<u64>) -> Result<Bytes, Failure> {
        let got = self.open(object, Some(GetRange::Bounded(range))).await?;
        got.bytes().await.map_err(|error| self.failure(&object.url, &error, Access::Read))
    }

    async fn open(
        &self,
        object: &StoredObject,
        range: Option<GetRange>,
    ) -> Result<GetResult, Failure> {
        let client = self.bucket(&object.url)?.client;
        let options = GetOptions { if_match: object.etag.clone(), range, ..GetOptions::default() };
        let got = client.get_opts(&key(&object.url)?, options).await;
        let got = got.map_err(|error| self.failure(&object.url, &error, Access::Read))?;
        // Not every store knows the condition.
        let now = stored(&object.url, got.meta.clone());
        let is_same = now.size == object.size
            && (object.etag.is_none() || now.etag.is_none() || now.etag == object.etag);
        if is_same { Ok(got) } else { Err(error::changed(&object.url)) }
    }

    /// SHA-256 of an object in hex. `progress` receives the bytes read.
    pub async fn hash(
        &self,
        object: &StoredObject,
        progress: impl Fn(u64),
    ) -> Result<String, Failure> {
        let mut pieces = self.read(object).await?;
        let (mut digest, mut done) = (Sha256::new(), 0);
        while let Some(piece) = pieces.next().await {
            let piece =
                piece.map_err(|error| Failure::local(format!("reading {}", object.url), &error))?;
            digest.update(&piece);
            done += piece.len() as u64;
            progress(done);
        }
        if done != object.size {
            let why = format!("got {done} bytes instead of {}", object.size);
            return Err(Failure::local(format!("reading {}", object.url), &why));
        }
        Ok(hex::encode(digest.finalize()))
    }

    /// Checks that an object is a video of an accepted type, by reading a few blocks of it.
    pub async fn inspect(&self, object: &StoredObject) -> Result<Video, InputError> {
        let mut blocks = BlockReader {
            stores: self.clone(),
            object: object.clone(),
            runtime: Handle::current(),
            position: 0,
            block: Bytes::new(),
            block_start: 0,
            left: MAX_BLOCKS,
        };
        let size = object.size;
        let inspected = tokio::task::spawn_blocking(move || {
            let result = media::inspect_source(&mut blocks, size);
            match result {
                Err(InputError::Unreadable(_)) if blocks.left == 0 => blocks.without_length(),
                result => result,
            }
        });
        inspected.await.unwrap_or_else(|error| Err(InputError::Unreadable(error.to_string())))
    }
}

fn stored(near: &ObjectUrl, meta: ObjectMeta) -> StoredObject {
    // Some stores leave out the quotes in lists.
    let quoted = |etag: String| if etag.ends_with('"') { etag } else { format!("\"{etag}\"") };
    let etag = meta.e_tag.map(quoted);
    StoredObject { url: near.with_key(meta.location), size: meta.size, etag }
}

fn tag(attributes: &Attributes) -> Option<OutputTag> {
    let value = |name: &'static str| {
        attributes.get(&Attribute::Metadata(name.into())).map(|value| value.to_string())
    };
    Some(OutputTag { sha256: value(SHA256)?, content_key: value(CONTENT_KEY)? })
}

/// An object as a file, of which only the blocks that are needed are read. For blocking threads.
struct BlockReader {
    stores: ObjectStores,
    object: StoredObject,
    runtime: Handle,
    position: u64,
    block: Bytes,
    block_start: u64,
    /// Requests that are still permitted.
    left: u32,
}

impl BlockReader {
    /// The rest of the current block from the current position, or a new block.
    fn rest(&mut self) -> io::Result<Bytes> {
        let offset = self.position.checked_sub(self.block_start);
        let offset = offset.and_then(|offset| usize::try_from(offset).ok());
        if let Some(offset) = offset.filter(|offset| *offset < self.block.len()) {
            return Ok(self.block.slice(offset..));
        }
        let end = self.position.saturating_add(BLOCK_BYTES).min(self.object.size);
        if self.position >= end {
            return Ok(Bytes::new());
        }
        self.left = self.left.checked_sub(1).ok_or_else(|| io::Error::other("too many parts"))?;
        let range = self.stores.read_range(&self.object, self.position..end);
        self.block =
            self.runtime.block_on(range).map_err(|failure| io::Error::other(failure.why))?;
        self.block_start = self.position;
        Ok(self.block.clone())
    }

    /// The video by its first bytes, where its length takes too many requests.
    fn without_length(&mut self) -> Result<Video, InputError> {
        let head = self.stores.read_range(&self.object, 0..BLOCK_BYTES.min(self.object.size));
        let head =
            self.runtime.block_on(head).map_err(|failure| InputError::Unreadable(failure.why))?;
        let container = media::sniff(&head[..head.len().min(media::SNIFF_BYTES)]);
        Video::of_container(container, self.object.size)
    }
}

impl Read for BlockReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.rest()?;
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for BlockReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.object.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
