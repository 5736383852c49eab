//! Measures the sandbox's mattes and prints the tables of `docs/benchmarks.md`, section "Matte":
//!
//! ```text
//! cargo bench --bench matte -- [--rvm FOLDER] [--size 640x360]... [--frames 36] [--keep FOLDER]
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports")]

use std::process::ExitCode;

use rbgv::sandbox::engine::Tools;
use rbgv::sandbox::engine::bench::{Request, run};

fn request(words: impl Iterator<Item = String>) -> Result<Request, String> {
    let mut request =
        Request { tools: Tools::default(), rvm: None, sizes: Vec::new(), frames: 36, keep: None };
    // Cargo adds `--bench`.
    let mut words = words.filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        let wrong = || format!("{word} cannot be {value}");
        match word.as_str() {
            "--rvm" => request.rvm = Some(value.into()),
            "--keep" => request.keep = Some(value.into()),
            "--frames" => request.frames = value.parse().map_err(|_| wrong())?,
            "--size" => {
                let (width, height) = value.split_once('x').ok_or_else(wrong)?;
                let pixels = |text: &str| text.parse().ok().filter(|&pixels| pixels >= 64);
                request.sizes.push(pixels(width).zip(pixels(height)).ok_or_else(wrong)?);
            }
            _ => return Err(format!("unknown option {word}")),
        }
    }
    if request.sizes.is_empty() {
        request.sizes.push((640, 360));
    }
    Ok(request)
}

#[expect(clippy::disallowed_methods, reason = "a program of its own, with its own edge")]
fn main() -> ExitCode {
    let start = std::time::Instant::now();
    let result = request(std::env::args().skip(1)).and_then(|request| {
        run(&request, &|| start.elapsed(), &mut |done| eprintln!("{done}"))
            .map_err(|error| error.to_string())
    });
    match result {
        Ok(report) => {
            println!("{}", report.markdown());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
