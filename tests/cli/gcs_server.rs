//! A Google Cloud Storage in this process: what the client uses of its XML API, with objects in memory. It checks
//! the token, preconditions and the size of parts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, LAST_MODIFIED,
    RANGE,
};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::oneshot;
use url::form_urlencoded;

use crate::s3_server::serve;
use crate::support::{Home, Ran, Sandbox};

pub(crate) const TOKEN: &str = "planted-token-of-the-bucket";

const GENERATION: HeaderName = HeaderName::from_static("x-goog-generation");
const MATCH: HeaderName = HeaderName::from_static("x-goog-if-generation-match");

/// Maximum keys of one page of a list.
const PAGE: usize = 1_000;

/// Minimum size of all parts but the last, in bytes.
const PART_MIN: usize = 5 << 20;

const BODY_MAX: usize = 64 << 20;

/// A server with a bucket `clips`, and a bucket `closed` that the token does not open.
pub(crate) struct Gcs {
    url: String,
    store: Arc<Mutex<Store>>,
    _stop: oneshot::Sender<()>,
}

#[derive(Default)]
struct Store {
    objects: BTreeMap<String, Object>,
    uploads: BTreeMap<String, Upload>,
    changes: u64,
    log: Vec<String>,
    /// The key of an object that somebody else creates just before it would be created here, and whether it is
    /// deleted again.
    rival: Option<(String, bool)>,
}

struct Object {
    content: Bytes,
    /// Content type and metadata.
    headers: HeaderMap,
    generation: u64,
}

#[derive(Default)]
struct Upload {
    headers: HeaderMap,
    parts: BTreeMap<usize, Bytes>,
}

impl Gcs {
    pub(crate) fn start() -> Self {
        let store = Arc::<Mutex<Store>>::default();
        let answering = Arc::clone(&store);
        let app = Router::new().fallback(async move |request: Request| {
            let (head, body) = request.into_parts();
            let Ok(body) = to_bytes(body, BODY_MAX).await else {
                return refused(StatusCode::PAYLOAD_TOO_LARGE, "EntityTooLarge");
            };
            let mut store = answering.lock().unwrap_or_else(PoisonError::into_inner);
            store.log.push(format!("{} {}", head.method, head.uri));
            let uri = (head.uri.path(), head.uri.query().unwrap_or_default());
            store.answer(&head.method, uri, &head.headers, body).unwrap_or_else(|refusal| refusal)
        });
        let (url, stop) = serve(app, "127.0.0.1");
        Self { url, store, _stop: stop }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, key: &str, content: &[u8]) {
        self.store().write(key, Bytes::copy_from_slice(content), HeaderMap::new());
    }

    pub(crate) fn get(&self, key: &str) -> Bytes {
        self.store().objects[key].content.clone()
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.store().objects.keys().cloned().collect()
    }

    /// Creates this object just before the next write to it.
    pub(crate) fn create_before(&self, key: &str) {
        self.store().rival = Some((key.to_owned(), false));
    }

    /// Creates this object just before the next write to it, and deletes it after that.
    pub(crate) fn create_around(&self, key: &str) {
        self.store().rival = Some((key.to_owned(), true));
    }

    /// Requests whose method and URL begin so.
    pub(crate) fn requests(&self, start: &str) -> usize {
        self.store().log.iter().filter(|line| line.starts_with(start)).count()
    }

    /// The variables with which the program reaches it.
    pub(crate) fn vars(&self) -> [(&'static str, &str); 2] {
        [("GOOGLE_BASE_URL", &self.url), ("GOOGLE_BEARER_TOKEN", TOKEN)]
    }

    /// Runs the program with access to it.
    pub(crate) fn run(&self, home: &Home, sandbox: &Sandbox, args: &[&str]) -> Ran {
        Ran::of(home.keyed(sandbox).envs(self.vars()).args(args))
    }
}

type Answer = Result<Response, Response>;

impl Store {
    fn answer(
        &mut self,
        method: &Method,
        (path, query): (&str, &str),
        headers: &HeaderMap,
        body: Bytes,
    ) -> Answer {
        let (bucket, key) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
        // The client encodes every character but letters and digits.
        let key = form_urlencoded::parse(key.as_bytes()).next().unwrap_or_default().0.into_owned();
        let query: BTreeMap<String, String> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        if headers.get(AUTHORIZATION).is_none_or(|token| token != &format!("Bearer {TOKEN}")) {
            return Err(refused(StatusCode::UNAUTHORIZED, "AuthenticationRequired"));
        }
        match bucket {
            "clips" => {}
            "closed" => return Err(refused(StatusCode::FORBIDDEN, "AccessDenied")),
            _ => return Err(refused(StatusCode::NOT_FOUND, "NoSuchBucket")),
        }
        let upload = query.get("uploadId");
        match (method.as_str(), upload) {
            ("GET", None) if key.is_empty() => Ok(self.list(&query)),
            ("GET" | "HEAD", None) => self.read(&key, headers),
            ("PUT", None) => self.create(&key, body, headers),
            ("POST", None) if query.contains_key("uploads") => {
                self.changes += 1;
                let id = self.changes.to_string();
                let upload = Upload { headers: kept(headers), ..Upload::default() };
                self.uploads.insert(id.clone(), upload);
                Ok(xml("InitiateMultipartUploadResult", &format!("<UploadId>{id}</UploadId>")))
            }
            ("PUT", Some(id)) => {
                let number = query["partNumber"].parse().unwrap();
                let upload = self.uploads.get_mut(id).ok_or_else(no_upload)?;
                upload.parts.insert(number, body);
                Ok([(ETAG, format!("\"part-{number}\""))].into_response())
            }
            ("POST", Some(id)) => self.complete(&key, id, &body),
            ("DELETE", Some(id)) => {
                self.uploads.remove(id).ok_or_else(no_upload)?;
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            _ => Err(refused(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed")),
        }
    }

    fn list(&self, query: &BTreeMap<String, String>) -> Response {
        let of = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let (prefix, delimiter, after) = (of("prefix"), of("delimiter"), of("continuation-token"));
        let (mut found, mut folders, mut last) = (String::new(), BTreeSet::new(), None);
        for (number, (key, object)) in self
            .objects
            .iter()
            .filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after)
            .enumerate()
        {
            if number == PAGE {
                let token = escaped(last.unwrap_or_default());
                let _ = write!(found, "<NextContinuationToken>{token}</NextContinuationToken>");
                break;
            }
            last = Some(key.as_str());
            let rest = &key[prefix.len()..];
            if let Some(end) = rest.find(delimiter).filter(|_| !delimiter.is_empty()) {
                folders.insert(&key[..prefix.len() + end + delimiter.len()]);
                continue;
            }
            let (key, size) = (escaped(key), object.content.len());
            let _ = write!(
                found,
                "<Contents><Key>{key}</Key><Size>{size}</Size><ETag>{}</ETag>\
                 <LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>",
                object.etag()
            );
        }
        for folder in folders {
            let folder = escaped(folder);
            let _ = write!(found, "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>");
        }
        xml("ListBucketResult", &found)
    }

    fn read(&self, key: &str, headers: &HeaderMap) -> Answer {
        let missing = || refused(StatusCode::NOT_FOUND, "NoSuchKey");
        let object = self.objects.get(key).ok_or_else(missing)?;
        if headers.get(IF_MATCH).is_some_and(|etag| etag != &object.etag()) {
            return Err(refused(StatusCode::PRECONDITION_FAILED, "PreconditionFailed"));
        }
        let all = object.content.len();
        let range = headers.get(RANGE).map(|range| {
            let (start, end) = range.to_str().unwrap()["bytes=".len()..].split_once('-').unwrap();
            let end = end.parse::<usize>().map_or(all, |end| all.min(end + 1));
            start.parse::<usize>().unwrap()..end
        });
        let content = object.content.slice(range.clone().unwrap_or(0..all));
        let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
        let known = [
            (ETAG, object.etag()),
            (GENERATION, object.generation.to_string()),
            (LAST_MODIFIED, "Thu, 01 Jan 2026 00:00:00 GMT".to_owned()),
            (CONTENT_LENGTH, content.len().to_string()),
        ];
        let part = range
            .map(|part| [(CONTENT_RANGE, format!("bytes {}-{}/{all}", part.start, part.end - 1))]);
        let mut response = (status, object.headers.clone(), known, content).into_response();
        if let Some([(name, value)]) = part {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        Ok(response)
    }

    fn create(&mut self, key: &str, content: Bytes, headers: &HeaderMap) -> Answer {
        let rival = self.rival.take_if(|(rival, _)| rival == key);
        if rival.is_some() {
            self.write(key, Bytes::from_static(b"somebody else's"), HeaderMap::new());
        }
        let generation = self.objects.get(key).map_or(0, |object| object.generation).to_string();
        if headers.get(MATCH).is_some_and(|wanted| wanted != &generation) {
            if rival.is_some_and(|(_, is_deleted)| is_deleted) {
                self.objects.remove(key);
            }
            return Err(refused(StatusCode::PRECONDITION_FAILED, "PreconditionFailed"));
        }
        self.write(key, content, kept(headers));
        Ok([(ETAG, self.objects[key].etag())].into_response())
    }

    fn complete(&mut self, key: &str, id: &str, body: &[u8]) -> Answer {
        let upload = self.uploads.remove(id).ok_or_else(no_upload)?;
        let named = String::from_utf8_lossy(body).matches("<PartNumber>").count();
        let numbers: Vec<usize> = upload.parts.keys().copied().collect();
        if numbers != (1..=named).collect::<Vec<_>>() {
            return Err(refused(StatusCode::BAD_REQUEST, "InvalidPart"));
        }
        let parts: Vec<Bytes> = upload.parts.into_values().collect();
        if parts[..parts.len() - 1].iter().any(|part| part.len() < PART_MIN) {
            return Err(refused(StatusCode::BAD_REQUEST, "EntityTooSmall"));
        }
        self.write(key, parts.concat().into(), upload.headers);
        let etag = self.objects[key].etag();
        Ok(xml("CompleteMultipartUploadResult", &format!("<ETag>{etag}</ETag>")))
    }

    fn write(&mut self, key: &str, content: Bytes, headers: HeaderMap) {
        self.changes += 1;
        let object = Object { content, headers, generation: self.changes };
        self.objects.insert(key.to_owned(), object);
    }
}

impl Object {
    fn etag(&self) -> String {
        format!("\"etag-{}\"", self.generation)
    }
}

/// The headers that are stored with an object.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let is_kept =
        |name: &HeaderName| *name == CONTENT_TYPE || name.as_str().starts_with("x-goog-meta-");
    let kept = headers.iter().filter(|(name, _)| is_kept(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn xml(name: &str, content: &str) -> Response {
    format!("<?xml version='1.0' encoding='UTF-8'?><{name}>{content}</{name}>").into_response()
}

fn refused(status: StatusCode, code: &str) -> Response {
    (status, xml("Error", &format!("<Code>{code}</Code>"))).into_response()
}

fn no_upload() -> Response {
    refused(StatusCode::NOT_FOUND, "NoSuchUpload")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
