//! A green screen: recognising one without doubt, and keeping what is in front of it.
//!
//! The network finds people only; in front of a screen a product or an animal is to be kept too.
//! So where the top and the sides of the picture are one even, strong green in all sampled frames,
//! what is not that green is kept as well as what the network finds.

use super::Segmenter;
use crate::sandbox::engine::EngineError;
use crate::sandbox::matting::image::{Plane, SmallImage, box_mean};

/// The part of the shorter side that counts as border.
const BORDER: f32 = 0.05;

/// How much of the border of each frame must have the screen's colour.
const COVERED: f32 = 0.95;

/// Hues in degrees that a screen may have: grass, leaves and limes are below, water is above.
const HUES: [f32; 2] = [110.0, 160.0];

/// The least saturation of a screen.
const SATURATION: f32 = 0.5;

/// The least greenness of a screen (see [`greenness`]).
const STRONG: f32 = 0.18;

/// The lightness of a screen's parts, as multiples of its middle.
const LIGHT: [f32; 2] = [0.6, 1.5];

/// How far the red and blue of a screen's parts may be from its own, as parts of green.
const TINT: f32 = 0.15;

/// The most that the border may differ from its own blur, on average: noise is below, grass and
/// other textures are above.
const TEXTURE: f32 = 0.015;

/// Radius of that blur in working pixels.
const BLUR: usize = 3;

/// The least and the most of the picture that a screen covers on average: something has to be in
/// front of it.
const SHARE: [f32; 2] = [0.2, 0.99];

/// Greenness as parts of the screen's: up to the first a pixel is all subject, from the second on
/// all screen.
const MIXED: [f32; 2] = [0.15, 0.75];

/// Radius in working pixels by which the network's mask is trusted less towards its edge.
const CORE: usize = 6;

/// How much more green than red or blue a colour is: 1 for pure green, 0 or less for other hues.
fn greenness(color: &[f32]) -> f32 {
    color[1] - color[0].max(color[2])
}

/// The colour of a screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct GreenScreen {
    color: [f32; 3],
}

impl GreenScreen {
    /// The screen of this colour, if it is a green that screens have.
    fn of(color: [f32; 3]) -> Option<Self> {
        let [red, green, blue] = color;
        let chroma = green - red.min(blue);
        let hue = 120.0 + 60.0 * (blue - red) / chroma.max(f32::MIN_POSITIVE);
        let is_screen = greenness(&color) >= STRONG
            && chroma >= SATURATION * green
            && (HUES[0]..=HUES[1]).contains(&hue);
        is_screen.then_some(Self { color })
    }

    /// Whether a colour is that of the screen, in more or less light.
    fn matches(self, color: &[f32]) -> bool {
        let light = color[1] / self.color[1];
        (LIGHT[0]..=LIGHT[1]).contains(&light)
            && [0, 2].iter().all(|&at| (color[at] - light * self.color[at]).abs() < TINT * color[1])
    }
}

/// Detects a screen behind the subject, one sampled frame after the other.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// The middle colour of the border of the first frame, if it is one of a screen.
    screen: Option<GreenScreen>,
    /// Whether a frame has ruled out a screen.
    refuted: bool,
    frames: usize,
    covered: f32,
}

impl Search {
    /// Adds a frame at working size; `false` once there is certainly no screen.
    pub(crate) fn see(&mut self, small: &SmallImage) -> bool {
        if !self.refuted {
            let screen = self.screen.or_else(|| GreenScreen::of(border_color(small)));
            self.refuted = !screen.is_some_and(|screen| has_even_border(small, screen));
            self.screen = screen;
            if let Some(screen) = screen.filter(|_| !self.refuted) {
                let pixels = small.data.chunks_exact(3);
                let count = pixels.filter(|color| screen.matches(color)).count();
                self.covered += count as f32 / (small.data.len() / 3).max(1) as f32;
                self.frames += 1;
            }
        }
        !self.refuted
    }

    /// The screen, if all frames show it with something in front of it.
    pub(crate) fn found(&self) -> Option<GreenScreen> {
        let share = self.covered / self.frames.max(1) as f32;
        self.screen.filter(|_| !self.refuted && (SHARE[0]..=SHARE[1]).contains(&share))
    }
}

/// Top, and the sides without their lowest fifth: the bottom often belongs to the subject.
fn border(width: usize, height: usize) -> impl Iterator<Item = usize> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a side in pixels"
    )]
    let depth = ((width.min(height) as f32 * BORDER) as usize).max(1);
    (0..width * height).filter(move |at| {
        let (x, y) = (at % width, at / width);
        y < depth || ((x < depth || x + depth >= width) && y < height * 4 / 5)
    })
}

/// The middle of the border's colours, channel by channel.
fn border_color(small: &SmallImage) -> [f32; 3] {
    std::array::from_fn(|channel| {
        let mut values: Vec<f32> =
            border(small.width, small.height).map(|at| small.data[at * 3 + channel]).collect();
        let middle = values.len() / 2;
        if values.is_empty() {
            return 0.0;
        }
        *values.select_nth_unstable_by(middle, f32::total_cmp).1
    })
}

/// Whether the border has the screen's colour throughout, without texture.
fn has_even_border(small: &SmallImage, screen: GreenScreen) -> bool {
    let (width, height) = (small.width, small.height);
    let blurred = box_mean::<3>(&small.data, width, height, BLUR);
    let (mut pixels, mut of_screen, mut texture) = (0usize, 0usize, 0.0f32);
    for at in border(width, height).map(|at| at * 3) {
        let color = &small.data[at..at + 3];
        pixels += 1;
        if screen.matches(color) {
            of_screen += 1;
            texture += (color[1] - blurred[at + 1]).abs();
        }
    }
    of_screen as f32 >= COVERED * pixels as f32 && texture <= TEXTURE * of_screen as f32
}

/// A segmenter that also keeps what is in front of a screen.
pub(crate) struct KeyedSegmenter<S> {
    inner: S,
    screen: GreenScreen,
}

impl<S: Segmenter> KeyedSegmenter<S> {
    /// Keeps what `inner` finds and what is in front of `screen`.
    pub(crate) fn new(inner: S, screen: GreenScreen) -> Self {
        Self { inner, screen }
    }
}

impl<S: Segmenter> Segmenter for KeyedSegmenter<S> {
    fn segment(&mut self, small: &SmallImage) -> Result<Plane, EngineError> {
        let mut mask = self.inner.segment(small)?;
        // A person has no holes, even in green clothes.
        let core = box_mean::<1>(&mask.data, mask.width, mask.height, CORE);
        let full = greenness(&self.screen.color);
        for ((value, color), core) in mask.data.iter_mut().zip(small.data.chunks_exact(3)).zip(core)
        {
            let share = (greenness(color) / full - MIXED[0]) / (MIXED[1] - MIXED[0]);
            let core = ((core - 0.93) / 0.05).clamp(0.0, 1.0);
            *value = (1.0 - share.clamp(0.0, 1.0)).max(core);
        }
        Ok(mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (usize, usize) = (160, 90);

    /// A colour as designers write it.
    fn rgb(red: u8, green: u8, blue: u8) -> [f32; 3] {
        [red, green, blue].map(|value| f32::from(value) / 255.0)
    }

    fn picture(paint: impl Fn(usize, usize) -> [f32; 3]) -> SmallImage {
        let (width, height) = SIZE;
        let data = (0..width * height).flat_map(|at| paint(at % width, at / width)).collect();
        SmallImage { width, height, data }
    }

    /// Even in -1..1, different for each pixel.
    fn grain(x: usize, y: usize) -> f32 {
        ((x * 7_919 + y * 104_729 + x * y * 31) % 201) as f32 / 100.0 - 1.0
    }

    /// A color with grain, as grass has it and, less of it, the noise of a camera.
    fn grained(color: [f32; 3], amount: f32, x: usize, y: usize) -> [f32; 3] {
        color.map(|value| (value * (1.0 + amount * grain(x, y))).clamp(0.0, 1.0))
    }

    fn in_front(x: usize, y: usize) -> bool {
        (60..100).contains(&x) && y > 20
    }

    fn search(frames: &[SmallImage]) -> Option<GreenScreen> {
        let mut search = Search::default();
        for frame in frames {
            search.see(frame);
        }
        search.found()
    }

    const SKIN: [f32; 3] = [0.8, 0.6, 0.5];

    #[test]
    fn screens_are_recognised() {
        for green in [rgb(0, 177, 64), rgb(32, 176, 64), rgb(0, 255, 0), rgb(70, 170, 90)] {
            let frame = picture(|x, y| {
                let light = 1.0 - 0.2 * x as f32 / 160.0 - 0.15 * y as f32 / 90.0;
                if in_front(x, y) { SKIN } else { grained(green.map(|c| c * light), 0.01, x, y) }
            });
            assert!(search(&[frame.clone(), frame]).is_some(), "{green:?}");
        }
    }

    #[test]
    fn nothing_else_is_taken_for_a_screen() {
        let chroma = rgb(32, 176, 64);
        let grass = rgb(90, 150, 40);
        let before = |behind: [f32; 3], amount: f32, subject: [f32; 3]| {
            picture(
                move |x, y| {
                    if in_front(x, y) { subject } else { grained(behind, amount, x, y) }
                },
            )
        };
        let cases = [
            ("a green product on white", before(rgb(240, 240, 240), 0.01, chroma)),
            ("a person in a green shirt before a wall", before(rgb(190, 180, 170), 0.01, chroma)),
            ("an animal on grass", before(grass, 0.3, SKIN)),
            ("an animal on a lawn out of focus", before(grass, 0.0, SKIN)),
            ("a vivid lawn out of focus", before(rgb(60, 140, 30), 0.0, SKIN)),
            ("leaves as green as a screen", before(chroma, 0.15, SKIN)),
            ("blue sky", before(rgb(60, 120, 200), 0.0, SKIN)),
            ("a blue screen", before(rgb(0, 71, 187), 0.0, SKIN)),
            ("the sea", before(rgb(20, 120, 130), 0.02, SKIN)),
            ("an olive wall", before(rgb(110, 125, 80), 0.01, SKIN)),
            ("a pale green wall", before(rgb(180, 215, 190), 0.01, SKIN)),
            ("a screen with nothing in front", picture(|_, _| chroma)),
            ("a screen on one side", picture(|x, _| if x < 100 { chroma } else { SKIN })),
            (
                "a picture all green with things of other greens",
                picture(|x, y| {
                    chroma.map(|c| c * if (x / 10 + y / 10) % 2 == 0 { 0.5 } else { 1.0 })
                }),
            ),
            ("a picture that fades in", picture(|_, _| [0.0; 3])),
        ];
        for (what, frame) in cases {
            assert_eq!(search(&[frame]), None, "{what}");
        }
        let screen = picture(|x, y| if in_front(x, y) { SKIN } else { chroma });
        let other = picture(|_, _| [0.4; 3]);
        assert!(search(std::slice::from_ref(&screen)).is_some());
        assert_eq!(search(&[screen.clone(), other.clone(), screen.clone()]), None, "a cut");
        assert_eq!(search(&[other, screen]), None, "a cut to a screen");
        assert_eq!(search(&[]), None);
    }

    /// A network with the same mask for every frame.
    struct Fixed(Plane);

    impl Segmenter for Fixed {
        fn segment(&mut self, _small: &SmallImage) -> Result<Plane, EngineError> {
            Ok(self.0.clone())
        }
    }

    #[test]
    fn things_in_front_are_kept_and_a_person_in_green_has_no_holes() {
        let chroma = rgb(32, 176, 64);
        let small = picture(|x, y| match (in_front(x, y), y) {
            (true, 21..50) => SKIN,
            // A shirt of the screen's own colour.
            (true, _) => chroma,
            _ if (10..30).contains(&x) && (40..60).contains(&y) => [0.1, 0.1, 0.7],
            _ => chroma,
        });
        let mut person = Plane::filled(SIZE.0, SIZE.1, 0.0);
        for (at, value) in person.data.iter_mut().enumerate() {
            *value = f32::from(u8::from(in_front(at % SIZE.0, at / SIZE.0)));
        }
        let mut keyed = KeyedSegmenter::new(Fixed(person), GreenScreen::of(chroma).unwrap());
        let mask = keyed.segment(&small).unwrap();
        let at = |x: usize, y: usize| mask.data[y * SIZE.0 + x];
        assert!(at(80, 30) > 0.99, "face");
        assert!(at(80, 75) > 0.99, "shirt");
        assert!(at(20, 50) > 0.99, "a thing that is not a person");
        assert!(at(130, 50) < 0.01 && at(5, 5) < 0.01, "screen");
    }
}
