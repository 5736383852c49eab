//! Models and formats by their names on the wire.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// The matting model.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, IntoStaticStr, VariantArray, Serialize, Deserialize,
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
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// File format of the output.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, IntoStaticStr, VariantArray, Serialize, Deserialize,
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
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// File extension, without the dot. A sequence is an archive.
    pub fn extension(self) -> &'static str {
        match self {
            Self::PngSequence => "zip",
            other => other.as_str(),
        }
    }

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
