//! The rate at which the frames of a video are taken.

use serde_json::Value;

use super::frame_times::FrameTimes;

/// A frame rate as a fraction, as FFmpeg takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameRatio {
    /// Numerator: frames.
    pub(crate) frames: u32,
    /// Denominator: seconds.
    pub(crate) seconds: u32,
}

/// A positive number without its fraction.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 1 to 10^9 before"
)]
fn whole(number: f64) -> u32 {
    number as u32
}

impl FrameRatio {
    /// Frames a second.
    pub(crate) fn hertz(self) -> f64 {
        f64::from(self.frames) / f64::from(self.seconds)
    }

    /// Every nth frame, `n` being `divisor`.
    pub(crate) fn divided(self, divisor: u32) -> Self {
        Self { seconds: self.seconds.saturating_mul(divisor), ..self }
    }

    /// The nearest usual rate: whole, or the 1000/1001 part of a whole one; else in thousandths.
    fn near(hertz: f64) -> Self {
        let frames = |number: f64| whole(number.clamp(1.0, 1e9));
        let is_near = |rate: &Self| (rate.hertz() / hertz - 1.0).abs() < 2e-4;
        let usual = [
            Self { frames: frames(hertz.round()), seconds: 1 },
            Self { frames: frames((hertz * 1.001).round() * 1000.0), seconds: 1001 },
        ];
        let exact = Self { frames: frames((hertz * 1000.0).round()), seconds: 1000 };
        usual.into_iter().find(is_near).unwrap_or(exact)
    }

    fn parse(text: &str) -> Option<Self> {
        let (frames, seconds) = text.split_once('/')?;
        let rate = Self { frames: frames.parse().ok()?, seconds: seconds.parse().ok()? };
        (rate.frames > 0 && rate.seconds > 0).then_some(rate)
    }
}

impl std::fmt::Display for FrameRatio {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.frames, self.seconds)
    }
}

/// The rate at which to take frames. A video of varying rate states a finer one than its average:
/// taken if it is a usual one and pictures do follow each other so fast, so that none is lost.
pub(crate) fn steady_rate(video: &Value, counted: Option<(&FrameTimes, f64)>) -> FrameRatio {
    let stated = |name: &str, rates: std::ops::RangeInclusive<f64>| {
        let rate = video[name].as_str().and_then(FrameRatio::parse);
        rate.filter(|rate| rates.contains(&rate.hertz()))
    };
    let finest = stated("r_frame_rate", 1.0..=60.0);
    let average = stated("avg_frame_rate", 0.01..=1000.0);
    let Some((pictures, span)) = counted else {
        return average.or(finest).unwrap_or(FrameRatio { frames: 25, seconds: 1 });
    };
    let hertz = pictures.average(span).clamp(0.01, 1000.0);
    // The header's fraction is exact where it is true.
    let average = average
        .filter(|average| (average.hertz() / hertz - 1.0).abs() < 5e-3)
        .unwrap_or_else(|| FrameRatio::near(hertz));
    finest
        .filter(|finest| finest.hertz() > average.hertz() * 1.01 && pictures.reach(finest.hertz()))
        .unwrap_or(average)
}
