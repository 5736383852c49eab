//! What was measured, as tables in Markdown.

use std::fmt::Write as _;

/// One model on one clip.
#[derive(Debug)]
pub struct Row {
    /// The scene's name.
    pub scene: &'static str,
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// The model's name.
    pub model: &'static str,
    /// What the sandbox says did the work.
    pub engine: String,
    /// Mean absolute error of alpha, 0..1.
    pub error: f64,
    /// Intersection over union of the subject's pixels.
    pub overlap: f64,
    /// Mean absolute change between frames that the truth does not have, 0..1.
    pub flicker: f64,
    /// Milliseconds a frame from file to file.
    pub milliseconds: f64,
}

/// One table of all rows.
pub fn markdown(rows: &[Row]) -> String {
    let mut out = String::from(
        "| clip | size | model | engine | error x1000 | IoU | flicker x1000 | ms a frame |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| {} | {}x{} | {} | {} | {:.2} | {:.4} | {:.2} | {:.0} |",
            row.scene,
            row.size.0,
            row.size.1,
            row.model,
            row.engine,
            row.error * 1000.0,
            row.overlap,
            row.flicker * 1000.0,
            row.milliseconds,
        );
    }
    out
}
