//! Bodies of error responses, in every form that the contract lists (*Errors*).

use serde_json::Value;

use super::fields;
use super::parse::{parse, summary};
use crate::model::Sanitizer;

/// The readable parts of an error response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ErrorBody {
    /// The body has a documented form, and is not the page of a gateway.
    pub(crate) structured: bool,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
}

impl ErrorBody {
    /// Parses the body of an error response.
    pub(crate) fn read(body: &[u8], sanitizer: &Sanitizer) -> Self {
        match parse(body, sanitizer) {
            Ok(response) => Self::from_json(&response),
            Err(_) => Self { message: summary(body, sanitizer), ..Self::default() },
        }
    }

    /// Reads a sanitized JSON body.
    pub(crate) fn from_json(response: &Value) -> Self {
        let detail = fields::first(response, &["error", "detail"]);
        // A nested object is more specific than the object around it.
        let inner = detail.filter(|detail| detail.is_object()).unwrap_or(response);
        let either =
            |names: &[&str]| fields::text(inner, names).or_else(|| fields::text(response, names));
        let message = match detail {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text.clone()),
            Some(Value::Array(problems)) => validation(problems),
            _ => either(&["message", "msg", "detail"]),
        };
        let code = either(&["code"]);
        Self {
            structured: message.is_some() || code.is_some(),
            code: code.map(fields::short),
            message,
            request_id: either(&["request_id"]).map(fields::short),
        }
    }
}

/// The validation errors of a 422, with their locations.
fn validation(problems: &[Value]) -> Option<String> {
    let told: Vec<String> = problems
        .iter()
        .filter_map(|problem| {
            let message = fields::text(problem, &["msg", "message"])?;
            let place: Vec<String> = problem
                .get("loc")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .map(|step| step.as_str().map_or_else(|| step.to_string(), ToOwned::to_owned))
                .collect();
            Some(if place.is_empty() { message } else { format!("{}: {message}", place.join(".")) })
        })
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

#[cfg(test)]
mod tests {
    use super::super::parse::SUMMARY_MAX;
    use super::*;

    #[test]
    fn every_shape_of_the_contract_is_understood() {
        // (body, structured, code, message, request id)
        let table = [
            (
                r#"{"error": {"code": "not_found", "message": "Job not found", "request_id": "r-1"}}"#,
                true,
                Some("not_found"),
                Some("Job not found"),
                Some("r-1"),
            ),
            (r#"{"error": "Invalid file type"}"#, true, None, Some("Invalid file type"), None),
            (r#"{"message": "no"}"#, true, None, Some("no"), None),
            (r#"{"detail": "Job not found"}"#, true, None, Some("Job not found"), None),
            (
                r#"{"detail": [{"loc": ["body", "model", 0], "msg": "unknown"}, {"msg": "bad"}]}"#,
                true,
                None,
                Some("body.model.0: unknown; bad"),
                None,
            ),
            (
                r#"{"detail": {"code": "insufficient_credits", "message": "top up"}}"#,
                true,
                Some("insufficient_credits"),
                Some("top up"),
                None,
            ),
            (
                r#"{"success": false, "code": "timeout", "message": "late", "request_id": "r-2"}"#,
                true,
                Some("timeout"),
                Some("late"),
                Some("r-2"),
            ),
            (
                r#"{"error": {"code": "x", "message": null}, "message": "outer", "request_id": "r-3"}"#,
                true,
                Some("x"),
                Some("outer"),
                Some("r-3"),
            ),
            (r#"{"error": null}"#, false, None, None, None),
            (r#"{"error": {}}"#, false, None, None, None),
            (r#"{"status": "ok"}"#, false, None, None, None),
            ("[]", false, None, None, None),
            ("", false, None, None, None),
            (
                "<html><head><TITLE>502 Bad\n Gateway</TITLE></head><body>x</body></html>",
                false,
                None,
                Some("502 Bad Gateway"),
                None,
            ),
            ("<!doctype html><body><h1 class=a>Oops</h1>", false, None, Some("Oops"), None),
            ("upstream connect error", false, None, Some("upstream connect error"), None),
        ];
        for (body, structured, code, message, request_id) in table {
            let expected = ErrorBody {
                structured,
                code: code.map(Into::into),
                message: message.map(Into::into),
                request_id: request_id.map(Into::into),
            };
            let read = ErrorBody::read(body.as_bytes(), &Sanitizer::default());
            assert_eq!(read, expected, "{body}");
        }
    }

    #[test]
    fn a_summary_is_short_whatever_comes() {
        let summary = |body: &[u8]| summary(body, &Sanitizer::default());
        let long = summary("x ".repeat(50_000).as_bytes()).unwrap();
        assert_eq!(long.chars().count(), SUMMARY_MAX + 1);
        assert_eq!(summary(b"<html><p>no title"), None);
        assert_eq!(summary(b"<title>"), None);
        assert!(summary(b"\xff\xfe\x00").is_some());
        assert_eq!(summary("<title>Straße ẞ</title>".as_bytes()), Some("Straße ẞ".into()));
    }

    proptest::proptest! {
        #[test]
        fn nothing_a_server_says_can_panic(body: Vec<u8>) {
            let _ = ErrorBody::read(&body, &Sanitizer::default());
        }

        #[test]
        fn no_page_can_panic(page in "<(title|h1)?[^x]{0,20}(>|</title)?.{0,40}") {
            let _ = summary(page.as_bytes(), &Sanitizer::default());
        }
    }
}
