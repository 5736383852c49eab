//! Lenient reading of single fields, each under several names.

use serde_json::Value;

use crate::model::JobId;
use crate::model::sanitize::HIDDEN;

/// Maximum length of IDs (in bytes) and of stored codes (in characters).
const ID_MAX: usize = 200;

/// The first of `names` that is present and not null.
pub(crate) fn first<'a>(object: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().filter_map(|name| object.get(name)).find(|value| !value.is_null())
}

/// A non-empty text; numbers and booleans are converted.
pub(crate) fn text(object: &Value, names: &[&str]) -> Option<String> {
    match first(object, names)? {
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(text.clone()),
        number @ (Value::Number(_) | Value::Bool(_)) => Some(number.to_string()),
        _ => None,
    }
}

/// A finite number, possibly written as text.
pub(crate) fn number(object: &Value, names: &[&str]) -> Option<f64> {
    number_of(first(object, names)?)
}

pub(crate) fn number_of(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// Truncates `text` to the length of a code or ID.
pub(crate) fn short(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(ID_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A non-negative integer.
pub(crate) fn count(object: &Value, names: &[&str]) -> Option<u64> {
    match first(object, names)? {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Accepts integers written with a zero fraction, as some languages do.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounds come first")]
fn whole(number: f64) -> Option<u64> {
    let fits = (0.0..9e15).contains(&number) && number.fract() == 0.0;
    fits.then_some(number as u64)
}

/// A job's ID: `id` or `job_id` (contract, *Job*). It becomes part of paths, so IDs that are too
/// long or contain hidden text are rejected.
pub(crate) fn job_id(object: &Value) -> Option<JobId> {
    let was_cleaned = |id: &str| id.contains(HIDDEN) || id.contains(['\\', '…']);
    text(object, &["id", "job_id"])
        .filter(|id| id.len() <= ID_MAX && !was_cleaned(id) && !id.chars().any(char::is_control))
        .map(JobId)
}

/// The array of a page, at the top level or under one of `names`, and the remaining fields.
pub(crate) fn take_list(mut response: Value, names: &[&str]) -> Option<(Vec<Value>, Value)> {
    if let Value::Array(entries) = response {
        return Some((entries, Value::Null));
    }
    let list =
        names.iter().find(|name| response.get(**name).is_some_and(|list| !list.is_null()))?;
    match response.get_mut(*list)?.take() {
        Value::Array(entries) => Some((entries, response)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn odd_types_are_read_or_passed_over() {
        let object = json!({
            "a": null, "b": "  ", "n": 7, "s": "4.5", "nan": "NaN", "list": [1], "neg": -1,
        });
        assert_eq!(text(&object, &["a", "n"]), Some("7".into()));
        assert_eq!(text(&object, &["b"]), None);
        assert_eq!(text(&object, &["list"]), None);
        assert_eq!(number(&object, &["a", "s"]), Some(4.5));
        assert_eq!(number(&object, &["nan"]), None);
        assert_eq!(number(&object, &["list"]), None);
        assert_eq!(count(&object, &["n"]), Some(7));
        assert_eq!(count(&object, &["neg"]), None);
        assert_eq!(count(&json!({"n": 3.0}), &["n"]), Some(3));
        assert_eq!(count(&json!({"n": 3.5}), &["n"]), None);
        assert_eq!(text(&json!("no object"), &["a"]), None);
    }

    #[test]
    fn identifiers_have_two_names_and_bounds() {
        assert_eq!(job_id(&json!({"id": "a"})), Some(JobId("a".into())));
        assert_eq!(job_id(&json!({"id": null, "job_id": 17})), Some(JobId("17".into())));
        for bad in ["a\u{1b}[2J", "a\\u{202e}", "(hidden)", "x?…"] {
            assert_eq!(job_id(&json!({"id": bad})), None, "{bad}");
        }
        assert_eq!(job_id(&json!({"id": "x".repeat(4_000)})), None);
        assert_eq!(job_id(&json!({"status": "created"})), None);
    }
}
