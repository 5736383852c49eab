//! Plain data that every room may speak of: jobs, options, failures, events, secrets, and the
//! traits through which time and randomness come in.
//!
//! Nothing here does input or output. Formats of others are elsewhere: request and answer bodies in
//! [`crate::client`], JSON for users in [`crate::output`]. What is known of limits derives the form in
//! which [`crate::ledger`] keeps it.

pub mod account;
pub mod event;
pub mod failure;
pub mod host;
pub mod job;
pub mod limits;
pub mod options;
pub mod sanitize;
pub mod secret;
pub mod smoke;
pub mod text;
pub mod time;

pub use self::account::{Credits, Pricing};
pub use self::event::{Event, InputEvent, InputRef, Observer, Stage};
pub use self::failure::{Execution, ExitClass, Failure, FailureKind};
pub use self::job::{JobId, JobStatus, JobView};
pub use self::options::{Background, Composition, JobOptions, ModelName, OutputFormat};
pub use self::sanitize::Sanitizer;
pub use self::secret::{ApiKey, Fingerprint, OutputLink};
pub use self::time::{Clock, FixedRandom, Instant, ManualClock, Random, Timestamp};
