//! Results of handlers before they take a wire shape, which a scenario may change.

use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::view::ApiJob;
use crate::sandbox::service::Refusal;

#[derive(Debug, Clone)]
pub(crate) enum AnswerContent {
    Object(Value),
    Job(Box<ApiJob>),
    /// A page of jobs.
    Page {
        jobs: Vec<ApiJob>,
        total: usize,
        limit: usize,
        offset: usize,
    },
}

/// A successful result.
#[derive(Debug, Clone)]
pub(crate) struct HandlerAnswer {
    pub(crate) status: u16,
    pub(crate) content: AnswerContent,
    pub(crate) effect: bool,
    pub(crate) job_id: Option<String>,
    /// Jobs whose end the client sees in it.
    pub(crate) ends: Vec<String>,
}

impl HandlerAnswer {
    /// A result of a call without effect.
    pub(crate) fn of(value: Value) -> Self {
        Self::with(AnswerContent::Object(value))
    }

    pub(crate) fn job(job: ApiJob) -> Self {
        Self::with(AnswerContent::Job(Box::new(job)))
    }

    /// A page of jobs.
    pub(crate) fn page(jobs: Vec<ApiJob>, total: usize, limit: usize, offset: usize) -> Self {
        Self::with(AnswerContent::Page { jobs, total, limit, offset })
    }

    fn with(content: AnswerContent) -> Self {
        Self { status: 200, content, effect: false, job_id: None, ends: Vec::new() }
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn with_effect(self) -> Self {
        Self { effect: true, ..self }
    }

    pub(crate) fn with_ends(self, ends: Vec<String>) -> Self {
        Self { ends, ..self }
    }

    pub(crate) fn about(self, job_id: &str) -> Self {
        Self { job_id: Some(job_id.to_owned()), ..self }
    }
}

pub(crate) type Handled = Result<HandlerAnswer, Refusal>;

impl IntoResponse for HandlerAnswer {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(Handled::Ok(self));
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(Handled::Err(self));
        response
    }
}
