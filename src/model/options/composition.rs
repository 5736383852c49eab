//! Position of the subject on a canvas, and its limits.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::names::{OptionError, OutputFormat};

/// Limits of canvas sides and offsets, in pixels.
const MIN_SIDE: u32 = 2;
const MAX_SIDE: u32 = 7_680;

/// Limits of the size factor of the subject.
const SCALE_RANGE: std::ops::RangeInclusive<f64> = 0.01..=10.0;

/// Anchor positions of the subject on a canvas.
const ANCHORS: [&str; 13] = [
    "center",
    "top",
    "bottom",
    "left",
    "right",
    "top-left",
    "top-center",
    "top-right",
    "center-left",
    "center-right",
    "bottom-left",
    "bottom-center",
    "bottom-right",
];

/// Position of the subject on a canvas. Sent only if a field is set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Composition {
    /// Width and height of the output in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canvas: Option<(u32, u32)>,
    /// Wire name of the position on the canvas, such as `bottom-center`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    /// Size factor of the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Offset from the anchor in pixels, right and down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<(i32, i32)>,
    /// A composition written by the user in wire format. Excludes the other fields.
    #[serde(rename = "composition", skip_serializing_if = "Option::is_none")]
    pub verbatim: Option<Value>,
}

impl Composition {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Rejects positions that the service would refuse, and canvases that `format` cannot have.
    pub(super) fn check(&self, format: OutputFormat) -> Result<(), OptionError> {
        if let Some((width, height)) = self.canvas {
            check_canvas(width.into(), height.into())?;
            check_sides(format, "--canvas", width.into(), height.into())?;
        }
        if let Some(anchor) = &self.anchor {
            check_anchor(anchor)?;
        }
        if let Some(scale) = self.scale {
            check_scale(scale)?;
        }
        if let Some((x, y)) = self.offset {
            check_offset(x.into(), y.into())?;
        }
        let Some(verbatim) = &self.verbatim else { return Ok(()) };
        check_verbatim(verbatim)?;
        let side = |name| verbatim.pointer(&format!("/canvas/{name}"))?.as_i64();
        side("width").zip(side("height")).map_or(Ok(()), |(width, height)| {
            check_sides(format, "a composition whose canvas is", width, height)
        })
    }
}

/// MP4 stores colours for blocks of two by two pixels.
fn check_sides(
    format: OutputFormat,
    option: &str,
    width: i64,
    height: i64,
) -> Result<(), OptionError> {
    if format != OutputFormat::Mp4 || (width % 2 == 0 && height % 2 == 0) {
        return Ok(());
    }
    let even = |side: i64| side + side % 2;
    Err(OptionError(format!(
        "mp4 needs an even width and height, not {width}x{height}; use {option} {}x{}, or another \
         format",
        even(width),
        even(height)
    )))
}

fn check_canvas(width: i64, height: i64) -> Result<(), OptionError> {
    let sides = i64::from(MIN_SIDE)..=i64::from(MAX_SIDE);
    if sides.contains(&width) && sides.contains(&height) {
        return Ok(());
    }
    Err(OptionError(format!(
        "canvas {width}x{height} is out of range; use {MIN_SIDE} to {MAX_SIDE} pixels \
         per side"
    )))
}

fn check_anchor(anchor: &str) -> Result<(), OptionError> {
    if ANCHORS.contains(&anchor) {
        return Ok(());
    }
    Err(OptionError(format!("unknown anchor '{anchor}'; known: {}", ANCHORS.join(", "))))
}

fn check_scale(scale: f64) -> Result<(), OptionError> {
    // NaN is outside every range.
    if SCALE_RANGE.contains(&scale) {
        return Ok(());
    }
    Err(OptionError(format!(
        "scale {scale} is out of range; use {} to {}",
        SCALE_RANGE.start(),
        SCALE_RANGE.end()
    )))
}

fn check_offset(x: i64, y: i64) -> Result<(), OptionError> {
    let most = i64::from(MAX_SIDE);
    if (-most..=most).contains(&x) && (-most..=most).contains(&y) {
        return Ok(());
    }
    Err(OptionError(format!("offset {x},{y} is out of range; use -{most} to {most} pixels")))
}

/// Validates the documented fields of a composition; others are passed on.
fn check_verbatim(value: &Value) -> Result<(), OptionError> {
    if !value.is_object() {
        return Err(OptionError("the composition file must contain one JSON object".into()));
    }
    if let Some(canvas) = part(value, "canvas", "an object with width and height")? {
        let side = |name: &str| {
            let side = canvas.get(name).and_then(Value::as_i64);
            side.ok_or_else(|| bad(&format!("canvas.{name}"), "a number of pixels"))
        };
        check_canvas(side("width")?, side("height")?)?;
    }
    let Some(foreground) = part(value, "foreground", "an object with anchor, scale and offset")?
    else {
        return Ok(());
    };
    if let Some(anchor) = present(foreground, "anchor") {
        let anchor = anchor.as_str();
        check_anchor(anchor.ok_or_else(|| bad("foreground.anchor", &ANCHORS.join(", ")))?)?;
    }
    if let Some(scale) = present(foreground, "scale") {
        check_scale(scale.as_f64().ok_or_else(|| bad("foreground.scale", "a number"))?)?;
    }
    if let Some(offset) = part(foreground, "offset", "an object with x and y")? {
        let shift = |name: &str| {
            let Some(shift) = present(offset, name) else { return Ok(0) };
            let field = format!("foreground.offset.{name}");
            shift.as_i64().ok_or_else(|| bad(&field, "a number of pixels"))
        };
        check_offset(shift("x")?, shift("y")?)?;
    }
    Ok(())
}

fn bad(field: &str, what: &str) -> OptionError {
    OptionError(format!("composition: {field} must be {what}"))
}

/// A field that is there and not null.
fn present<'a>(of: &'a Value, field: &str) -> Option<&'a Value> {
    of.get(field).filter(|value| !value.is_null())
}

/// An object in `of`, if there is one.
fn part<'a>(of: &'a Value, field: &str, what: &str) -> Result<Option<&'a Value>, OptionError> {
    match present(of, field) {
        Some(part) if !part.is_object() => Err(bad(field, what)),
        part => Ok(part),
    }
}
