//! The known short clip that the program ships, with what is known of it, for whoever wants to see
//! a background go away: a smoke test, a benchmark, a newcomer.

/// A clip of which the right answer is known.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// An MP4 of 480x480 pixels, with a tone.
    pub video: &'static [u8],
    /// Opacity of the subject in the first picture: a grey PNG of the same size.
    pub mask: &'static [u8],
    /// Where it is open to argument what belongs to the subject, in shares of the picture: left, top,
    /// right, bottom.
    pub doubt: [f64; 4],
}

/// A slow pan over a portrait of the astronaut Eileen Collins (see `assets/README.md`).
pub const SAMPLE: Sample = Sample {
    video: include_bytes!("assets/astronaut.mp4"),
    mask: include_bytes!("assets/astronaut-alpha.png"),
    // The helmet on her arm: some models keep it, others do not, and neither is wrong.
    doubt: [0.5, 0.65, 1.0, 1.0],
};
