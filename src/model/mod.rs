//! Plain data used by all modules: jobs, options, failures, events, secrets, and the traits that
//! provide time and randomness.
//!
//! Nothing here does I/O. Foreign formats are elsewhere: request and response bodies in
//! [`crate::client`], JSON for users in [`crate::output`]. Learned limits are serialised with
//! `serde` for [`crate::ledger`].
//!
//! Reading order: `time` and `text`; `host`, `secret` and `sanitize` for foreign text; `options`, `job`,
//! `object` and `account`, about which the service is asked; `failure` and `event`, what a run reports;
//! `timing` and `limits`; `smoke`, for the smoke test alone.

pub mod account;
pub mod event;
pub mod failure;
pub mod host;
pub mod job;
pub mod limits;
pub mod object;
pub mod options;
pub mod sanitize;
pub mod secret;
pub mod smoke;
pub mod text;
pub mod time;
pub mod timing;

pub use self::account::{Credits, Pricing};
pub use self::event::{Event, InputEvent, InputRef, Observer, Stage};
pub use self::failure::{Execution, ExitClass, Failure, FailureKind};
pub use self::job::{JobId, JobStatus, JobView};
pub use self::object::{ObjectUrl, StoreKind, StoredObject, Target};
pub use self::options::{Background, Composition, JobOptions, ModelName, OutputFormat};
pub use self::sanitize::Sanitizer;
pub use self::secret::{ApiKey, Fingerprint, OutputLink};
#[cfg(test)]
pub(crate) use self::time::ManualClock;
pub use self::time::{Clock, Instant, Random, Timestamp};
pub use self::timing::{PollTiming, Timing};
