//! What the benchmark found, and how it is shown.

use std::fmt::Write;

/// One engine on one clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What is behind the subject.
    pub scene: &'static str,
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// The model's name, or that of the single engine.
    pub model: String,
    /// Whether this is a single engine without our additions.
    pub single: bool,
    /// What did the work.
    pub engine: &'static str,
    /// Mean absolute error of alpha, 0..1.
    pub error: f64,
    /// Intersection over union of the subject's pixels.
    pub overlap: f64,
    /// Mean absolute change between frames that the truth does not have, 0..1.
    pub flicker: f64,
    /// Milliseconds a frame to find the subject, and to finish its edges.
    pub milliseconds: [f64; 2],
}

/// The whole way of one model, and its steps alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipe {
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// The model's name.
    pub model: String,
    /// Milliseconds a frame to decode, find, finish and compose, and encode, each alone.
    pub steps: [f64; 4],
    /// Milliseconds a frame of the whole, from file to file, without the look at the file before.
    pub whole: f64,
}

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Mattes against known alpha.
    pub rows: Vec<Row>,
    /// The whole way against its steps.
    pub pipes: Vec<Pipe>,
}

impl Report {
    /// The lowest error of a single engine on the clip of `row`.
    fn best_single(&self, row: &Row, engine: &str) -> Option<f64> {
        self.rows
            .iter()
            .filter(|other| other.single && (other.scene, other.size) == (row.scene, row.size))
            .filter(|other| other.engine == engine)
            .map(|other| other.error)
            .min_by(f64::total_cmp)
    }

    /// Tables in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        out.push_str(
            "| clip | size | model | engine | error x1000 | of the single engine | IoU | \
             flicker x1000 | find ms | finish ms |\n|---|---|---|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let of_single = if row.single {
                "single".to_owned()
            } else {
                self.best_single(row, row.engine)
                    .map_or("-".to_owned(), |single| format!("{:.2}", row.error / single))
            };
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "| {} | {}x{} | {} | {} | {:.2} | {of_single} | {:.4} | {:.2} | {:.0} | {:.0} |",
                row.scene,
                row.size.0,
                row.size.1,
                row.model,
                row.engine,
                row.error * 1000.0,
                row.overlap,
                row.flicker * 1000.0,
                row.milliseconds[0],
                row.milliseconds[1],
            );
        }
        if !self.pipes.is_empty() {
            out.push_str(
                "\n| model | size | decode ms | find ms | finish ms | encode ms | whole ms | of \
                 the slowest step | of all steps |\n|---|---|---|---|---|---|---|---|---|\n",
            );
        }
        for pipe in &self.pipes {
            let [decode, find, finish, encode] = pipe.steps;
            let slowest = pipe.steps.into_iter().fold(0.0, f64::max);
            let sum: f64 = pipe.steps.iter().sum();
            let _ = writeln!(
                out,
                "| {} | {}x{} | {decode:.1} | {find:.1} | {finish:.1} | {encode:.1} | {:.1} | \
                 {:.2} | {:.2} |",
                pipe.model,
                pipe.size.0,
                pipe.size.1,
                pipe.whole,
                pipe.whole / slowest,
                pipe.whole / sum,
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_compared_with_the_single_engine_of_their_kind() {
        let row = |model: &str, single, error| Row {
            scene: "green screen",
            size: (64, 48),
            model: model.to_owned(),
            single,
            engine: "chroma-key",
            error,
            overlap: 0.9,
            flicker: 0.001,
            milliseconds: [1.0, 2.0],
        };
        let pipe = Pipe {
            size: (64, 48),
            model: "light".to_owned(),
            steps: [1.0, 2.0, 1.0, 4.0],
            whole: 4.4,
        };
        let rows = vec![row("chroma key", true, 0.004), row("original", false, 0.002)];
        let text = Report { rows, pipes: vec![pipe] }.markdown();
        assert!(text.contains("| original | chroma-key | 2.00 | 0.50 |"), "{text}");
        assert!(text.contains("| 4.4 | 1.10 | 0.55 |"), "{text}");
    }
}
