//! The response of a call in its wire shape, or a fault instead.

use axum::body::Body;
use axum::http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

use super::answer::Handled;
use super::call::{ApiCall, Interruption, stated_length};
use super::render::{self, Rendered};
use super::transport::body::damaged;
use crate::sandbox::faults::scenario::{
    Action, AnswerBody, Close, MadeUpAnswer, Redirect, RequestIdPlace,
};
use crate::sandbox::service::{Refusal, code_for};
use crate::sandbox::state::rate_limiter::RefusalPause;
use crate::sandbox::util::clock::http_date;

impl ApiCall {
    pub(super) fn answered(&mut self, mut response: Response) -> Response {
        self.effects.note(&response);
        let rules = &self.injector.scenario.answers;
        let response = match response.extensions_mut().remove::<Handled>() {
            Some(Ok(answer)) => {
                if !self.plan.spoils_answer() {
                    self.effects.ends = answer.ends;
                }
                let rendered = render::answer(answer.content, rules, &self.plan);
                self.written(answer.status, rendered, None)
            }
            Some(Err(refusal)) => self.refused(&refusal),
            // An output keeps its bytes.
            None => response,
        };
        self.delivered(response)
    }

    /// The response of a scenario; `None` if the connection ends without one.
    pub(super) fn interrupted(&self, interruption: &Interruption<'_>) -> Option<Response> {
        let response = match interruption {
            Interruption::Reset => {
                self.connection.reset();
                return None;
            }
            Interruption::Close => {
                self.connection.close();
                return None;
            }
            Interruption::Answer(answer) => self.made_up(answer),
            Interruption::Redirect(redirect) => redirected(redirect, &self.path_and_query),
        };
        Some(self.delivered(response))
    }

    fn refused(&mut self, refusal: &Refusal) -> Response {
        let scenario = &self.injector.scenario;
        let (rules, limits) = (&scenario.answers, &scenario.limits);
        let rendered =
            render::refusal(refusal, &self.request_id, rules, limits.refusal, &self.plan);
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
                render::refusal(&refusal, &self.request_id, rules, None, &self.plan)
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
        if let Some(coding) = rule.and_then(|rule| render::coding(rule, self.accepts.as_deref())) {
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
            set(&mut parts.headers, "x-request-id", &self.request_id);
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
        let whole = stated_length(&parts.headers);
        let body = damaged(body, whole, &mut parts.headers, &self.plan, self.connection.clone());
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
