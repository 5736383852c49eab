//! An engine that only takes time: for benchmarks, rehearsals and tests of everything around it.
//!
//! Its outputs are small valid files of the asked format, with alpha where the format has it.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::duration;
use super::engine::{Engine, EngineError, Outcome, Probe, Task};
use super::random::roll;

/// Progress is told at each percent, but no more and no less often than this.
const STEP: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(100));

/// How long jobs take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Fixed(Duration),
    /// Anything between two bounds, evenly.
    Uniform(Duration, Duration),
    /// Mostly short, sometimes long, with this mean.
    Exponential(Duration),
    /// A long tail: half of the jobs are shorter than the median, `sigma` says how long the rest.
    LogNormal {
        /// Half of the jobs are shorter.
        median: Duration,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// So many seconds for each second of video, as with an engine that works frame by frame.
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

    /// The service time of a video of `length` seconds, for two dice in `0..1`.
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

/// The engine.
#[derive(Debug)]
pub(crate) struct TimerEngine {
    distribution: Distribution,
    seed: u64,
    /// Outputs that can be padded are, to this size.
    output_bytes: u64,
    runs: AtomicU64,
}

impl TimerEngine {
    pub(crate) fn new(distribution: Distribution, seed: u64, output_bytes: u64) -> Self {
        Self { distribution, seed, output_bytes, runs: AtomicU64::new(0) }
    }
}

impl Engine for TimerEngine {
    fn probe(&self, file: &Path) -> Result<Probe, EngineError> {
        let seconds = seconds(file)
            .ok_or_else(|| EngineError("The file is not a readable video".to_owned()))?;
        Ok(Probe {
            duration_seconds: seconds,
            width: 32,
            height: 32,
            frame_rate: 10.0,
            has_audio: false,
        })
    }

    fn run(
        &self,
        task: &Task,
        progress: &(dyn Fn(f64) + Sync),
        cancel: &AtomicBool,
    ) -> Result<Outcome, EngineError> {
        let probe = self.probe(&task.input)?;
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let dice = [0, 1].map(|nth| roll(self.seed, run, nth));
        let whole = self.distribution.sample(dice[0], dice[1], probe.duration_seconds);
        let (most_often, least_often) = STEP;
        let percent = (whole / 100).clamp(most_often, least_often);
        let mut left = whole;
        while !left.is_zero() {
            if cancel.load(Ordering::Relaxed) {
                return Err(EngineError("Cancelled".to_owned()));
            }
            let step = left.min(percent);
            std::thread::sleep(step);
            left -= step;
            progress(100.0 * (1.0 - left.as_secs_f64() / whole.as_secs_f64()));
        }
        write_output(&task.output, &task.format, self.output_bytes)
            .map_err(|error| EngineError(error.to_string()))?;
        Ok(Outcome {
            duration_seconds: probe.duration_seconds,
            frames: 10,
            engine: "timer".to_owned(),
            notes: vec!["The output is a stand-in.".to_owned()],
        })
    }
}

/// A small valid file of a format.
fn stand_in(format: &str) -> Option<&'static [u8]> {
    Some(match format {
        "webm" => include_bytes!("assets/standin/standin.webm"),
        "mov" => include_bytes!("assets/standin/standin.mov"),
        "mp4" => include_bytes!("assets/standin/standin.mp4"),
        "gif" => include_bytes!("assets/standin/standin.gif"),
        "webp" => include_bytes!("assets/standin/standin.webp"),
        "png_sequence" => include_bytes!("assets/standin/standin.zip"),
        _ => return None,
    })
}

/// Writes the stand-in, padded to `size` where the container has an element for nothing.
fn write_output(place: &Path, format: &str, size: u64) -> io::Result<()> {
    let bytes = stand_in(format).ok_or(io::ErrorKind::Unsupported)?;
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
        _ => return std::fs::write(place, bytes),
    };
    let mut file = File::create(place)?;
    file.write_all(bytes)?;
    file.write_all(&header)?;
    file.set_len(size)
}

/// Seconds of video, when the container says so.
fn seconds(file: &Path) -> Option<f64> {
    crate::media::inspect_input(file).ok()?.duration.filter(|seconds| *seconds > 0.0)
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
    fn stand_ins_are_what_they_say_also_when_padded() {
        let place = tempfile::tempdir().unwrap();
        for (format, size) in [("webm", 0), ("webm", 100_000), ("mp4", 100_000), ("mov", 100_000)] {
            let file = place.path().join("x");
            write_output(&file, format, size).unwrap();
            assert!(file.metadata().unwrap().len() >= size);
            let seconds = seconds(&file).unwrap();
            assert!((0.9..1.2).contains(&seconds), "{format}: {seconds}");
        }
        for format in ["gif", "webp", "png_sequence"] {
            write_output(&place.path().join("x"), format, 100_000).unwrap();
        }
        assert!(write_output(&place.path().join("x"), "avi", 0).is_err());
    }
}
