//! Keying a screen of one colour, pixel by pixel at full size, with despill.
//!
//! A colour is split into lightness and a part without it; that part is measured along the key's
//! hue and across it. What lies along the hue as far as the screen itself is background; a clean
//! plate of the screen takes care of uneven light.

use super::guided::{Between, between};
use super::plate::Plate;
use super::{Cut, Finisher};
use crate::sandbox::engine::image::{Frame, Picture, Plane, box_mean, to_byte};

/// The least strength of colour (length without lightness) that makes a key: walls and skies of
/// little colour are none.
const STRONG: f32 = 0.18;

/// How much of a colour's distance across the hue counts against its being background.
const ACROSS: f32 = 1.0;

/// Radius in working pixels around the screen's edge in which pixels are mixtures.
const EDGE: usize = 2;

/// Radius in working pixels from which the subject's colour at an edge is taken.
const NEAR: usize = 6;

/// Share of background below which a pixel is all subject, and above which it is all background.
const CLIP: [f32; 2] = [0.25, 0.95];

/// Radius in working pixels by which the network's mask is trusted less towards its edge.
const CORE: usize = 6;

/// Interleaved numbers a working pixel: the screen's colour, the core, the subject's likeness.
const FIELDS: usize = 5;

/// The colour of a screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Key {
    /// The hue: a unit vector without lightness.
    hue: [f32; 3],
    /// How far the screen's own colour lies along it.
    strength: f32,
}

fn without_lightness(color: [f32; 3]) -> [f32; 3] {
    let light = (color[0] + color[1] + color[2]) / 3.0;
    color.map(|value| value - light)
}

impl Key {
    /// The key for a screen of this colour, if it is strong enough.
    pub(crate) fn of(color: [f32; 3]) -> Option<Self> {
        let part = without_lightness(color);
        let strength = part.iter().map(|value| value * value).sum::<f32>().sqrt();
        (strength >= STRONG).then(|| Self { hue: part.map(|value| value / strength), strength })
    }

    /// How far along the hue a colour lies, and how far from it.
    fn split(&self, color: [f32; 3]) -> (f32, f32) {
        let part = without_lightness(color);
        let along: f32 = part.iter().zip(&self.hue).map(|(value, hue)| value * hue).sum();
        let across = part.iter().zip(&self.hue).map(|(value, hue)| value - along * hue);
        (along, across.map(|value| value * value).sum::<f32>().sqrt())
    }

    /// Whether a colour is that of the screen, in any light it may stand in.
    pub(crate) fn matches(&self, color: &[f32]) -> bool {
        let (along, across) = self.split([color[0], color[1], color[2]]);
        along > 0.55 * self.strength && across < 0.35 * along
    }

    /// How much a colour looks like background: negative for colours of another hue.
    fn likeness(&self, color: [f32; 3]) -> f32 {
        let (along, across) = self.split(color);
        along - ACROSS * across
    }

    /// The background's share in a pixel that is seen before `screen` and belongs to a subject of
    /// the likeness `own`.
    fn share(&self, color: [f32; 3], screen: [f32; 3], own: f32) -> f32 {
        let full = self.split(screen).0.max(0.25 * self.strength);
        ((self.likeness(color) - own) / (full - own)).clamp(0.0, 1.0)
    }

    /// Takes the key's hue out of a colour, keeping its lightness.
    fn despilled(&self, color: [f32; 3]) -> [f32; 3] {
        let (along, across) = self.split(color);
        let spill = (along - across).max(0.0);
        std::array::from_fn(|at| color[at] - spill * self.hue[at])
    }
}

/// Finishes frames before a screen.
pub(crate) struct Screen {
    key: Key,
    plate: Plate,
    columns: Vec<Between>,
    rows: Vec<Between>,
    /// Whether the coarse mask knows of a person, in whom there are no holes.
    people: bool,
}

impl Screen {
    /// For frames of `size`.
    pub(crate) fn new(key: Key, plate: Plate, size: (usize, usize), people: bool) -> Self {
        let columns = between(size.0, plate.colors.width);
        let rows = between(size.1, plate.colors.height);
        Self { key, plate, columns, rows, people }
    }

    /// Where the person is beyond doubt, at working size.
    fn core(&self, mask: &Plane) -> Plane {
        let (width, height) = (mask.width, mask.height);
        if !self.people {
            return Plane::filled(width, height, 0.0);
        }
        let mut data = box_mean::<1>(&mask.data, width, height, CORE);
        for value in &mut data {
            *value = ((*value - 0.93) / 0.05).clamp(0.0, 1.0);
        }
        Plane { width, height, data }
    }

    /// The likeness of the subject's own colour near the screen's edge, at working size; 0, that
    /// of a colour without hue, elsewhere.
    ///
    /// A pixel half screen, half orange looks less like the screen than one half screen, half
    /// grey: which of them it is, is told by what the subject looks like a little further in.
    fn own_likeness(&self, small: &Picture) -> Vec<f32> {
        let (width, height) = (small.width, small.height);
        let screens = self.plate.colors.data.chunks_exact(3);
        let shares: Vec<f32> = small
            .data
            .chunks_exact(3)
            .zip(screens)
            .map(|(color, screen)| self.key.share(rgb(color), rgb(screen), 0.0))
            .collect();
        let edge = box_mean::<1>(&shares, width, height, EDGE);
        let mut inner = vec![0.0f32; shares.len() * 2];
        for ((pair, color), &edge) in
            inner.chunks_exact_mut(2).zip(small.data.chunks_exact(3)).zip(&edge)
        {
            if edge < 0.02 {
                pair.copy_from_slice(&[self.key.likeness(rgb(color)).min(0.0), 1.0]);
            }
        }
        box_mean::<2>(&inner, width, height, NEAR)
            .chunks_exact(2)
            .zip(&edge)
            .map(
                |(sums, &edge)| {
                    if edge >= 0.02 && sums[1] > 1e-3 { sums[0] / sums[1] } else { 0.0 }
                },
            )
            .collect()
    }

    fn pixel(&self, color: &mut [u8], screen: [f32; 3], own: f32, core: f32) -> u8 {
        let shown = [color[0], color[1], color[2]].map(|value| f32::from(value) / 255.0);
        let share = self.key.share(shown, screen, own);
        let share = ((share - CLIP[0]) / (CLIP[1] - CLIP[0])).clamp(0.0, 1.0);
        let alpha = (1.0 - share).max(core);
        let freed = if alpha > 0.02 && alpha < 1.0 {
            std::array::from_fn(|at| {
                ((shown[at] - (1.0 - alpha) * screen[at]) / alpha).clamp(0.0, 1.0)
            })
        } else {
            shown
        };
        for (value, freed) in color.iter_mut().zip(self.key.despilled(freed)) {
            *value = to_byte(freed);
        }
        to_byte(alpha)
    }
}

fn rgb(color: &[f32]) -> [f32; 3] {
    [color[0], color[1], color[2]]
}

impl Finisher for Screen {
    fn finish(&self, mut frame: Frame, small: &Picture, mask: &Plane) -> Cut {
        let core = self.core(mask);
        let own = self.own_likeness(small);
        let mut fields = Vec::with_capacity(own.len() * FIELDS);
        for ((screen, &core), &own) in
            self.plate.colors.data.chunks_exact(3).zip(&core.data).zip(&own)
        {
            fields.extend_from_slice(&[screen[0], screen[1], screen[2], core, own]);
        }
        let (width, stride) = (frame.width, small.width * FIELDS);
        let mut alpha = vec![0u8; width * frame.height];
        for (y, row) in self.rows.iter().enumerate() {
            let mixed = row.mix(&fields, stride);
            let colors = frame.data[y * width * 3..(y + 1) * width * 3].chunks_exact_mut(3);
            let alphas = &mut alpha[y * width..(y + 1) * width];
            for ((column, color), out) in self.columns.iter().zip(colors).zip(alphas) {
                let [r, g, b, core, own] = column.pick::<FIELDS>(&mixed);
                *out = self.pixel(color, [r, g, b], own, core);
            }
        }
        Cut { colors: frame, alpha }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREEN: [f32; 3] = [0.1, 0.6, 0.2];

    fn key() -> Key {
        Key::of(GREEN).unwrap()
    }

    #[test]
    fn weak_colors_make_no_key() {
        for color in [[0.0; 3], [1.0; 3], [0.5, 0.55, 0.5], [0.6, 0.5, 0.45]] {
            assert_eq!(Key::of(color), None, "{color:?}");
        }
        assert!(Key::of([0.05, 0.1, 0.7]).is_some());
    }

    #[test]
    fn shares() {
        let key = key();
        assert!((key.share(GREEN, GREEN, 0.0) - 1.0).abs() < 1e-5);
        assert!(key.share([0.8, 0.5, 0.4], GREEN, 0.0) == 0.0, "skin");
        assert!(key.share([0.05, 0.05, 0.05], GREEN, 0.0) < 0.01, "black");
        let half: [f32; 3] = std::array::from_fn(|at| f32::midpoint(GREEN[at], 0.3));
        assert!((key.share(half, GREEN, 0.0) - 0.5).abs() < 0.05, "half grey");
        assert!(key.matches(&[0.08, 0.45, 0.16]), "in shade");
        assert!(!key.matches(&[0.8, 0.5, 0.4]));
    }

    #[test]
    fn despill_takes_green_but_not_lightness() {
        let out = key().despilled([0.4, 0.6, 0.4]);
        assert!(out[1] - out[0] < 0.05, "{out:?}");
        assert!((out.iter().sum::<f32>() - 1.4).abs() < 1e-4);
        let red = [0.8, 0.2, 0.1];
        assert!(key().despilled(red).iter().zip(red).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn a_screen_goes_and_a_core_stays() {
        let (width, height) = (32, 24);
        let plate = Plate {
            colors: Picture { width, height, data: GREEN.repeat(width * height) },
            known: Plane::filled(width, height, 1.0),
        };
        let frame = Frame::filled(width, height, GREEN.map(to_byte));
        let small = plate.colors.clone();
        let screen = Screen::new(key(), plate, (width, height), true);
        let cut = screen.finish(frame.clone(), &small, &Plane::filled(width, height, 0.0));
        assert!(cut.alpha.iter().all(|&alpha| alpha == 0));
        let cut = screen.finish(frame, &small, &Plane::filled(width, height, 1.0));
        assert!(cut.alpha.iter().all(|&alpha| alpha == 255));
    }
}
