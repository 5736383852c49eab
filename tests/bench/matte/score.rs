//! How far an alpha is from the truth, and how much it flickers.

/// Alpha at or above this counts as "subject" for the overlap.
const HALF: u8 = 128;

/// Sums over the frames of one clip.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tally {
    error: f64,
    pixels: f64,
    both: f64,
    either: f64,
    flicker: f64,
    steps: f64,
}

impl Tally {
    /// Takes in one frame.
    pub fn frame(&mut self, alpha: &[u8], truth: &[u8]) {
        for (&is, &should) in alpha.iter().zip(truth) {
            self.error += f64::from(is.abs_diff(should)) / 255.0;
            self.both += f64::from(u8::from(is >= HALF && should >= HALF));
            self.either += f64::from(u8::from(is >= HALF || should >= HALF));
        }
        self.pixels += alpha.len() as f64;
    }

    /// Takes in a step from one frame to the next: flicker is change that the truth does not have.
    pub fn step(&mut self, alpha: [&[u8]; 2], truth: [&[u8]; 2]) {
        let changes = |pair: [&[u8]; 2], at: usize| i32::from(pair[1][at]) - i32::from(pair[0][at]);
        for at in 0..alpha[0].len() {
            let off = changes(alpha, at) - changes(truth, at);
            self.flicker += f64::from(off.abs()) / 255.0;
        }
        self.steps += alpha[0].len() as f64;
    }

    /// Mean absolute error of alpha, 0..1.
    pub fn error(&self) -> f64 {
        self.error / self.pixels.max(1.0)
    }

    /// Intersection over union of the subject's pixels.
    pub fn overlap(&self) -> f64 {
        if self.either > 0.0 { self.both / self.either } else { 1.0 }
    }

    /// Mean absolute change between frames that the truth does not have, 0..1.
    pub fn flicker(&self) -> f64 {
        self.flicker / self.steps.max(1.0)
    }
}
