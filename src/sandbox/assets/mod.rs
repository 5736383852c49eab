//! The sample clip, for a smoke test, a benchmark or a first try.

/// A clip with a known mask.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// An MP4 of 480x480 pixels, with a tone.
    pub video: &'static [u8],
    /// Opacity of the subject in the first picture, as a grey PNG of the same size.
    pub mask: &'static [u8],
    /// Area in which the subject is ambiguous, in shares of the picture: left, top, right, bottom.
    pub doubt: [f64; 4],
}

/// A slow pan over a portrait of the astronaut Eileen Collins (see `README.md`).
pub const SAMPLE: Sample = Sample {
    video: include_bytes!("astronaut.mp4"),
    mask: include_bytes!("astronaut-alpha.png"),
    // The helmet on her arm: some models keep it, others do not.
    doubt: [0.5, 0.65, 1.0, 1.0],
};
