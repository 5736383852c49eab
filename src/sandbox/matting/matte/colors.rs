//! What colours the subject has and what colours are behind it, learned while the video plays, and
//! used to decide where the network hesitates.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "colours are clamped to their range"
)]

use super::{Segmenter, log_odds, logistic};
use crate::sandbox::engine::EngineError;
use crate::sandbox::matting::image::{Plane, SmallImage};

/// Steps a channel.
const STEPS: usize = 16;

/// How much of what was learned remains after a frame.
const MEMORY: f32 = 0.95;

/// Mask values beyond which a pixel is learned from.
const SURE: [f32; 2] = [0.1, 0.9];

/// The largest say of colour, in log odds.
const SAY: f32 = 1.25;

/// How many pixels must have been learned from on either side before colour has a say.
const ENOUGH: f32 = 100.0;

/// Pixels that either side is taken to have of every colour: rare colours say little.
const BENEFIT: f32 = 8.0;

/// A segmenter helped by colour.
pub(crate) struct Colors<S> {
    inner: S,
    subject: Vec<f32>,
    behind: Vec<f32>,
}

impl<S: Segmenter> Colors<S> {
    /// Helps `inner`.
    pub(crate) fn new(inner: S) -> Self {
        let empty = vec![0.0; STEPS * STEPS * STEPS];
        Self { inner, subject: empty.clone(), behind: empty }
    }

    fn learn(&mut self, small: &SmallImage, mask: &Plane) {
        for count in self.subject.iter_mut().chain(&mut self.behind) {
            *count *= MEMORY;
        }
        for (color, &value) in small.data.chunks_exact(3).zip(&mask.data) {
            if value >= SURE[1] {
                self.subject[bin(color)] += 1.0;
            } else if value <= SURE[0] {
                self.behind[bin(color)] += 1.0;
            }
        }
    }

    /// What each colour says for the subject, in log odds.
    fn verdicts(&self) -> Option<Vec<f32>> {
        let totals = [&self.subject, &self.behind].map(|counts| counts.iter().sum::<f32>());
        if totals.iter().any(|&total| total < ENOUGH) {
            return None;
        }
        let benefit = BENEFIT / totals[0].max(totals[1]);
        let verdict = |(own, behind): (f32, f32)| {
            let ratio = (own / totals[0] + benefit) / (behind / totals[1] + benefit);
            ratio.ln().clamp(-SAY, SAY)
        };
        let counts = softened(&self.subject).into_iter().zip(softened(&self.behind));
        Some(counts.map(verdict).collect())
    }
}

/// The index of a colour in the tables.
fn bin(color: &[f32]) -> usize {
    color
        .iter()
        .fold(0, |bin, &value| bin * STEPS + ((value * STEPS as f32) as usize).min(STEPS - 1))
}

/// Sums over neighbouring bins, so that a colour speaks for those close to it.
fn softened(counts: &[f32]) -> Vec<f32> {
    let mut now = counts.to_vec();
    for stride in [1, STEPS, STEPS * STEPS] {
        let before = now.clone();
        for (at, value) in now.iter_mut().enumerate() {
            let place = at / stride % STEPS;
            if place > 0 {
                *value += 0.5 * before[at - stride];
            }
            if place + 1 < STEPS {
                *value += 0.5 * before[at + stride];
            }
        }
    }
    now
}

impl<S: Segmenter> Segmenter for Colors<S> {
    fn segment(&mut self, small: &SmallImage) -> Result<Plane, EngineError> {
        let mut mask = self.inner.segment(small)?;
        self.learn(small, &mask);
        if let Some(table) = self.verdicts() {
            for (color, value) in small.data.chunks_exact(3).zip(&mut mask.data) {
                *value = logistic(log_odds(value.clamp(0.002, 0.998)) + table[bin(color)]);
            }
        }
        Ok(mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Told(Plane);

    impl Segmenter for Told {
        fn segment(&mut self, _small: &SmallImage) -> Result<Plane, EngineError> {
            Ok(self.0.clone())
        }
    }

    /// Orange on the left, blue on the right, a doubtful column of each in the middle.
    #[test]
    fn uncertain_pixels_are_decided_by_color() {
        let (width, height) = (40, 40);
        let mut picture = SmallImage { width, height, data: Vec::new() };
        let mut mask = Plane::filled(width, height, 0.0);
        for at in 0..width * height {
            let x = at % width;
            picture.data.extend(if x < 20 { [0.9, 0.4, 0.1] } else { [0.1, 0.3, 0.8] });
            mask.data[at] = match x {
                0..=17 => 0.97,
                18..=21 => 0.5,
                _ => 0.03,
            };
        }
        let mut colors = Colors::new(Told(mask));
        let out = colors.segment(&picture).unwrap();
        assert!(out.data[19] > 0.7 && out.data[20] < 0.3, "{} {}", out.data[19], out.data[20]);
        assert!(out.data[5] > 0.97 && out.data[35] < 0.03);
    }

    /// Colours that both have say nothing.
    #[test]
    fn shared_colors_change_nothing() {
        let (width, height) = (40, 40);
        let picture = SmallImage { width, height, data: vec![0.5; width * height * 3] };
        let mut mask = Plane::filled(width, height, 0.95);
        mask.data[..800].fill(0.05);
        mask.data[0] = 0.4;
        let mut colors = Colors::new(Told(mask));
        let out = colors.segment(&picture).unwrap();
        assert!((out.data[0] - 0.4).abs() < 0.02, "{}", out.data[0]);
    }
}
