//! An S3 in this process, on a port of its own: the files of a directory, with signatures checked.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tower_service::Service;

use crate::support::Home;

pub(crate) const ACCESS_KEY: &str = "AKPLANTED";
pub(crate) const SECRET_KEY: &str = "planted-secret-of-the-bucket";

/// Requests that are refused with 403: those for which this holds, by method and path.
type Refused = fn(&str, &str) -> bool;

pub(crate) struct S3 {
    root: TempDir,
    pub(crate) url: String,
    log: Arc<Mutex<Vec<String>>>,
    refused: Arc<Mutex<Option<Refused>>>,
    _stop: oneshot::Sender<()>,
}

impl S3 {
    /// A server with a bucket `clips`.
    pub(crate) fn start() -> Self {
        Self::start_at("127.0.0.1")
    }

    /// A server with a bucket `clips`, at an address of this machine.
    pub(crate) fn start_at(address: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("clips")).unwrap();
        let service = {
            let mut builder = S3ServiceBuilder::new(FileSystem::new(root.path()).unwrap());
            builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
            builder.build()
        };
        let log = Arc::<Mutex<Vec<String>>>::default();
        let refused = Arc::<Mutex<Option<Refused>>>::default();
        let (recorded, rule) = (Arc::clone(&log), Arc::clone(&refused));
        let app = Router::new().fallback(move |request: Request| {
            let (mut service, recorded) = (service.clone(), Arc::clone(&recorded));
            let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
            let rule = *rule.lock().unwrap_or_else(PoisonError::into_inner);
            async move {
                let line = format!("{method} {}", request.uri());
                recorded.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                if rule.is_some_and(|is_refused| is_refused(&method, &path)) {
                    let body = "<Error><Code>AccessDenied</Code></Error>";
                    return (StatusCode::FORBIDDEN, body).into_response();
                }
                match Service::call(&mut service, request).await {
                    Ok(response) => Response::map(response, Body::new),
                    Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                }
            }
        });
        let (url, stop) = serve(app, address);
        Self { root, url, log, refused, _stop: stop }
    }

    /// The file behind an object of the bucket.
    pub(crate) fn object(&self, key: &str) -> PathBuf {
        self.root.path().join("clips").join(key)
    }

    pub(crate) fn put(&self, key: &str, content: &[u8]) {
        let path = self.object(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// The keys of the bucket, sorted.
    pub(crate) fn keys(&self) -> Vec<String> {
        let (root, mut all) = (self.object(""), Vec::new());
        let mut open = vec![root.clone()];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let key = path.strip_prefix(&root).unwrap().display().to_string();
                    // Metadata of the server.
                    all.extend(Some(key).filter(|key| !key.contains(".bucket-")));
                }
            }
        }
        all.sort();
        all
    }

    /// Requests whose method and URL begin so.
    pub(crate) fn requests(&self, start: &str) -> usize {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().filter(|line| line.starts_with(start)).count()
    }

    pub(crate) fn refuse(&self, refused: Option<Refused>) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refused;
    }

    /// The variables with which the program reaches it.
    pub(crate) fn vars(&self) -> [(&'static str, &str); 3] {
        [
            ("AWS_ENDPOINT_URL", &self.url),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ]
    }

    /// Runs the program with access to it.
    pub(crate) fn run(
        &self,
        home: &Home,
        sandbox: &crate::support::Sandbox,
        args: &[&str],
    ) -> crate::support::Ran {
        crate::support::Ran::of(home.keyed(sandbox).envs(self.vars()).args(args))
    }
}

/// Serves `app` at a port of its own until the sender is dropped. Returns its URL.
pub(crate) fn serve(app: Router, address: &str) -> (String, oneshot::Sender<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let (tell, message) = std::sync::mpsc::channel();
    let address = address.to_owned();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind((address.as_str(), 0)).await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            let server = axum::serve(listener, app);
            tokio::select! {
                biased;
                _ = stopped => {}
                ended = server => ended.unwrap(),
            }
        });
    });
    (format!("http://{}", message.recv().unwrap()), stop)
}
