//! A sandbox without sockets, threads, files and real time, for simulations. Its clock is Tokio's,
//! so `tokio::time::pause` makes it virtual. Equal options, seeds and calls at equal times have
//! equal responses.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{Request, Response};
use jiff::Timestamp;
use tower_service::Service as _;

use super::build::{SandboxError, ServerEnvironment, build};
use crate::sandbox::api;
use crate::sandbox::api::transport::connection::{Connection, NoAnswer};
use crate::sandbox::options::{EngineChoice, Options};
use crate::sandbox::service::Store;
use crate::sandbox::state::app::App;
use crate::sandbox::state::truth::Truth;
use crate::sandbox::util::clock::SandboxClock;
use crate::sandbox::util::random::Tokens;

/// Called directly. Its tasks run on the runtime of the caller; only a current-thread runtime is
/// reproducible.
pub struct InProcess {
    app: Arc<App>,
    api: Router,
    outputs: Router,
    api_key: String,
}

impl InProcess {
    pub const BASE_URL: &str = "http://api.sandbox.test";
    pub const CDN_URL: &str = "http://cdn.sandbox.test";
    /// Wall time at the start.
    pub const BEGAN_AT: Timestamp = Timestamp::constant(1_767_225_600, 0);

    /// A sandbox with identifiers from `seed`; faults and processing times use the seed of the
    /// scenario.
    ///
    /// Addresses, the state directory and URL inputs do not apply: nothing is written and no host
    /// is reachable. The engine must be [`EngineChoice::Timer`].
    pub fn new(options: Options, seed: u64) -> Result<Self, SandboxError> {
        if !matches!(options.engine, EngineChoice::Timer(_)) {
            return Err(SandboxError::Engine("only the timer works in process".to_owned()));
        }
        let environment = ServerEnvironment {
            base_url: Self::BASE_URL.to_owned(),
            cdn_url: Self::CDN_URL.to_owned(),
            clock: SandboxClock::starting_at(Self::BEGAN_AT),
            tokens: Tokens::from_seed(seed),
            store: Store::Memory,
            fetcher: None,
            webhooks: None,
        };
        let (app, api_key) = build(options, environment)?;
        let (api, outputs) = (api::api(&app), api::outputs(&app));
        Ok(Self { app, api, outputs, api_key })
    }

    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// For `/v1/admin` and `/sandbox`.
    pub fn admin_token(&self) -> &str {
        &self.app.admin_token
    }

    /// The wall clock without the skew of the scenario.
    pub fn wall(&self) -> Timestamp {
        self.app.clock.true_wall()
    }

    /// Makes one call; the URL's authority or the `Host` header chooses the origin.
    ///
    /// As over a socket, a call takes effect once its body has arrived, even when this future is
    /// dropped, and the response body may end with an error.
    pub async fn call(&self, mut request: Request<Body>) -> Result<Response<Body>, NoAnswer> {
        let connection = Connection::default();
        request.extensions_mut().insert(ConnectInfo(connection.clone()));
        let mut router = if is_for_outputs(&request) { &self.outputs } else { &self.api }.clone();
        let Ok(response) = router.call(request).await;
        match connection.ended() {
            None => Ok(response),
            Some(unanswered) => Err(unanswered),
        }
    }

    pub fn truth(&self) -> Truth {
        Truth::of(&self.app)
    }
}

fn is_for_outputs(request: &Request<Body>) -> bool {
    let stated = || request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(Authority::as_str).or_else(stated);
    host.is_some_and(|host| InProcess::CDN_URL.ends_with(&format!("//{host}")))
}
