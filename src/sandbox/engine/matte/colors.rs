//! What colours the subject has and what colours are behind it, learned while the video plays, and
//! used to decide where the network hesitates.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "colours are clamped to their range"
)]

use super::Segmenter;
use crate::sandbox::engine::EngineError;
use crate::sandbox::engine::image::{Frame, Picture, Plane};

/// Steps a channel.
const STEPS: usize = 16;

/// How much of what was learned remains after a frame.
const MEMORY: f32 = 0.95;

/// Mask values beyond which a pixel is learned from.
const SURE: [f32; 2] = [0.1, 0.9];

/// The largest say of colour, in log odds.
const SAY: f32 = 1.0;

/// A segmenter helped by colour.
pub(crate) struct Colors<S> {
    inner: S,
    subject: Vec<f32>,
    behind: Vec<f32>,
}

impl<S: Segmenter> Colors<S> {
    pub(crate) fn new(inner: S) -> Self {
        let empty = vec![0.0; STEPS * STEPS * STEPS];
        Self { inner, subject: empty.clone(), behind: empty }
    }

    fn learn(&mut self, small: &Picture, mask: &Plane) {
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
}

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
    fn segment(&mut self, frame: &Frame, small: &Picture) -> Result<Plane, EngineError> {
        let mut mask = self.inner.segment(frame, small)?;
        self.learn(small, &mask);
        let (subject, behind) = (softened(&self.subject), softened(&self.behind));
        let total = |counts: &[f32]| counts.iter().sum::<f32>();
        let (subjects, behinds) = (total(&self.subject), total(&self.behind));
        if subjects < 100.0 || behinds < 100.0 {
            return Ok(mask);
        }
        let floor = 8.0;
        let table: Vec<f32> = subject
            .iter()
            .zip(&behind)
            .map(|(&f, &b)| {
                let ratio = ((f / subjects) + floor / subjects.max(behinds))
                    / ((b / behinds) + floor / subjects.max(behinds));
                ratio.ln().clamp(-SAY, SAY)
            })
            .collect();
        for (color, value) in small.data.chunks_exact(3).zip(&mut mask.data) {
            let p = value.clamp(0.002, 0.998);
            let odds = (p / (1.0 - p)).ln() + table[bin(color)];
            *value = 1.0 / (1.0 + (-odds).exp());
        }
        Ok(mask)
    }
}
