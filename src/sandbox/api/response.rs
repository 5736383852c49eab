//! The response in its wire shape, or a fault instead.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

use super::answer::Handled;
use super::render::{self, Rendered};
use super::transport::body::damaged;
use super::transport::connection::Connection;
use crate::sandbox::faults::plan::{FaultInjector, FaultPlan};
use crate::sandbox::faults::scenario::{
    Action, AnswerBody, Close, FaultTiming, MadeUpAnswer, Redirect, RequestIdPlace,
};
use crate::sandbox::service::{Refusal, code_for};
use crate::sandbox::state::app::App;
use crate::sandbox::state::rate_limiter::RefusalPause;
use crate::sandbox::util::clock::http_date;

/// A fault instead of the response.
pub(crate) enum Interruption<'a> {
    Reset,
    Close,
    Answer(&'a MadeUpAnswer),
    Redirect(&'a Redirect),
}

impl<'a> Interruption<'a> {
    pub(crate) fn find(plan: &'a FaultPlan, phase: FaultTiming) -> Option<Self> {
        plan.find(|action| match action {
            Action::Reset(when) if *when == phase => Some(Self::Reset),
            Action::Close(when) if *when == phase => Some(Self::Close),
            Action::Answer(answer) if answer.when == phase => Some(Self::Answer(answer)),
            Action::Redirect(redirect) if redirect.when == phase => Some(Self::Redirect(redirect)),
            _ => None,
        })
    }

    /// The outcome in the audit.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Close => "closed",
            Self::Answer(_) | Self::Redirect(_) => "answered",
        }
    }
}

/// Writes responses and records them for the audit.
pub(crate) struct ResponseWriter<'a> {
    pub(crate) app: &'a Arc<App>,
    pub(crate) injector: &'a FaultInjector,
    pub(crate) plan: &'a FaultPlan,
    pub(crate) connection: &'a Connection,
    pub(crate) request_id: &'a str,
    /// `Accept-Encoding` of the request.
    pub(crate) accepts: Option<&'a str>,
    pub(crate) effects: HandlerEffects,
}

/// Effects of a handler, for the audit.
#[derive(Debug, Clone, Default)]
pub(crate) struct HandlerEffects {
    pub(crate) effect: bool,
    pub(crate) job_id: Option<String>,
    /// Jobs whose end the client sees.
    pub(crate) ends: Vec<String>,
    pub(crate) pause: Option<RefusalPause>,
}

impl HandlerEffects {
    pub(crate) fn note(&mut self, response: &Response) {
        if let Some(Ok(answer)) = response.extensions().get::<Handled>() {
            self.effect = answer.effect;
            self.job_id.clone_from(&answer.job_id);
        }
    }
}

impl ResponseWriter<'_> {
    /// Records the effects of a handler, even if the client sees another response.
    pub(crate) fn note(&mut self, response: &Response) {
        self.effects.note(response);
    }

    pub(crate) fn answered(&mut self, mut response: Response) -> (Response, u16) {
        self.note(&response);
        let rules = &self.injector.scenario.answers;
        let response = match response.extensions_mut().remove::<Handled>() {
            Some(Ok(answer)) => {
                if !self.plan.spoils_answer() {
                    self.effects.ends = answer.ends;
                }
                let rendered = render::answer(answer.content, rules, self.plan);
                self.written(answer.status, rendered, None)
            }
            Some(Err(refusal)) => self.refused(&refusal),
            // An output keeps its bytes.
            None => response,
        };
        let status = response.status().as_u16();
        (self.delivered(response), status)
    }

    /// The response of a scenario.
    pub(crate) fn interrupted(
        &mut self,
        interruption: &Interruption<'_>,
        path_and_query: &str,
    ) -> (Response, Option<u16>) {
        let response = match interruption {
            Interruption::Reset => {
                self.connection.reset();
                return (Response::default(), None);
            }
            Interruption::Close => {
                self.connection.close();
                return (Response::default(), None);
            }
            Interruption::Answer(answer) => self.made_up(answer),
            Interruption::Redirect(redirect) => redirected(redirect, path_and_query),
        };
        let status = response.status().as_u16();
        (self.delivered(response), Some(status))
    }

    fn refused(&mut self, refusal: &Refusal) -> Response {
        let scenario = &self.injector.scenario;
        let (rules, limits) = (&scenario.answers, &scenario.limits);
        let rendered = render::refusal(refusal, self.request_id, rules, limits.refusal, self.plan);
        let retry_after = refusal.pause.and_then(|pause| {
            let wall = self.app.clock.wall();
            let (text, wait) = render::retry_after(pause.wait, limits.retry_after, wall)?;
            self.effects.pause = wait.map(|wait| RefusalPause { wait, ..pause });
            Some(text)
        });
        self.written(refusal.status, rendered, retry_after.as_deref())
    }

    fn made_up(&self, answer: &MadeUpAnswer) -> Response {
        let rendered = match answer.body {
            AnswerBody::Json => {
                let message =
                    answer.message.clone().unwrap_or_else(|| "Scripted answer".to_owned());
                let mut refusal = Refusal::new(answer.status, code_for(answer.status), message);
                let rules = &self.injector.scenario.answers;
                if let Some(code) = &answer.code {
                    refusal.code.clone_from(code);
                }
                render::refusal(&refusal, self.request_id, rules, None, self.plan)
            }
            AnswerBody::Html => render::html(answer.status),
            AnswerBody::Empty => Rendered { content_type: None, bytes: Vec::new() },
            AnswerBody::Garbage => render::garbage(),
        };
        self.written(answer.status, rendered, answer.retry_after.as_deref())
    }

    fn written(&self, status: u16, mut rendered: Rendered, retry_after: Option<&str>) -> Response {
        let mut response = Response::default();
        let rule = self.injector.scenario.answers.compress.filter(|_| !rendered.bytes.is_empty());
        if let Some(coding) = rule.and_then(|rule| render::coding(rule, self.accepts)) {
            rendered.bytes = render::coded(&rendered.bytes, coding);
            let headers = response.headers_mut();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        *response.status_mut() = status_of(status);
        let headers = response.headers_mut();
        if let Some(content_type) = rendered.content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        if let Some(value) = retry_after.and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(RETRY_AFTER, value);
        }
        headers.insert(CONTENT_LENGTH, rendered.bytes.len().into());
        *response.body_mut() = Body::from(rendered.bytes);
        response
    }

    /// Adds common headers and those of the scenario, and damages the body.
    fn delivered(&self, response: Response) -> Response {
        let (mut parts, body) = response.into_parts();
        let place = self.injector.scenario.answers.request_id;
        if matches!(place, RequestIdPlace::Both | RequestIdPlace::Header) {
            set(&mut parts.headers, "x-request-id", self.request_id);
        }
        set(&mut parts.headers, DATE.as_str(), &http_date(self.app.clock.wall()));
        let connections = self.injector.scenario.connections;
        if connections.close == Close::Announced {
            parts.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        for action in &self.plan.actions {
            if let Action::Headers(headers) = action {
                for (name, value) in headers {
                    set(&mut parts.headers, name, value);
                }
            }
        }
        let whole = parts.headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
        let body = damaged(body, whole, &mut parts.headers, self.plan, self.connection.clone());
        let is_last = connections.close == Close::Silent;
        if is_last || connections.idle.is_some() {
            let body = self.connection.until_answered(body, is_last);
            return Response::from_parts(parts, body);
        }
        Response::from_parts(parts, body)
    }
}

fn redirected(redirect: &Redirect, path_and_query: &str) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status_of(redirect.status);
    let target = redirect.to.replace("{path}", path_and_query);
    set(response.headers_mut(), LOCATION.as_str(), &target);
    response
}

/// Scenarios are checked to contain valid statuses only.
fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Sets a header if name and value are valid.
pub(crate) fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) =
        (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes()))
    {
        headers.insert(name, value);
    }
}
