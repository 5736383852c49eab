//! The stages of a call: audit, faults, key, rate limits, handler, shape, faults again.
//!
//! A call whose body was read runs on its own task, so that it takes effect even when the client
//! disconnects: clients must survive a request whose response is lost.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{ACCEPT_ENCODING, AsHeaderName, CONTENT_LENGTH};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;

use super::answer::Handled;
use super::transport::body::hindered;
use super::transport::connection::Connection;
use super::transport::drain::expects_continue;
use super::transport::throttle::{Direction, paced};
use crate::sandbox::faults::plan::{FaultInjector, FaultPlan};
use crate::sandbox::faults::scenario::{Action, FaultTiming, MadeUpAnswer, Redirect};
use crate::sandbox::service::{Caller, Refusal, code_for};
use crate::sandbox::state::app::App;
use crate::sandbox::state::audit::{RequestRow, milliseconds};
use crate::sandbox::state::rate_limiter::RefusalPause;
use crate::sandbox::state::route::{Lane, Route};
use crate::sandbox::util::lock;
use crate::sandbox::util::signature::sha256_hex;

/// Maximum size of a body other than an upload, in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 1 << 20;

pub(crate) struct ApiCall {
    pub(super) app: Arc<App>,
    pub(super) injector: Arc<FaultInjector>,
    pub(super) plan: Arc<FaultPlan>,
    pub(super) connection: Connection,
    row: OpenRow,
    pub(super) request_id: String,
    /// Fingerprint of the key, if one was sent.
    key: Option<String>,
    route: Option<Route>,
    method: String,
    path: String,
    pub(super) path_and_query: String,
    /// `Accept-Encoding`, if responses may be compressed.
    pub(super) accepts: Option<String>,
    /// The effects of the call, even if the client sees another response.
    pub(super) effects: HandlerEffects,
}

/// Effects of a handler, for the audit.
#[derive(Debug, Clone, Default)]
pub(super) struct HandlerEffects {
    pub(super) effect: bool,
    pub(super) job_id: Option<String>,
    /// Jobs whose end the client sees.
    pub(super) ends: Vec<String>,
    pub(super) pause: Option<RefusalPause>,
}

impl HandlerEffects {
    pub(super) fn note(&mut self, response: &Response) {
        if let Some(Ok(answer)) = response.extensions().get::<Handled>() {
            self.effect = answer.effect;
            self.job_id.clone_from(&answer.job_id);
        }
    }
}

/// A fault instead of the response.
pub(super) enum Interruption<'a> {
    Reset,
    Close,
    Answer(&'a MadeUpAnswer),
    Redirect(&'a Redirect),
}

impl<'a> Interruption<'a> {
    fn find(plan: &'a FaultPlan, phase: FaultTiming) -> Option<Self> {
        plan.find(|action| match action {
            Action::Reset(when) if *when == phase => Some(Self::Reset),
            Action::Close(when) if *when == phase => Some(Self::Close),
            Action::Answer(answer) if answer.when == phase => Some(Self::Answer(answer)),
            Action::Redirect(redirect) if redirect.when == phase => Some(Self::Redirect(redirect)),
            _ => None,
        })
    }

    /// The outcome in the audit.
    fn outcome(&self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Close => "closed",
            Self::Answer(_) | Self::Redirect(_) => "answered",
        }
    }
}

/// Middleware around all routes of both origins except the control surface.
pub(crate) async fn handle_call(
    State(app): State<Arc<App>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let call = ApiCall::open(app, connection, &request);
    if call.route == Some(Route::Upload) {
        let whole = stated_length(request.headers()).unwrap_or(0);
        let (plan, connection) = (Arc::clone(&call.plan), call.connection.clone());
        let app = Arc::clone(&call.app);
        let request = request
            .map(|body| paced(hindered(body, whole, &plan, connection), &app, Direction::Upload));
        return call.run(request, next).await;
    }
    let request =
        if stated_length(request.headers()).is_some_and(|stated| stated > MAX_BODY_BYTES as u64) {
            Err(body_too_large())
        } else if expects_continue(request.headers()) {
            // The handler refuses the body before it is sent, or reads it.
            Ok(request)
        } else {
            read_whole(request).await
        };
    match request {
        Ok(request) => {
            let carried = tokio::spawn(call.run(request, next)).await;
            // A panic in a handler is a bug of the sandbox; report it instead of hanging.
            carried.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }
        Err(refusal) => call.finish(Handled::Err(refusal).into_response()).await,
    }
}

/// Reads a short body, so that the handler does not depend on the connection.
async fn read_whole(request: Request) -> Result<Request, Refusal> {
    let (parts, body) = request.into_parts();
    let (mut stream, mut bytes) = (body.into_data_stream(), Vec::new());
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Refusal::invalid("The request body broke off"))?;
        if bytes.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(body_too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

pub(crate) fn body_too_large() -> Refusal {
    Refusal::new(413, "invalid_request", "Request body too large")
}

pub(crate) fn stated_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn job_in(path: &str) -> Option<String> {
    let mut parts =
        path.strip_prefix("/v1/jobs/").or_else(|| path.strip_prefix("/outputs/"))?.split('/');
    parts.next().filter(|id| !id.is_empty()).map(str::to_owned)
}

impl ApiCall {
    fn open(app: Arc<App>, connection: Connection, request: &Request) -> Self {
        let (method, path) = (request.method().as_str(), request.uri().path());
        let presented = header(request.headers(), "x-api-key");
        let key = presented.map(|key| sha256_hex(key.as_bytes())[..12].to_owned());
        let injector = app.injector();
        let now = app.now();
        let plan = injector.plan(method, path, key.as_deref(), now);
        let request_id = format!("req_{}", app.tokens.hex(16));
        let route = Route::of(method, path);
        let compress = injector.scenario.answers.compress;
        let accepts = compress.and_then(|_| header(request.headers(), ACCEPT_ENCODING));
        let accepts = accepts.map(str::to_owned);
        connection.begin_call();
        let sequence = app.audit().open(RequestRow {
            sequence: 0,
            at: milliseconds(now),
            took: None,
            method: method.to_owned(),
            path: path.to_owned(),
            lane: Lane::of(method, path),
            key: key.clone(),
            request_id: request_id.clone(),
            job_id: job_in(path),
            status: None,
            effect: false,
            faults: plan.faults.clone(),
            outcome: "open",
        });
        let row = OpenRow { app: Arc::clone(&app), sequence, closed: false };
        let path_and_query = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let path_and_query = path_and_query.to_owned();
        Self {
            injector,
            plan: Arc::new(plan),
            connection,
            row,
            request_id,
            key,
            route,
            method: method.to_owned(),
            path: path.to_owned(),
            path_and_query,
            accepts,
            effects: HandlerEffects::default(),
            app,
        }
    }

    async fn run(mut self, request: Request, next: Next) -> Response {
        if let Some(span) = self.plan.find(Action::try_as_delay_ref) {
            tokio::time::sleep(*span).await;
        }
        let plan = Arc::clone(&self.plan);
        if let Some(interruption) = Interruption::find(&plan, FaultTiming::Before) {
            return self.interrupt(&interruption, &Response::default());
        }
        let response = match self.route {
            None => self.handle(request, next, None).await,
            Some(route) => self.handle_with_key(route, request, next).await,
        };
        self.finish(response).await
    }

    /// Checks the key and the rate limits before the handler runs.
    async fn handle_with_key(&mut self, route: Route, request: Request, next: Next) -> Response {
        let presented = header(request.headers(), "x-api-key");
        let caller = match self.app.service().caller(presented) {
            Ok(caller) => caller,
            Err(refusal) => return refusal.into_response(),
        };
        match self.admit(route, &caller) {
            Ok(_permit) => {
                let response = self.handle(request, next, Some(caller)).await;
                let takes = self.injector.scenario.answers.takes;
                if !takes.is_zero() {
                    tokio::time::sleep(takes).await;
                }
                response
            }
            Err(refusal) => {
                if route == Route::Start && self.injector.executes_anyway() {
                    let hidden = self.handle(request, next, Some(caller)).await;
                    self.effects.note(&hidden);
                }
                refusal.into_response()
            }
        }
    }

    fn admit(&self, route: Route, caller: &Caller) -> Result<RunningCall, Refusal> {
        let now = self.app.now();
        lock(&self.app.limiter).admit(self.injector.caps(now), &caller.key, route, now).map_err(
            |pause| Refusal::rate_limited("Rate limit exceeded for this API key", pause),
        )?;
        Ok(RunningCall { app: Arc::clone(&self.app), key: caller.key.clone() })
    }

    async fn handle(&self, mut request: Request, next: Next, caller: Option<Caller>) -> Response {
        request.extensions_mut().insert(Arc::clone(&self.plan));
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        let response = next.run(request).await;
        if Lane::of(&self.method, &self.path) != Lane::Output
            && response.extensions().get::<Handled>().is_none()
        {
            // The router's own errors, such as an invalid path or query.
            let status = response.status().as_u16();
            return Refusal::new(status, code_for(status), "The request could not be read")
                .into_response();
        }
        response
    }

    async fn finish(mut self, response: Response) -> Response {
        if let Some(span) = self.plan.find(Action::try_as_delay_answer_ref) {
            tokio::time::sleep(*span).await;
        }
        let plan = Arc::clone(&self.plan);
        if let Some(interruption) = Interruption::find(&plan, FaultTiming::After) {
            return self.interrupt(&interruption, &response);
        }
        let response = self.answered(response);
        self.close_row(Some(response.status().as_u16()), "answered");
        response
    }

    fn interrupt(mut self, interruption: &Interruption<'_>, response: &Response) -> Response {
        self.effects.note(response);
        let response = self.interrupted(interruption);
        let status = response.as_ref().map(|response| response.status().as_u16());
        self.close_row(status, interruption.outcome());
        response.unwrap_or_default()
    }

    fn close_row(mut self, status: Option<u16>, outcome: &'static str) {
        let effects = std::mem::take(&mut self.effects);
        if outcome == "answered" {
            let (mut audit, now) = (self.app.audit(), self.app.now());
            effects.ends.iter().for_each(|job_id| audit.told(job_id, now));
            if let (Some(pause), Some(route), Some(key)) = (effects.pause, self.route, &self.key) {
                audit.announced(key, route, pause.calls, now, now + pause.wait);
            }
        }
        self.row.close(|row| {
            row.status = status;
            row.outcome = outcome;
            row.effect = effects.effect;
            row.job_id = effects.job_id.or(row.job_id.take());
        });
        if let Some(log) = &self.app.log {
            let line = format!(
                "{} {} {} {} {}",
                self.method,
                self.path,
                status.map_or_else(|| outcome.to_owned(), |status| status.to_string()),
                self.request_id,
                self.plan.faults.join("; "),
            );
            log(line.trim_end());
        }
    }
}

pub(crate) fn header(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

struct RunningCall {
    app: Arc<App>,
    key: String,
}

impl Drop for RunningCall {
    fn drop(&mut self) {
        lock(&self.app.limiter).release(&self.key);
    }
}

/// An audit row that is closed even when the client disconnects.
struct OpenRow {
    app: Arc<App>,
    sequence: u64,
    closed: bool,
}

impl OpenRow {
    fn close(&mut self, change: impl FnOnce(&mut RequestRow)) {
        self.closed = true;
        self.app.audit().close(self.sequence, self.app.now(), change);
    }
}

impl Drop for OpenRow {
    fn drop(&mut self) {
        if !self.closed {
            self.close(|row| row.outcome = "disconnected");
        }
    }
}
