//! Options of a job (contract, *Job request*) as domain types.
//!
//! Reading order: `names` (models and formats), `background`, `composition`, and this file: all options
//! of a job.

mod background;
mod composition;
mod names;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::background::{Background, Rgb};
use self::background::{MAX_TEXT_BYTES, check_address};
pub use self::composition::Composition;
pub use self::names::{ModelName, OptionError, OutputFormat};

/// All options that determine the output of a job, and how its completion is reported.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct JobOptions {
    pub model: ModelName,
    pub format: OutputFormat,
    pub background: Background,
    /// What to preserve, in short noun phrases; only for [`ModelName::Pro`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    #[serde(flatten)]
    pub composition: Composition,
    /// URL for webhooks. Does not affect the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// User-defined tags, stored with the job. Do not affect the output.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Additional request fields, passed on unmodified.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, serde_json::Value>,
}

impl JobOptions {
    /// Rejects contradictory options before anything is sent or billed.
    ///
    /// # Errors
    /// The options concerned, and the remedy.
    pub fn check(&self) -> Result<(), OptionError> {
        if self.background == Background::Transparent && !self.format.keeps_alpha() {
            return Err(OptionError(format!(
                "{} cannot be transparent; add --background green (or another colour or an \
                 image), or use --format webm or mov",
                self.format
            )));
        }
        if self.prompt.is_some() && self.model != ModelName::Pro {
            return Err(OptionError(format!(
                "--prompt only works with the pro model, not with {}; add --model pro or remove \
                 --prompt",
                self.model
            )));
        }
        if self.prompt.as_deref().is_some_and(|prompt| prompt.trim().is_empty()) {
            return Err(OptionError(
                "the prompt is empty; say what to keep, such as --prompt \"person, dog\"".into(),
            ));
        }
        self.check_texts()?;
        self.composition.check(self.format)
    }

    fn check_texts(&self) -> Result<(), OptionError> {
        let long = |what: &str| {
            Err(OptionError(format!(
                "{what} is longer than {MAX_TEXT_BYTES} bytes; make it shorter"
            )))
        };
        if self.prompt.as_deref().is_some_and(|prompt| prompt.len() > MAX_TEXT_BYTES) {
            return long("the prompt");
        }
        if let Some((key, _)) =
            self.tags.iter().find(|(key, value)| key.len() + value.len() > MAX_TEXT_BYTES)
        {
            let key: String = key.chars().take(40).collect();
            return long(&format!("the tag {key}"));
        }
        if let Some(url) = &self.webhook_url {
            check_address(url).map_err(|why| {
                OptionError(format!(
                    "--webhook-url: {why}; use a URL at which the service reaches your listener, \
                     such as https://hooks.example/rbgv"
                ))
            })?;
        }
        Ok(())
    }

    /// Canonical text of all options that affect the output: jobs with the same text and the same
    /// input have the same output. Excludes webhook and tags.
    pub fn result_key(&self) -> String {
        let c = &self.composition;
        let composition = match &c.verbatim {
            Some(own) => sorted(own),
            None => serde_json::json!([
                c.canvas.map(|(w, h)| [w, h]),
                c.anchor,
                c.scale,
                c.offset.map(|(x, y)| [x, y])
            ]),
        };
        let extra: Vec<_> =
            self.extra.iter().map(|(k, v)| serde_json::json!([k, sorted(v)])).collect();
        let background = match &self.background {
            Background::Color(Rgb(channels)) => serde_json::json!(["color", channels]),
            other => serde_json::json!(other.to_string()),
        };
        serde_json::json!([
            1,
            self.model.as_str(),
            self.format.as_str(),
            background,
            self.prompt,
            composition,
            extra
        ])
        .to_string()
    }
}

/// `value` with sorted object keys, so that their order does not matter.
fn sorted(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(map) => {
            let ordered: BTreeMap<_, _> = map.iter().map(|(k, v)| (k.clone(), sorted(v))).collect();
            ordered.into_iter().collect()
        }
        serde_json::Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backgrounds_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<Background>();
        assert_eq!(read("transparent"), Ok(Background::Transparent));
        assert_eq!(read("green"), Ok(Background::Color(Rgb::GREEN)));
        assert_eq!(read("#fff"), Ok(Background::Color(Rgb([1.0, 1.0, 1.0]))));
        assert_eq!(read("#09a246").map(|b| b.to_string()), Ok("green".replace("green", "#09a246")));
        assert_eq!(
            read("https://x.example/a.png"),
            Ok(Background::ImageUrl("https://x.example/a.png".into()))
        );
        assert_eq!(read("a b.png"), Ok(Background::ImageFile("a b.png".into())));
        assert_eq!(read("White"), Ok(Background::Color(Rgb([1.0, 1.0, 1.0]))));
        assert!(matches!(read("HTTPS://x.example/a.png"), Ok(Background::ImageUrl(_))));
        for bad in ["#12345", "#gggggg", "#gray"] {
            assert!(read(bad).unwrap_err().0.contains("#rrggbb"), "{bad}");
        }
        for bad in ["purpleish", "", " ", "ftp://x.example/a.png", "https://", "file:///a.png"] {
            let message = read(bad).unwrap_err().0;
            assert!(message.contains("transparent, green, white"), "{bad}: {message}");
        }
    }

    #[test]
    fn contradictions_are_named_with_a_way_out() {
        let mp4 = JobOptions { format: OutputFormat::Mp4, ..JobOptions::default() };
        assert!(mp4.check().unwrap_err().0.contains("--background green"));
        let prompt = JobOptions { prompt: Some("dog".into()), ..JobOptions::default() };
        assert!(prompt.check().unwrap_err().0.contains("--model pro"));
        let pro = JobOptions { model: ModelName::Pro, ..prompt };
        assert_eq!(pro.check(), Ok(()));
    }

    #[test]
    fn what_the_service_would_refuse_is_refused_here_with_the_choices() {
        let placed = |composition: Composition| {
            JobOptions { composition, ..JobOptions::default() }.check().map_err(|bad| bad.0)
        };
        let plain = Composition::default();
        for canvas in [(0, 9), (9, 0), (1, 1), (7_681, 9), (9, u32::MAX)] {
            let refused = placed(Composition { canvas: Some(canvas), ..plain.clone() });
            assert!(refused.unwrap_err().contains("2 to 7680"), "{canvas:?}");
        }
        let as_mp4 = |format, canvas| {
            let composition = Composition { canvas: Some(canvas), ..plain.clone() };
            let background = Background::Color(Rgb::GREEN);
            JobOptions { format, background, composition, ..JobOptions::default() }.check()
        };
        for canvas in [(101, 100), (100, 101), (7_679, 101)] {
            let refused = as_mp4(OutputFormat::Mp4, canvas).unwrap_err().0;
            assert!(refused.contains("even") && refused.contains("--canvas"), "{refused}");
            assert_eq!(as_mp4(OutputFormat::Webm, canvas), Ok(()));
        }
        assert_eq!(as_mp4(OutputFormat::Mp4, (102, 100)), Ok(()));
        let verbatim = serde_json::json!({"canvas": {"width": 101, "height": 100}});
        let verbatim = Composition { verbatim: Some(verbatim), ..plain.clone() };
        let background = Background::Color(Rgb::GREEN);
        let format = OutputFormat::Mp4;
        let options =
            JobOptions { format, background, composition: verbatim, ..JobOptions::default() };
        assert!(options.check().unwrap_err().0.contains("102x100"));
        for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9, 1e-9] {
            let refused = placed(Composition { scale: Some(scale), ..plain.clone() });
            assert!(refused.unwrap_err().contains("0.01 to 10"), "{scale}");
        }
        for anchor in ["middle", "", "Top-Left", "bottom center", "left-top"] {
            let refused = placed(Composition { anchor: Some(anchor.into()), ..plain.clone() });
            assert!(refused.unwrap_err().contains("bottom-center"), "{anchor}");
        }
        let offset = Some((i32::MIN, 0));
        assert!(placed(Composition { offset, ..plain.clone() }).is_err());
        for (json, word) in [
            ("[]", "one JSON object"),
            (r#"{"canvas": 5}"#, "canvas"),
            (r#"{"canvas": {"width": 0, "height": 5}}"#, "2 to 7680"),
            (r#"{"canvas": {"width": "1920", "height": 1080}}"#, "canvas.width"),
            (r#"{"foreground": []}"#, "foreground"),
            (r#"{"foreground": {"anchor": 4}}"#, "center"),
            (r#"{"foreground": {"anchor": "moon"}}"#, "center"),
            (r#"{"foreground": {"scale": "big"}}"#, "scale"),
            (r#"{"foreground": {"scale": 0}}"#, "0.01 to 10"),
            (r#"{"foreground": {"offset": {"x": 99999}}}"#, "out of range"),
        ] {
            let verbatim = Some(serde_json::from_str(json).unwrap());
            let refused = placed(Composition { verbatim, ..plain.clone() }).unwrap_err();
            assert!(refused.contains(word), "{json}: {refused}");
        }
        let good = r#"{"canvas": {"width": 640, "height": 480}, "new": 1,
            "foreground": {"anchor": "top-left", "scale": 0.5, "offset": {"x": -4}}}"#;
        let verbatim = Some(serde_json::from_str(good).unwrap());
        assert_eq!(placed(Composition { verbatim, ..plain }), Ok(()));
        for hook in ["hooks.example", "ftp://hooks.example/", "https://", "file:///etc/passwd", ""]
        {
            let webhook_url = Some(hook.to_owned());
            let refused = JobOptions { webhook_url, ..JobOptions::default() }.check();
            assert!(refused.unwrap_err().0.contains("--webhook-url"), "{hook}");
        }
        let tags = [("k".to_owned(), "v".repeat(5_000))].into();
        assert!(JobOptions { tags, ..JobOptions::default() }.check().is_err());
    }

    #[test]
    fn the_result_key_holds_what_changes_the_result_and_no_more() {
        let plain = JobOptions::default();
        let tagged = JobOptions {
            tags: [("a".to_owned(), "b".to_owned())].into(),
            webhook_url: Some("https://hook.example".into()),
            ..plain.clone()
        };
        assert_eq!(plain.result_key(), tagged.result_key());
        let other = JobOptions { model: ModelName::Light, ..plain.clone() };
        assert_ne!(plain.result_key(), other.result_key());
        let spelled = |json: &str| JobOptions {
            composition: Composition {
                verbatim: serde_json::from_str(json).ok(),
                ..Composition::default()
            },
            ..plain.clone()
        };
        assert_eq!(
            spelled(r#"{"a":1,"b":2}"#).result_key(),
            spelled(r#"{"b":2,"a":1}"#).result_key()
        );
    }
}
