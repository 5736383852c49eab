//! Temporal smoothing of masks: the mask of the last frame is moved along with the picture and mixed in
//! wherever the picture has not changed.
//!
//! Networks that see single frames are unstable from one frame to the next, mostly where they are wrong.
//! Motion is estimated by matching blocks of the two pictures.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "positions are clamped to the frame"
)]

use super::Segmenter;
use crate::sandbox::engine::EngineError;
use crate::sandbox::matting::image::{Plane, Resizer, SmallImage, box_mean};

/// Side of a block in matching pixels.
const BLOCK: usize = 8;

/// Maximum motion of a block, in matching pixels.
const REACH: i64 = 7;

/// The longer side of the pictures that are matched.
const MATCHING: usize = 160;

/// Share of the moved mask that is kept where nothing has changed.
const KEEP: f32 = 0.75;

/// Colour difference at which the moved mask is ignored.
const CHANGE: f32 = 0.15;

/// How much worse than the best match one with less motion may be and still be preferred.
const LAZINESS: f32 = 0.004;

struct PreviousFrame {
    small: SmallImage,
    light: Plane,
    mask: Plane,
}

/// A segmenter whose masks are steadied.
pub(crate) struct SmoothedSegmenter<S> {
    inner: S,
    matching: Resizer,
    before: Option<PreviousFrame>,
}

impl<S: Segmenter> SmoothedSegmenter<S> {
    /// Steadies `inner`; `working` is the working size.
    pub(crate) fn new(inner: S, working: (usize, usize)) -> Self {
        let matching = Resizer::new(working, super::working_size(working, MATCHING));
        Self { inner, matching, before: None }
    }
}

impl<S: Segmenter> Segmenter for SmoothedSegmenter<S> {
    fn segment(&mut self, small: &SmallImage) -> Result<Plane, EngineError> {
        let mut mask = self.inner.segment(small)?;
        let light = lightness(&self.matching.picture(small));
        if let Some(before) = &self.before {
            let motion = Motion::between(&before.light, &light);
            carry_over(&mut mask, small, before, &motion);
        }
        self.before = Some(PreviousFrame { small: small.clone(), light, mask: mask.clone() });
        Ok(mask)
    }
}

fn lightness(picture: &SmallImage) -> Plane {
    let light = |pixel: &[f32]| 0.3 * pixel[0] + 0.5 * pixel[1] + 0.2 * pixel[2];
    Plane {
        width: picture.width,
        height: picture.height,
        data: picture.data.chunks_exact(3).map(light).collect(),
    }
}

/// The motion of each block, as an offset in fractions of the picture's size.
struct Motion {
    across: usize,
    down: usize,
    offsets: Vec<[f32; 2]>,
}

impl Motion {
    fn between(before: &Plane, now: &Plane) -> Self {
        let across = now.width.div_ceil(BLOCK);
        let down = now.height.div_ceil(BLOCK);
        let mut offsets = Vec::with_capacity(across * down);
        for row in 0..down {
            for column in 0..across {
                let (x, y) = best_match(before, now, column * BLOCK, row * BLOCK);
                offsets.push([x as f32 / now.width as f32, y as f32 / now.height as f32]);
            }
        }
        Self { across, down, offsets }
    }

    /// The offset at a position given in fractions of the picture's size, interpolated between blocks.
    fn at(&self, x: f32, y: f32) -> [f32; 2] {
        let u = (x * self.across as f32 - 0.5).clamp(0.0, (self.across - 1) as f32);
        let v = (y * self.down as f32 - 0.5).clamp(0.0, (self.down - 1) as f32);
        // The nearest block: between two motions there is an edge, not a slope.
        self.offsets[v.round() as usize * self.across + u.round() as usize]
    }
}

/// The offset into `before` of the block of `now` at (`left`, `top`).
fn best_match(before: &Plane, now: &Plane, left: usize, top: usize) -> (i64, i64) {
    let mut best = (f32::MAX, (0, 0));
    for y in -REACH..=REACH {
        for x in -REACH..=REACH {
            let cost = difference(before, now, (left, top), (x, y), best.0)
                + LAZINESS * (x.abs() + y.abs()) as f32 * BLOCK as f32;
            if cost < best.0 {
                best = (cost, (x, y));
            }
        }
    }
    best.1
}

fn difference(
    before: &Plane,
    now: &Plane,
    (left, top): (usize, usize),
    (x, y): (i64, i64),
    enough: f32,
) -> f32 {
    let mut sum = 0.0;
    for v in top..(top + BLOCK).min(now.height) {
        let from = (v as i64 + y).clamp(0, before.height as i64 - 1) as usize * before.width;
        for u in left..(left + BLOCK).min(now.width) {
            let at = (u as i64 + x).clamp(0, before.width as i64 - 1) as usize;
            sum += (now.data[v * now.width + u] - before.data[from + at]).abs();
        }
        if sum > enough {
            break;
        }
    }
    sum
}

/// Mixes the mask of before into the new one.
fn carry_over(mask: &mut Plane, small: &SmallImage, before: &PreviousFrame, motion: &Motion) {
    let (width, height) = (mask.width, mask.height);
    let mut carried = vec![0.0f32; mask.data.len() * 2];
    for y in 0..height {
        for x in 0..width {
            let at = y * width + x;
            let [dx, dy] =
                motion.at((x as f32 + 0.5) / width as f32, (y as f32 + 0.5) / height as f32);
            let u = (x as f32 + dx * width as f32).round().clamp(0.0, (width - 1) as f32) as usize;
            let v =
                (y as f32 + dy * height as f32).round().clamp(0.0, (height - 1) as f32) as usize;
            let from = v * width + u;
            let now = &small.data[at * 3..at * 3 + 3];
            let then = &before.small.data[from * 3..from * 3 + 3];
            carried[at * 2] = now.iter().zip(then).map(|(now, then)| (now - then).abs()).sum();
            carried[at * 2 + 1] = before.mask.data[from];
        }
    }
    // Single pixels differ by noise; a neighbourhood that differs has changed.
    let near = box_mean::<2>(&carried, width, height, 2);
    for (at, value) in mask.data.iter_mut().enumerate() {
        let change = near[at * 2] / CHANGE;
        let keep = KEEP / (1.0 + change * change);
        *value += (carried[at * 2 + 1] - *value) * keep;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A segmenter with given masks.
    struct Told(std::vec::IntoIter<Plane>);

    impl Segmenter for Told {
        fn segment(&mut self, _small: &SmallImage) -> Result<Plane, EngineError> {
            Ok(self.0.next().unwrap())
        }
    }

    const SIZE: (usize, usize) = (96, 64);

    /// A speckled picture, and a bright square on it whose left edge is at `left`.
    fn picture(left: usize) -> SmallImage {
        let mut data = Vec::new();
        for y in 0..SIZE.1 {
            for x in 0..SIZE.0 {
                let inside = (left..left + 24).contains(&x) && (20..44).contains(&y);
                let (u, v) = if inside { (x - left, y) } else { (x + 31, y + 17) };
                let speckle = ((u * 7 + v * 13 + u * v) % 23) as f32 / 40.0;
                data.extend(if inside { [0.4 + speckle; 3] } else { [speckle; 3] });
            }
        }
        SmallImage { width: SIZE.0, height: SIZE.1, data }
    }

    fn mask(left: usize, value: f32) -> Plane {
        let mut plane = Plane::filled(SIZE.0, SIZE.1, 0.0);
        for y in 20..44 {
            plane.data[y * SIZE.0 + left..][..24].fill(value);
        }
        plane
    }

    fn steadied(steps: Vec<(SmallImage, Plane)>) -> Vec<Plane> {
        let (pictures, masks): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
        let mut steady = SmoothedSegmenter::new(Told(masks.into_iter()), SIZE);
        pictures.iter().map(|small| steady.segment(small).unwrap()).collect()
    }

    fn inside(plane: &Plane, left: usize) -> f32 {
        plane.data[32 * SIZE.0 + left + 12]
    }

    #[test]
    fn a_mask_that_flickers_on_a_still_picture_is_steadied() {
        let values = [1.0, 0.4, 1.0, 0.4, 1.0, 0.4];
        let out = steadied(values.map(|value| (picture(30), mask(30, value))).into());
        for plane in &out[1..] {
            assert!(inside(plane, 30) > 0.7, "{}", inside(plane, 30));
        }
    }

    #[test]
    fn a_mask_moves_with_its_object() {
        let left = |step: usize| 20 + 3 * step;
        let steps = (0..6).map(|step| {
            let value = if step == 4 { 0.2 } else { 1.0 };
            (picture(left(step)), mask(left(step), value))
        });
        let out = steadied(steps.collect());
        assert!(inside(&out[4], left(4)) > 0.6, "{}", inside(&out[4], left(4)));
        assert!(out[5].data[32 * SIZE.0 + 10] < 0.05, "where it was before");
    }

    #[test]
    fn a_cut_to_another_picture_starts_afresh() {
        let mut other = picture(30);
        for value in &mut other.data {
            *value = 1.0 - *value;
        }
        let out = steadied(vec![(picture(30), mask(30, 1.0)), (other, mask(30, 0.0))]);
        assert!(inside(&out[1], 30) < 0.1, "{}", inside(&out[1], 30));
    }
}
