//! What a handler answers, before it takes a wire shape.
//!
//! Handlers return values; the gate writes them, because a scenario may change their shape.

use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::view::ApiJob;
use crate::sandbox::service::Refusal;

/// What an answer carries.
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

/// A handler's good answer.
#[derive(Debug, Clone)]
pub(crate) struct HandlerAnswer {
    pub(crate) status: u16,
    pub(crate) content: AnswerContent,
    /// Whether the call changed anything.
    pub(crate) effect: bool,
    pub(crate) job_id: Option<String>,
    /// Jobs whose end it shows.
    pub(crate) ends: Vec<String>,
}

impl HandlerAnswer {
    /// An answer to a call that changed nothing.
    pub(crate) fn of(value: Value) -> Self {
        Self::with(AnswerContent::Object(value))
    }

    /// A job.
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

    /// The same with another status.
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same, for a call that changed something.
    pub(crate) fn with_effect(self) -> Self {
        Self { effect: true, ..self }
    }

    /// The same, which shows that these jobs have ended.
    pub(crate) fn with_ends(self, ends: Vec<String>) -> Self {
        Self { ends, ..self }
    }

    /// The same, about a job.
    pub(crate) fn about(self, job_id: &str) -> Self {
        Self { job_id: Some(job_id.to_owned()), ..self }
    }
}

/// What handlers return.
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
