//! Random draws that follow from a seed, and the clock of the virtual time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rbgv::model::{Clock, Instant, Random, Timestamp};
use tokio::time;

/// A seeded generator that several tasks of one thread share.
pub struct Dice(Mutex<fastrand::Rng>);

impl Dice {
    /// The generator of `seed` for one purpose; generators of different purposes are independent.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23) ^ purpose;
        Self(Mutex::new(fastrand::Rng::with_seed(mixed)))
    }

    fn rng(&self) -> MutexGuard<'_, fastrand::Rng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True with probability `share`.
    pub fn chance(&self, share: f64) -> bool {
        self.rng().f64() < share
    }

    /// Uniform between two bounds.
    pub fn uniform(&self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.rng().f64()
    }

    /// Log-uniform between two bounds: each factor of ten is as likely as any other.
    pub fn log(&self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.rng().f64())
    }

    /// Log-uniform whole number, both bounds included.
    pub fn whole(&self, low: u32, high: u32) -> u32 {
        (self.log(f64::from(low), f64::from(high) + 1.0) as u32).clamp(low, high)
    }

    /// One of `choices`.
    pub fn pick<T: Clone>(&self, choices: &[T]) -> T {
        let nth = self.rng().usize(..choices.len());
        choices[nth].clone()
    }
}

impl Random for Dice {
    fn unit(&self) -> f64 {
        self.rng().f64()
    }

    fn bits(&self) -> u64 {
        self.rng().u64(..)
    }
}

/// Clocks of the client that follow Tokio's paused clock.
pub struct VirtualClock {
    began: time::Instant,
}

impl VirtualClock {
    /// A clock that begins now.
    pub fn new() -> Self {
        Self { began: time::Instant::now() }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Instant {
        Instant(1_000_000 + self.elapsed())
    }

    /// The first second of 2026, as the simulated service believes too.
    fn wall(&self) -> Timestamp {
        Timestamp(1_767_225_600_000 + i64::try_from(self.elapsed()).unwrap_or(i64::MAX))
    }

    fn boot_id(&self) -> String {
        "virtual".to_owned()
    }
}
