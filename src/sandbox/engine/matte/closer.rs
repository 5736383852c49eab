//! Looking closer: the selfie networks see a frame squeezed into 256 pixels, so a person is looked
//! for in the whole frame first, and then again in a square cut around her, undistorted and larger.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "positions are clamped to the frame"
)]

use super::Segmenter;
use super::selfie::Network;
use crate::sandbox::engine::EngineError;
use crate::sandbox::engine::image::{Frame, Picture, Plane, Resizer};

/// A mask value from which a pixel counts as part of the person when her place is looked for.
const LIKELY: f32 = 0.5;

/// Free space around the person, as a part of her size.
const MARGIN: f32 = 0.15;

/// How fast the cut follows the person; 1 would make it jump.
const FOLLOW: f32 = 0.25;

/// Weight of the closer look where both looks see a pixel.
const TRUST: f32 = 0.65;

/// Two looks at each frame.
pub(crate) struct Closer<'n> {
    overview: &'n Network,
    detail: &'n Network,
    shrink: Resizer,
    grow: Resizer,
    working: (usize, usize),
    /// The person's place in the frames so far: left, top, right, bottom.
    place: Option<[f32; 4]>,
}

impl<'n> Closer<'n> {
    /// `overview` sees whole frames, `detail` the square cut; `working` is the working size.
    pub(crate) fn new(overview: &'n Network, detail: &'n Network, working: (usize, usize)) -> Self {
        Self {
            overview,
            detail,
            shrink: Resizer::new(working, overview.size()),
            grow: Resizer::new(overview.size(), working),
            working,
            place: None,
        }
    }

    /// Moves the place towards where the person is now.
    fn follow(&mut self, mask: &Plane) -> Option<[f32; 4]> {
        let now = bounds(mask)?;
        let place = match self.place {
            None => now,
            Some(before) => std::array::from_fn(|at| {
                // Outwards at once, so that nothing of her is cut off; inwards slowly.
                let outwards = if at < 2 { now[at] < before[at] } else { now[at] > before[at] };
                if outwards { now[at] } else { before[at] + (now[at] - before[at]) * FOLLOW }
            }),
        };
        self.place = Some(place);
        Some(place)
    }

    /// The square to look at: left, top, side, in working pixels; it may reach over the border.
    fn square(&self, place: [f32; 4]) -> (i64, i64, usize) {
        let (width, height) = (place[2] - place[0], place[3] - place[1]);
        let side = (width.max(height) * (1.0 + 2.0 * MARGIN)).max(32.0);
        let longest = self.working.0.max(self.working.1) as f32;
        let side = side.min(longest);
        // As much of it within the frame as possible.
        let start = |center: f32, frame: usize| {
            let free = frame as f32 - side;
            (center - side / 2.0).clamp(free.min(0.0), free.max(0.0)).round() as i64
        };
        let left = start(f32::midpoint(place[0], place[2]), self.working.0);
        let top = start(f32::midpoint(place[1], place[3]), self.working.1);
        (left, top, side.round() as usize)
    }
}

/// The smallest rectangle that holds all likely pixels, without stray ones: rows and columns count
/// when they hold a noticeable number of them.
fn bounds(mask: &Plane) -> Option<[f32; 4]> {
    let mut columns = vec![0usize; mask.width];
    let mut rows = vec![0usize; mask.height];
    for (y, row) in mask.data.chunks_exact(mask.width).enumerate() {
        for (x, &value) in row.iter().enumerate() {
            if value > LIKELY {
                columns[x] += 1;
                rows[y] += 1;
            }
        }
    }
    let extent = |counts: &[usize], across: usize| {
        let enough = (across / 100).max(1);
        let first = counts.iter().position(|&count| count >= enough)?;
        let last = counts.iter().rposition(|&count| count >= enough)?;
        Some((first as f32, last as f32 + 1.0))
    };
    let (left, right) = extent(&columns, mask.height)?;
    let (top, bottom) = extent(&rows, mask.width)?;
    Some([left, top, right, bottom])
}

/// The square as a picture; beyond the frame its border is repeated.
fn cut_out(small: &Picture, (left, top, side): (i64, i64, usize)) -> Picture {
    let mut data = Vec::with_capacity(side * side * 3);
    for y in 0..side as i64 {
        let row = (top + y).clamp(0, small.height as i64 - 1) as usize * small.width;
        for x in 0..side as i64 {
            let at = row + (left + x).clamp(0, small.width as i64 - 1) as usize;
            data.extend_from_slice(&small.data[at * 3..at * 3 + 3]);
        }
    }
    Picture { width: side, height: side, data }
}

/// Mixes the closer look into the mask, less towards the border of the square, which the network
/// saw without its surroundings.
fn mix_in(mask: &mut Plane, closer: &Plane, (left, top, side): (i64, i64, usize)) {
    let soft = (side as f32 * 0.08).max(1.0);
    for y in 0..side {
        let v = top + y as i64;
        if v < 0 || v >= mask.height as i64 {
            continue;
        }
        for x in 0..side {
            let u = left + x as i64;
            if u < 0 || u >= mask.width as i64 {
                continue;
            }
            // The border of the frame itself is no border of sight.
            let inside = |at: usize, start: i64, frame: usize| {
                let low = if start <= 0 { f32::MAX } else { at as f32 + 0.5 };
                let beyond = start + side as i64 >= frame as i64;
                let high = if beyond { f32::MAX } else { (side - at) as f32 - 0.5 };
                low.min(high)
            };
            let depth = inside(x, left, mask.width).min(inside(y, top, mask.height));
            let weight = TRUST * (depth / soft).min(1.0);
            let value = &mut mask.data[v as usize * mask.width + u as usize];
            *value += (closer.data[y * side + x] - *value) * weight;
        }
    }
}

impl Segmenter for Closer<'_> {
    fn segment(&mut self, _frame: &Frame, small: &Picture) -> Result<Plane, EngineError> {
        let overview = self.overview.infer(&self.shrink.picture(small))?;
        let mut mask = self.grow.plane(&overview);
        let Some(place) = self.follow(&mask) else { return Ok(mask) };
        let square = self.square(place);
        let side = (square.2, square.2);
        let picture = cut_out(small, square);
        let seen = Resizer::new(side, self.detail.size()).picture(&picture);
        let closer = Resizer::new(self.detail.size(), side).plane(&self.detail.infer(&seen)?);
        mix_in(&mut mask, &closer, square);
        Ok(mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_ignore_stray_pixels() {
        let mut mask = Plane::filled(200, 300, 0.0);
        for y in 100..200 {
            for x in 50..90 {
                mask.data[y * 200 + x] = 1.0;
            }
        }
        mask.data[5 * 200 + 190] = 1.0;
        assert_eq!(bounds(&mask), Some([50.0, 100.0, 90.0, 200.0]));
        assert_eq!(bounds(&Plane::filled(20, 20, 0.2)), None);
    }

    #[test]
    fn a_cut_over_the_border_repeats_it() {
        let small = Picture { width: 2, height: 1, data: vec![0.1, 0.1, 0.1, 0.9, 0.9, 0.9] };
        let cut = cut_out(&small, (-1, -1, 3));
        assert_eq!(cut.data.len(), 27);
        assert_eq!(cut.data[..9], [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9]);
    }
}
