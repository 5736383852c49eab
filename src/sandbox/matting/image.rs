//! Pictures in memory: RGB frames, planes of numbers, and the resampler between sizes.
//!
//! Nothing here knows about mattes, files or programs.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixel arithmetic: values are clamped to their range before they are narrowed"
)]

use std::ops::Range;

/// One picture of a video: RGB, 8 bits a channel, rows from the top, no padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Width in pixels.
    pub(crate) width: usize,
    /// Height in pixels.
    pub(crate) height: usize,
    /// `width * height * 3` bytes.
    pub(crate) data: Vec<u8>,
}

impl Frame {
    /// A frame of one colour.
    #[cfg(test)]
    pub(crate) fn filled(width: usize, height: usize, color: [u8; 3]) -> Self {
        Self { width, height, data: color.repeat(width * height) }
    }
}

/// One number a pixel, mostly 0..1.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Plane {
    /// Width in pixels.
    pub(crate) width: usize,
    /// Height in pixels.
    pub(crate) height: usize,
    /// `width * height` values, rows from the top.
    pub(crate) data: Vec<f32>,
}

impl Plane {
    /// A plane that is `value` everywhere.
    #[cfg(test)]
    pub(crate) fn filled(width: usize, height: usize, value: f32) -> Self {
        Self { width, height, data: vec![value; width * height] }
    }

    /// The mean of all values; 0 for an empty plane.
    #[cfg(test)]
    pub(crate) fn mean(&self) -> f32 {
        if self.data.is_empty() {
            return 0.0;
        }
        (self.data.iter().map(|&value| f64::from(value)).sum::<f64>() / self.data.len() as f64)
            as f32
    }
}

/// A small picture in numbers: RGB of 0..1, interleaved.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct SmallImage {
    /// Width in pixels.
    pub(crate) width: usize,
    /// Height in pixels.
    pub(crate) height: usize,
    /// `width * height * 3` values.
    pub(crate) data: Vec<f32>,
}

/// 0..1 to 0..255, clamped and rounded.
pub(crate) fn to_byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}

/// Which source samples make one target sample, and with what weight (weights sum to 1).
#[derive(Debug, Clone)]
struct Tap {
    start: usize,
    weights: Vec<f32>,
}

/// A triangle filter as wide as the reduction, so that shrinking averages and growing interpolates;
/// for the `part` of the target that is wanted.
fn taps(source: usize, target: usize, part: Range<usize>) -> Vec<Tap> {
    let ratio = source as f64 / target as f64;
    let support = ratio.max(1.0);
    part.map(|index| {
        let center = (index as f64 + 0.5) * ratio - 0.5;
        let start = (center - support).ceil().max(0.0) as usize;
        let end = ((center + support).floor().max(0.0) as usize).min(source - 1);
        let start = start.min(end);
        let mut weights: Vec<f32> = (start..=end)
            .map(|at| (1.0 - (at as f64 - center).abs() / support).max(0.0) as f32)
            .collect();
        let sum: f32 = weights.iter().sum();
        if sum > 0.0 {
            for weight in &mut weights {
                *weight /= sum;
            }
        } else {
            weights.fill(1.0 / (end - start + 1) as f32);
        }
        Tap { start, weights }
    })
    .collect()
}

/// Resamples pictures of one size to another; made once and used for every frame.
#[derive(Debug, Clone)]
pub(crate) struct Resizer {
    source: (usize, usize),
    target: (usize, usize),
    columns: Vec<Tap>,
    rows: Vec<Tap>,
}

impl Resizer {
    /// From `source` (width, height) to `target`; neither may have a zero side.
    pub(crate) fn new(source: (usize, usize), target: (usize, usize)) -> Self {
        Self::part(source, target, 0..target.0, 0..target.1)
    }

    /// Only the `columns` and `rows` of a picture of the size `whole`.
    pub(crate) fn part(
        source: (usize, usize),
        whole: (usize, usize),
        columns: Range<usize>,
        rows: Range<usize>,
    ) -> Self {
        Self {
            source,
            target: (columns.len(), rows.len()),
            columns: taps(source.0, whole.0, columns),
            rows: taps(source.1, whole.1, rows),
        }
    }

    /// Resamples one plane.
    pub(crate) fn plane(&self, plane: &Plane) -> Plane {
        debug_assert_eq!((plane.width, plane.height), self.source);
        if self.source == self.target {
            return plane.clone();
        }
        let (width, height) = self.target;
        let narrow = self.columns_of::<1, f32>(&plane.data);
        Plane { width, height, data: self.rows_of(&narrow, width) }
    }

    /// Resamples a frame into numbers.
    pub(crate) fn frame(&self, frame: &Frame) -> SmallImage {
        debug_assert_eq!((frame.width, frame.height), self.source);
        let (width, height) = self.target;
        if self.source == self.target {
            let data = frame.data.iter().map(|&value| f32::from(value) * (1.0 / 255.0)).collect();
            return SmallImage { width, height, data };
        }
        let narrow = self.columns_of::<3, u8>(&frame.data);
        let mut data = self.rows_of(&narrow, width * 3);
        for value in &mut data {
            *value *= 1.0 / 255.0;
        }
        SmallImage { width, height, data }
    }

    /// Resamples a picture.
    pub(crate) fn picture(&self, picture: &SmallImage) -> SmallImage {
        debug_assert_eq!((picture.width, picture.height), self.source);
        if self.source == self.target {
            return picture.clone();
        }
        let (width, height) = self.target;
        let narrow = self.columns_of::<3, f32>(&picture.data);
        SmallImage { width, height, data: self.rows_of(&narrow, width * 3) }
    }

    /// Resamples `N` interleaved channels.
    pub(crate) fn interleaved<const N: usize>(&self, data: &[f32]) -> Vec<f32> {
        debug_assert_eq!(data.len(), self.source.0 * self.source.1 * N);
        let narrow = self.columns_of::<N, f32>(data);
        self.rows_of(&narrow, self.target.0 * N)
    }

    /// The horizontal half: `N` interleaved channels, all source rows.
    fn columns_of<const N: usize, T: Copy + Into<f32>>(&self, data: &[T]) -> Vec<f32> {
        let mut out = vec![0.0f32; self.target.0 * self.source.1 * N];
        for (source, target) in
            data.chunks_exact(self.source.0 * N).zip(out.chunks_exact_mut(self.target.0 * N))
        {
            for (tap, pixel) in self.columns.iter().zip(target.chunks_exact_mut(N)) {
                let mut sums = [0.0f32; N];
                let samples = source[tap.start * N..].chunks_exact(N);
                for (&weight, sample) in tap.weights.iter().zip(samples) {
                    for (sum, &value) in sums.iter_mut().zip(sample) {
                        *sum += weight * value.into();
                    }
                }
                pixel.copy_from_slice(&sums);
            }
        }
        out
    }

    /// The vertical half, over rows of `stride` numbers.
    fn rows_of(&self, data: &[f32], stride: usize) -> Vec<f32> {
        let mut out = vec![0.0f32; stride * self.target.1];
        for (tap, target) in self.rows.iter().zip(out.chunks_exact_mut(stride)) {
            let samples = data[tap.start * stride..].chunks_exact(stride);
            for (&weight, row) in tap.weights.iter().zip(samples) {
                for (sum, &value) in target.iter_mut().zip(row) {
                    *sum += weight * value;
                }
            }
        }
        out
    }
}

/// Mean over a square window of `radius` to each side, cut off at the borders; `N` interleaved
/// channels.
pub(crate) fn box_mean<const N: usize>(
    data: &[f32],
    width: usize,
    height: usize,
    radius: usize,
) -> Vec<f32> {
    let stride = width * N;
    let mut across = vec![0.0f32; data.len()];
    for (source, target) in data.chunks_exact(stride).zip(across.chunks_exact_mut(stride)) {
        row_mean::<N>(source, target, radius);
    }
    let mut out = vec![0.0f32; data.len()];
    let mut sums = vec![0.0f32; stride];
    let add = |sums: &mut [f32], y: usize, sign: f32| {
        for (sum, &value) in sums.iter_mut().zip(&across[y * stride..(y + 1) * stride]) {
            *sum += sign * value;
        }
    };
    (0..radius.min(height)).for_each(|y| add(&mut sums, y, 1.0));
    for (y, target) in out.chunks_exact_mut(stride).enumerate() {
        if y + radius < height {
            add(&mut sums, y + radius, 1.0);
        }
        if y > radius {
            add(&mut sums, y - radius - 1, -1.0);
        }
        let scale = 1.0 / ((y + radius).min(height - 1) - y.saturating_sub(radius) + 1) as f32;
        for (out, &sum) in target.iter_mut().zip(&sums) {
            *out = sum * scale;
        }
    }
    out
}

/// The horizontal half of [`box_mean`].
fn row_mean<const N: usize>(source: &[f32], target: &mut [f32], radius: usize) {
    let (source, _) = source.as_chunks::<N>();
    let (target, _) = target.as_chunks_mut::<N>();
    let width = source.len();
    let mut sums = [0.0f32; N];
    let add = |sums: &mut [f32; N], at: usize, sign: f32| {
        for channel in 0..N {
            sums[channel] += sign * source[at][channel];
        }
    };
    (0..radius.min(width)).for_each(|at| add(&mut sums, at, 1.0));
    for (x, out) in target.iter_mut().enumerate() {
        if x + radius < width {
            add(&mut sums, x + radius, 1.0);
        }
        if x > radius {
            add(&mut sums, x - radius - 1, -1.0);
        }
        let scale = 1.0 / ((x + radius).min(width - 1) - x.saturating_sub(radius) + 1) as f32;
        *out = sums.map(|sum| sum * scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Plane {
        let data = (0..width * height).map(|at| (at % width) as f32).collect();
        Plane { width, height, data }
    }

    #[test]
    fn resizing_keeps_a_constant_and_the_mean() {
        for (source, target) in [((7, 5), (3, 2)), ((3, 2), (64, 33)), ((1, 1), (4, 4))] {
            let out = Resizer::new(source, target).plane(&Plane::filled(source.0, source.1, 0.25));
            assert!(out.data.iter().all(|value| (value - 0.25).abs() < 1e-6), "{source:?}");
        }
        let ramp = ramp(64, 8);
        let out = Resizer::new((64, 8), (16, 4)).plane(&ramp);
        assert!((out.mean() - ramp.mean()).abs() < 0.3);
        assert!(out.data.windows(2).take(15).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_frame_becomes_numbers_of_0_to_1() {
        let frame = Frame::filled(5, 3, [255, 0, 51]);
        let out = Resizer::new((5, 3), (2, 2)).frame(&frame);
        for pixel in out.data.chunks_exact(3) {
            assert!((pixel[0] - 1.0).abs() < 1e-5 && pixel[1] == 0.0);
            assert!((pixel[2] - 0.2).abs() < 1e-5);
        }
    }

    #[test]
    fn box_mean_equals_the_slow_way() {
        let (width, height) = (9, 6);
        let data: Vec<f32> = (0..width * height * 2).map(|at| ((at * 37) % 11) as f32).collect();
        for radius in [0, 1, 2, 20] {
            let fast = box_mean::<2>(&data, width, height, radius);
            for y in 0..height {
                for x in 0..width {
                    for channel in 0..2 {
                        let (mut sum, mut count) = (0.0, 0.0);
                        for v in y.saturating_sub(radius)..=(y + radius).min(height - 1) {
                            for u in x.saturating_sub(radius)..=(x + radius).min(width - 1) {
                                sum += data[(v * width + u) * 2 + channel];
                                count += 1.0;
                            }
                        }
                        let got = fast[(y * width + x) * 2 + channel];
                        assert!((got - sum / count).abs() < 1e-4, "{radius} {x} {y}");
                    }
                }
            }
        }
    }
}
