//! Keying against a clean plate: what the background looks like without the subject, put together
//! from frames in which the subject stands elsewhere, and compared with each frame.
//!
//! Where a person is, as the network sees it, nothing is learned; so a person who hardly moves does
//! not become part of the plate. Where the plate is not known, the network decides alone.

use super::chroma::Key;
use super::survey::{Sample, median};
use super::{Segmenter, log_odds, logistic};
use crate::sandbox::engine::EngineError;
use crate::sandbox::engine::image::{Frame, Picture, Plane, box_mean};

/// Above this the network's mask counts as person when the plate is made.
const PERSON: f32 = 0.2;

/// Deviation from its median (of the channel that deviates most) at which a pixel of the background
/// does not stand still itself: water, leaves, screens.
const RESTLESS: f32 = 0.04;

/// The background without the subject, at working size.
#[derive(Debug, Clone)]
pub(crate) struct Plate {
    /// Its colours.
    pub(crate) colors: Picture,
    /// 1 where they are known, 0 where they are guessed from the surroundings.
    pub(crate) known: Plane,
}

impl Plate {
    /// The plate of a still camera: the median over the frames in which no person covers a pixel.
    pub(crate) fn of_still(samples: &[Sample]) -> Self {
        let least = (samples.len() / 8).max(2);
        Self::gather(samples, least, |sample, at| sample.person.data[at] < PERSON)
    }

    /// The plate of a screen: the median of what has the key's colour.
    pub(crate) fn of_screen(samples: &[Sample], key: &Key) -> Self {
        Self::gather(samples, 1, |sample, at| key.matches(&sample.picture.data[at * 3..at * 3 + 3]))
    }

    fn gather(samples: &[Sample], least: usize, counts: impl Fn(&Sample, usize) -> bool) -> Self {
        let (width, height) =
            samples.first().map_or((0, 0), |s| (s.picture.width, s.picture.height));
        let mut colors = Picture { width, height, data: vec![0.0; width * height * 3] };
        let mut known = Plane::filled(width, height, 0.0);
        let mut values = [const { Vec::new() }; 3];
        for at in 0..width * height {
            values.iter_mut().for_each(Vec::clear);
            for sample in samples.iter().filter(|sample| counts(sample, at)) {
                for (channel, list) in values.iter_mut().enumerate() {
                    list.push(sample.picture.data[at * 3 + channel]);
                }
            }
            if values[0].len() >= least {
                let mut unrest: f32 = 0.0;
                for (channel, list) in values.iter_mut().enumerate() {
                    let middle = median(list);
                    colors.data[at * 3 + channel] = middle;
                    for value in list.iter_mut() {
                        *value = (*value - middle).abs();
                    }
                    unrest = unrest.max(median(list));
                }
                known.data[at] = f32::from(u8::from(unrest < RESTLESS));
            }
        }
        fill(&mut colors, &known);
        Self { colors, known }
    }
}

/// Fills unknown places with the mean of known ones around, from near to far.
fn fill(colors: &mut Picture, known: &Plane) {
    let (width, height) = (colors.width, colors.height);
    let mut weights = known.data.clone();
    let mut radius = 2;
    while weights.contains(&0.0) && weights.iter().any(|&weight| weight > 0.0) {
        let mut sums = vec![0.0f32; weights.len() * 4];
        for ((sum, color), &weight) in
            sums.chunks_exact_mut(4).zip(colors.data.chunks_exact(3)).zip(&weights)
        {
            let parts = [color[0] * weight, color[1] * weight, color[2] * weight, weight];
            sum.copy_from_slice(&parts);
        }
        let means = box_mean::<4>(&sums, width, height, radius);
        for ((mean, color), weight) in
            means.chunks_exact(4).zip(colors.data.chunks_exact_mut(3)).zip(&mut weights)
        {
            // Running sums leave a trace of rounding where there is nothing.
            if *weight == 0.0 && mean[3] > 1e-4 {
                for (value, &sum) in color.iter_mut().zip(mean) {
                    *value = (sum / mean[3]).clamp(0.0, 1.0);
                }
                *weight = 1.0;
            }
        }
        radius *= 2;
    }
}

/// Difference from the plate at which subject and background are equally likely.
const EVEN: f32 = 0.055;

/// Log odds for each unit of difference beyond [`EVEN`].
const STEEP: f32 = 90.0;

/// The most that likeness to the plate can say against the subject.
const AGAINST: f32 = -3.5;

/// The most that difference from it can say for the subject: where there is a person, less, since
/// other things may move behind her.
const IN_FAVOUR: [f32; 2] = [5.0, 3.0];

/// How fast the plate takes in slow changes of light where it is seen.
const DRIFT: f32 = 0.05;

/// Finds what differs from the plate, with the help of a network that knows people.
pub(crate) struct Differing<S> {
    inner: S,
    plate: Plate,
    /// Whether the network has something to say: it does not about things that are no people.
    people: bool,
}

impl<S: Segmenter> Differing<S> {
    /// Compares with `plate`; `people` says whether `inner` found any.
    pub(crate) fn new(inner: S, plate: Plate, people: bool) -> Self {
        Self { inner, plate, people }
    }

    /// Difference from the plate, with noise smoothed away.
    fn difference(&self, small: &Picture) -> Vec<f32> {
        let (width, height) = (small.width, small.height);
        let plate = &self.plate.colors.data;
        let mut differences = Vec::with_capacity(width * height);
        for (at, now) in small.data.chunks_exact(3).enumerate() {
            let (x, y) = (at % width, at / width);
            // A camera never stands quite still: next to an edge, either side will do.
            let around = [
                at,
                if x > 0 { at - 1 } else { at },
                if x + 1 < width { at + 1 } else { at },
                if y > 0 { at - width } else { at },
                if y + 1 < height { at + width } else { at },
            ];
            let least = around.map(|at| unlike(now, &plate[at * 3..at * 3 + 3]));
            differences.push(least.into_iter().fold(f32::MAX, f32::min));
        }
        let near = box_mean::<1>(&differences, width, height, 1);
        near.iter().zip(&differences).map(|(near, own)| 0.7 * near + 0.3 * own).collect()
    }

    fn follow_light(&mut self, small: &Picture, mask: &Plane) {
        for ((plate, now), &value) in self
            .plate
            .colors
            .data
            .chunks_exact_mut(3)
            .zip(small.data.chunks_exact(3))
            .zip(&mask.data)
        {
            if value < 0.05 {
                for (plate, &now) in plate.iter_mut().zip(now) {
                    *plate += (now - *plate) * DRIFT;
                }
            }
        }
    }
}

/// How unlike the plate a pixel is: darkening counts for less, since subjects cast shadows.
fn unlike(now: &[f32], plate: &[f32]) -> f32 {
    let light = |color: &[f32]| (color[0] + color[1] + color[2]) / 3.0;
    let (shown, lit) = (light(now), light(plate));
    let dimmed = if shown < lit { (shown + 0.05) / (lit + 0.05) } else { 1.0 };
    // Half of the darkening is put down to shadow, unless it is deep.
    let shade = 1.0 - (1.0 - dimmed).min(0.35) * 0.5;
    now.iter().zip(plate).map(|(now, plate)| (now - plate * shade).abs()).sum::<f32>() / 3.0
}

impl<S: Segmenter> Segmenter for Differing<S> {
    fn segment(&mut self, frame: &Frame, small: &Picture) -> Result<Plane, EngineError> {
        let difference = self.difference(small);
        let mut mask = if self.people {
            self.inner.segment(frame, small)?
        } else {
            Plane::filled(small.width, small.height, 0.5)
        };
        let most = IN_FAVOUR[usize::from(self.people)];
        for ((value, difference), known) in
            mask.data.iter_mut().zip(difference).zip(&self.plate.known.data)
        {
            let said = ((difference - EVEN) * STEEP).clamp(AGAINST, most) * known;
            let prior = value.clamp(0.004, 0.99);
            *value = logistic(log_odds(prior) + said);
        }
        self.follow_light(small, &mask);
        Ok(mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_from_around() {
        let mut colors = Picture { width: 9, height: 9, data: vec![0.5; 9 * 9 * 3] };
        let mut known = Plane::filled(9, 9, 1.0);
        for at in [40, 41, 49] {
            known.data[at] = 0.0;
            colors.data[at * 3] = 0.0;
        }
        fill(&mut colors, &known);
        assert!(colors.data.iter().all(|value| (value - 0.5).abs() < 1e-3));
    }

    #[test]
    fn nothing_known_stays_as_it_is() {
        let mut colors = Picture { width: 3, height: 3, data: vec![0.25; 27] };
        fill(&mut colors, &Plane::filled(3, 3, 0.0));
        assert!(colors.data.iter().all(|&value| (value - 0.25).abs() < 1e-6));
    }

    #[test]
    fn shadows_differ_less_than_other_colors() {
        let plate = [0.6, 0.6, 0.6];
        let shadow = unlike(&[0.5, 0.5, 0.5], &plate);
        let object = unlike(&[0.7, 0.5, 0.6], &plate);
        assert!(shadow < object, "{shadow} {object}");
        assert!(unlike(&[0.05, 0.05, 0.05], &plate) > 0.3);
    }
}
