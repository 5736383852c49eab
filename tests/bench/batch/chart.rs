//! Draws a run over time as SVG: panels below each other that share the axis of time.

use std::fmt::Write as _;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 40.0;
const PANEL: f64 = 150.0;
const GAP: f64 = 44.0;

/// One line or area of a panel.
pub struct Series {
    pub name: &'static str,
    pub color: &'static str,
    /// Whether the space below is filled.
    pub filled: bool,
    /// Time and value; each value holds until the next time.
    pub points: Vec<(f64, f64)>,
}

/// What stands in one panel.
pub struct Panel {
    pub title: &'static str,
    pub series: Vec<Series>,
}

/// A whole picture; `marks` are times with a word each.
pub struct Chart {
    pub title: String,
    pub seconds: f64,
    pub marks: Vec<(f64, String)>,
    pub panels: Vec<Panel>,
}

impl Chart {
    pub fn svg(&self) -> String {
        let height = TOP + self.panels.len() as f64 * (PANEL + GAP) + 8.0;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n\
             <text x=\"{LEFT}\" y=\"22\" font-size=\"15\" fill=\"#222\">{}</text>\n",
            escaped(&self.title)
        );
        for (index, panel) in self.panels.iter().enumerate() {
            let top = TOP + index as f64 * (PANEL + GAP) + 18.0;
            self.draw_panel(&mut svg, panel, top);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn x(&self, time: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (time / self.seconds).clamp(0.0, 1.0)
    }

    fn draw_panel(&self, svg: &mut String, panel: &Panel, top: f64) {
        let values = panel.series.iter().flat_map(|series| &series.points);
        let most = step(values.map(|point| point.1).fold(1.0, f64::max));
        let bottom = top + PANEL - 18.0;
        let y = |value: f64| bottom - (bottom - top) * (value / most).min(1.0);
        self.draw_grid(svg, most, bottom, y);
        let mut at = LEFT;
        let _ = writeln!(
            svg,
            "<text x=\"{at}\" y=\"{:.1}\" fill=\"#222\">{}</text>",
            top - 6.0,
            escaped(panel.title)
        );
        at += 7.0 * panel.title.len() as f64 + 16.0;
        for series in &panel.series {
            let path = self.path(series, y);
            let fill = if series.filled { series.color } else { "none" };
            let area = if series.filled {
                format!("{path} V{bottom:.1} H{:.1} Z", self.x(0.0))
            } else {
                path
            };
            let _ = writeln!(
                svg,
                "<path d=\"{area}\" fill=\"{fill}\" fill-opacity=\"0.35\" stroke=\"{}\" \
                 stroke-width=\"1.3\"/>\n<text x=\"{at:.1}\" y=\"{:.1}\" fill=\"{}\">{}</text>",
                series.color,
                top - 6.0,
                series.color,
                escaped(series.name)
            );
            at += 7.0 * series.name.len() as f64 + 16.0;
        }
    }

    /// Steps through the points, no finer than a third of a pixel.
    fn path(&self, series: &Series, y: impl Fn(f64) -> f64) -> String {
        let mut path = format!("M{:.1} {:.1}", self.x(0.0), y(0.0));
        let mut shown = f64::NAN;
        for (time, value) in &series.points {
            if value.to_bits() != shown.to_bits() {
                let _ = write!(path, " H{:.1} V{:.1}", self.x(*time), y(*value));
                shown = *value;
            }
        }
        let _ = write!(path, " H{:.1}", self.x(self.seconds));
        path
    }

    fn draw_grid(&self, svg: &mut String, most: f64, bottom: f64, y: impl Fn(f64) -> f64) {
        for part in 0..=2 {
            let value = most * f64::from(part) / 2.0;
            let _ = writeln!(
                svg,
                "<path d=\"M{LEFT} {at:.1} H{:.1}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" \
                 text-anchor=\"end\" fill=\"#555\">{value}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y(value) + 4.0,
                at = y(value),
            );
        }
        let every = step(self.seconds / 8.0);
        let mut time = 0.0;
        while time <= self.seconds {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#555\">{time} s</text>",
                self.x(time),
                bottom + 16.0
            );
            time += every;
        }
        for (time, word) in &self.marks {
            let x = self.x(*time);
            let _ = writeln!(
                svg,
                "<path d=\"M{x:.1} {:.1} V{bottom:.1}\" stroke=\"#999\" stroke-dasharray=\"4 3\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" fill=\"#777\">{}</text>",
                y(most),
                x + 4.0,
                y(most) + 11.0,
                escaped(word)
            );
        }
    }
}

/// The next of 1, 2, 5, 10, 20, ... that is not below `value`.
fn step(value: f64) -> f64 {
    let power = 10.0_f64.powf(value.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= value - 1e-9).unwrap_or(value)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
