//! Bar charts as SVG files, for places where people look at pictures. Pure.

use plotters::prelude::*;

use crate::model::text::escaped;

/// Width and height in pixels.
const SIZE: (u32, u32) = (900, 420);
/// Most labels that fit under the bars.
const LABELS: usize = 10;
/// Longest label, in characters.
const LABEL: usize = 20;
/// The blue of the bars.
const BAR: RGBColor = RGBColor(0x2b, 0x6c, 0xb0);

/// A picture of `bars`, each with a label (may be foreign) and a length. What is no number, or
/// below nothing, has no bar.
///
/// # Errors
/// The picture cannot be drawn, in words.
pub fn bars(title: &str, unit: &str, bars: &[(String, f64)]) -> Result<String, String> {
    let mut picture = String::new();
    draw(&mut picture, title, unit, bars).map_err(|error| error.to_string())?;
    Ok(picture)
}

fn draw(
    picture: &mut String,
    title: &str,
    unit: &str,
    bars: &[(String, f64)],
) -> Result<(), Box<dyn std::error::Error>> {
    let lengths = || {
        bars.iter()
            .map(|(_, length)| *length)
            .enumerate()
            .filter(|(_, l)| l.is_finite() && *l > 0.0)
    };
    let most = lengths().map(|(_, length)| length).fold(0.0, f64::max);
    let top = if most > 0.0 { most * 1.05 } else { 1.0 };
    let labels: Vec<String> =
        bars.iter().map(|(label, _)| escaped(label).chars().take(LABEL).collect()).collect();
    let area = SVGBackend::with_string(picture, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .caption(escaped(title), ("sans-serif", 20))
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d((0..bars.len().max(1)).into_segmented(), 0.0..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .max_light_lines(2)
        .y_desc(unit)
        .x_labels(LABELS)
        .x_label_formatter(&|at| match at {
            SegmentValue::CenterOf(at) => labels.get(*at).cloned().unwrap_or_default(),
            _ => String::new(),
        })
        .draw()?;
    chart.draw_series(
        Histogram::vertical(&chart)
            .style(BAR.filled())
            .margin(if bars.len() > 40 { 1 } else { 4 })
            .data(lengths()),
    )?;
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_bars_and_no_markup_of_others() {
        let days = [
            ("2026-01-01".to_owned(), 16.0),
            ("<script>\u{1b}".to_owned(), 4.0),
            ("c".to_owned(), f64::NAN),
        ];
        let picture = bars("Credits & days", "credits", &days).unwrap();
        assert!(picture.starts_with("<svg ") && picture.trim_end().ends_with("</svg>"));
        assert!(picture.contains("Credits &amp; days") && picture.contains("2026-01-01"));
        assert!(picture.contains("&lt;script&gt;") && !picture.contains("<script"), "{picture}");
        assert!(!picture.chars().any(|c| c.is_control() && c != '\n'));
        assert_eq!(picture.matches("#2B6CB0").count(), 2, "{picture}");
        assert!(bars("nothing", "credits", &[]).unwrap().contains("</svg>"));
    }
}
