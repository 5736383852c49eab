//! Identifiers of the ledger's rows, and of a key at a service.

use crate::model::Fingerprint;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId(pub i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InputId(pub i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId(pub i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProcessId(pub i64);

/// A key at a service. The key itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiKeyId {
    /// Scheme, host and port of the API.
    pub origin: String,
    pub fingerprint: Fingerprint,
}
