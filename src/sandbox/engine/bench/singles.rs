//! The single engines without our additions: what the engines of this crate have to be better than.

use crate::sandbox::engine::EngineError;
use crate::sandbox::engine::image::{Frame, Picture, Plane, to_byte};
use crate::sandbox::engine::matte::plate::Plate;
use crate::sandbox::engine::matte::{Cut, Finisher, Segmenter};

/// A segmenter for finishers that need no mask.
pub(crate) struct Blank;

impl Segmenter for Blank {
    fn segment(&mut self, _frame: &Frame, small: &Picture) -> Result<Plane, EngineError> {
        Ok(Plane::filled(small.width, small.height, 0.0))
    }
}

/// A plain green-difference key with the strength of the frame's upper corners.
pub(crate) struct GreenKey;

fn greenness(color: &[u8]) -> f32 {
    (f32::from(color[1]) - f32::from(color[0].max(color[2]))) / 255.0
}

impl Finisher for GreenKey {
    fn finish(&self, mut frame: Frame, _small: &Picture, _mask: &Plane) -> Cut {
        let corner = (frame.width - 1) * 3;
        let (left, right) = (&frame.data[..3], &frame.data[corner..corner + 3]);
        let key = f32::midpoint(greenness(left), greenness(right));
        let mut alpha = Vec::with_capacity(frame.width * frame.height);
        for color in frame.data.chunks_exact_mut(3) {
            // The usual clips: noise in the screen and in the subject is not to show.
            let share = (greenness(color) / key.max(0.05) - 0.1) / 0.75;
            alpha.push(to_byte(1.0 - share));
            color[1] = color[1].min(color[0].max(color[2]));
        }
        Cut { colors: frame, alpha }
    }
}

/// Plain difference from the median of all samples.
pub(crate) struct Median {
    /// What the median is.
    pub(crate) plate: Plate,
}

impl Segmenter for Median {
    fn segment(&mut self, _frame: &Frame, small: &Picture) -> Result<Plane, EngineError> {
        let pixels = small.data.chunks_exact(3).zip(self.plate.colors.data.chunks_exact(3));
        let data = pixels
            .map(|(now, plate)| {
                let difference: f32 = now.iter().zip(plate).map(|(a, b)| (a - b).abs()).sum();
                ((difference / 3.0 - 0.03) / 0.06).clamp(0.0, 1.0)
            })
            .collect();
        Ok(Plane { width: small.width, height: small.height, data })
    }
}
