//! The background of an output.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::names::OptionError;

/// Maximum length of a prompt, URL or tag, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 4_096;

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
    pub fn choices() -> String {
        let names: Vec<_> = NAMED.iter().map(|(name, _)| *name).collect();
        format!(
            "use transparent, {}, #rrggbb, the path of an image (png, jpeg, webp or gif), or an \
             http(s) URL of one",
            names.join(", ")
        )
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

/// Rejects URLs that the service cannot reach.
pub(super) fn check_address(text: &str) -> Result<(), String> {
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
