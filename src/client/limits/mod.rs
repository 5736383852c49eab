//! Limits of a key: learned from responses, since the service publishes none, and shared by all
//! processes through a [`LimiterStore`](crate::model::limits::LimiterStore).
//!
//! In reading order:
//!
//! | file | content |
//! |---|---|
//! | `config` | bounds set by a profile, and the tuned constants |
//! | `pace` | rate limit: one pace for submissions, one for polls |
//! | `window` | concurrency limit, and attribution of a 429 to the pace or the window |
//! | `key_block` | blocks after 401, 402 and 403, until the user resumes |
//! | `admission` | one key: admission of calls, and learning from their results |
//! | `circuit_breaker` | one host: no calls while its failures surge |
//! | `limiter` | the only part that waits: consults the policies above and sleeps |
//! | `request_stats`, `report` | calls of the last hour, and the learned limits, for display |
//! | `memory_store` | limits for the lifetime of the process |
//!
//! All but `limiter` and `memory_store` are pure functions over the plain state in
//! [`model::limits`](crate::model::limits).

pub(super) mod admission;
pub mod circuit_breaker;
mod config;
mod key_block;
pub(super) mod limiter;
mod memory_store;
pub mod pace;
pub(super) mod report;
mod request_stats;
mod window;

pub use self::admission::Backlog;
pub use self::config::{LimitTuning, PaceBounds, RateLimits};
pub use self::limiter::CallPermit;
pub use self::memory_store::MemoryStore;
pub use self::report::{LimitsReport, NextCall, PaceReport};

/// Asks stored limits for every kind of call, and records each kind of result.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_limits(
    stored: &crate::model::limits::KeyLimits,
    mut host: crate::model::limits::HostLimits,
) {
    use std::time::Duration;

    use self::admission::{AdmissionRequest, SentCall};
    use crate::model::limits::CallKind;
    use crate::model::{Execution, FailureKind, Instant};

    let (config, limited) = (RateLimits::default(), FailureKind::RateLimited);
    let cooldown = crate::model::Timing::default().breaker_cooldown;
    let results = [None, Some((limited, Execution::NotExecuted, Some(Duration::from_secs(2))))];
    for now in [0, 1_000_000].map(Instant) {
        for mut limits in [stored.clone().believable(now), stored.clone().without_times()] {
            let kinds = [CallKind::Start, CallKind::Create, CallKind::Poll];
            for (kind, failed) in
                kinds.iter().flat_map(|kind| results.map(|failed| (*kind, failed)))
            {
                for backlog in [Backlog::Pace, Backlog::Window] {
                    let request = AdmissionRequest { kind, backlog };
                    let _ = admission::admit(&mut limits, &config, request, now);
                }
                let others = (kind == CallKind::Start).then_some(3);
                let sent = SentCall { kind, at: now, was_delayed: true, others };
                let now = now.after(Duration::from_millis(1_500));
                admission::record(&mut limits, &config, &sent, failed, now);
                let shown = report::report(&limits, &config, now);
                let rates = [shown.submissions.rate, shown.polls.rate];
                assert!(rates.iter().all(|rate| (0.01..=50.0).contains(rate)), "{shown:?}");
            }
        }
        let _ = circuit_breaker::check(&mut host, cooldown, false, now);
        circuit_breaker::on_failure(&mut host, cooldown, now);
        circuit_breaker::on_success(&mut host, now);
    }
}
