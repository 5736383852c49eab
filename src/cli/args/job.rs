//! Job options as flags, for every command that creates jobs.

use std::path::{Path, PathBuf};

use clap::Args;

use super::one_of;
use crate::cli::files::read_text;
use crate::media;
use crate::model::options::OptionError;
use crate::model::{Background, Composition, Failure, JobOptions, ModelName, OutputFormat};
use crate::settings::OptionDefaults;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Job options")]
pub(crate) struct JobArgs {
    /// Model to use [default: original]
    #[arg(long, value_parser = one_of::<ModelName>(ModelName::ALL.iter().map(|model| model.as_str())))]
    model: Option<ModelName>,

    /// Output format [default: webm]
    #[arg(long, value_parser = one_of::<OutputFormat>(OutputFormat::ALL.iter().map(|format| format.as_str())))]
    format: Option<OutputFormat>,

    /// Background: transparent, a colour (green, white, #rrggbb), or an image (file or http(s) URL)
    /// [default: transparent]
    #[arg(long, value_name = "BACKGROUND")]
    background: Option<String>,

    /// What to keep, as short comma-separated phrases (only with --model pro)
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,

    /// Output size in pixels
    #[arg(long, value_name = "WxH", value_parser = parse_canvas)]
    canvas: Option<(u32, u32)>,

    /// Position of the subject on the canvas, such as center, top-left or bottom-center
    #[arg(long, value_name = "PLACE")]
    anchor: Option<String>,

    /// Scale factor of the subject, such as 0.5 or 50%
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true, value_parser = parse_scale)]
    scale: Option<f64>,

    /// Offset of the subject in pixels, to the right and down
    #[arg(long, value_name = "X,Y", value_parser = parse_offset, allow_hyphen_values = true)]
    offset: Option<(i32, i32)>,

    /// Composition as JSON in the service's format, instead of the four options above
    #[arg(long, value_name = "FILE.json", conflicts_with_all = ["canvas", "anchor", "scale", "offset"])]
    composition: Option<PathBuf>,

    /// URL to which the service sends webhooks
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,

    /// Custom tag stored with the job; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_tag)]
    tags: Vec<(String, String)>,

    /// Additional field of the job request, as JSON; may be repeated
    #[arg(long = "set", value_name = "FIELD=JSON", value_parser = parse_set)]
    set: Vec<(String, serde_json::Value)>,
}

impl JobArgs {
    /// The options of the flags, with `defaults` for the rest.
    pub(crate) fn resolve(&self, defaults: &OptionDefaults) -> Result<JobOptions, Failure> {
        let mut tags = defaults.tags.clone();
        tags.extend(self.tags.iter().cloned());
        let background = match &self.background {
            None => defaults.background.clone(),
            Some(text) => {
                text.parse().map_err(|bad: OptionError| Failure::usage("--background", bad.0))?
            }
        };
        let options = JobOptions {
            model: self.model.unwrap_or(defaults.model),
            format: self.format.unwrap_or(defaults.format),
            background,
            prompt: self.prompt.clone(),
            composition: self.composition()?,
            webhook_url: self.webhook_url.clone(),
            tags,
            extra: self.set.iter().cloned().collect(),
        };
        options.check().map_err(|bad| Failure::usage("invalid options", bad.0))?;
        Ok(options)
    }

    fn composition(&self) -> Result<Composition, Failure> {
        let verbatim = self.composition.as_deref().map(read_composition).transpose()?;
        Ok(Composition {
            canvas: self.canvas,
            anchor: self.anchor.clone(),
            scale: self.scale,
            offset: self.offset,
            verbatim,
        })
    }
}

/// The options with the path of a background image made absolute, once the file is known to be an
/// image that can be sent.
pub(crate) fn with_background(
    mut options: JobOptions,
    current_dir: &Path,
) -> Result<JobOptions, Failure> {
    if let Background::ImageFile(path) = &mut options.background {
        let named = path.display().to_string();
        *path = current_dir.join(&*path);
        media::inspect_picture(path).map_err(|bad| {
            let why = format!("{bad}; {}", Background::choices());
            Failure::usage(format!("--background {named}"), why)
        })?;
    }
    Ok(options)
}

fn read_composition(path: &Path) -> Result<serde_json::Value, Failure> {
    let wrong = |why: String| Failure::usage(format!("--composition {}", path.display()), why);
    let text = read_text(path).map_err(wrong)?;
    serde_json::from_str(&text).map_err(|error| wrong(format!("invalid JSON: {error}")))
}

/// Parses a factor such as `0.5` or `50%`.
fn parse_scale(text: &str) -> Result<f64, String> {
    let (number, whole) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    let parsed = number.trim_end().parse::<f64>().map(|number| number / whole);
    parsed.map_err(|_| "expected a factor such as 0.5 or a percentage such as 50%".to_owned())
}

fn parse_canvas(text: &str) -> Result<(u32, u32), String> {
    let (width, height) =
        text.split_once('x').ok_or("expected WIDTHxHEIGHT in pixels, such as 1920x1080")?;
    let side = |side: &str| side.parse().map_err(|_| format!("'{side}' is not a number of pixels"));
    Ok((side(width)?, side(height)?))
}

fn parse_offset(text: &str) -> Result<(i32, i32), String> {
    let (x, y) = text.split_once(',').ok_or("expected X,Y, such as 0,-40")?;
    let shift = |shift: &str| {
        shift.trim().parse().map_err(|_| format!("'{shift}' is not a number of pixels"))
    };
    Ok((shift(x)?, shift(y)?))
}

fn parse_tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, _)) if key.starts_with("rbgv_") => {
            Err(format!("{key} is reserved: rbgv sets it itself; choose another name"))
        }
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

fn parse_set(text: &str) -> Result<(String, serde_json::Value), String> {
    let (field, json) = text.split_once('=').ok_or("expected FIELD=JSON")?;
    if RESERVED.contains(&field) {
        return Err(format!("{field} has a flag of its own, or is set by rbgv itself"));
    }
    if field.is_empty() {
        return Err("the field name is missing".to_owned());
    }
    let value = serde_json::from_str(json).map_err(|error| {
        format!("'{json}' is not valid JSON ({error}); text needs quotes: '\"text\"'")
    })?;
    Ok((field.to_owned(), value))
}

/// Fields that `--set` may not set. `auto_start` would bill before the ledger has recorded the start.
const RESERVED: [&str; 12] = [
    "auto_start",
    "video_url",
    "metadata",
    "model",
    "output_format",
    "bg_type",
    "bg_color",
    "bg_image_url",
    "background",
    "composition",
    "text_prompt",
    "webhook_url",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FailureKind;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        job: JobArgs,
    }

    fn options(words: &[&str]) -> Result<JobOptions, String> {
        let line = std::iter::once("x").chain(words.iter().copied());
        let parsed = Line::try_parse_from(line).map_err(|error| error.to_string())?;
        parsed.job.resolve(&OptionDefaults::default()).map_err(|failure| failure.to_string())
    }

    #[test]
    fn flags_become_options() {
        let all = options(&[
            "--model",
            "pro",
            "--format",
            "mov",
            "--background",
            "#ffffff",
            "--prompt",
            "dog",
            "--canvas",
            "640x480",
            "--anchor",
            "center",
            "--scale",
            "0.5",
            "--offset",
            "-3,4",
            "--tag",
            "a=b=c",
            "--set",
            "new={\"x\":1}",
        ])
        .unwrap();
        assert_eq!(all.composition.canvas, Some((640, 480)));
        let scaled = |scale: &str| options(&["--scale", scale]).unwrap().composition.scale;
        assert_eq!((scaled("50%"), scaled("0.5")), (Some(0.5), Some(0.5)));
        assert_eq!(all.composition.offset, Some((-3, 4)));
        assert_eq!(all.tags["a"], "b=c");
        assert_eq!(all.extra["new"], serde_json::json!({"x": 1}));
    }

    #[test]
    fn mistakes_are_caught_with_advice() {
        for (words, expected) in [
            (vec!["--format", "mp4"], "--background green"),
            (vec!["--prompt", "dog"], "--model pro"),
            (vec!["--canvas", "640"], "1920x1080"),
            (vec!["--set", "auto_start=true"], "set by rbgv itself"),
            (vec!["--set", "x=word"], "text needs quotes"),
            (vec!["--tag", "=v"], "KEY=VALUE"),
            (vec!["--model", "best"], "original"),
            (vec!["--composition", "x.json", "--scale", "1"], "cannot be used with"),
            (vec!["--background", "purpleish"], "unknown background"),
            (vec!["--background", ""], "transparent, green"),
            (vec!["--scale", "NaN"], "0.01 to 10"),
            (vec!["--scale", "-1"], "0.01 to 10"),
            (vec!["--scale", "5000%"], "0.01 to 10"),
            (vec!["--scale", "half"], "50%"),
            (vec!["--scale", "%"], "50%"),
            (
                vec!["--canvas", "101x101", "--format", "mp4", "--background", "green"],
                "--canvas 102x102",
            ),
            (vec!["--canvas=-5x5"], "pixels"),
            (vec!["--canvas", "0x0"], "2 to 7680"),
            (vec!["--anchor", "moon"], "top-left"),
            (vec!["--webhook-url", "hook"], "--webhook-url"),
            (vec!["--set", "text_prompt=\"dog\""], "has a flag"),
            (vec!["--tag", "rbgv_id=1"], "rbgv sets it itself"),
        ] {
            let message = options(&words).unwrap_err();
            assert!(message.contains(expected), "{words:?}: {message}");
        }
    }

    #[test]
    fn a_background_that_is_no_picture_is_named_with_the_choices() {
        let dir = tempfile::tempdir().unwrap();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media");
        let of = |file: &str| {
            let background = Background::ImageFile(file.into());
            with_background(JobOptions { background, ..JobOptions::default() }, dir.path())
        };
        std::fs::copy(root.join("opaque.png"), dir.path().join("sea.jpg")).unwrap();
        let path = dir.path().join("sea.jpg");
        assert_eq!(of("sea.jpg").unwrap().background, Background::ImageFile(path));
        std::fs::copy(root.join("plain.mp4"), dir.path().join("clip.png")).unwrap();
        for (file, word) in
            [("clip.png", "an MP4 video"), ("0.5,0.5,0.5", "no such file"), ("./", "a directory")]
        {
            let refused = of(file).unwrap_err();
            assert_eq!(refused.kind, FailureKind::Usage);
            assert!(refused.what.contains(file) && refused.why.contains(word), "{refused}");
            assert!(refused.why.contains("transparent, green"), "{refused}");
        }
    }

    #[test]
    fn defaults_stand_below_flags() {
        let defaults = OptionDefaults {
            format: OutputFormat::Gif,
            tags: [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())].into(),
            ..OptionDefaults::default()
        };
        let line = Line::parse_from(["x", "--tag", "a=9"]);
        let options = line.job.resolve(&defaults).unwrap();
        assert_eq!(options.format, OutputFormat::Gif);
        assert_eq!((options.tags["a"].as_str(), options.tags["b"].as_str()), ("9", "2"));
    }
}
