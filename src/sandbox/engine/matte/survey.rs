//! Looking over a few frames of the whole video before the work starts: is there a screen of one
//! colour behind the subject, does the camera stand still, is there a person?

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small counts and clamped indices"
)]

use super::chroma::Key;
use super::plate::Plate;
use crate::sandbox::engine::image::{Picture, Plane};

/// The part of the shorter side that counts as border.
const BORDER: f32 = 0.05;

/// How much of the border must have the key's colour.
const UNIFORM: f32 = 0.8;

/// Deviation from its own median below which a pixel holds still (0..1, mean of channels).
const STILL: f32 = 0.02;

/// Deviation above which it moves.
const MOVING: f32 = 0.06;

/// Mask value above which a person is seen clearly.
const CLEAR: f32 = 0.7;

/// The fewest samples that say something about motion.
const LEAST: usize = 5;

/// A sampled frame with what the network saw in it.
#[derive(Debug)]
pub(crate) struct Sample {
    /// The frame at working size.
    pub(crate) picture: Picture,
    /// Where a person is.
    pub(crate) person: Plane,
}

/// What stands behind the subject.
#[derive(Debug)]
pub(crate) enum Background {
    /// A screen of one colour.
    Screen(Key, Plate),
    /// Something that stays where it is.
    Still(Plate),
    /// Anything else.
    Unknown,
}

/// What a look over the samples found.
#[derive(Debug)]
pub(crate) struct Survey {
    /// What stands behind the subject.
    pub(crate) background: Background,
    /// The part of all pixels in which a person is seen clearly.
    pub(crate) person: f32,
}

/// Looks over `samples`; what the network took for a person without reason is removed from them.
pub(crate) fn survey(samples: &mut [Sample]) -> Survey {
    if lifeless(samples) {
        for sample in &mut *samples {
            sample.person.data.fill(0.0);
        }
    }
    let count = samples.len().max(1) as f32;
    let person = samples.iter().map(|sample| clearly(&sample.person)).sum::<f32>() / count;
    let background = if let Some(key) = screen(samples) {
        let plate = Plate::of_screen(samples, &key);
        Background::Screen(key, plate)
    } else if let Some(plate) = still(samples) {
        Background::Still(plate)
    } else {
        Background::Unknown
    };
    Survey { background, person }
}

/// The part of a mask's pixels that leave no doubt.
pub(crate) fn clearly(mask: &Plane) -> f32 {
    let clear = mask.data.iter().filter(|&&value| value > CLEAR).count();
    clear as f32 / mask.data.len().max(1) as f32
}

/// Left, right and upper border: the lower one mostly belongs to the subject.
fn on_border(at: usize, width: usize, height: usize) -> bool {
    let depth = ((width.min(height) as f32 * BORDER) as usize).max(1);
    let (x, y) = (at % width, at / width);
    y < depth || ((x < depth || x + depth >= width) && y < height * 4 / 5)
}

/// The key of a screen, if the border has one strong colour throughout.
fn screen(samples: &[Sample]) -> Option<Key> {
    let mut channels = [const { Vec::new() }; 3];
    for sample in samples {
        let (width, height) = (sample.picture.width, sample.picture.height);
        for (at, color) in sample.picture.data.chunks_exact(3).enumerate() {
            if on_border(at, width, height) {
                for (channel, &value) in channels.iter_mut().zip(color) {
                    channel.push(value);
                }
            }
        }
    }
    let middle = channels.each_mut().map(|channel| median(channel));
    let key = Key::of(middle)?;
    let border = channels[0].len();
    if border == 0 {
        return None;
    }
    let mut of_key = 0;
    for sample in samples {
        let (width, height) = (sample.picture.width, sample.picture.height);
        let pixels = sample.picture.data.chunks_exact(3).enumerate();
        of_key += pixels
            .filter(|&(at, color)| on_border(at, width, height) && key.matches(color))
            .count();
    }
    (of_key as f32 >= UNIFORM * border as f32).then_some(key)
}

/// Whether what the network took for a person never moves while something else does: a poster, a
/// coat on a hook, a pattern.
fn lifeless(samples: &[Sample]) -> bool {
    let Some(first) = samples.first().filter(|_| samples.len() >= LEAST) else { return false };
    let (mut person, mut living, mut moving) = (0usize, 0usize, 0usize);
    let mut lights = Vec::with_capacity(samples.len());
    for at in 0..first.person.data.len() {
        lights.clear();
        lights.extend(
            samples
                .iter()
                .map(|sample| sample.picture.data[at * 3..at * 3 + 3].iter().sum::<f32>() / 3.0),
        );
        let middle = median(&mut lights);
        let most = lights.iter().map(|light| (light - middle).abs()).fold(0.0, f32::max);
        moving += usize::from(most > MOVING);
        if first.person.data[at] > CLEAR {
            person += 1;
            living += usize::from(most > STILL);
        }
    }
    person > 0 && moving * 500 > first.person.data.len() && living * 20 < person
}

/// The middle value; reorders `values`, 0 when there are none.
pub(crate) fn median(values: &mut [f32]) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// The plate of a camera that stands still, if there is motion before it.
fn still(samples: &[Sample]) -> Option<Plate> {
    if samples.len() < LEAST {
        return None;
    }
    let plate = Plate::of_still(samples);
    let (mut still, mut moving, mut known) = (0usize, 0usize, 0usize);
    let mut deviations = Vec::with_capacity(samples.len());
    let people = samples.iter().map(|sample| clearly(&sample.person)).sum::<f32>();
    for (at, color) in plate.colors.data.chunks_exact(3).enumerate() {
        if plate.known.data[at] < 0.5 {
            continue;
        }
        known += 1;
        deviations.clear();
        deviations.extend(samples.iter().filter(|sample| sample.person.data[at] < 0.3).map(|s| {
            let shown = &s.picture.data[at * 3..at * 3 + 3];
            shown.iter().zip(color).map(|(a, b)| (a - b).abs()).sum::<f32>() / 3.0
        }));
        let most = deviations.iter().copied().fold(0.0, f32::max);
        let usual = median(&mut deviations);
        still += usize::from(usual < STILL);
        moving += usize::from(most > MOVING);
    }
    let pixels = plate.known.data.len();
    let enough_known = known * 4 >= pixels;
    let stands = still as f32 >= 0.9 * known as f32;
    // A person is motion enough: also one who hardly moves is to be told from what stands still.
    let moves = people > 0.01 * samples.len() as f32 || moving as f32 > 0.005 * pixels as f32;
    (enough_known && stands && moves).then_some(plate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(paint: impl Fn(usize, usize) -> [f32; 3]) -> Sample {
        let (width, height) = (40, 30);
        let mut data = Vec::new();
        for y in 0..height {
            for x in 0..width {
                data.extend(paint(x, y));
            }
        }
        let picture = Picture { width, height, data };
        Sample { picture, person: Plane::filled(width, height, 0.0) }
    }

    /// A speckled wall.
    fn wall(x: usize, y: usize) -> [f32; 3] {
        [((x * 7 + y * 13) % 10) as f32 / 10.0, 0.5, ((x * 3 + y * 5) % 7) as f32 / 7.0]
    }

    #[test]
    fn a_green_screen_is_recognised() {
        let mut samples: Vec<_> = (0..6)
            .map(|shift| {
                sample(|x, y| {
                    let inside = (12 + shift..22 + shift).contains(&x) && y > 8;
                    if inside { [0.6, 0.4, 0.3] } else { [0.1, 0.6 + 0.002 * y as f32, 0.2] }
                })
            })
            .collect();
        assert!(matches!(survey(&mut samples).background, Background::Screen(..)));
    }

    #[test]
    fn something_moving_before_a_still_camera() {
        let mut samples: Vec<_> = (0..8)
            .map(|shift| {
                sample(|x, y| {
                    let inside = (shift * 4..shift * 4 + 4).contains(&x) && (10..20).contains(&y);
                    if inside { [1.0, 0.0, 0.0] } else { wall(x, y) }
                })
            })
            .collect();
        let Background::Still(plate) = survey(&mut samples).background else {
            panic!("not recognised");
        };
        for (at, color) in plate.colors.data.chunks_exact(3).enumerate() {
            assert_eq!(color, wall(at % 40, at / 40));
        }
    }

    #[test]
    fn a_person_who_never_moves_is_none() {
        let mut samples: Vec<_> = (0..8)
            .map(|shift| {
                let mut sample = sample(|x, y| {
                    let inside = (shift * 4..shift * 4 + 4).contains(&x) && y > 20;
                    if inside { [1.0, 0.0, 0.0] } else { wall(x, y) }
                });
                sample.person.data[..400].fill(0.9);
                sample
            })
            .collect();
        let found = survey(&mut samples);
        assert!(found.person < 1e-6 && matches!(found.background, Background::Still(_)));
    }

    #[test]
    fn a_moving_camera_and_a_photograph_are_neither() {
        let mut moving: Vec<_> =
            (0..8).map(|shift| sample(|x, y| wall(x + 3 * shift, y))).collect();
        assert!(matches!(survey(&mut moving).background, Background::Unknown));
        let mut same: Vec<_> = (0..8).map(|_| sample(wall)).collect();
        assert!(matches!(survey(&mut same).background, Background::Unknown));
    }
}
