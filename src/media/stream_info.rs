//! Length, size and alpha of the video stream in a file, as every parser reports them.

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct StreamInfo {
    /// Seconds of the pictures by their own times, not by a total in a header; `None` if unknown.
    pub(crate) duration: Option<f64>,
    /// Seconds from the start of the file to the end of the pictures: more than `duration` with a
    /// late start or pauses.
    pub(crate) reach: f64,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    /// `None` if only a decoder can tell.
    pub(crate) has_alpha: Option<bool>,
    /// Whether the container states its end.
    pub(crate) complete: bool,
    /// Number of pictures, if counted.
    pub(crate) frames: Option<u64>,
    /// Harmless defect.
    pub(crate) note: Option<StreamDefect>,
}

/// A defect of a file with all of its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamDefect {
    /// A header announces this size in bytes, beyond the end of the file.
    Overrun(u64),
    /// Bytes after the end of the video.
    Tail(u64),
}

impl StreamDefect {
    /// Message that follows the name of the file.
    pub(crate) fn describe(self, size: u64) -> String {
        match self {
            Self::Overrun(end) => format!(
                "its headers announce {end} bytes, it has {size}; all of its pictures are there, so it \
                 is accepted"
            ),
            Self::Tail(bytes) => {
                let bytes = match bytes {
                    1 => "1 byte".to_owned(),
                    more => format!("{more} bytes"),
                };
                format!("{bytes} after the end of the video ignored")
            }
        }
    }
}

/// Rank of a video track as in FFmpeg: by size, default tracks first. Of equals the first wins.
pub fn track_preference(width: u32, height: u32, is_default: bool) -> u64 {
    const DEFAULT_TRACK: u64 = 5_000_000;
    u64::from(width) * u64::from(height) + if is_default { DEFAULT_TRACK } else { 0 }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedLength {
    /// Seconds of the pictures of the input.
    pub seconds: f64,
    /// Including pauses, which a service may fill or drop.
    pub reach: f64,
    /// Mean frame duration of the input in seconds.
    pub frame: Option<f64>,
}

impl ExpectedLength {
    /// The length of an input of which only the seconds are known.
    pub fn of_seconds(seconds: f64) -> Self {
        Self { seconds, reach: seconds, frame: None }
    }
}
