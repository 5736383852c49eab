//! Frames in memory, and resampling of square pictures.

/// One picture of a video: RGB, 8 bits a channel, rows from the top, no padding.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// `width * height * 3` bytes.
    pub data: Vec<u8>,
}

impl Frame {
    /// A frame of one colour.
    pub fn filled(width: usize, height: usize, color: [u8; 3]) -> Self {
        Self { width, height, data: color.repeat(width * height) }
    }
}

/// 0..1 to 0..255, clamped and rounded.
pub fn to_byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}

/// Resamples a square picture of `N` interleaved channels to another side, with a triangle filter
/// as wide as the reduction.
pub fn resampled<const N: usize>(data: &[f32], source: usize, target: usize) -> Vec<f32> {
    let taps = taps(source, target);
    let mut narrow = vec![0.0f32; target * source * N];
    for y in 0..source {
        for (x, (start, weights)) in taps.iter().enumerate() {
            for (step, weight) in weights.iter().enumerate() {
                for channel in 0..N {
                    narrow[(y * target + x) * N + channel] +=
                        weight * data[(y * source + start + step) * N + channel];
                }
            }
        }
    }
    let stride = target * N;
    let mut out = vec![0.0f32; stride * target];
    for ((start, weights), row) in taps.iter().zip(out.chunks_exact_mut(stride)) {
        for (step, weight) in weights.iter().enumerate() {
            for (value, from) in row.iter_mut().zip(&narrow[(start + step) * stride..]) {
                *value += weight * from;
            }
        }
    }
    out
}

/// For each target sample the first source sample and the weights from there on.
fn taps(source: usize, target: usize) -> Vec<(usize, Vec<f32>)> {
    let ratio = source as f64 / target as f64;
    let support = ratio.max(1.0);
    (0..target)
        .map(|index| {
            let center = (index as f64 + 0.5) * ratio - 0.5;
            let end = ((center + support).floor().max(0.0) as usize).min(source - 1);
            let start = ((center - support).ceil().max(0.0) as usize).min(end);
            let weights: Vec<f64> = (start..=end)
                .map(|at| (1.0 - (at as f64 - center).abs() / support).max(0.0))
                .collect();
            let sum: f64 = weights.iter().sum();
            (start, weights.iter().map(|weight| (weight / sum) as f32).collect())
        })
        .collect()
}
