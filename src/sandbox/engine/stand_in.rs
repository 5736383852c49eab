//! The stand-in of the engine: jobs only take time, and outputs are small valid files with alpha
//! where the format has it.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::stretch::stretched;
use super::types::{EngineError, Probe};
use crate::sandbox::util::duration;
use crate::sandbox::util::random::roll;

/// Distribution of processing times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    Fixed(Duration),
    Uniform(Duration, Duration),
    /// With this mean.
    Exponential(Duration),
    /// A long tail.
    LogNormal {
        median: Duration,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Seconds per second of video.
    Length(f64),
}

impl Distribution {
    /// Reads `2s`, `5s..15s`, `exponential:5s`, `lognormal:5s,0.8` or `length:0.5`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some((low, high)) = text.split_once("..") {
            let (low, high) = (duration::parse(low)?, duration::parse(high)?);
            return if low <= high {
                Ok(Self::Uniform(low, high))
            } else {
                Err(format!("`{text}`: the lower bound comes first"))
            };
        }
        match text.split_once(':') {
            None => duration::parse(text).map(Self::Fixed),
            Some(("exponential", mean)) => duration::parse(mean).map(Self::Exponential),
            Some(("lognormal", rest)) => {
                let (median, sigma) = rest.split_once(',').unwrap_or((rest, "1"));
                let sigma: f64 =
                    sigma.trim().parse().map_err(|_| format!("`{text}`: sigma is a number"))?;
                if !(0.0..=5.0).contains(&sigma) {
                    return Err(format!("`{text}`: sigma is 0 to 5"));
                }
                Ok(Self::LogNormal { median: duration::parse(median)?, sigma })
            }
            Some(("length", factor)) => match factor.trim().parse() {
                Ok(factor) if (0.0..=1_000.0).contains(&factor) => Ok(Self::Length(factor)),
                _ => Err(format!("`{text}`: the factor is 0 to 1000")),
            },
            Some((word, _)) => {
                Err(format!("`{word}` is not a distribution: exponential, lognormal, length"))
            }
        }
    }

    /// The processing time of a video of `length` seconds, for two random numbers in `0..1`.
    fn sample(self, dice: f64, more_dice: f64, length: f64) -> Duration {
        let seconds = match self {
            Self::Fixed(time) => return time,
            Self::Uniform(low, high) => {
                low.as_secs_f64() + (high.as_secs_f64() - low.as_secs_f64()) * dice
            }
            Self::Exponential(mean) => -mean.as_secs_f64() * (1.0 - dice).ln(),
            Self::LogNormal { median, sigma } => {
                // Box-Muller.
                let radius = (-2.0 * (1.0 - dice).ln()).sqrt();
                let normal = radius * (std::f64::consts::TAU * more_dice).cos();
                median.as_secs_f64() * (sigma * normal).exp()
            }
            Self::Length(factor) => length * factor,
        };
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_hours(24))
    }
}

/// The stand-in of the engine.
#[derive(Debug)]
pub(crate) struct Timer {
    distribution: Distribution,
    seed: u64,
    /// Size in bytes to which outputs are padded, if the container allows it.
    output_bytes: u64,
    runs: AtomicU64,
}

impl Timer {
    pub(crate) fn new(distribution: Distribution, seed: u64, output_bytes: u64) -> Self {
        Self { distribution, seed, output_bytes, runs: AtomicU64::new(0) }
    }

    /// The processing time of the next job, for a video of `length` seconds.
    pub(crate) fn service_time(&self, length: f64) -> Duration {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let dice = [0, 1].map(|nth| roll(self.seed, run, nth));
        self.distribution.sample(dice[0], dice[1], length)
    }

    pub(crate) fn output(&self, format: &str, seconds: f64) -> Option<StandIn> {
        StandIn::new(format, self.output_bytes, seconds)
    }
}

/// The error of a job with a video of unknown length.
pub(crate) const UNREADABLE: &str = "The file is not a readable video";

pub(crate) fn probe(file: &Path) -> Result<Probe, EngineError> {
    probed(crate::media::inspect_input(file).ok().and_then(|video| video.duration))
}

pub(crate) fn probe_bytes(video: &[u8]) -> Result<Probe, EngineError> {
    probed(crate::media::video_seconds(video))
}

fn probed(seconds: Option<f64>) -> Result<Probe, EngineError> {
    let duration_seconds = seconds
        .filter(|seconds| *seconds > 0.0)
        .ok_or_else(|| EngineError(UNREADABLE.to_owned()))?;
    Ok(Probe { duration_seconds, frame_rate: 10.0 })
}

/// A small valid file, padded with zeros and generated for each request.
#[derive(Debug, Clone)]
pub(crate) struct StandIn {
    head: Bytes,
    /// Size in bytes including padding.
    pub(crate) size: u64,
}

impl StandIn {
    /// The file of a format that lasts `seconds`, padded to `size` if the container has a padding
    /// element.
    pub(crate) fn new(format: &str, size: u64, seconds: f64) -> Option<Self> {
        let bytes = stretched(format, smallest(format)?, seconds)?;
        let missing = size.saturating_sub(bytes.len() as u64);
        let header: Vec<u8> = match format {
            // A `Void` element with a length of eight bytes.
            "webm" if missing > 9 => {
                let length = (missing - 9) | 0x0100_0000_0000_0000;
                [&[0xEC][..], &length.to_be_bytes()].concat()
            }
            // A `free` box with a length of eight bytes.
            "mp4" | "mov" if missing > 16 => {
                [&1_u32.to_be_bytes()[..], b"free", &missing.to_be_bytes()].concat()
            }
            _ => {
                return Some(Self { size: bytes.len() as u64, head: bytes.into() });
            }
        };
        Some(Self { head: [bytes, header].concat().into(), size })
    }

    /// Up to `most` bytes from `from`, at least one before the end.
    pub(crate) fn piece(&self, from: u64, most: u64) -> Bytes {
        static ZEROS: [u8; 64 << 10] = [0; 64 << 10];
        let bounded = |length: u64| usize::try_from(length.min(most)).unwrap_or(ZEROS.len());
        let head = self.head.len() as u64;
        if from < head {
            let first = usize::try_from(from).unwrap_or_default();
            return self.head.slice(first..first + bounded(head - from));
        }
        let length = bounded(self.size.saturating_sub(from)).min(ZEROS.len());
        Bytes::from_static(&ZEROS[..length])
    }

    /// An entity tag that depends on the content.
    pub(crate) fn etag(&self) -> String {
        let hash = Sha256::new().chain_update(&self.head).chain_update(self.size.to_be_bytes());
        format!("\"{}\"", &hex::encode(hash.finalize())[..32])
    }
}

fn smallest(format: &str) -> Option<&'static [u8]> {
    Some(match format {
        "webm" => include_bytes!("../assets/standin/standin.webm"),
        "mov" => include_bytes!("../assets/standin/standin.mov"),
        "mp4" => include_bytes!("../assets/standin/standin.mp4"),
        "gif" => include_bytes!("../assets/standin/standin.gif"),
        "webp" => include_bytes!("../assets/standin/standin.webp"),
        "png_sequence" => include_bytes!("../assets/standin/standin.zip"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_as_written() {
        let second = Duration::from_secs(1);
        assert_eq!(Distribution::parse("1s"), Ok(Distribution::Fixed(second)));
        assert_eq!(Distribution::parse("1s..2s"), Ok(Distribution::Uniform(second, second * 2)));
        assert_eq!(Distribution::parse("exponential:1s"), Ok(Distribution::Exponential(second)));
        assert_eq!(
            Distribution::parse("lognormal:1s,0.5"),
            Ok(Distribution::LogNormal { median: second, sigma: 0.5 })
        );
        assert_eq!(Distribution::parse("length:0.5"), Ok(Distribution::Length(0.5)));
        for text in ["", "1", "2s..1s", "gamma:1s", "lognormal:1s,x", "lognormal:1s,9", "length:x"]
        {
            assert!(Distribution::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn samples_have_the_mean_that_was_asked_for() {
        let mean = |distribution: Distribution| {
            let total: f64 = (0..20_000)
                .map(|n| distribution.sample(roll(1, n, 0), roll(1, n, 1), 4.0).as_secs_f64())
                .sum();
            total / 20_000.0
        };
        let second = Duration::from_secs(1);
        assert!((mean(Distribution::Exponential(second)) - 1.0).abs() < 0.05);
        assert!((mean(Distribution::Uniform(second, second * 3)) - 2.0).abs() < 0.05);
        let tail = mean(Distribution::LogNormal { median: second, sigma: 0.5 });
        assert!((tail - 0.125_f64.exp()).abs() < 0.05, "{tail}");
        assert!((mean(Distribution::Length(0.5)) - 2.0).abs() < 1e-6);
    }

    #[test]
    fn stand_ins_are_valid_files_of_their_format_also_when_padded() {
        let whole = |stand_in: &StandIn, most: u64| {
            let mut bytes = Vec::new();
            while (bytes.len() as u64) < stand_in.size {
                bytes.extend_from_slice(&stand_in.piece(bytes.len() as u64, most));
            }
            bytes
        };
        for (format, size) in [("webm", 0), ("webm", 100_000), ("mp4", 100_000), ("mov", 100_000)] {
            let stand_in = StandIn::new(format, size, 1.0).unwrap();
            let bytes = whole(&stand_in, u64::MAX);
            assert_eq!(bytes.len() as u64, stand_in.size);
            assert!(stand_in.size >= size);
            assert_eq!(whole(&stand_in, 1000), bytes);
            let seconds = probe_bytes(&bytes).unwrap().duration_seconds;
            assert!((0.9..1.2).contains(&seconds), "{format}: {seconds}");
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &bytes).unwrap();
            assert_eq!(probe(file.path()), probe_bytes(&bytes), "{format}");
        }
        for format in ["gif", "webp", "png_sequence"] {
            let stand_in = StandIn::new(format, 100_000, 1.0).unwrap();
            assert_eq!(whole(&stand_in, 1000), whole(&stand_in, u64::MAX));
        }
        assert!(StandIn::new("avi", 0, 1.0).is_none());
        let etag = |size| StandIn::new("webm", size, 1.0).unwrap().etag();
        assert_eq!(etag(50_000), etag(50_000));
        assert_ne!(etag(50_000), etag(60_000));
    }
}
