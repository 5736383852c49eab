//! What a job is asked to do: the options of the contract's *Job request*, as domain types.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Which model works on the video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ModelName {
    /// The service's default.
    #[default]
    Original,
    /// Cheaper and faster.
    Light,
    /// Best quality; understands a text prompt.
    Pro,
    /// For people.
    Human,
}

impl ModelName {
    /// Every model, in the contract's order.
    pub const ALL: [Self; 4] = [Self::Original, Self::Light, Self::Pro, Self::Human];

    /// The service's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Light => "light",
            Self::Pro => "pro",
            Self::Human => "human",
        }
    }
}

/// The file format of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum OutputFormat {
    /// VP9 in WebM, with alpha.
    #[default]
    Webm,
    /// `QuickTime`, with alpha.
    Mov,
    /// MP4: no alpha, so it needs a colour or an image behind the subject.
    Mp4,
    /// Animated GIF, with one-bit alpha.
    Gif,
    /// Animated WebP, with alpha.
    Webp,
    /// An archive of PNG files, with alpha.
    PngSequence,
}

impl OutputFormat {
    /// Every format, in the contract's order.
    pub const ALL: [Self; 6] =
        [Self::Webm, Self::Mov, Self::Mp4, Self::Gif, Self::Webp, Self::PngSequence];

    /// The service's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webm => "webm",
            Self::Mov => "mov",
            Self::Mp4 => "mp4",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::PngSequence => "png_sequence",
        }
    }

    /// The ending of a file in this format, without the dot. A sequence comes as an archive.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::PngSequence => "zip",
            other => other.as_str(),
        }
    }

    /// Whether transparency survives in this format.
    #[must_use]
    pub fn keeps_alpha(self) -> bool {
        self != Self::Mp4
    }
}

macro_rules! words {
    ($type:ty, $what:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = BadOption;

            fn from_str(word: &str) -> Result<Self, BadOption> {
                Self::ALL.into_iter().find(|known| known.as_str() == word).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|k| k.as_str()).collect();
                    BadOption(format!("unknown {} '{word}'; known: {}", $what, known.join(", ")))
                })
            }
        }
    };
}
words!(ModelName, "model");
words!(OutputFormat, "format");

/// Why an option cannot be used, and what to do about it, in words for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadOption(pub String);

/// A colour, normalised to 0..1 as the service has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rgb(pub [f64; 3]);

impl Rgb {
    /// The vendor's green (contract, *Job request*).
    pub const GREEN: Self = Self([0.035, 0.635, 0.274]);

    /// Reads `#rrggbb` or `#rgb`.
    fn from_hex(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let wide: String = match digits.len() {
            3 => digits.chars().flat_map(|c| [c, c]).collect(),
            _ => digits.to_owned(),
        };
        let bytes = hex::decode(&wide).ok()?;
        let [r, g, b]: [u8; 3] = bytes.try_into().ok()?;
        Some(Self([r, g, b].map(|channel| f64::from(channel) / 255.0)))
    }

    /// The nearest `#rrggbb`.
    #[must_use]
    pub fn to_hex(self) -> String {
        // Rounded and clamped to 0..=255 just before, so nothing is lost.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let bytes = self.0.map(|channel| (channel * 255.0).round().clamp(0.0, 255.0) as u8);
        format!("#{}", hex::encode(bytes))
    }
}

/// What stands behind the subject.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Background {
    /// Nothing: the output has alpha.
    #[default]
    Transparent,
    /// One colour.
    Color(Rgb),
    /// A picture at a public address.
    ImageUrl(String),
    /// A picture on this machine, uploaded before the job is made.
    ImageFile(PathBuf),
}

/// The colours that have a name.
const NAMED: [(&str, Rgb); 6] = [
    ("green", Rgb::GREEN),
    ("white", Rgb([1.0, 1.0, 1.0])),
    ("black", Rgb([0.0, 0.0, 0.0])),
    ("blue", Rgb([0.0, 0.0, 1.0])),
    ("red", Rgb([1.0, 0.0, 0.0])),
    ("gray", Rgb([0.5, 0.5, 0.5])),
];

impl FromStr for Background {
    type Err = BadOption;

    /// Reads `transparent`, a colour's name, `#rrggbb`, an http(s) address, or a path.
    fn from_str(text: &str) -> Result<Self, BadOption> {
        if text == "transparent" {
            return Ok(Self::Transparent);
        }
        if let Some((_, color)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(Self::Color(*color));
        }
        if text.starts_with('#') {
            return Rgb::from_hex(text).map(Self::Color).ok_or_else(|| {
                BadOption(format!("'{text}' is no colour; write it as #rrggbb, such as #09a246"))
            });
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Self::ImageUrl(text.to_owned()));
        }
        if text.is_empty() {
            return Err(BadOption(
                "the background is empty; write transparent, a colour, a file or an address".into(),
            ));
        }
        let path = PathBuf::from(text);
        if path.extension().is_none() && !text.contains(std::path::MAIN_SEPARATOR) {
            let names: Vec<_> = NAMED.iter().map(|(name, _)| *name).collect();
            return Err(BadOption(format!(
                "unknown background '{text}'; write transparent, {}, #rrggbb, the path of a picture, or an address",
                names.join(", ")
            )));
        }
        Ok(Self::ImageFile(path))
    }
}

impl fmt::Display for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transparent => f.write_str("transparent"),
            Self::Color(color) => match NAMED.iter().find(|(_, known)| known == color) {
                Some((name, _)) => f.write_str(name),
                None => f.write_str(&color.to_hex()),
            },
            Self::ImageUrl(url) => f.write_str(url),
            Self::ImageFile(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Where the subject stands on a canvas. Sent only when something in it is set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Composition {
    /// Width and height of the output in pixels.
    pub canvas: Option<(u32, u32)>,
    /// The service's word for a place on the canvas, such as `bottom-center`.
    pub anchor: Option<String>,
    /// Size factor of the subject.
    pub scale: Option<f64>,
    /// Shift from the anchor in pixels, right and down.
    pub offset: Option<(i32, i32)>,
    /// A composition as the user wrote it, in the service's own form. Stands alone.
    pub verbatim: Option<serde_json::Value>,
}

impl Composition {
    /// Whether there is anything to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// All that decides what a job makes of its input.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JobOptions {
    /// Which model.
    pub model: ModelName,
    /// Which file format.
    pub format: OutputFormat,
    /// What stands behind the subject.
    pub background: Background,
    /// What to keep, in short noun phrases; only for [`ModelName::Pro`].
    pub prompt: Option<String>,
    /// Where the subject stands.
    pub composition: Composition,
    /// Where the service sends its events. Does not change the result.
    pub webhook_url: Option<String>,
    /// The user's own words, kept with the job. Do not change the result.
    pub tags: BTreeMap<String, String>,
    /// Fields that this version does not know, passed on as they are.
    pub extra: BTreeMap<String, serde_json::Value>,
}

impl JobOptions {
    /// Finds options that contradict each other, before anything is sent or spent.
    ///
    /// # Errors
    /// Says which options and what to do.
    pub fn check(&self) -> Result<(), BadOption> {
        if self.background == Background::Transparent && !self.format.keeps_alpha() {
            return Err(BadOption(format!(
                "{} cannot be transparent; add --background green (or another colour, or a picture), \
                 or choose --format webm or mov",
                self.format
            )));
        }
        if self.prompt.is_some() && self.model != ModelName::Pro {
            return Err(BadOption(format!(
                "--prompt is only understood by the pro model, not by {}; add --model pro or leave the prompt out",
                self.model
            )));
        }
        if self.prompt.as_deref().is_some_and(|prompt| prompt.trim().is_empty()) {
            return Err(BadOption(
                "the prompt is empty; name what to keep, such as --prompt \"person, dog\"".into(),
            ));
        }
        self.check_composition()
    }

    fn check_composition(&self) -> Result<(), BadOption> {
        let c = &self.composition;
        if let Some((width, height)) = c.canvas
            && (width == 0 || height == 0 || width > 16_384 || height > 16_384)
        {
            return Err(BadOption(format!(
                "a canvas of {width}x{height} cannot be made; use 1 to 16384 pixels each way"
            )));
        }
        if let Some(scale) = c.scale
            && !(scale.is_finite() && scale > 0.0)
        {
            return Err(BadOption(format!(
                "a scale of {scale} cannot be made; use a number above 0"
            )));
        }
        if c.verbatim.as_ref().is_some_and(|v| !v.is_object()) {
            return Err(BadOption("the composition file must hold one JSON object".into()));
        }
        Ok(())
    }

    /// One canonical text of everything that changes the result: two jobs with equal text and
    /// equal input make the same output. Webhook and tags are left out.
    #[must_use]
    pub fn result_key(&self) -> String {
        let c = &self.composition;
        let composition = match &c.verbatim {
            Some(own) => sorted(own),
            None => serde_json::json!([
                c.canvas.map(|(w, h)| [w, h]),
                c.anchor,
                c.scale,
                c.offset.map(|(x, y)| [x, y])
            ]),
        };
        let extra: Vec<_> =
            self.extra.iter().map(|(k, v)| serde_json::json!([k, sorted(v)])).collect();
        let background = match &self.background {
            Background::Color(Rgb(channels)) => serde_json::json!(["color", channels]),
            other => serde_json::json!(other.to_string()),
        };
        serde_json::json!([
            1,
            self.model.as_str(),
            self.format.as_str(),
            background,
            self.prompt,
            composition,
            extra
        ])
        .to_string()
    }
}

/// `value` with the keys of every object in order, so that spelling does not matter.
fn sorted(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(map) => {
            let ordered: BTreeMap<_, _> = map.iter().map(|(k, v)| (k.clone(), sorted(v))).collect();
            ordered.into_iter().collect()
        }
        serde_json::Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backgrounds_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<Background>();
        assert_eq!(read("transparent"), Ok(Background::Transparent));
        assert_eq!(read("green"), Ok(Background::Color(Rgb::GREEN)));
        assert_eq!(read("#fff"), Ok(Background::Color(Rgb([1.0, 1.0, 1.0]))));
        assert_eq!(read("#09a246").map(|b| b.to_string()), Ok("green".replace("green", "#09a246")));
        assert_eq!(
            read("https://x.example/a.png"),
            Ok(Background::ImageUrl("https://x.example/a.png".into()))
        );
        assert_eq!(read("a b.png"), Ok(Background::ImageFile("a b.png".into())));
        for bad in ["#12345", "#gggggg", "purpleish", ""] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn contradictions_are_named_with_a_way_out() {
        let mp4 = JobOptions { format: OutputFormat::Mp4, ..JobOptions::default() };
        assert!(mp4.check().unwrap_err().0.contains("--background green"));
        let prompt = JobOptions { prompt: Some("dog".into()), ..JobOptions::default() };
        assert!(prompt.check().unwrap_err().0.contains("--model pro"));
        let pro = JobOptions { model: ModelName::Pro, ..prompt };
        assert_eq!(pro.check(), Ok(()));
        let flat = JobOptions {
            composition: Composition { canvas: Some((0, 9)), ..Composition::default() },
            ..JobOptions::default()
        };
        assert!(flat.check().is_err());
    }

    #[test]
    fn the_result_key_holds_what_changes_the_result_and_no_more() {
        let plain = JobOptions::default();
        let tagged = JobOptions {
            tags: [("a".to_owned(), "b".to_owned())].into(),
            webhook_url: Some("https://hook.example".into()),
            ..plain.clone()
        };
        assert_eq!(plain.result_key(), tagged.result_key());
        let other = JobOptions { model: ModelName::Light, ..plain.clone() };
        assert_ne!(plain.result_key(), other.result_key());
        let spelled = |json: &str| JobOptions {
            composition: Composition {
                verbatim: serde_json::from_str(json).ok(),
                ..Composition::default()
            },
            ..plain.clone()
        };
        assert_eq!(
            spelled(r#"{"a":1,"b":2}"#).result_key(),
            spelled(r#"{"b":2,"a":1}"#).result_key()
        );
    }
}
