//! From a coarse mask to a full-size alpha whose edges follow the picture, and the colours of the
//! subject alone at soft edges.
//!
//! The alpha is the fast guided filter with a colour guide (He, Sun, Tang 2013; He, Sun 2015): a
//! linear model of alpha in colour is fitted around each pixel at working size, and applied to the
//! full-size frame. The colours are blurred-fusion foreground estimation (Forte 2021): averages of
//! subject and background around each pixel, corrected by what the pixel itself shows.

use super::{CutOut, Finisher};
use crate::sandbox::matting::image::{Frame, Plane, SmallImage, box_mean, to_byte};

/// Interleaved numbers a working pixel: alpha's slopes and constant, subject, background.
const FIELDS: usize = 10;

/// Window of the linear model, to each side, in working pixels.
const RADIUS: usize = 6;

/// Variance of colour below which a window counts as flat.
const EPSILON: f32 = 1e-4;

/// Alpha below this becomes 0.
const FLOOR: f32 = 0.08;

/// Alpha above this becomes 1.
const CEILING: f32 = 0.92;

/// Wide and narrow window of the colour averages, in working pixels.
const COLOR_WINDOWS: [usize; 2] = [24, 4];

/// Refines coarse masks.
pub(crate) struct GuidedFilter;

impl Finisher for GuidedFilter {
    fn finish(&self, frame: Frame, small: &SmallImage, mask: &Plane) -> CutOut {
        refine(frame, small, mask)
    }
}

/// Refines the mask of one frame. `mask` and `small` have the working size.
fn refine(frame: Frame, small: &SmallImage, mask: &Plane) -> CutOut {
    let lines = linear_model(small, mask);
    let rough: Vec<f32> = lines
        .chunks_exact(4)
        .zip(small.data.chunks_exact(3))
        .map(|(line, color)| settle(along(line, color)))
        .collect();
    let (subject, behind) = color_averages(small, &rough, COLOR_WINDOWS);
    let mut fields = vec![0.0f32; mask.data.len() * FIELDS];
    for (at, field) in fields.chunks_exact_mut(FIELDS).enumerate() {
        field[..4].copy_from_slice(&lines[at * 4..at * 4 + 4]);
        field[4..7].copy_from_slice(&subject[at * 3..at * 3 + 3]);
        field[7..].copy_from_slice(&behind[at * 3..at * 3 + 3]);
    }
    apply(frame, &fields, (mask.width, mask.height))
}

fn along(line: &[f32], color: &[f32]) -> f32 {
    line[0] * color[0] + line[1] * color[1] + line[2] * color[2] + line[3]
}

/// Clears the haze that a linear model leaves in flat areas.
fn settle(alpha: f32) -> f32 {
    ((alpha - FLOOR) / (CEILING - FLOOR)).clamp(0.0, 1.0)
}

/// Slopes and constant of alpha as a linear function of colour, averaged over all windows that
/// hold the pixel.
fn linear_model(small: &SmallImage, mask: &Plane) -> Vec<f32> {
    let (width, height) = (mask.width, mask.height);
    // Means of: r g b, alpha, r*alpha g*alpha b*alpha, rr rg rb gg gb bb.
    let mut moments = vec![0.0f32; mask.data.len() * 13];
    for ((moment, color), &alpha) in
        moments.chunks_exact_mut(13).zip(small.data.chunks_exact(3)).zip(&mask.data)
    {
        let (r, g, b) = (color[0], color[1], color[2]);
        moment.copy_from_slice(&[
            r,
            g,
            b,
            alpha,
            r * alpha,
            g * alpha,
            b * alpha,
            r * r,
            r * g,
            r * b,
            g * g,
            g * b,
            b * b,
        ]);
    }
    let means = box_mean::<13>(&moments, width, height, RADIUS);
    let mut lines = vec![0.0f32; mask.data.len() * 4];
    for (mean, line) in means.chunks_exact(13).zip(lines.chunks_exact_mut(4)) {
        line.copy_from_slice(&fit(mean));
    }
    box_mean::<4>(&lines, width, height, RADIUS)
}

/// Solves the 3x3 system of one window by its adjugate.
fn fit(mean: &[f32]) -> [f32; 4] {
    let color = [mean[0], mean[1], mean[2]];
    let shared: [f32; 3] = std::array::from_fn(|at| mean[4 + at] - color[at] * mean[3]);
    // Rows of the symmetric matrix: 0 1 2, 1 3 4, 2 4 5.
    let m = [
        mean[7] - color[0] * color[0] + EPSILON,
        mean[8] - color[0] * color[1],
        mean[9] - color[0] * color[2],
        mean[10] - color[1] * color[1] + EPSILON,
        mean[11] - color[1] * color[2],
        mean[12] - color[2] * color[2] + EPSILON,
    ];
    let adjugate = [
        m[3] * m[5] - m[4] * m[4],
        m[4] * m[2] - m[1] * m[5],
        m[1] * m[4] - m[3] * m[2],
        m[0] * m[5] - m[2] * m[2],
        m[2] * m[1] - m[0] * m[4],
        m[0] * m[3] - m[1] * m[1],
    ];
    let determinant = m[0] * adjugate[0] + m[1] * adjugate[1] + m[2] * adjugate[2];
    if determinant <= f32::MIN_POSITIVE {
        return [0.0, 0.0, 0.0, mean[3]];
    }
    let slope = [[0, 1, 2], [1, 3, 4], [2, 4, 5]].map(|row: [usize; 3]| {
        row.iter().zip(&shared).map(|(&at, &value)| adjugate[at] * value).sum::<f32>() / determinant
    });
    let constant = mean[3] - slope[0] * color[0] - slope[1] * color[1] - slope[2] * color[2];
    [slope[0], slope[1], slope[2], constant]
}

/// Mean colours of subject and background around each working pixel.
pub(crate) fn color_averages(
    small: &SmallImage,
    alpha: &[f32],
    windows: [usize; 2],
) -> (Vec<f32>, Vec<f32>) {
    let mut subject = small.data.clone();
    let mut behind = small.data.clone();
    for (pass, &radius) in windows.iter().enumerate() {
        let near = weighted_mean(&subject, alpha, small, radius, |alpha| alpha);
        let far = weighted_mean(&behind, alpha, small, radius, |alpha| 1.0 - alpha);
        for (at, &alpha) in alpha.iter().enumerate() {
            for channel in at * 3..at * 3 + 3 {
                let (f, b) = (near[channel], far[channel]);
                let off = if pass == 0 || alpha > 0.0 {
                    alpha * (small.data[channel] - alpha * f - (1.0 - alpha) * b)
                } else {
                    0.0
                };
                subject[channel] = (f + off).clamp(0.0, 1.0);
                behind[channel] = b.clamp(0.0, 1.0);
            }
        }
    }
    (subject, behind)
}

fn weighted_mean(
    colors: &[f32],
    alpha: &[f32],
    size: &SmallImage,
    radius: usize,
    weight: impl Fn(f32) -> f32,
) -> Vec<f32> {
    let mut sums = vec![0.0f32; alpha.len() * 4];
    for ((sum, color), &alpha) in sums.chunks_exact_mut(4).zip(colors.chunks_exact(3)).zip(alpha) {
        let weight = weight(alpha);
        sum.copy_from_slice(&[color[0] * weight, color[1] * weight, color[2] * weight, weight]);
    }
    let means = box_mean::<4>(&sums, size.width, size.height, radius);
    let mut out = vec![0.0f32; colors.len()];
    for (color, mean) in out.chunks_exact_mut(3).zip(means.chunks_exact(4)) {
        let scale = 1.0 / (mean[3] + 1e-5);
        for (channel, &sum) in color.iter_mut().zip(&mean[..3]) {
            *channel = (sum * scale).clamp(0.0, 1.0);
        }
    }
    out
}

/// Position of a full-size column or row between two working ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Between {
    pub(crate) low: usize,
    pub(crate) high: usize,
    pub(crate) part: f32,
}

impl Between {
    /// The row of numbers between two rows of `stride` numbers.
    pub(crate) fn mix(self, fields: &[f32], stride: usize) -> Vec<f32> {
        let low = &fields[self.low * stride..(self.low + 1) * stride];
        let high = &fields[self.high * stride..(self.high + 1) * stride];
        low.iter().zip(high).map(|(&low, &high)| low + (high - low) * self.part).collect()
    }

    /// The `N` numbers between two columns of a row.
    pub(crate) fn pick<const N: usize>(self, row: &[f32]) -> [f32; N] {
        let low = &row[self.low * N..(self.low + 1) * N];
        let high = &row[self.high * N..(self.high + 1) * N];
        std::array::from_fn(|at| low[at] + (high[at] - low[at]) * self.part)
    }
}

/// Positions of the `full` columns or rows of a frame between the `working` ones.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the indices of a side"
)]
pub(crate) fn between(full: usize, working: usize) -> Vec<Between> {
    let ratio = working as f32 / full as f32;
    (0..full)
        .map(|index| {
            let at = ((index as f32 + 0.5) * ratio - 0.5).clamp(0.0, (working - 1) as f32);
            let low = at as usize;
            Between { low, high: (low + 1).min(working - 1), part: at - low as f32 }
        })
        .collect()
}

/// Applies the working-size fields to the full-size frame, which it overwrites.
fn apply(mut frame: Frame, fields: &[f32], working: (usize, usize)) -> CutOut {
    let (width, height) = (frame.width, frame.height);
    let columns = between(width, working.0);
    let rows = between(height, working.1);
    let stride = working.0 * FIELDS;
    let mut alpha = vec![0u8; width * height];
    for (y, row) in rows.iter().enumerate() {
        let mixed = row.mix(fields, stride);
        let colors = frame.data[y * width * 3..(y + 1) * width * 3].chunks_exact_mut(3);
        let alphas = &mut alpha[y * width..(y + 1) * width];
        for ((column, color), out) in columns.iter().zip(colors).zip(alphas) {
            *out = apply_pixel(&mixed, *column, color);
        }
    }
    CutOut { colors: frame, alpha }
}

/// One pixel: gives its alpha and replaces its colour by the subject's.
fn apply_pixel(mixed: &[f32], column: Between, color: &mut [u8]) -> u8 {
    let field = column.pick::<FIELDS>(mixed);
    let shown = [color[0], color[1], color[2]].map(|value| f32::from(value) * (1.0 / 255.0));
    let alpha = settle(along(&field[..4], &shown));
    if alpha < 1.0 {
        for (channel, value) in color.iter_mut().enumerate() {
            let (own, behind) = (field[4 + channel], field[7 + channel]);
            let off = alpha * (shown[channel] - alpha * own - (1.0 - alpha) * behind);
            *value = to_byte(own + off);
        }
    }
    to_byte(alpha)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Left half red, right half blue, and a mask whose edge is a little off.
    #[test]
    fn alpha_follows_the_edge_of_the_picture() {
        let (width, height) = (64, 48);
        let mut frame = Frame::filled(width, height, [0, 0, 255]);
        let mut small = SmallImage { width, height, data: [0.0, 0.0, 1.0].repeat(width * height) };
        let mut mask = Plane::filled(width, height, 0.0);
        for y in 0..height {
            for x in 0..width {
                if x < 32 {
                    frame.data[(y * width + x) * 3..][..3].copy_from_slice(&[255, 0, 0]);
                    small.data[(y * width + x) * 3..][..3].copy_from_slice(&[1.0, 0.0, 0.0]);
                }
                if x < 34 {
                    mask.data[y * width + x] = 1.0;
                }
            }
        }
        let cut = refine(frame, &small, &mask);
        for y in 0..height {
            assert!(cut.alpha[y * width + 20] > 250);
            assert!(cut.alpha[y * width + 31] > 200, "{}", cut.alpha[y * width + 31]);
            assert!(cut.alpha[y * width + 50] < 5);
        }
    }

    #[test]
    fn a_half_covered_pixel_gets_the_color_of_the_subject() {
        let width = 41;
        let mut small = SmallImage { width, height: width, data: vec![0.0; width * width * 3] };
        let mut alpha = vec![0.0; width * width];
        for y in 0..width {
            for x in 0..width {
                let a = match x.cmp(&20) {
                    std::cmp::Ordering::Less => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Greater => 0.0f32,
                };
                alpha[y * width + x] = a;
                // Subject white, background green.
                small.data[(y * width + x) * 3..][..3].copy_from_slice(&[a, 1.0, a]);
            }
        }
        let (subject, behind) = color_averages(&small, &alpha, [12, 3]);
        let at = (20 * width + 20) * 3;
        assert!(subject[at] > 0.9, "{}", subject[at]);
        assert!(behind[at] < 0.1, "{}", behind[at]);
    }
}
