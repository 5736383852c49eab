//! Pictures in a terminal, over a checkerboard: by the graphics protocols of kitty, iTerm2 and sixel
//! terminals, or as coloured half blocks. No library: `viuer` brings a general image crate for what
//! are four short encodings.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Protocol {
    Kitty,
    Iterm2,
    Sixel,
    /// Two pixels per character
    Blocks,
}

/// Maximum length of a part of a kitty picture in bytes.
const KITTY_PART: usize = 4_096;

/// Colours of the checkerboard.
const LIGHT: u8 = 0xCC;
const DARK: u8 = 0x99;

impl Protocol {
    /// The protocol of the terminal that these environment variables describe. Inside a multiplexer
    /// always half blocks, because it does not pass graphics on.
    pub fn detect<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Self {
        let term = variable("TERM").unwrap_or_default();
        let program = variable("TERM_PROGRAM").unwrap_or_default();
        let is_multiplexed = ["TMUX", "STY", "ZELLIJ"].iter().any(|name| variable(name).is_some());
        if is_multiplexed || term.starts_with("screen") || term.starts_with("tmux") {
            Self::Blocks
        } else if variable("KITTY_WINDOW_ID").is_some()
            || ["kitty", "ghostty"].iter().any(|name| term.contains(name))
            || program == "ghostty"
        {
            Self::Kitty
        } else if ["iTerm.app", "WezTerm", "mintty"].contains(&program)
            || variable("LC_TERMINAL") == Some("iTerm2")
        {
            Self::Iterm2
        } else if ["foot", "mlterm", "yaft", "sixel"].iter().any(|name| term.starts_with(name))
            || variable("WT_SESSION").is_some()
        {
            Self::Sixel
        } else {
            Self::Blocks
        }
    }

    /// Side of a square of the checkerboard in pixels.
    fn square(self) -> usize {
        if self == Self::Blocks { 2 } else { 10 }
    }
}

/// The bytes that draw a picture of RGBA pixels, row by row; `None` if there are not as many as its
/// size says.
pub fn draw(width: u32, height: u32, rgba: &[u8], protocol: Protocol) -> Option<Vec<u8>> {
    let (columns, rows) = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
    let (pixels, []) = rgba.as_chunks::<4>() else { return None };
    if columns == 0 || pixels.len() != columns.checked_mul(rows)? {
        return None;
    }
    let rgb: Vec<[u8; 3]> = pixels
        .iter()
        .enumerate()
        .map(|(at, pixel)| over_checkerboard(*pixel, at % columns, at / columns, protocol.square()))
        .collect();
    Some(match protocol {
        Protocol::Kitty => kitty(&png(width, height, &rgb)?),
        Protocol::Iterm2 => iterm2(&png(width, height, &rgb)?),
        Protocol::Sixel => sixel(columns, rows, &rgb),
        Protocol::Blocks => blocks(columns, &rgb),
    })
}

fn over_checkerboard(pixel: [u8; 4], column: usize, row: usize, square: usize) -> [u8; 3] {
    let behind = if (column / square + row / square).is_multiple_of(2) { LIGHT } else { DARK };
    let [red, green, blue, alpha] = pixel;
    let mix = |value: u8| {
        let sum =
            u32::from(value) * u32::from(alpha) + u32::from(behind) * (255 - u32::from(alpha));
        u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
    };
    [mix(red), mix(green), mix(blue)]
}

fn png(width: u32, height: u32, rgb: &[[u8; 3]]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(rgb.as_flattened()).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}

fn kitty(png: &[u8]) -> Vec<u8> {
    let text = BASE64_STANDARD.encode(png);
    let parts = text.as_bytes().chunks(KITTY_PART);
    let last = parts.len().saturating_sub(1);
    let mut drawn = Vec::with_capacity(text.len() + 16 * (last + 1));
    for (number, part) in parts.enumerate() {
        // a=T: show at once; f=100: PNG; q=2: no answer; m=1: more parts follow.
        let first = if number == 0 { "a=T,f=100,q=2," } else { "" };
        let more = u8::from(number < last);
        drawn.extend_from_slice(format!("\x1b_G{first}m={more};").as_bytes());
        drawn.extend_from_slice(part);
        drawn.extend_from_slice(b"\x1b\\");
    }
    drawn.push(b'\n');
    drawn
}

fn iterm2(png: &[u8]) -> Vec<u8> {
    let text = BASE64_STANDARD.encode(png);
    format!("\x1b]1337;File=inline=1;size={}:{text}\x07\n", png.len()).into_bytes()
}

fn blocks(columns: usize, rgb: &[[u8; 3]]) -> Vec<u8> {
    let mut drawn = String::new();
    for pair in rgb.chunks(columns * 2) {
        let (upper, lower) = pair.split_at(columns.min(pair.len()));
        for (column, [red, green, blue]) in upper.iter().enumerate() {
            // Writing to a `String` cannot fail.
            let _ = write!(drawn, "\x1b[38;2;{red};{green};{blue}");
            if let Some([red, green, blue]) = lower.get(column) {
                let _ = write!(drawn, ";48;2;{red};{green};{blue}");
            }
            drawn.push_str("m▀");
        }
        drawn.push_str("\x1b[0m\n");
    }
    drawn.into_bytes()
}

/// Steps of each of the three colours: a palette of 216, which every sixel terminal has.
const SIXEL_STEPS: u32 = 6;

fn sixel(columns: usize, rows: usize, rgb: &[[u8; 3]]) -> Vec<u8> {
    let mut drawn = format!("\x1bP0;1q\"1;1;{columns};{rows}");
    for color in 0..SIXEL_STEPS.pow(3) {
        let percent = |step: u32| step % SIXEL_STEPS * 100 / (SIXEL_STEPS - 1);
        let (red, green) = (color / SIXEL_STEPS.pow(2), color / SIXEL_STEPS);
        let _ = write!(drawn, "#{color};2;{};{};{}", percent(red), percent(green), percent(color));
    }
    for band in rgb.chunks(columns * 6) {
        let colors: Vec<u32> = band.iter().map(|pixel| sixel_color(*pixel)).collect();
        let mut used = colors.clone();
        used.sort_unstable();
        used.dedup();
        for color in used {
            let _ = write!(drawn, "#{color}");
            let column = |column: usize| {
                (0..6).fold(0_u8, |bits, row| {
                    let is_set = colors.get(row * columns + column) == Some(&color);
                    bits | u8::from(is_set) << row
                })
            };
            write_runs(&mut drawn, (0..columns).map(column));
            drawn.push('$');
        }
        drawn.push('-');
    }
    drawn.push_str("\x1b\\\n");
    drawn.into_bytes()
}

fn sixel_color([red, green, blue]: [u8; 3]) -> u32 {
    let step = |value: u8| (u32::from(value) * (SIXEL_STEPS - 1) + 127) / 255;
    (step(red) * SIXEL_STEPS + step(green)) * SIXEL_STEPS + step(blue)
}

/// Columns of six pixels, equal ones in a row as a count.
fn write_runs(drawn: &mut String, columns: impl Iterator<Item = u8>) {
    let mut columns = columns.peekable();
    while let Some(bits) = columns.next() {
        let mut run = 1;
        while columns.next_if_eq(&bits).is_some() {
            run += 1;
        }
        let sixel = char::from(b'?' + bits);
        if run > 3 {
            let _ = write!(drawn, "!{run}{sixel}");
        } else {
            (0..run).for_each(|_| drawn.push(sixel));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red, half transparent green; transparent, blue.
    const PIXELS: [u8; 16] = [255, 0, 0, 255, 0, 255, 0, 128, 9, 9, 9, 0, 0, 0, 255, 255];

    fn text(protocol: Protocol) -> String {
        String::from_utf8(draw(2, 2, &PIXELS, protocol).unwrap()).unwrap()
    }

    #[test]
    fn half_blocks_have_two_pixels_each() {
        assert_eq!(
            text(Protocol::Blocks),
            "\x1b[38;2;255;0;0;48;2;204;204;204m▀\x1b[38;2;102;230;102;48;2;0;0;255m▀\x1b[0m\n"
        );
        let odd =
            String::from_utf8(draw(1, 1, &[1, 2, 3, 255], Protocol::Blocks).unwrap()).unwrap();
        assert_eq!(odd, "\x1b[38;2;1;2;3m▀\x1b[0m\n");
    }

    #[test]
    fn a_sixel_has_its_palette_and_each_color_of_a_band() {
        let drawn = text(Protocol::Sixel);
        let (palette, band) = drawn.split_once("#215;2;100;100;100").unwrap();
        assert!(palette.starts_with("\x1bP0;1q\"1;1;2;2#0;2;0;0;0#1;2;0;0;20"), "{palette}");
        // Blue below right, grey below left, green above right, red above left.
        assert_eq!(band, "#5?A$#104?@$#172A?$#180@?$-\x1b\\\n");
        let mut runs = String::new();
        write_runs(&mut runs, [1, 1, 1, 1, 0, 2, 2].into_iter());
        assert_eq!(runs, "!4@?AA");
    }

    #[test]
    fn kitty_and_iterm_get_a_png_in_parts() {
        let drawn = text(Protocol::Kitty);
        let data = drawn.strip_prefix("\x1b_Ga=T,f=100,q=2,m=0;").unwrap();
        let png = BASE64_STANDARD.decode(data.strip_suffix("\x1b\\\n").unwrap()).unwrap();
        assert!(png.starts_with(b"\x89PNG"));
        let drawn = text(Protocol::Iterm2);
        assert!(drawn.starts_with(&format!("\x1b]1337;File=inline=1;size={}:iVBOR", png.len())));
        let parts = String::from_utf8(kitty(&[7; 4_000])).unwrap();
        assert!(parts.contains("m=1;") && parts.contains("\x1b\\\x1b_Gm=0;"), "{parts}");
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        for (width, height, bytes) in [(2, 2, 12), (0, 0, 0), (1, 1, 3), (u32::MAX, u32::MAX, 16)] {
            assert!(draw(width, height, &PIXELS[..bytes], Protocol::Blocks).is_none());
        }
    }

    #[test]
    fn the_terminal_decides() {
        let detect = |set: &[(&str, &'static str)]| {
            Protocol::detect(|name| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
            })
        };
        assert_eq!(detect(&[("TERM", "xterm-kitty")]), Protocol::Kitty);
        assert_eq!(detect(&[("TERM_PROGRAM", "iTerm.app")]), Protocol::Iterm2);
        assert_eq!(detect(&[("TERM", "foot")]), Protocol::Sixel);
        assert_eq!(detect(&[("TERM", "xterm-256color")]), Protocol::Blocks);
        assert_eq!(detect(&[("TERM", "screen"), ("KITTY_WINDOW_ID", "1")]), Protocol::Blocks);
        assert_eq!(detect(&[("TMUX", "/tmp/x"), ("TERM_PROGRAM", "WezTerm")]), Protocol::Blocks);
    }
}
