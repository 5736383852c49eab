//! Options of a job (contract, *Job request*) as domain types.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// The matting model.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    IntoStaticStr,
    VariantArray,
    Serialize,
    Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ModelName {
    /// Default of the service.
    #[default]
    Original,
    /// Cheaper and faster.
    Light,
    /// Best quality; supports a text prompt.
    Pro,
    /// For people.
    Human,
}

impl ModelName {
    /// All models, in the order of the contract.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// File format of the output.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    IntoStaticStr,
    VariantArray,
    Serialize,
    Deserialize,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum OutputFormat {
    /// VP9 in WebM, with alpha.
    #[default]
    Webm,
    /// `QuickTime`, with alpha.
    Mov,
    /// MP4: no alpha, so it needs a colour or an image as background.
    Mp4,
    /// Animated GIF, with one-bit alpha.
    Gif,
    /// Animated WebP, with alpha.
    Webp,
    /// An archive of PNG files, with alpha.
    PngSequence,
}

impl OutputFormat {
    /// All formats, in the order of the contract.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// File extension, without the dot. A sequence is an archive.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::PngSequence => "zip",
            other => other.as_str(),
        }
    }

    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Webm => "video/webm",
            Self::Mov => "video/quicktime",
            Self::Mp4 => "video/mp4",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::PngSequence => "application/zip",
        }
    }

    /// The format has an alpha channel.
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
            type Err = OptionError;

            fn from_str(word: &str) -> Result<Self, OptionError> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|k| k.as_str()).collect();
                    OptionError(format!("unknown {} '{word}'; known: {}", $what, known.join(", ")))
                })
            }
        }
    };
}
words!(ModelName, "model");
words!(OutputFormat, "format");

/// An invalid option and its remedy, as a message to the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OptionError(pub String);

/// A colour with channels in 0..1, as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rgb(pub [f64; 3]);

impl Rgb {
    /// The vendor's green (contract, *Job request*).
    pub const GREEN: Self = Self([0.035, 0.635, 0.274]);

    /// Parses `#rrggbb` or `#rgb`.
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
        // Lossless: rounded and clamped to 0..=255.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let bytes = self.0.map(|channel| (channel * 255.0).round().clamp(0.0, 255.0) as u8);
        format!("#{}", hex::encode(bytes))
    }
}

/// The background of the output.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Background {
    /// None: the output has alpha.
    #[default]
    Transparent,
    Color(Rgb),
    /// An image at a public URL.
    ImageUrl(String),
    /// A local image, uploaded before the job is created.
    ImageFile(#[serde(with = "hex_path")] PathBuf),
}

/// The hex digits of a path, which need not be UTF-8.
mod hex_path {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    use std::path::{Path, PathBuf};

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(path.as_os_str().as_bytes()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
        let bytes = hex::decode(String::deserialize(from)?).map_err(D::Error::custom)?;
        Ok(OsString::from_vec(bytes).into())
    }
}

/// Named colours.
const NAMED: [(&str, Rgb); 6] = [
    ("green", Rgb::GREEN),
    ("white", Rgb([1.0, 1.0, 1.0])),
    ("black", Rgb([0.0, 0.0, 0.0])),
    ("blue", Rgb([0.0, 0.0, 1.0])),
    ("red", Rgb([1.0, 0.0, 0.0])),
    ("gray", Rgb([0.5, 0.5, 0.5])),
];

impl FromStr for Background {
    type Err = OptionError;

    /// Parses `transparent`, a colour name, `#rrggbb`, an http(s) URL, or a path.
    fn from_str(text: &str) -> Result<Self, OptionError> {
        if text.eq_ignore_ascii_case("transparent") {
            return Ok(Self::Transparent);
        }
        if let Some((_, color)) = NAMED.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)) {
            return Ok(Self::Color(*color));
        }
        if text.starts_with('#') {
            return Rgb::from_hex(text).map(Self::Color).ok_or_else(|| {
                OptionError(format!("'{text}' is not a colour; use #rrggbb, such as #09a246"))
            });
        }
        if text.contains("://") {
            return match check_address(text) {
                Ok(()) => Ok(Self::ImageUrl(text.to_owned())),
                Err(why) => Err(OptionError(format!("{why}; {}", Self::choices()))),
            };
        }
        if text.is_empty() {
            return Err(OptionError(format!("the background is empty; {}", Self::choices())));
        }
        let path = PathBuf::from(text);
        if path.extension().is_none() && !text.contains(std::path::MAIN_SEPARATOR) {
            return Err(OptionError(format!("unknown background '{text}'; {}", Self::choices())));
        }
        Ok(Self::ImageFile(path))
    }
}

impl Background {
    /// The accepted values, as the second sentence of an error message.
    #[must_use]
    pub fn choices() -> String {
        let names: Vec<_> = NAMED.iter().map(|(name, _)| *name).collect();
        format!(
            "use transparent, {}, #rrggbb, the path of an image (png, jpeg, webp or gif), or an \
             http(s) URL of one",
            names.join(", ")
        )
    }
}

/// Rejects URLs that the service cannot reach.
fn check_address(text: &str) -> Result<(), String> {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        None => return Err("not an http or https URL".to_owned()),
        Some("http" | "https") => {}
        Some(other) => return Err(format!("{other} URLs are not supported")),
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(format!("the URL is longer than {MAX_TEXT_BYTES} bytes"));
    }
    match url::Url::parse(text) {
        Ok(url) if url.host().is_some() => Ok(()),
        Ok(_) => Err("the URL has no host".to_owned()),
        Err(error) => Err(format!("not a URL: {error}")),
    }
}

/// Maximum length of a prompt, URL or tag, in bytes.
const MAX_TEXT_BYTES: usize = 4_096;

/// Limits of canvas sides and offsets, in pixels.
const MIN_SIDE: u32 = 2;
const MAX_SIDE: u32 = 7_680;

/// Limits of the size factor of the subject.
const SCALE_RANGE: std::ops::RangeInclusive<f64> = 0.01..=10.0;

/// Anchor positions of the subject on a canvas.
const ANCHORS: [&str; 13] = [
    "center",
    "top",
    "bottom",
    "left",
    "right",
    "top-left",
    "top-center",
    "top-right",
    "center-left",
    "center-right",
    "bottom-left",
    "bottom-center",
    "bottom-right",
];

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

/// Position of the subject on a canvas. Sent only if a field is set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Composition {
    /// Width and height of the output in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canvas: Option<(u32, u32)>,
    /// Wire name of the position on the canvas, such as `bottom-center`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    /// Size factor of the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Offset from the anchor in pixels, right and down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<(i32, i32)>,
    /// A composition written by the user in wire format. Excludes the other fields.
    #[serde(rename = "composition", skip_serializing_if = "Option::is_none")]
    pub verbatim: Option<serde_json::Value>,
}

impl Composition {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// All options that determine the output of a job, and how its completion is reported.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct JobOptions {
    pub model: ModelName,
    pub format: OutputFormat,
    pub background: Background,
    /// What to preserve, in short noun phrases; only for [`ModelName::Pro`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    #[serde(flatten)]
    pub composition: Composition,
    /// URL for webhooks. Does not affect the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// User-defined tags, stored with the job. Do not affect the output.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Additional request fields, passed on unmodified.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, serde_json::Value>,
}

impl JobOptions {
    /// Rejects contradictory options before anything is sent or billed.
    ///
    /// # Errors
    /// The options concerned, and the remedy.
    pub fn check(&self) -> Result<(), OptionError> {
        if self.background == Background::Transparent && !self.format.keeps_alpha() {
            return Err(OptionError(format!(
                "{} cannot be transparent; add --background green (or another colour or an \
                 image), or use --format webm or mov",
                self.format
            )));
        }
        if self.prompt.is_some() && self.model != ModelName::Pro {
            return Err(OptionError(format!(
                "--prompt only works with the pro model, not with {}; add --model pro or remove \
                 --prompt",
                self.model
            )));
        }
        if self.prompt.as_deref().is_some_and(|prompt| prompt.trim().is_empty()) {
            return Err(OptionError(
                "the prompt is empty; say what to keep, such as --prompt \"person, dog\"".into(),
            ));
        }
        self.check_texts()?;
        self.check_composition()
    }

    fn check_composition(&self) -> Result<(), OptionError> {
        let c = &self.composition;
        if let Some((width, height)) = c.canvas {
            check_canvas(width.into(), height.into())?;
            self.check_sides("--canvas", width.into(), height.into())?;
        }
        if let Some(anchor) = &c.anchor {
            check_anchor(anchor)?;
        }
        if let Some(scale) = c.scale {
            check_scale(scale)?;
        }
        if let Some((x, y)) = c.offset {
            check_offset(x.into(), y.into())?;
        }
        let Some(verbatim) = &c.verbatim else { return Ok(()) };
        check_verbatim(verbatim)?;
        let side = |name| verbatim.pointer(&format!("/canvas/{name}"))?.as_i64();
        side("width").zip(side("height")).map_or(Ok(()), |(width, height)| {
            self.check_sides("a composition whose canvas is", width, height)
        })
    }

    /// MP4 stores colours for blocks of two by two pixels.
    fn check_sides(&self, option: &str, width: i64, height: i64) -> Result<(), OptionError> {
        if self.format != OutputFormat::Mp4 || (width % 2 == 0 && height % 2 == 0) {
            return Ok(());
        }
        let even = |side: i64| side + side % 2;
        Err(OptionError(format!(
            "mp4 needs an even width and height, not {width}x{height}; use {option} {}x{}, or another \
             format",
            even(width),
            even(height)
        )))
    }

    fn check_texts(&self) -> Result<(), OptionError> {
        let long = |what: &str| {
            Err(OptionError(format!(
                "{what} is longer than {MAX_TEXT_BYTES} bytes; make it shorter"
            )))
        };
        if self.prompt.as_deref().is_some_and(|prompt| prompt.len() > MAX_TEXT_BYTES) {
            return long("the prompt");
        }
        if let Some((key, _)) =
            self.tags.iter().find(|(key, value)| key.len() + value.len() > MAX_TEXT_BYTES)
        {
            let key: String = key.chars().take(40).collect();
            return long(&format!("the tag {key}"));
        }
        if let Some(url) = &self.webhook_url {
            check_address(url).map_err(|why| {
                OptionError(format!(
                    "--webhook-url: {why}; use a URL at which the service reaches your listener, \
                     such as https://hooks.example/rbgv"
                ))
            })?;
        }
        Ok(())
    }

    /// Canonical text of all options that affect the output: jobs with the same text and the same
    /// input have the same output. Excludes webhook and tags.
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

fn check_canvas(width: i64, height: i64) -> Result<(), OptionError> {
    let sides = i64::from(MIN_SIDE)..=i64::from(MAX_SIDE);
    if sides.contains(&width) && sides.contains(&height) {
        return Ok(());
    }
    Err(OptionError(format!(
        "canvas {width}x{height} is out of range; use {MIN_SIDE} to {MAX_SIDE} pixels \
         per side"
    )))
}

fn check_anchor(anchor: &str) -> Result<(), OptionError> {
    if ANCHORS.contains(&anchor) {
        return Ok(());
    }
    Err(OptionError(format!("unknown anchor '{anchor}'; known: {}", ANCHORS.join(", "))))
}

fn check_scale(scale: f64) -> Result<(), OptionError> {
    // NaN is outside every range.
    if SCALE_RANGE.contains(&scale) {
        return Ok(());
    }
    Err(OptionError(format!(
        "scale {scale} is out of range; use {} to {}",
        SCALE_RANGE.start(),
        SCALE_RANGE.end()
    )))
}

fn check_offset(x: i64, y: i64) -> Result<(), OptionError> {
    let most = i64::from(MAX_SIDE);
    if (-most..=most).contains(&x) && (-most..=most).contains(&y) {
        return Ok(());
    }
    Err(OptionError(format!("offset {x},{y} is out of range; use -{most} to {most} pixels")))
}

/// Validates the documented fields of a composition; others are passed on.
fn check_verbatim(value: &serde_json::Value) -> Result<(), OptionError> {
    let bad = |field: &str, what: &str| OptionError(format!("composition: {field} must be {what}"));
    let part = |of: &serde_json::Value, field: &str, what: &str| match of.get(field) {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(part) if part.is_object() => Ok(Some(part.clone())),
        Some(_) => Err(bad(field, what)),
    };
    if !value.is_object() {
        return Err(OptionError("the composition file must contain one JSON object".into()));
    }
    if let Some(canvas) = part(value, "canvas", "an object with width and height")? {
        let side = |name: &str| {
            let side = canvas.get(name).and_then(serde_json::Value::as_i64);
            side.ok_or_else(|| bad(&format!("canvas.{name}"), "a number of pixels"))
        };
        check_canvas(side("width")?, side("height")?)?;
    }
    let Some(foreground) = part(value, "foreground", "an object with anchor, scale and offset")?
    else {
        return Ok(());
    };
    match foreground.get("anchor") {
        None | Some(serde_json::Value::Null) => {}
        Some(serde_json::Value::String(anchor)) => check_anchor(anchor)?,
        Some(_) => return Err(bad("foreground.anchor", &ANCHORS.join(", "))),
    }
    match foreground.get("scale") {
        None | Some(serde_json::Value::Null) => {}
        Some(scale) => {
            let scale = scale.as_f64().ok_or_else(|| bad("foreground.scale", "a number"))?;
            check_scale(scale)?;
        }
    }
    if let Some(offset) = part(&foreground, "offset", "an object with x and y")? {
        let shift = |name: &str| match offset.get(name) {
            None | Some(serde_json::Value::Null) => Ok(0),
            Some(shift) => shift
                .as_i64()
                .ok_or_else(|| bad(&format!("foreground.offset.{name}"), "a number of pixels")),
        };
        check_offset(shift("x")?, shift("y")?)?;
    }
    Ok(())
}

/// `value` with sorted object keys, so that their order does not matter.
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
        assert_eq!(read("White"), Ok(Background::Color(Rgb([1.0, 1.0, 1.0]))));
        assert!(matches!(read("HTTPS://x.example/a.png"), Ok(Background::ImageUrl(_))));
        for bad in ["#12345", "#gggggg", "#gray"] {
            assert!(read(bad).unwrap_err().0.contains("#rrggbb"), "{bad}");
        }
        for bad in ["purpleish", "", " ", "ftp://x.example/a.png", "https://", "file:///a.png"] {
            let message = read(bad).unwrap_err().0;
            assert!(message.contains("transparent, green, white"), "{bad}: {message}");
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
    }

    #[test]
    fn what_the_service_would_refuse_is_refused_here_with_the_choices() {
        let placed = |composition: Composition| {
            JobOptions { composition, ..JobOptions::default() }.check().map_err(|bad| bad.0)
        };
        let plain = Composition::default();
        for canvas in [(0, 9), (9, 0), (1, 1), (7_681, 9), (9, u32::MAX)] {
            let refused = placed(Composition { canvas: Some(canvas), ..plain.clone() });
            assert!(refused.unwrap_err().contains("2 to 7680"), "{canvas:?}");
        }
        let as_mp4 = |format, canvas| {
            let composition = Composition { canvas: Some(canvas), ..plain.clone() };
            let background = Background::Color(Rgb::GREEN);
            JobOptions { format, background, composition, ..JobOptions::default() }.check()
        };
        for canvas in [(101, 100), (100, 101), (7_679, 101)] {
            let refused = as_mp4(OutputFormat::Mp4, canvas).unwrap_err().0;
            assert!(refused.contains("even") && refused.contains("--canvas"), "{refused}");
            assert_eq!(as_mp4(OutputFormat::Webm, canvas), Ok(()));
        }
        assert_eq!(as_mp4(OutputFormat::Mp4, (102, 100)), Ok(()));
        let verbatim = serde_json::json!({"canvas": {"width": 101, "height": 100}});
        let verbatim = Composition { verbatim: Some(verbatim), ..plain.clone() };
        let background = Background::Color(Rgb::GREEN);
        let format = OutputFormat::Mp4;
        let options =
            JobOptions { format, background, composition: verbatim, ..JobOptions::default() };
        assert!(options.check().unwrap_err().0.contains("102x100"));
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9, 1e-9] {
            let refused = placed(Composition { scale: Some(scale), ..plain.clone() });
            assert!(refused.unwrap_err().contains("0.01 to 10"), "{scale}");
        }
        for anchor in ["middle", "", "Top-Left", "bottom center", "left-top"] {
            let refused = placed(Composition { anchor: Some(anchor.into()), ..plain.clone() });
            assert!(refused.unwrap_err().contains("bottom-center"), "{anchor}");
        }
        let offset = Some((i32::MIN, 0));
        assert!(placed(Composition { offset, ..plain.clone() }).is_err());
        for (json, word) in [
            ("[]", "one JSON object"),
            (r#"{"canvas": 5}"#, "canvas"),
            (r#"{"canvas": {"width": 0, "height": 5}}"#, "2 to 7680"),
            (r#"{"canvas": {"width": "1920", "height": 1080}}"#, "canvas.width"),
            (r#"{"foreground": []}"#, "foreground"),
            (r#"{"foreground": {"anchor": 4}}"#, "center"),
            (r#"{"foreground": {"anchor": "moon"}}"#, "center"),
            (r#"{"foreground": {"scale": "big"}}"#, "scale"),
            (r#"{"foreground": {"scale": 0}}"#, "0.01 to 10"),
            (r#"{"foreground": {"offset": {"x": 99999}}}"#, "out of range"),
        ] {
            let verbatim = Some(serde_json::from_str(json).unwrap());
            let refused = placed(Composition { verbatim, ..plain.clone() }).unwrap_err();
            assert!(refused.contains(word), "{json}: {refused}");
        }
        let good = r#"{"canvas": {"width": 640, "height": 480}, "new": 1,
            "foreground": {"anchor": "top-left", "scale": 0.5, "offset": {"x": -4}}}"#;
        let verbatim = Some(serde_json::from_str(good).unwrap());
        assert_eq!(placed(Composition { verbatim, ..plain }), Ok(()));
        for hook in ["hooks.example", "ftp://hooks.example/", "https://", "file:///etc/passwd", ""]
        {
            let webhook_url = Some(hook.to_owned());
            let refused = JobOptions { webhook_url, ..JobOptions::default() }.check();
            assert!(refused.unwrap_err().0.contains("--webhook-url"), "{hook}");
        }
        let tags = [("k".to_owned(), "v".repeat(5_000))].into();
        assert!(JobOptions { tags, ..JobOptions::default() }.check().is_err());
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
