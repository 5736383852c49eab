//! Request bodies.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::client::types::{NewJob, StartJob};
use crate::model::options::Rgb;
use crate::model::{Background, Composition, Failure, JobOptions};

/// Fields that determine billing and the search for lost jobs. They cannot be set by the user.
const RESERVED_FIELDS: [&str; 3] = ["video_url", "auto_start", "metadata"];

/// Background and composition, in the older and the newer form. The vendor's pages disagree on
/// which form the service reads, and on the defaults, so both are always sent, including default
/// values (contract, *Job request*).
#[derive(Serialize)]
struct SceneBody<'a> {
    bg_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bg_color: Option<[f64; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bg_image_url: Option<&'a str>,
    background: BackgroundBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    composition: Option<Value>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum BackgroundBody<'a> {
    Transparent,
    Color { color: [f64; 3] },
    Image { image_url: &'a str },
}

#[derive(Serialize)]
struct CreateBody<'a> {
    video_url: &'a str,
    model: &'static str,
    output_format: &'static str,
    #[serde(flatten)]
    scene: SceneBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_prompt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_url: Option<&'a str>,
    auto_start: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct CanvasBody {
    width: u32,
    height: u32,
}

#[derive(Serialize)]
struct OffsetBody {
    x: i32,
    y: i32,
}

#[derive(Serialize)]
struct ForegroundBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<OffsetBody>,
}

#[derive(Serialize)]
struct CompositionBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    canvas: Option<CanvasBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    foreground: Option<ForegroundBody<'a>>,
}

#[derive(Serialize)]
struct NewKeyBody<'a> {
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct KeyBody<'a> {
    key_fingerprint: &'a str,
}

/// Body of `POST /v1/jobs`.
pub(crate) fn create(job: &NewJob<'_>) -> Result<Bytes, Failure> {
    let options = job.options;
    let body = CreateBody {
        video_url: job.video_url,
        model: options.model.as_str(),
        output_format: options.format.as_str(),
        scene: scene(options, job.background_image_url)?,
        text_prompt: options.prompt.as_deref(),
        webhook_url: options.webhook_url.as_deref(),
        auto_start: job.auto_start,
        metadata: job.metadata,
    };
    with_extra(&body, options)
}

/// Body of `POST /v1/jobs/{id}/start`, which usually carries background and composition.
pub(crate) fn start(job: &StartJob<'_>) -> Result<Bytes, Failure> {
    with_extra(&scene(job.options, job.background_image_url)?, job.options)
}

/// Body of `POST /v1/admin/keys`.
pub(crate) fn new_key(client_id: &str, note: Option<&str>) -> Result<Bytes, Failure> {
    encoded(&NewKeyBody { client_id, note })
}

/// Body of `POST /v1/admin/keys/disable` and `/enable`.
pub(crate) fn key(key_fingerprint: &str) -> Result<Bytes, Failure> {
    encoded(&KeyBody { key_fingerprint })
}

fn scene<'a>(
    options: &'a JobOptions,
    uploaded_picture: Option<&'a str>,
) -> Result<SceneBody<'a>, Failure> {
    let picture = |image_url| ("image", None, Some(image_url), BackgroundBody::Image { image_url });
    let (bg_type, bg_color, bg_image_url, background) = match &options.background {
        Background::Transparent => ("transparent", None, None, BackgroundBody::Transparent),
        Background::Color(Rgb(color)) => {
            ("color", Some(*color), None, BackgroundBody::Color { color: *color })
        }
        Background::ImageUrl(url) => picture(url),
        Background::ImageFile(path) => picture(uploaded_picture.ok_or_else(|| {
            unsendable(format!("the image {} was not uploaded before", path.display()))
        })?),
    };
    let composition = composition(&options.composition)?;
    Ok(SceneBody { bg_type, bg_color, bg_image_url, background, composition })
}

fn composition(asked: &Composition) -> Result<Option<Value>, Failure> {
    if asked.is_empty() {
        return Ok(None);
    }
    if let Some(own) = &asked.verbatim {
        return Ok(Some(own.clone()));
    }
    let anchor = asked.anchor.as_deref();
    let offset = asked.offset.map(|(x, y)| OffsetBody { x, y });
    let placed = anchor.is_some() || asked.scale.is_some() || offset.is_some();
    let body = CompositionBody {
        canvas: asked.canvas.map(|(width, height)| CanvasBody { width, height }),
        foreground: placed.then_some(ForegroundBody { anchor, scale: asked.scale, offset }),
    };
    serde_json::to_value(body).map(Some).map_err(|error| unsendable(error.to_string()))
}

/// `body` with the user's extra fields, which take precedence.
fn with_extra(body: &impl Serialize, options: &JobOptions) -> Result<Bytes, Failure> {
    if let Some(name) = options.extra.keys().find(|name| RESERVED_FIELDS.contains(&name.as_str())) {
        return Err(unsendable(format!("the field {name} is set by rbgv and cannot be changed")));
    }
    let Ok(Value::Object(mut fields)) = serde_json::to_value(body) else {
        return Err(unsendable("the options cannot be written as JSON".to_owned()));
    };
    fields.extend(options.extra.clone().into_iter().collect::<Map<_, _>>());
    encoded(&fields)
}

fn encoded(body: &impl Serialize) -> Result<Bytes, Failure> {
    serde_json::to_vec(body).map(Bytes::from).map_err(|error| unsendable(error.to_string()))
}

fn unsendable(why: String) -> Failure {
    Failure::usage("writing the request", why)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::FailureKind;
    use crate::model::{ModelName, OutputFormat};

    fn create_body(options: &JobOptions, picture: Option<&str>) -> Value {
        let job = NewJob {
            video_url: "https://cdn.example/v.mp4",
            options,
            background_image_url: picture,
            auto_start: false,
            metadata: &[("rbgv".to_owned(), "c-1".to_owned())].into(),
        };
        serde_json::from_slice(&create(&job).unwrap()).unwrap()
    }

    fn start_body(options: &JobOptions, picture: Option<&str>) -> Value {
        let job = StartJob { options, background_image_url: picture };
        serde_json::from_slice(&start(&job).unwrap()).unwrap()
    }

    #[test]
    fn the_default_is_said_out_loud() {
        assert_eq!(
            create_body(&JobOptions::default(), None),
            json!({
                "video_url": "https://cdn.example/v.mp4", "model": "original", "output_format": "webm",
                "bg_type": "transparent", "background": {"type": "transparent"},
                "auto_start": false, "metadata": {"rbgv": "c-1"},
            })
        );
        assert_eq!(
            start_body(&JobOptions::default(), None),
            json!({"bg_type": "transparent", "background": {"type": "transparent"}})
        );
    }

    #[test]
    fn everything_that_can_be_asked_for() {
        let options = JobOptions {
            model: ModelName::Pro,
            format: OutputFormat::Mp4,
            background: Background::Color(Rgb::GREEN),
            prompt: Some("person, dog".into()),
            composition: Composition {
                canvas: Some((1080, 1920)),
                anchor: Some("bottom-center".into()),
                scale: Some(0.5),
                offset: Some((-4, 9)),
                verbatim: None,
            },
            webhook_url: Some("https://hook.example".into()),
            extra: [("fps".to_owned(), json!(30)), ("model".to_owned(), json!("next"))].into(),
            ..JobOptions::default()
        };
        let composition = json!({
            "canvas": {"width": 1080, "height": 1920},
            "foreground": {"anchor": "bottom-center", "scale": 0.5, "offset": {"x": -4, "y": 9}},
        });
        let color = json!([0.035, 0.635, 0.274]);
        assert_eq!(
            create_body(&options, None),
            json!({
                "video_url": "https://cdn.example/v.mp4", "model": "next", "output_format": "mp4",
                "bg_type": "color", "bg_color": color,
                "background": {"type": "color", "color": color}, "composition": composition,
                "text_prompt": "person, dog", "webhook_url": "https://hook.example",
                "auto_start": false, "metadata": {"rbgv": "c-1"}, "fps": 30,
            })
        );
        let start = start_body(&options, None);
        assert_eq!(
            (&start["composition"], &start["bg_color"], &start["fps"]),
            (&composition, &color, &json!(30))
        );
    }

    #[test]
    fn pictures_are_sent_by_their_address() {
        let image = json!({"type": "image", "image_url": "https://cdn.example/p.png"});
        let by_url = JobOptions {
            background: Background::ImageUrl("https://cdn.example/p.png".into()),
            ..JobOptions::default()
        };
        let by_file = JobOptions {
            background: Background::ImageFile("p.png".into()),
            ..JobOptions::default()
        };
        for body in [
            create_body(&by_url, None),
            create_body(&by_file, Some("https://cdn.example/p.png")),
            start_body(&by_file, Some("https://cdn.example/p.png")),
        ] {
            assert_eq!((&body["bg_type"], &body["background"]), (&json!("image"), &image));
            assert_eq!(body["bg_image_url"], json!("https://cdn.example/p.png"));
        }
        let forgotten = StartJob { options: &by_file, background_image_url: None };
        assert_eq!(start(&forgotten).unwrap_err().kind, FailureKind::Usage);
    }

    #[test]
    fn a_composition_of_ones_own_goes_out_as_it_is() {
        let own = json!({"canvas": {"width": 1}, "new": true});
        let options = JobOptions {
            composition: Composition { verbatim: Some(own.clone()), ..Composition::default() },
            ..JobOptions::default()
        };
        assert_eq!(start_body(&options, None)["composition"], own);
    }

    #[test]
    fn what_the_protocol_needs_cannot_be_overridden() {
        for name in RESERVED_FIELDS {
            let options = JobOptions {
                extra: [(name.to_owned(), json!(true))].into(),
                ..JobOptions::default()
            };
            let job = StartJob { options: &options, background_image_url: None };
            assert!(start(&job).unwrap_err().why.contains(name));
        }
    }
}
