//! Composition: the subject on its canvas, in front of its backdrop.
//!
//! Everything that is the same for all frames is computed once, in [`Composer::new`].

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "pixel arithmetic: values are clamped to their range before they are narrowed"
)]

use std::ops::Range;

use super::image::{Frame, Resizer, to_byte};
use super::matte::CutOut;
use super::{CanvasLayout, EngineError};

/// The backdrop, ready to be mixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BackgroundLayer {
    /// Nothing: frames come out as RGBA.
    Nothing,
    /// One colour: frames come out as RGB, like with a picture.
    Color([u8; 3]),
    /// A picture of the size of the canvas.
    Picture(Frame),
}

/// Position of the subject's frame on the canvas, in canvas pixels; may reach beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FramePlacement {
    /// Left edge.
    pub(crate) left: i64,
    /// Upper edge.
    pub(crate) top: i64,
    /// Width and height after scaling.
    pub(crate) size: (usize, usize),
}

/// Maximum factor by which a subject is enlarged.
const LARGEST_SCALE: f64 = 16.0;

/// The size of the output: the canvas, or the video's own; even where the encoder needs it.
pub(crate) fn canvas(layout: &CanvasLayout, source: (usize, usize), even: bool) -> (usize, usize) {
    let side = |pixels: u32| usize::try_from(pixels).unwrap_or(usize::MAX).max(1);
    let (width, height) = layout.canvas.map_or(source, |(w, h)| (side(w), side(h)));
    // A column is cut off rather than added: an added one would show as a line.
    let whole = |side: usize| if even { (side & !1).max(2) } else { side };
    (whole(width), whole(height))
}

/// Where the subject goes. A scale of 1 makes the video's frame as large as fits on the canvas;
/// the anchor names the edge or corner that frame and canvas share, the offset shifts it from
/// there.
pub(crate) fn place(
    layout: &CanvasLayout,
    source: (usize, usize),
    canvas: (usize, usize),
) -> Result<FramePlacement, EngineError> {
    let scale = layout.scale.unwrap_or(1.0);
    if !(scale > 0.0 && scale <= LARGEST_SCALE) {
        return Err(EngineError(format!("The scale must be above 0, at most {LARGEST_SCALE}")));
    }
    let fit = if layout.canvas.is_none() {
        1.0
    } else {
        (canvas.0 as f64 / source.0 as f64).min(canvas.1 as f64 / source.1 as f64)
    };
    let scaled = |side: usize| ((side as f64 * fit * scale).round() as usize).max(1);
    let size = (scaled(source.0), scaled(source.1));
    let (across, down) = anchor(layout.anchor.as_deref().unwrap_or("center"))?;
    let at = |canvas: usize, side: usize, part: f64, shift: i32| {
        ((canvas as f64 - side as f64) * part).floor() as i64 + i64::from(shift)
    };
    let offset = layout.offset.unwrap_or_default();
    Ok(FramePlacement {
        left: at(canvas.0, size.0, across, offset.0),
        top: at(canvas.1, size.1, down, offset.1),
        size,
    })
}

/// Share of the free space that is left of and above the subject.
fn anchor(word: &str) -> Result<(f64, f64), EngineError> {
    let (mut across, mut down) = (0.5, 0.5);
    for part in word.split(['-', '_', ' ']) {
        match part.to_ascii_lowercase().as_str() {
            "left" => across = 0.0,
            "right" => across = 1.0,
            "top" => down = 0.0,
            "bottom" => down = 1.0,
            "center" | "centre" | "middle" => {}
            _ => return Err(EngineError(format!("Unknown anchor: {word}"))),
        }
    }
    Ok((across, down))
}

/// The visible part of a scaled frame, and how to make it.
#[derive(Debug, Clone)]
struct VisibleArea {
    columns: Range<usize>,
    rows: Range<usize>,
    /// `None` if the frame keeps its size.
    resizer: Option<Resizer>,
}

/// Composes the frames of one job.
#[derive(Debug, Clone)]
pub(crate) struct Composer {
    canvas: (usize, usize),
    place: FramePlacement,
    window: VisibleArea,
    backing: BackgroundLayer,
}

impl Composer {
    /// For frames of `source` size.
    pub(crate) fn new(
        source: (usize, usize),
        canvas: (usize, usize),
        place: FramePlacement,
        backing: BackgroundLayer,
    ) -> Self {
        let visible = |start: i64, side: usize, canvas: usize| {
            let side = side as i64;
            let first = (-start).clamp(0, side);
            let last = (canvas as i64 - start).clamp(first, side);
            first as usize..last as usize
        };
        let columns = visible(place.left, place.size.0, canvas.0);
        let rows = visible(place.top, place.size.1, canvas.1);
        let resizer = (place.size != source)
            .then(|| Resizer::part(source, place.size, columns.clone(), rows.clone()));
        Self { canvas, place, window: VisibleArea { columns, rows, resizer }, backing }
    }

    /// Whether frames come out with alpha.
    pub(crate) fn has_alpha(&self) -> bool {
        self.backing == BackgroundLayer::Nothing
    }

    /// Writes the composed frame over `out`.
    pub(crate) fn compose(&self, cut: &CutOut, out: &mut Vec<u8>) {
        let pixels = self.canvas.0 * self.canvas.1;
        out.clear();
        match &self.backing {
            BackgroundLayer::Nothing => out.resize(pixels * 4, 0),
            BackgroundLayer::Color(color) => {
                out.extend(color.iter().copied().cycle().take(pixels * 3));
            }
            BackgroundLayer::Picture(picture) => out.extend_from_slice(&picture.data),
        }
        if self.window.columns.is_empty() || self.window.rows.is_empty() {
            return;
        }
        match &self.window.resizer {
            None => self.lay(out, |x, y| {
                let at = y * cut.colors.width + x;
                let color = &cut.colors.data[at * 3..at * 3 + 3];
                [color[0], color[1], color[2], cut.alpha[at]]
            }),
            Some(resizer) => {
                let scaled = scaled(resizer, cut);
                let (columns, rows) = (&self.window.columns, &self.window.rows);
                self.lay(out, |x, y| {
                    let at = ((y - rows.start) * columns.len() + x - columns.start) * 4;
                    straight(&scaled[at..at + 4])
                });
            }
        }
    }

    /// Mixes the visible pixels of the subject in; `pixel` gives colour and alpha.
    fn lay(&self, out: &mut [u8], pixel: impl Fn(usize, usize) -> [u8; 4]) {
        let depth = if self.has_alpha() { 4 } else { 3 };
        for y in self.window.rows.clone() {
            let row = (y as i64 + self.place.top) as usize * self.canvas.0;
            let first = (self.window.columns.start as i64 + self.place.left) as usize;
            let targets = out[(row + first) * depth..].chunks_exact_mut(depth);
            for (x, target) in self.window.columns.clone().zip(targets) {
                let pixel = pixel(x, y);
                if depth == 4 {
                    target.copy_from_slice(&pixel);
                } else {
                    for (behind, &front) in target.iter_mut().zip(&pixel[..3]) {
                        *behind = mix(front, *behind, pixel[3]);
                    }
                }
            }
        }
    }
}

/// `front` over `behind`, rounded.
fn mix(front: u8, behind: u8, alpha: u8) -> u8 {
    let (front, behind, alpha) = (u32::from(front), u32::from(behind), u32::from(alpha));
    ((front * alpha + behind * (255 - alpha) + 127) / 255) as u8
}

/// Resamples with colours weighted by alpha, so that what is not visible does not bleed in.
fn scaled(resizer: &Resizer, cut: &CutOut) -> Vec<f32> {
    let mut weighted = Vec::with_capacity(cut.alpha.len() * 4);
    for (color, &alpha) in cut.colors.data.chunks_exact(3).zip(&cut.alpha) {
        let alpha = f32::from(alpha) / 255.0;
        weighted.extend(color.iter().map(|&value| f32::from(value) / 255.0 * alpha));
        weighted.push(alpha);
    }
    resizer.interleaved::<4>(&weighted)
}

fn straight(pixel: &[f32]) -> [u8; 4] {
    let alpha = pixel[3];
    let color = |at: usize| if alpha > 0.0 { to_byte(pixel[at] / alpha) } else { 0 };
    [color(0), color(1), color(2), to_byte(alpha)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(width: usize, height: usize, color: [u8; 3], alpha: u8) -> CutOut {
        CutOut { colors: Frame::filled(width, height, color), alpha: vec![alpha; width * height] }
    }

    #[test]
    fn places() {
        let layout = |anchor: &str, scale, offset| CanvasLayout {
            canvas: Some((200, 100)),
            anchor: Some(anchor.to_owned()),
            scale,
            offset,
        };
        for (layout, wanted) in [
            (layout("center", None, None), (50, 0, (100, 100))),
            (layout("top-left", Some(0.5), None), (0, 0, (50, 50))),
            (layout("bottom-center", Some(0.5), None), (75, 50, (50, 50))),
            (layout("bottom_right", Some(0.5), Some((-10, 5))), (140, 55, (50, 50))),
            (layout("center", Some(2.0), None), (0, -50, (200, 200))),
            (CanvasLayout::default(), (0, 0, (40, 40))),
        ] {
            let source = (40, 40);
            let canvas = canvas(&layout, source, false);
            let place = place(&layout, source, canvas).unwrap();
            assert_eq!((place.left, place.top, place.size), wanted, "{layout:?}");
        }
        assert!(place(&layout("left-ish", None, None), (4, 4), (4, 4)).is_err());
        for scale in [0.0, -1.0, f64::NAN, 1e9] {
            assert!(place(&layout("center", Some(scale), None), (4, 4), (4, 4)).is_err());
        }
    }

    #[test]
    fn even_sides_lose_a_line() {
        assert_eq!(canvas(&CanvasLayout::default(), (33, 17), true), (32, 16));
        assert_eq!(canvas(&CanvasLayout::default(), (1, 1), true), (2, 2));
        assert_eq!(canvas(&CanvasLayout::default(), (33, 17), false), (33, 17));
    }

    #[test]
    fn mixing_with_a_backdrop() {
        let place = FramePlacement { left: 1, top: 1, size: (2, 2) };
        let backing = BackgroundLayer::Color([0, 0, 200]);
        let composer = Composer::new((2, 2), (4, 4), place, backing);
        let mut out = Vec::new();
        composer.compose(&cut(2, 2, [200, 0, 0], 128), &mut out);
        assert_eq!(out.len(), 4 * 4 * 3);
        assert_eq!(out[..3], [0, 0, 200]);
        assert_eq!(out[(4 + 1) * 3..][..3], [100, 0, 100]);
        assert_eq!(out[(4 + 3) * 3..][..3], [0, 0, 200]);
    }

    #[test]
    fn scaling_keeps_color_and_alpha_apart() {
        let mut cut = cut(4, 4, [10, 250, 10], 0);
        for y in 0..4 {
            for x in 0..2 {
                cut.alpha[y * 4 + x] = 255;
                cut.colors.data[(y * 4 + x) * 3..][..3].copy_from_slice(&[200, 100, 50]);
            }
        }
        let place = FramePlacement { left: -3, top: 2, size: (8, 8) };
        let composer = Composer::new((4, 4), (6, 6), place, BackgroundLayer::Nothing);
        let mut out = Vec::new();
        composer.compose(&cut, &mut out);
        assert!(out[..6 * 4 * 2].iter().all(|&value| value == 0));
        for (at, pixel) in out.chunks_exact(4).enumerate().skip(12) {
            if pixel[3] > 0 {
                assert_eq!(pixel[..3], [200, 100, 50], "{at}");
            }
        }
        assert_eq!(out[2 * 6 * 4 + 3], 191, "column 3 of 8 is three quarters covered");
    }

    #[test]
    fn a_subject_beyond_the_canvas_is_not_seen() {
        for (left, size) in [(-50, (8, 8)), (50, (4, 4)), (i64::from(i32::MAX), (4, 4))] {
            let place = FramePlacement { left, top: 0, size };
            let composer = Composer::new((4, 4), (6, 6), place, BackgroundLayer::Nothing);
            let mut out = Vec::new();
            composer.compose(&cut(4, 4, [1, 2, 3], 255), &mut out);
            assert!(out.iter().all(|&value| value == 0));
        }
    }
}
