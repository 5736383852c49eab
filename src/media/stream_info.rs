//! Length, size and alpha of the video stream in a file, as every parser reports them.

/// What a file of moving pictures holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamInfo {
    /// Seconds of the pictures, by their own times and never by what a header says of the whole; none
    /// where they do not tell.
    pub(crate) duration: Option<f64>,
    /// Seconds from the start of the file to the end of the pictures: more than `duration` where they
    /// begin late or pause.
    pub(crate) reach: f64,
    pub(crate) width: Option<u32>,
    pub(crate) height: Option<u32>,
    /// Whether the pictures carry alpha; none where that takes a decoder.
    pub(crate) has_alpha: Option<bool>,
    /// Whether the container records its own end.
    pub(crate) complete: bool,
    /// Pictures, where they are counted.
    pub(crate) frames: Option<u64>,
    /// What is wrong with the file and harms no picture.
    pub(crate) note: Option<StreamDefect>,
}

/// What is wrong with a file that has all of its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamDefect {
    /// A header announces bytes up to here, beyond the end.
    Overrun(u64),
    /// This many bytes follow the end.
    Tail(u64),
}

impl StreamDefect {
    /// In words that follow the name of the file.
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

/// How much FFmpeg prefers a track of pictures: by their size, the default track far before others. Of
/// equals it takes the first.
pub fn track_preference(width: u32, height: u32, is_default: bool) -> u64 {
    const DEFAULT_TRACK: u64 = 5_000_000;
    u64::from(width) * u64::from(height) + if is_default { DEFAULT_TRACK } else { 0 }
}

/// How long an output should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedLength {
    /// Seconds of the pictures of the input.
    pub seconds: f64,
    /// The same with the pauses before and between them, which a service may fill or leave out.
    pub reach: f64,
    /// Seconds of one frame of the input, on average.
    pub frame: Option<f64>,
}

impl ExpectedLength {
    /// The length of an input of which nothing else is known.
    pub fn of_seconds(seconds: f64) -> Self {
        Self { seconds, reach: seconds, frame: None }
    }
}
