//! Measures the mattes of the sandbox's engine against clips of known alpha, and prints the table
//! of `docs/benchmarks.md`, section "Matte":
//!
//! ```text
//! cargo bench --bench matte -- --help
//! cargo bench --bench matte -- --size 640x360 --size 1280x720
//! cargo bench --bench matte -- --rvm FOLDER --keep CLIPS
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports")]
#![allow(unreachable_pub, reason = "a program has no outside")]
#![allow(clippy::disallowed_methods, reason = "a program of its own, with its own edge")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "pixel arithmetic: values are clamped to their range before they are narrowed"
)]

mod clips;
mod pixels;
mod report;
mod score;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::Parser as _;
use rbgv::sandbox::engine::{Backdrop, CanvasLayout, Engine as _, EngineTask};
use rbgv::sandbox::matting::{EngineLimits, RealEngine, Tools};

use clips::{Clip, MOST_FRAMES, Scene, Subject};
use report::Row;
use score::Tally;

const MODELS: [&str; 4] = ["light", "original", "human", "pro"];

#[derive(Debug, clap::Parser)]
#[command(name = "matte")]
struct Cli {
    /// Folder in which Robust Video Matting is installed (rbgv model install)
    #[arg(long, value_name = "FOLDER")]
    rvm: Option<PathBuf>,
    /// Size of the clips, at least 64x64; may be given several times [default: 640x360]
    #[arg(long = "size", value_name = "WIDTHxHEIGHT", value_parser = size)]
    sizes: Vec<(usize, usize)>,
    /// Only this model; may be given several times
    #[arg(long = "model", value_name = "NAME")]
    models: Vec<String>,
    /// Frames a clip
    #[arg(long, default_value_t = 36, value_parser = clap::value_parser!(u64).range(1..=MOST_FRAMES as u64))]
    frames: u64,
    /// Keep clips, their true alpha and the cut-outs in this folder
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Cargo adds it
    #[arg(long, hide = true)]
    bench: bool,
}

fn size(text: &str) -> Result<(usize, usize), String> {
    let side = |text: &str| text.parse().ok().filter(|&side: &usize| side >= 64 && side % 2 == 0);
    text.split_once('x')
        .and_then(|(width, height)| side(width).zip(side(height)))
        .ok_or_else(|| "two even numbers from 64 on, such as 640x360".to_owned())
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(rows) => {
            println!("{}", report::markdown(&rows));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> io::Result<Vec<Row>> {
    let room = tempfile::tempdir()?;
    let folder = cli.keep.as_deref().unwrap_or(room.path());
    std::fs::create_dir_all(folder)?;
    let engine = RealEngine::new(Tools::default(), EngineLimits::default(), cli.rvm.clone())
        .map_err(io::Error::other)?;
    // Without Robust Video Matting all models are the same.
    let models = if cli.rvm.is_some() { &MODELS[..] } else { &MODELS[1..2] };
    let sizes = if cli.sizes.is_empty() { &[(640, 360)][..] } else { &cli.sizes };
    let frames = usize::try_from(cli.frames).map_err(io::Error::other)?;
    let subject = Subject::load(folder)?;
    let mut rows = Vec::new();
    for &size in sizes {
        for scene in Scene::ALL {
            let clip = clips::make(&subject, scene, size, frames, folder)?;
            if cli.keep.is_some() {
                // For other programs to compare with.
                std::fs::write(clip.file.with_extension("truth"), clip.truth.concat())?;
            }
            let wanted = |model: &&&str| {
                cli.models.is_empty() || cli.models.iter().any(|name| name == **model)
            };
            for &model in models.iter().filter(wanted) {
                let row = measure(&engine, model, &clip, scene, size)?;
                eprintln!("{} {model}: {:.2}", row.scene, row.error * 1000.0);
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

/// Has `model` cut out the subject of a clip, and compares the alpha of the output with the truth.
fn measure(
    engine: &RealEngine,
    model: &'static str,
    clip: &Clip,
    scene: Scene,
    size: (usize, usize),
) -> io::Result<Row> {
    let task = EngineTask {
        input: clip.file.clone(),
        output: clip.file.with_extension(format!("{model}.mov")),
        model: model.to_owned(),
        format: "mov".to_owned(),
        backdrop: Backdrop::Transparent,
        layout: CanvasLayout::default(),
        text_prompt: None,
    };
    let start = Instant::now();
    let outcome = engine.run(&task, &|_| (), &AtomicBool::new(false)).map_err(io::Error::other)?;
    let seconds = start.elapsed().as_secs_f64();
    let alphas = alphas(&task.output, size)?;
    if alphas.len() != clip.truth.len() {
        let counts = (alphas.len(), clip.truth.len());
        return Err(io::Error::other(format!("{} frames came out of {}", counts.0, counts.1)));
    }
    let mut tally = Tally::default();
    for (alpha, truth) in alphas.iter().zip(&clip.truth) {
        tally.frame(alpha, truth);
    }
    for (alpha, truth) in alphas.windows(2).zip(clip.truth.windows(2)) {
        tally.step([&alpha[0], &alpha[1]], [&truth[0], &truth[1]]);
    }
    Ok(Row {
        scene: scene.name(),
        size,
        model,
        engine: outcome.engine,
        error: tally.error(),
        overlap: tally.overlap(),
        flicker: tally.flicker(),
        milliseconds: seconds * 1000.0 / alphas.len() as f64,
    })
}

/// The alpha of each frame of an output.
fn alphas(output: &Path, (width, height): (usize, usize)) -> io::Result<Vec<Vec<u8>>> {
    let mut command = clips::ffmpeg();
    command.arg("-i").arg(output).args(["-vf", "alphaextract"]);
    let raw = clips::raw_video(command, "gray")?;
    Ok(raw.chunks_exact(width * height).map(<[u8]>::to_vec).collect())
}
