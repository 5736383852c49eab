//! Finishing masks that are fine enough already: they become alpha as they are, and the subject's
//! colours are estimated at a smaller size.

use super::guided::{between, color_averages};
use super::{CutOut, Finisher, working_size};
use crate::sandbox::matting::image::{Frame, Plane, Resizer, SmallImage, to_byte};

/// The longer side at which colours are averaged.
const COLORS: usize = 320;

/// Wide and narrow window of the averages, in pixels of that size.
const WINDOWS: [usize; 2] = [16, 3];

/// Alpha below the first becomes 0, above the second 1.
const CLIP: [f32; 2] = [0.02, 0.98];

/// Interleaved numbers a pixel: subject and background.
const FIELDS: usize = 6;

/// Uses masks as alpha.
#[derive(Debug)]
pub(crate) struct SoftMask {
    shrink: Resizer,
}

impl SoftMask {
    /// For masks of the `working` size.
    pub(crate) fn new(working: (usize, usize)) -> Self {
        Self { shrink: Resizer::new(working, working_size(working, COLORS)) }
    }

    /// Colours of subject and background around each pixel of the small size.
    fn colors(&self, small: &SmallImage, mask: &Plane) -> (Vec<f32>, (usize, usize)) {
        let picture = self.shrink.picture(small);
        let alpha = self.shrink.plane(mask);
        let (subject, behind) = color_averages(&picture, &alpha.data, WINDOWS);
        let mut fields = Vec::with_capacity(alpha.data.len() * FIELDS);
        for (subject, behind) in subject.chunks_exact(3).zip(behind.chunks_exact(3)) {
            fields.extend_from_slice(subject);
            fields.extend_from_slice(behind);
        }
        (fields, (picture.width, picture.height))
    }
}

impl Finisher for SoftMask {
    fn finish(&self, mut frame: Frame, small: &SmallImage, mask: &Plane) -> CutOut {
        let (fields, size) = self.colors(small, mask);
        let (width, height) = (frame.width, frame.height);
        let color_columns = between(width, size.0);
        let mask_columns = between(width, mask.width);
        let rows = between(height, size.1).into_iter().zip(between(height, mask.height));
        let mut alpha = vec![0u8; width * height];
        for (y, (color_row, mask_row)) in rows.enumerate() {
            let near = color_row.mix(&fields, size.0 * FIELDS);
            let masks = mask_row.mix(&mask.data, mask.width);
            let pixels = frame.data[y * width * 3..(y + 1) * width * 3].chunks_exact_mut(3);
            let outs = &mut alpha[y * width..(y + 1) * width];
            for (((pixel, out), at), from) in
                pixels.zip(outs).zip(&color_columns).zip(&mask_columns)
            {
                let [value] = from.pick::<1>(&masks);
                let value = ((value - CLIP[0]) / (CLIP[1] - CLIP[0])).clamp(0.0, 1.0);
                *out = to_byte(value);
                if value < 1.0 {
                    let near = at.pick::<FIELDS>(&near);
                    for (channel, shown) in pixel.iter_mut().enumerate() {
                        let (own, behind) = (near[channel], near[channel + 3]);
                        let seen = f32::from(*shown) / 255.0;
                        let off = value * (seen - value * own - (1.0 - value) * behind);
                        *shown = to_byte(own + off);
                    }
                }
            }
        }
        CutOut { colors: frame, alpha }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_of_the_same_size_is_the_alpha() {
        let (width, height) = (12, 8);
        let frame = Frame::filled(width, height, [200, 100, 50]);
        let small = Resizer::new((width, height), (width, height)).frame(&frame);
        let mut mask = Plane::filled(width, height, 0.0);
        mask.data[..width * 4].fill(1.0);
        let cut = SoftMask::new((width, height)).finish(frame, &small, &mask);
        assert!(cut.alpha[..width * 4].iter().all(|&alpha| alpha == 255));
        assert!(cut.alpha[width * 4..].iter().all(|&alpha| alpha == 0));
        assert_eq!(cut.colors.data[..3], [200, 100, 50]);
    }
}
