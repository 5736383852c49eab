//! What a caller says about one call beside its arguments: whom it is for, who is told of
//! repetitions, and who has the last word before bytes go out.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::model::{Failure, JobId};

/// Told of each repetition: why, and how long until it is sent.
pub type OnRetry<'a> = &'a (dyn Fn(&Failure, Duration) + Send + Sync);

/// Asked last, right before an attempt is handed to the transport. What it refuses is not sent.
pub type LastCheck<'a> = &'a (dyn Fn() -> Result<(), Failure> + Send + Sync);

/// The service's name of the request that was answered last, for the ledger's story of a job.
#[derive(Debug, Default)]
pub struct LastAnswer(Mutex<Option<String>>);

impl LastAnswer {
    /// Takes the name, so that it is told of once.
    pub fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn set(&self, request_id: Option<&str>) {
        let request_id = request_id.map(ToOwned::to_owned);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = request_id;
    }
}

/// The circumstances of one call.
#[derive(Clone)]
pub struct RequestOptions<'a> {
    /// The input that the call serves, for logs.
    pub input: Option<&'a str>,
    /// The job that the call serves, where the method does not name it.
    pub job: Option<JobId>,
    /// Who is told of repetitions.
    pub on_retry: OnRetry<'a>,
    /// Runs after every wait for admission and before the first byte. Its failure is returned as
    /// it is. A start needs this: too long after its commit, it must not go out (design, *The
    /// protocol*, step 5).
    pub last_check: Option<LastCheck<'a>>,
    /// For a start: how many jobs of the key are in flight besides. Teaches the window of jobs.
    pub in_flight: Option<u32>,
    /// The client repeats it by itself where that is harmless; otherwise its caller does.
    pub repeats: bool,
    /// Where the service's name of each answered request is put, good or bad.
    pub last_answer: Option<&'a LastAnswer>,
}

impl RequestOptions<'_> {
    /// A call that belongs to nothing and tells nobody.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            input: None,
            job: None,
            on_retry: &|_, _| (),
            last_check: None,
            in_flight: None,
            repeats: true,
            last_answer: None,
        }
    }
}

impl fmt::Debug for RequestOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestOptions")
            .field("item", &self.input)
            .field("job", &self.job)
            .finish_non_exhaustive()
    }
}
