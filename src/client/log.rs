//! How calls are logged: one event each, with what support asks for, under the target `rbgv::api`.
//! Keys, queries and bodies have no place in it.

use std::time::Duration;

use tracing::info;

use super::trouble::Trouble;
use crate::model::time::millis;
use crate::model::{JobId, text};

/// One attempt of one call.
pub(super) struct Logged<'a> {
    pub(super) profile: Option<&'a str>,
    pub(super) method: &'static str,
    /// Path, or an address without its query.
    pub(super) path: &'a str,
    pub(super) status: Option<u16>,
    pub(super) attempt: u32,
    pub(super) took: Duration,
    pub(super) request_id: Option<&'a str>,
    pub(super) job: Option<&'a JobId>,
    pub(super) item: Option<&'a str>,
    pub(super) trouble: Option<&'a Trouble>,
}

impl Logged<'_> {
    /// Writes the event. What others said is escaped: a log is read in a terminal, too.
    pub(super) fn write(&self) {
        let path = text::escaped(self.path);
        let request_id = self.request_id.map(text::escaped);
        let job = self.job.map(|job| text::escaped(&job.0));
        let item = self.item.map(text::escaped);
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
            item,
            failed,
            why,
            "call"
        );
    }
}
