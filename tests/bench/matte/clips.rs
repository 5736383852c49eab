//! Clips whose alpha is known, because we put the subject in front of the background ourselves.
//!
//! The subject is the portrait of the shipped clip's first frame with a stored alpha. The
//! backgrounds are "dead leaves" (opaque shapes of all sizes lying on each other, which have the
//! statistics of photographs), moving or still; a fractal zoom and a test card made by FFmpeg; and
//! a green screen lit unevenly. Everything is drawn from fixed seeds: the same clips everywhere.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rbgv::sandbox::SAMPLE;

use crate::pixels::{Frame, resampled, to_byte};

/// Side of the portrait in pixels.
const SIDE: usize = 480;

/// Frames a second of all clips.
pub const RATE: usize = 24;

/// The most frames that a clip may have.
pub const MOST_FRAMES: usize = 96;

/// The background of the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// Leaves that pass by: a moving camera.
    MovingLeaves,
    /// A zoom into a fractal.
    MovingFractal,
    /// A test card with moving parts.
    MovingCard,
    /// Leaves that stay: a camera on a tripod.
    StaticLeaves,
    /// A green screen.
    Green,
}

impl Scene {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::MovingLeaves,
        Self::MovingFractal,
        Self::MovingCard,
        Self::StaticLeaves,
        Self::Green,
    ];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::MovingLeaves => "moving leaves",
            Self::MovingFractal => "moving fractal",
            Self::MovingCard => "moving card",
            Self::StaticLeaves => "static leaves",
            Self::Green => "green screen",
        }
    }
}

/// A clip on disk and its truth.
#[derive(Debug)]
pub struct Clip {
    /// The encoded video.
    pub file: PathBuf,
    /// Alpha of each frame.
    pub truth: Vec<Vec<u8>>,
}

/// A small generator of numbers, the same everywhere (`SplitMix64`).
#[derive(Debug, Clone)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in 0..1.
    fn part(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// The portrait as premultiplied RGBA of 0..1.
#[derive(Debug)]
pub struct Subject {
    weighted: Vec<f32>,
}

impl Subject {
    /// Decodes the shipped portrait, using `folder` for its file.
    pub fn load(folder: &Path) -> io::Result<Self> {
        let file = folder.join("portrait.mp4");
        std::fs::write(&file, SAMPLE.video)?;
        let mut decode = ffmpeg();
        decode.arg("-i").arg(file).args(["-frames:v", "1"]);
        let colors = raw_video(decode, "rgb24")?;
        let mut reader = png::Decoder::new(io::Cursor::new(SAMPLE.mask)).read_info()?;
        let mut alpha = vec![0; SIDE * SIDE];
        reader.next_frame(&mut alpha)?;
        if colors.len() != SIDE * SIDE * 3 {
            return Err(io::Error::other("the shipped portrait has another size"));
        }
        let mut weighted = Vec::with_capacity(SIDE * SIDE * 4);
        for (color, &alpha) in colors.chunks_exact(3).zip(&alpha) {
            let alpha = f32::from(alpha) / 255.0;
            weighted.extend(color.iter().map(|&value| f32::from(value) / 255.0 * alpha));
            weighted.push(alpha);
        }
        Ok(Self { weighted })
    }

    /// Draws the subject on `background` at its position in frame `index`, swaying by
    /// `reach` of the width; gives the truth.
    fn draw(&self, background: &mut Frame, index: usize, reach: f32) -> Vec<u8> {
        let (width, height) = (background.width, background.height);
        let time = index as f32 / RATE as f32;
        let side = (height as f32 * (0.92 + 0.03 * (time * 2.1).sin())) as usize;
        let left = (width as f32 * (0.5 + reach * (time * 3.0).sin())) as i64 - side as i64 / 2;
        let top = height as i64 - side as i64 + 1;
        let scaled = resampled::<4>(&self.weighted, SIDE, side);
        let mut truth = vec![0u8; width * height];
        for y in 0..side {
            for x in 0..side {
                let (u, v) = (x as i64 + left, y as i64 + top);
                if u < 0 || v < 0 || u >= width as i64 || v >= height as i64 {
                    continue;
                }
                let at = v as usize * width + u as usize;
                let pixel = &scaled[(y * side + x) * 4..][..4];
                truth[at] = to_byte(pixel[3]);
                for (behind, &front) in background.data[at * 3..].iter_mut().zip(&pixel[..3]) {
                    *behind = to_byte(front + f32::from(*behind) / 255.0 * (1.0 - pixel[3]));
                }
            }
        }
        truth
    }
}

/// Opaque ellipses of all sizes with a grain of their own, later ones on top.
fn leaves(width: usize, height: usize, seed: u64) -> Frame {
    let mut dice = Dice(seed);
    let mut frame = Frame::filled(width, height, [110, 100, 90]);
    for _ in 0..1600 {
        // The number of shapes falls with the square of their size.
        let size = (4.0 / (dice.part() + 0.015)).min(height as f32 / 3.0);
        let (across, down) = (size * (0.5 + dice.part()), size * (0.5 + dice.part()));
        let (x, y) = (dice.part() * width as f32, dice.part() * height as f32);
        let light = 0.15 + 0.7 * dice.part();
        let tint =
            [0.14 * (dice.part() - 0.4), 0.08 * (dice.part() - 0.5), 0.2 * (dice.part() - 0.6)];
        let grain = 0.08 * dice.part();
        let rows = (y - down).max(0.0) as usize..((y + down).max(0.0) as usize).min(height);
        for v in rows {
            let part = ((v as f32 - y) / down).clamp(-1.0, 1.0);
            let half = across * (1.0 - part * part).sqrt();
            let columns = (x - half).max(0.0) as usize..((x + half).max(0.0) as usize).min(width);
            for u in columns {
                let shade = light + grain * (dice.part() - 0.5) + 0.1 * part;
                let pixel = &mut frame.data[(v * width + u) * 3..][..3];
                for (value, tint) in pixel.iter_mut().zip(tint) {
                    *value = to_byte(shade + tint);
                }
            }
        }
    }
    frame
}

/// A part of `whole` of the given size.
fn cropped(whole: &Frame, (left, top): (usize, usize), (width, height): (usize, usize)) -> Frame {
    let mut data = Vec::with_capacity(width * height * 3);
    for y in top..top + height {
        data.extend_from_slice(&whole.data[(y * whole.width + left) * 3..][..width * 3]);
    }
    Frame { width, height, data }
}

fn green(width: usize, height: usize) -> Frame {
    let mut frame = Frame::filled(width, height, [0; 3]);
    for (at, pixel) in frame.data.chunks_exact_mut(3).enumerate() {
        let (x, y) = ((at % width) as f32 / width as f32, (at / width) as f32 / height as f32);
        let light = 1.0 - 0.18 * (x - 0.4).abs() - 0.12 * y;
        pixel.copy_from_slice(&[0.12, 0.68, 0.22].map(|part: f32| to_byte(part * light)));
    }
    frame
}

fn add_noise(frame: &mut Frame, dice: &mut Dice, amount: i32) {
    for value in &mut frame.data {
        // The sum of two even throws: a triangle, close enough to what a sensor does.
        let throws = dice.next();
        let off =
            (throws % (amount as u64 + 1)) as i32 - ((throws >> 32) % (amount as u64 + 1)) as i32;
        *value = (i32::from(*value) + off).clamp(0, 255) as u8;
    }
}

/// FFmpeg, quiet but for errors.
pub fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]);
    command
}

/// Runs a decoding FFmpeg and gives all frames as raw pixels of `format`.
pub fn raw_video(mut command: Command, format: &str) -> io::Result<Vec<u8>> {
    command.args(["-f", "rawvideo", "-pix_fmt", format, "-vsync", "passthrough", "pipe:1"]);
    let output = command.stderr(Stdio::inherit()).output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(io::Error::other(format!("ffmpeg ended with {}", output.status)))
    }
}

/// The backgrounds of all frames.
fn backgrounds(scene: Scene, size: (usize, usize), frames: usize) -> io::Result<Vec<Frame>> {
    let (width, height) = size;
    Ok(match scene {
        Scene::MovingLeaves => {
            let step = (width / 160).max(1);
            // As wide as the longest clip needs, so that shorter ones show the same.
            let whole = leaves(width + step * MOST_FRAMES, height + MOST_FRAMES, 7);
            (0..frames).map(|at| cropped(&whole, (step * at, at), size)).collect()
        }
        Scene::StaticLeaves => vec![leaves(width, height, 11); frames],
        Scene::Green => vec![green(width, height); frames],
        Scene::MovingFractal | Scene::MovingCard => {
            let pattern = if scene == Scene::MovingCard { "testsrc2" } else { "mandelbrot" };
            let graph = format!("{pattern}=size={width}x{height}:rate={RATE}");
            let mut command = ffmpeg();
            command.args(["-f", "lavfi", "-i", &graph, "-frames:v", &frames.to_string()]);
            raw_video(command, "rgb24")?
                .chunks_exact(width * height * 3)
                .map(|data| Frame { width, height, data: data.to_vec() })
                .collect()
        }
    })
}

/// Makes the clip of `scene` in `folder`.
pub fn make(
    subject: &Subject,
    scene: Scene,
    size: (usize, usize),
    frames: usize,
    folder: &Path,
) -> io::Result<Clip> {
    let file = folder.join(format!("{}-{}.mp4", scene.name().replace(' ', "-"), size.0));
    let mut encoder = ffmpeg()
        .args(["-f", "rawvideo", "-pix_fmt", "rgb24"])
        .args(["-video_size", &format!("{}x{}", size.0, size.1)])
        .args(["-framerate", &RATE.to_string(), "-i", "pipe:0"])
        .args("-c:v libx264 -preset veryfast -crf 18 -pix_fmt yuv420p".split(' '))
        .arg(&file)
        .stdin(Stdio::piped())
        .spawn()?;
    let mut stdin = encoder.stdin.take().ok_or_else(|| io::Error::other("no pipe"))?;
    // Before a still camera the subject walks about; elsewhere it sways.
    let reach = if scene == Scene::StaticLeaves { 0.3 } else { 0.08 };
    let mut dice = Dice(3);
    let mut truth = Vec::with_capacity(frames);
    for (index, mut frame) in backgrounds(scene, size, frames)?.into_iter().enumerate() {
        truth.push(subject.draw(&mut frame, index, reach));
        add_noise(&mut frame, &mut dice, 5);
        stdin.write_all(&frame.data)?;
    }
    drop(stdin);
    let status = encoder.wait()?;
    if !status.success() {
        return Err(io::Error::other(format!("ffmpeg ended with {status}")));
    }
    Ok(Clip { file, truth })
}
