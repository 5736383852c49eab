//! Logging of calls: one event per attempt, with the details that support asks for, under the
//! target `rbgv::api`. Keys, queries and bodies are never logged.

use std::time::Duration;

use tracing::info;

use super::attempt_error::AttemptError;
use crate::model::time::millis;
use crate::model::{JobId, text};

pub(crate) struct LoggedAttempt<'a> {
    pub(crate) profile: Option<&'a str>,
    pub(crate) method: &'static str,
    /// A path, or a URL without its query.
    pub(crate) path: &'a str,
    pub(crate) status: Option<u16>,
    pub(crate) attempt: u32,
    pub(crate) took: Duration,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) job: Option<&'a JobId>,
    pub(crate) input: Option<&'a str>,
    pub(crate) error: Option<&'a AttemptError>,
}

impl LoggedAttempt<'_> {
    /// Foreign text is escaped, since logs are also read in terminals.
    pub(crate) fn write(&self) {
        let path = text::escaped(self.path);
        let request_id = self.request_id.map(text::escaped);
        let job = self.job.map(|job| text::escaped(&job.0));
        let input = self.input.map(text::escaped);
        let failed = self.error.map(|error| error.classification.kind.as_str());
        let why = self.error.map(|error| text::escaped(&error.why));
        info!(
            target: "rbgv::api",
            profile = self.profile,
            method = self.method,
            path,
            status = self.status,
            attempt = self.attempt,
            ms = millis(self.took),
            request_id,
            job_id = job,
            item = input,
            failed,
            why,
            "call"
        );
    }
}
