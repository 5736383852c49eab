//! Segmentation of the subject: a network computes a coarse mask of a frame, and a refinement turns it into
//! a full-size alpha with the subject's own colours.
//!
//! Reading order: the traits below, `selfie` and `rvm` (networks), `green_screen`, `choose` (which one for a
//! video), `guided` and `soft_mask` (refinement), `colors`, `temporal_smoothing`, `install` (downloads).

pub(crate) mod choose;
pub(crate) mod colors;
pub(crate) mod green_screen;
pub(crate) mod guided;
pub(crate) mod install;
pub(crate) mod rvm;
pub(crate) mod selfie;
pub(crate) mod soft_mask;
pub(crate) mod temporal_smoothing;

use super::EngineError;
use super::image::{Frame, Plane, Resizer, SmallImage};

/// Makes a coarse mask of each frame, in order: 1 where the subject is.
pub(crate) trait Segmenter: Send {
    /// The mask of `small`, a frame at working size.
    fn segment(&mut self, small: &SmallImage) -> Result<Plane, EngineError>;
}

/// Makes alpha and the subject's own colours of a frame and its coarse mask. Frames are independent
/// here.
pub(crate) trait Finisher: Send + Sync {
    /// `small` and `mask` have the working size.
    fn finish(&self, frame: Frame, small: &SmallImage, mask: &Plane) -> CutOut;
}

/// What one job uses to cut out its subject, in two steps that can overlap.
pub(crate) struct Matter<'n> {
    /// Short description for the job and the log.
    pub(crate) name: &'static str,
    /// What it segments, such as "person".
    pub(crate) subject: &'static str,
    /// Makes the working-size picture.
    pub(crate) resizer: Resizer,
    /// Finds the subject.
    pub(crate) segmenter: Box<dyn Segmenter + 'n>,
    /// Finishes the edges.
    pub(crate) finisher: Box<dyn Finisher>,
}

/// A matted frame: the subject's own colours, and its opacity.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CutOut {
    /// Colours of the subject alone, without what shines through soft edges.
    pub(crate) colors: Frame,
    /// Opacity of each pixel.
    pub(crate) alpha: Vec<u8>,
}

/// The size at which masks are refined: whole, but no side longer than `longest`.
pub(crate) fn working_size((width, height): (usize, usize), longest: usize) -> (usize, usize) {
    let long = width.max(height);
    if long <= longest {
        return (width, height);
    }
    let shrink = |side: usize| ((side * longest + long / 2) / long).max(1);
    (shrink(width), shrink(height))
}

/// Probability to log odds.
fn log_odds(probability: f32) -> f32 {
    (probability / (1.0 - probability)).ln()
}

/// Log odds to probability.
fn logistic(odds: f32) -> f32 {
    1.0 / (1.0 + (-odds).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_sizes() {
        assert_eq!(working_size((320, 200), 480), (320, 200));
        assert_eq!(working_size((1920, 1080), 480), (480, 270));
        assert_eq!(working_size((1, 4000), 480), (1, 480));
    }
}
