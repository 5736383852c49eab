//! Unpredictable identifiers, and reproducible random numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use super::signature::hmac_sha256;

/// Generates identifiers and keys from a secret.
pub(crate) struct Tokens {
    secret: [u8; 32],
    made: AtomicU64,
}

impl Tokens {
    /// `None` if the operating system has no random numbers.
    pub(crate) fn from_system() -> Option<Self> {
        let mut secret = [0; 32];
        let provider = rustls::crypto::ring::default_provider();
        provider.secure_random.fill(&mut secret).ok()?;
        Some(Self { secret, made: AtomicU64::new(0) })
    }

    /// The same sequence of identifiers for the same seed.
    pub(crate) fn from_seed(seed: u64) -> Self {
        let secret = hmac_sha256(b"sandbox identifiers", &[&seed.to_be_bytes()]);
        Self { secret, made: AtomicU64::new(0) }
    }

    pub(crate) fn api_key(&self) -> String {
        format!("rbgv_sandbox_{}", self.hex(40))
    }

    /// A new identifier of at most 64 hexadecimal digits.
    pub(crate) fn hex(&self, digits: usize) -> String {
        let serial = self.made.fetch_add(1, Ordering::Relaxed);
        let mut text = hex::encode(hmac_sha256(&self.secret, &[&serial.to_be_bytes()]));
        text.truncate(digits);
        text
    }
}

/// A number in `0.0..1.0` that depends only on its arguments, so that the n-th decision of a stream
/// is reproducible however requests interleave.
pub(crate) fn roll(seed: u64, stream: u64, nth: u64) -> f64 {
    let mixed = mix(mix(seed ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_add(nth));
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// The finaliser of `SplitMix64`.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rolls_repeat_and_spread() {
        let rolls: Vec<f64> = (0..10_000).map(|nth| roll(7, 1, nth)).collect();
        assert!(rolls.iter().all(|r| (0.0..1.0).contains(r)));
        let mean = rolls.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
        assert!((roll(7, 1, 42) - rolls[42]).abs() < f64::EPSILON);
        assert!((roll(7, 2, 42) - rolls[42]).abs() > f64::EPSILON);
    }

    #[test]
    fn tokens_differ() {
        let tokens = Tokens::from_system().unwrap();
        assert_ne!(tokens.hex(32), tokens.hex(32));
        assert_eq!(tokens.hex(16).len(), 16);
        let three = |seed| {
            let tokens = Tokens::from_seed(seed);
            [tokens.hex(32), tokens.hex(32), tokens.hex(32)]
        };
        assert_eq!(three(7), three(7));
        assert_ne!(three(7), three(8));
    }
}
