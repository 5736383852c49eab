//! Parameters of a job: parsing and checking the body of a create or start.
//!
//! Unknown fields are ignored; known fields of a wrong type or value are errors that name the
//! field.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::pricing;
use super::refusal::Refusal;
use crate::sandbox::engine::CanvasLayout;

/// The vendor's default green (contract, *Job request*).
const GREEN: [f32; 3] = [0.035, 0.635, 0.274];
const FORMATS: [&str; 6] = ["webm", "mov", "mp4", "gif", "webp", "png_sequence"];
const LARGEST_SIDE: u64 = 7680;
const LONGEST_TEXT: usize = 4096;

/// The requested background.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum RequestedBackground {
    Transparent,
    Color([f32; 3]),
    Image(String),
}

/// A checked request; its uploads and URLs are resolved later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobRequest {
    pub(crate) video_url: String,
    pub(crate) model: String,
    pub(crate) format: String,
    pub(crate) background: RequestedBackground,
    pub(crate) layout: CanvasLayout,
    pub(crate) text_prompt: Option<String>,
    pub(crate) webhook_url: Option<String>,
    pub(crate) metadata: Value,
    pub(crate) auto_start: bool,
}

impl JobRequest {
    pub(crate) fn create(fields: &Map<String, Value>) -> Result<Self, Refusal> {
        let video_url =
            text(fields, "video_url")?.ok_or_else(|| Refusal::invalid("video_url is required"))?;
        let blank = Self {
            video_url,
            model: "original".to_owned(),
            format: "webm".to_owned(),
            background: RequestedBackground::Transparent,
            layout: CanvasLayout::default(),
            text_prompt: None,
            webhook_url: None,
            metadata: Value::Null,
            auto_start: true,
        };
        blank.changed(fields)
    }

    /// The request overridden by the fields of a start body.
    pub(crate) fn changed(&self, fields: &Map<String, Value>) -> Result<Self, Refusal> {
        let mut request = self.clone();
        if let Some(model) = choice(fields, "model", &pricing::models().collect::<Vec<_>>())? {
            request.model = model;
        }
        if let Some(format) = choice(fields, "output_format", &FORMATS)? {
            request.format = format;
        }
        if let Some(background) = background(fields)? {
            request.background = background;
        }
        if let Some(composition) = object(fields, "composition")? {
            request.layout = layout(composition)?;
        }
        if let Some(prompt) = text(fields, "text_prompt")? {
            request.text_prompt = Some(prompt);
        }
        if let Some(url) = text(fields, "webhook_url")? {
            request.webhook_url = Some(web_address("webhook_url", url)?);
        }
        if let Some(metadata) = object(fields, "metadata")? {
            request.metadata = Value::Object(metadata.clone());
        }
        if let Some(auto_start) = present(fields, "auto_start") {
            request.auto_start = auto_start
                .as_bool()
                .ok_or_else(|| Refusal::invalid("auto_start must be true or false"))?;
        }
        Ok(request)
    }

    /// Refuses what no video can satisfy. Checked at the start, since a draft may still be
    /// completed.
    pub(crate) fn check_startable(&self) -> Result<(), Refusal> {
        if self.format == "mp4" && self.background == RequestedBackground::Transparent {
            return Err(Refusal::invalid(
                "output_format mp4 cannot be transparent: choose a background color or image",
            ));
        }
        Ok(())
    }
}

fn present<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    let Some(value) = present(fields, name) else { return Ok(None) };
    match value.as_str() {
        Some(text) if text.len() <= LONGEST_TEXT => Ok(Some(text.to_owned())),
        Some(_) => Err(Refusal::invalid(format!("{name} is too long"))),
        None => Err(Refusal::invalid(format!("{name} must be a string"))),
    }
}

fn choice(
    fields: &Map<String, Value>,
    name: &str,
    words: &[&str],
) -> Result<Option<String>, Refusal> {
    let Some(word) = text(fields, name)? else { return Ok(None) };
    if words.contains(&word.as_str()) {
        return Ok(Some(word));
    }
    Err(Refusal::invalid(format!("Invalid {name}: choose one of {}", words.join(", "))))
}

fn object<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, Refusal> {
    let Some(value) = present(fields, name) else { return Ok(None) };
    value.as_object().map(Some).ok_or_else(|| Refusal::invalid(format!("{name} must be an object")))
}

fn number(fields: &Map<String, Value>, name: &str) -> Result<Option<f64>, Refusal> {
    let Some(value) = present(fields, name) else { return Ok(None) };
    value.as_f64().map(Some).ok_or_else(|| Refusal::invalid(format!("{name} must be a number")))
}

fn web_address(name: &str, url: String) -> Result<String, Refusal> {
    match url::Url::parse(&url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => Ok(url),
        _ => Err(Refusal::invalid(format!("{name} must be an http or https address"))),
    }
}

/// The newer `background` object overrides the older `bg_*` fields.
fn background(fields: &Map<String, Value>) -> Result<Option<RequestedBackground>, Refusal> {
    if let Some(newer) = object(fields, "background")? {
        let kind = text(newer, "type")?.unwrap_or_else(|| "transparent".to_owned());
        return background_of(&kind, newer, "color", "image_url", "background.").map(Some);
    }
    match text(fields, "bg_type")? {
        Some(kind) => background_of(&kind, fields, "bg_color", "bg_image_url", "").map(Some),
        None => Ok(None),
    }
}

fn background_of(
    kind: &str,
    fields: &Map<String, Value>,
    color_field: &str,
    image_field: &str,
    prefix: &str,
) -> Result<RequestedBackground, Refusal> {
    match kind {
        "transparent" => Ok(RequestedBackground::Transparent),
        "green" => Ok(RequestedBackground::Color(GREEN)),
        "white" => Ok(RequestedBackground::Color([1.0; 3])),
        "black" => Ok(RequestedBackground::Color([0.0; 3])),
        "blue" => Ok(RequestedBackground::Color([0.0, 0.0, 1.0])),
        "color" | "custom" => match present(fields, color_field) {
            Some(value) => color(value).map(RequestedBackground::Color).ok_or_else(|| {
                Refusal::invalid(format!(
                    "{prefix}{color_field} must be three numbers in 0..1 or \"#rrggbb\""
                ))
            }),
            None => Ok(RequestedBackground::Color(GREEN)),
        },
        "image" => match text(fields, image_field)? {
            Some(url) => web_address(image_field, url).map(RequestedBackground::Image),
            None => {
                Err(Refusal::invalid(format!("{prefix}{image_field} is required with an image")))
            }
        },
        _ => Err(Refusal::invalid(format!("Invalid background type: {kind}"))),
    }
}

fn color(value: &Value) -> Option<[f32; 3]> {
    if let Some(text) = value.as_str() {
        let digits = text.strip_prefix('#')?;
        let mut bytes = [0; 3];
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        return Some(bytes.map(|byte| f32::from(byte) / 255.0));
    }
    let channels = value.as_array().filter(|channels| channels.len() == 3)?;
    let mut color = [0.0; 3];
    for (channel, value) in color.iter_mut().zip(channels) {
        let value = value.as_f64().filter(|value| (0.0..=1.0).contains(value))?;
        #[expect(clippy::cast_possible_truncation, reason = "0..1 fits any float")]
        {
            *channel = value as f32;
        }
    }
    Some(color)
}

fn layout(composition: &Map<String, Value>) -> Result<CanvasLayout, Refusal> {
    let mut layout = CanvasLayout::default();
    if let Some(canvas) = object(composition, "canvas")? {
        layout.canvas = Some((side(canvas, "width")?, side(canvas, "height")?));
    }
    let Some(foreground) = object(composition, "foreground")? else { return Ok(layout) };
    if let Some(anchor) = text(foreground, "anchor")? {
        layout.anchor = Some(known_anchor(&anchor)?);
    }
    if let Some(scale) = number(foreground, "scale")? {
        if !(0.01..=10.0).contains(&scale) {
            return Err(Refusal::invalid("composition.foreground.scale must be 0.01 to 10"));
        }
        layout.scale = Some(scale);
    }
    if let Some(offset) = object(foreground, "offset")? {
        layout.offset = Some((shift(offset, "x")?, shift(offset, "y")?));
    }
    Ok(layout)
}

fn side(canvas: &Map<String, Value>, name: &str) -> Result<u32, Refusal> {
    present(canvas, name)
        .and_then(Value::as_u64)
        .filter(|side| (2..=LARGEST_SIDE).contains(side))
        .and_then(|side| u32::try_from(side).ok())
        .ok_or_else(|| {
            Refusal::invalid(format!("composition.canvas.{name} must be 2 to {LARGEST_SIDE}"))
        })
}

fn shift(offset: &Map<String, Value>, name: &str) -> Result<i32, Refusal> {
    let pixels = number(offset, name)?.unwrap_or(0.0);
    if pixels.abs() > LARGEST_SIDE as f64 {
        return Err(Refusal::invalid(format!("composition.foreground.offset.{name} is too large")));
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded just above")]
    let whole = pixels.round() as i32;
    Ok(whole)
}

/// One of nine anchors, with hyphens.
fn known_anchor(anchor: &str) -> Result<String, Refusal> {
    let word = anchor.to_ascii_lowercase().replace('_', "-");
    let known = ["top", "center", "bottom", "left", "right"].contains(&word.as_str())
        || word.split_once('-').is_some_and(|(vertical, horizontal)| {
            ["top", "center", "bottom"].contains(&vertical)
                && ["left", "center", "right"].contains(&horizontal)
        });
    if known {
        Ok(word)
    } else {
        Err(Refusal::invalid("Invalid composition.foreground.anchor: such as center, top-left"))
    }
}

/// Reads a body as a create, and as the start of its job; and as a stored job.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_request(body: &[u8]) {
    let _ = serde_json::from_slice::<JobRequest>(body);
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else { return };
    if let Ok(request) = JobRequest::create(&fields) {
        let _ = request.changed(&fields).and_then(|request| request.check_startable());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn create(body: &Value) -> Result<JobRequest, Refusal> {
        JobRequest::create(body.as_object().unwrap())
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let request = create(&json!({ "video_url": "https://x/v.mp4", "surprise": 1 })).unwrap();
        assert_eq!((request.model.as_str(), request.format.as_str()), ("original", "webm"));
        assert_eq!(request.background, RequestedBackground::Transparent);
        assert!(request.auto_start);
    }

    #[test]
    fn each_background_form() {
        let table = [
            (json!({ "bg_type": "green" }), RequestedBackground::Color(GREEN)),
            (
                json!({ "bg_type": "custom", "bg_color": [1, 0, 0.5] }),
                RequestedBackground::Color([1.0, 0.0, 0.5]),
            ),
            (
                json!({ "background": { "type": "color", "color": "#ff0000" } }),
                RequestedBackground::Color([1.0, 0.0, 0.0]),
            ),
            (
                json!({ "background": { "type": "transparent" }, "bg_type": "green" }),
                RequestedBackground::Transparent,
            ),
            (
                json!({ "background": { "type": "image", "image_url": "https://x/i.png" } }),
                RequestedBackground::Image("https://x/i.png".to_owned()),
            ),
        ];
        for (mut body, expected) in table {
            body["video_url"] = json!("https://x/v.mp4");
            assert_eq!(create(&body).unwrap().background, expected);
        }
    }

    #[test]
    fn wrong_fields_are_named() {
        let table = [
            (json!({}), "video_url"),
            (json!({ "video_url": 5 }), "video_url"),
            (json!({ "video_url": "u", "model": "huge" }), "model"),
            (json!({ "video_url": "u", "output_format": "avi" }), "output_format"),
            (json!({ "video_url": "u", "auto_start": "no" }), "auto_start"),
            (json!({ "video_url": "u", "metadata": [] }), "metadata"),
            (json!({ "video_url": "u", "webhook_url": "file:///etc/passwd" }), "webhook_url"),
            (json!({ "video_url": "u", "bg_type": "color", "bg_color": [0, 255, 0] }), "bg_color"),
            (json!({ "video_url": "u", "bg_type": "image" }), "bg_image_url"),
            (
                json!({ "video_url": "u", "composition": { "canvas": { "width": 0, "height": 9 } } }),
                "canvas.width",
            ),
            (
                json!({ "video_url": "u", "composition": { "foreground": { "anchor": "moon" } } }),
                "anchor",
            ),
            (json!({ "video_url": "u", "composition": { "foreground": { "scale": 0 } } }), "scale"),
        ];
        for (body, word) in table {
            let refusal = create(&body).unwrap_err();
            assert_eq!((refusal.status, refusal.code.as_str()), (400, "invalid_request"), "{body}");
            assert!(refusal.message.contains(word), "{} lacks {word}", refusal.message);
        }
    }

    #[test]
    fn a_start_body_changes_only_what_it_names() {
        let draft =
            create(&json!({ "video_url": "u", "output_format": "mp4", "text_prompt": "dog" }));
        let draft = draft.unwrap();
        assert!(draft.check_startable().is_err());
        let body = json!({ "background": { "type": "color", "color": "#00ff00" } });
        let started = draft.changed(body.as_object().unwrap()).unwrap();
        assert!(started.check_startable().is_ok());
        assert_eq!(started.text_prompt.as_deref(), Some("dog"));
    }
}
