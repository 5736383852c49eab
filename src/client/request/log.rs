//! How calls are logged: one event each, with what support asks for, under the target `rbgv::api`.
//! Keys, queries and bodies have no place in it.

use std::time::Duration;

use tracing::info;

use super::attempt_error::AttemptError;
use crate::model::time::millis;
use crate::model::{JobId, text};

/// One attempt of one call.
pub(crate) struct LoggedAttempt<'a> {
    pub(crate) profile: Option<&'a str>,
    pub(crate) method: &'static str,
    /// Path, or an address without its query.
    pub(crate) path: &'a str,
    pub(crate) status: Option<u16>,
    pub(crate) attempt: u32,
    pub(crate) took: Duration,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) job: Option<&'a JobId>,
    pub(crate) input: Option<&'a str>,
    pub(crate) trouble: Option<&'a AttemptError>,
}

impl LoggedAttempt<'_> {
    /// Writes the event. What others said is escaped: a log is read in a terminal, too.
    pub(crate) fn write(&self) {
        let path = text::escaped(self.path);
        let request_id = self.request_id.map(text::escaped);
        let job = self.job.map(|job| text::escaped(&job.0));
        let input = self.input.map(text::escaped);
        let failed = self.trouble.map(|trouble| trouble.verdict.kind.as_str());
        let why = self.trouble.map(|trouble| text::escaped(&trouble.why));
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
