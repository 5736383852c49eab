//! Wire shapes: errors, pages and objects, and what a scenario does to them.
//!
//! Pure: from values and rules to bytes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::Content;
use crate::sandbox::clock::http_date;
use crate::sandbox::director::Plan;
use crate::sandbox::scenario::{
    Action, AnswerRules, ErrorShape, ListShape, RequestIdPlace, RetryAfter,
};
use crate::sandbox::service::Refusal;

/// Bytes of an answer with their type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rendered {
    pub(crate) content_type: Option<&'static str>,
    pub(crate) bytes: Vec<u8>,
}

const JSON: Option<&str> = Some("application/json");
const HTML: Option<&str> = Some("text/html; charset=utf-8");

/// A good answer.
pub(crate) fn answer(content: Content, rules: &AnswerRules, plan: &Plan) -> Rendered {
    let shape = |action: &Action| match action {
        Action::ListShape(shape) => Some(*shape),
        _ => None,
    };
    let mut value = match content {
        Content::Object(value) => altered(value, plan),
        Content::Page { jobs, total, limit, offset } => {
            let jobs = jobs.into_iter().map(|job| altered(job, plan)).collect();
            let shape = plan.find(shape).unwrap_or(rules.list);
            page(jobs, shape, rules.list_total.then_some(total), limit, offset)
        }
    };
    if let Some(size) = plan.find(|action| match action {
        Action::Pad(size) => Some(*size),
        _ => None,
    }) {
        pad(&mut value, size);
    }
    let mut bytes = value.to_string().into_bytes();
    if plan.has(&Action::Garble) {
        garble(&mut bytes);
    }
    Rendered { content_type: JSON, bytes }
}

fn page(
    jobs: Vec<Value>,
    shape: ListShape,
    total: Option<usize>,
    limit: usize,
    offset: usize,
) -> Value {
    let name = match shape {
        ListShape::Array => return Value::Array(jobs),
        ListShape::Items => "items",
        ListShape::Jobs => "jobs",
        ListShape::Data => "data",
    };
    let mut object = Map::from_iter([(name.to_owned(), Value::Array(jobs))]);
    if let Some(total) = total {
        object.insert("total".to_owned(), total.into());
    }
    object.insert("limit".to_owned(), limit.into());
    object.insert("offset".to_owned(), offset.into());
    Value::Object(object)
}

/// Renames, drops, nulls and sets fields of an object.
fn altered(mut value: Value, plan: &Plan) -> Value {
    let Some(object) = value.as_object_mut() else { return value };
    for action in &plan.actions {
        match action {
            Action::Rename(names) => rename(object, names),
            Action::Drop(names) => names.iter().for_each(|name| {
                object.shift_remove(name);
            }),
            Action::Null(names) => names.iter().for_each(|name| {
                object.insert(name.clone(), Value::Null);
            }),
            Action::Set(fields) => {
                for (name, field) in fields {
                    object.insert(name.clone(), json!(field));
                }
            }
            Action::ProgressBackwards => {
                if let Some(progress) = object.get("progress").and_then(Value::as_f64) {
                    object.insert("progress".to_owned(), json!(100.0 - progress));
                }
            }
            _ => {}
        }
    }
    value
}

fn rename(object: &mut Map<String, Value>, names: &BTreeMap<String, String>) {
    for (from, to) in names {
        if let Some(value) = object.shift_remove(from) {
            object.insert(to.clone(), value);
        }
    }
}

fn pad(value: &mut Value, size: usize) {
    let padding = Value::from("x".repeat(size));
    match value {
        Value::Object(object) => {
            object.insert("padding".to_owned(), padding);
        }
        Value::Array(items) => items.push(json!({ "padding": padding })),
        _ => {}
    }
}

fn garble(bytes: &mut Vec<u8>) {
    bytes.truncate(bytes.len() / 2);
    bytes.extend_from_slice(b"\xff\xfe}<?");
}

/// A refusal in the shape of the scenario.
pub(crate) fn refusal(
    refusal: &Refusal,
    request_id: &str,
    rules: &AnswerRules,
    plan: &Plan,
) -> Rendered {
    let shape = plan.find(|action| match action {
        Action::ErrorShape(shape) => Some(*shape),
        _ => None,
    });
    let message = &refusal.message;
    let value = match shape.unwrap_or(rules.error) {
        ErrorShape::Contract => {
            let mut error = json!({ "code": refusal.code, "message": message });
            if matches!(rules.request_id, RequestIdPlace::Both | RequestIdPlace::Body) {
                error["request_id"] = request_id.into();
            }
            json!({ "error": error })
        }
        ErrorShape::Text => json!({ "error": message }),
        ErrorShape::Message => json!({ "message": message }),
        ErrorShape::Detail => json!({ "detail": message }),
        ErrorShape::Validation => json!({ "detail": [{ "loc": ["body"], "msg": message }] }),
        ErrorShape::Html => return html(refusal.status),
        ErrorShape::Empty => return Rendered { content_type: None, bytes: Vec::new() },
    };
    let mut bytes = altered(value, plan).to_string().into_bytes();
    if plan.has(&Action::Garble) {
        garble(&mut bytes);
    }
    Rendered { content_type: JSON, bytes }
}

/// A gateway's page.
pub(crate) fn html(status: u16) -> Rendered {
    let page = format!(
        "<html>\n<head><title>{status}</title></head>\n<body>\n<center><h1>{status}</h1></center>\n\
         <hr><center>gateway</center>\n</body>\n</html>\n"
    );
    Rendered { content_type: HTML, bytes: page.into_bytes() }
}

/// Bytes that are nothing.
pub(crate) fn garbage() -> Rendered {
    Rendered { content_type: JSON, bytes: b"\x00\xff{\"id\": \"jo".to_vec() }
}

/// `Retry-After` for a wait, in the form of the scenario.
pub(crate) fn retry_after(
    wait: std::time::Duration,
    form: RetryAfter,
    now: Timestamp,
) -> Option<String> {
    let seconds = wait.as_secs_f64().ceil().max(1.0);
    let date = |seconds: f64| {
        let span = jiff::SignedDuration::from_secs_f64(seconds);
        now.checked_add(span).map(http_date).ok()
    };
    match form {
        RetryAfter::Seconds => Some(format!("{seconds}")),
        RetryAfter::Date => date(seconds),
        RetryAfter::Absent => None,
        RetryAfter::Negative => Some("-5".to_owned()),
        RetryAfter::Past => date(-3600.0),
        RetryAfter::TenHours => Some("36000".to_owned()),
        RetryAfter::Garbage => Some("soon".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::answer::Answer;
    use super::*;
    use crate::sandbox::scenario::Fault;

    fn plan(actions: &str) -> Plan {
        let fault = Fault::parse(&format!("GET /x {actions}")).unwrap();
        Plan { actions: fault.actions, faults: Vec::new() }
    }

    fn text(rendered: &Rendered) -> String {
        String::from_utf8_lossy(&rendered.bytes).into_owned()
    }

    #[test]
    fn every_error_shape() {
        let not_found = Refusal::job_not_found();
        let shaped = |shape: &str| {
            let plan = plan(&format!("error_shape={shape}"));
            text(&refusal(&not_found, "req_1", &AnswerRules::default(), &plan))
        };
        assert_eq!(
            shaped("contract"),
            r#"{"error":{"code":"not_found","message":"Job not found","request_id":"req_1"}}"#
        );
        assert_eq!(shaped("text"), r#"{"error":"Job not found"}"#);
        assert_eq!(shaped("message"), r#"{"message":"Job not found"}"#);
        assert_eq!(shaped("detail"), r#"{"detail":"Job not found"}"#);
        assert_eq!(shaped("validation"), r#"{"detail":[{"loc":["body"],"msg":"Job not found"}]}"#);
        assert!(shaped("html").starts_with("<html>"));
        assert_eq!(shaped("empty"), "");
    }

    #[test]
    fn every_list_shape() {
        let answer = Answer::page(vec![json!({ "id": "a" })], 9, 1, 0);
        let shaped = |shape: &str| {
            let plan = plan(&format!("list_shape={shape}"));
            text(&super::answer(answer.content.clone(), &AnswerRules::default(), &plan))
        };
        assert_eq!(shaped("array"), r#"[{"id":"a"}]"#);
        for name in ["items", "jobs", "data"] {
            let expected = format!(r#"{{"{name}":[{{"id":"a"}}],"total":9,"limit":1,"offset":0}}"#);
            assert_eq!(shaped(name), expected);
        }
    }

    #[test]
    fn fields_are_changed_as_told() {
        let object = Answer::of(json!({ "id": "a", "status": "created", "progress": 30.0 }));
        let changed = |actions: &str| {
            let content = object.content.clone();
            text(&super::answer(content, &AnswerRules::default(), &plan(actions)))
        };
        assert_eq!(changed("drop=[\"status\",\"progress\"]"), r#"{"id":"a"}"#);
        assert!(changed("rename={id=\"job_id\"}").contains(r#""job_id":"a""#));
        assert!(changed("null=[\"status\"]").contains(r#""status":null"#));
        assert!(changed("set={status=\"archived\",extra=[1]}").contains(r#""status":"archived""#));
        assert!(changed("progress_backwards").contains(r#""progress":70.0"#));
        assert!(changed("pad=1000").len() > 1000);
        assert!(serde_json::from_str::<Value>(&changed("garble")).is_err());
    }

    #[test]
    fn retry_after_in_every_form() {
        let now = Timestamp::from_second(1_000_000_000).unwrap();
        let form = |form| retry_after(Duration::from_millis(1200), form, now);
        assert_eq!(form(RetryAfter::Seconds).as_deref(), Some("2"));
        assert_eq!(form(RetryAfter::Date).as_deref(), Some("Sun, 09 Sep 2001 01:46:42 GMT"));
        assert_eq!(form(RetryAfter::Past).as_deref(), Some("Sun, 09 Sep 2001 00:46:40 GMT"));
        assert_eq!(form(RetryAfter::Absent), None);
        assert_eq!(form(RetryAfter::TenHours).as_deref(), Some("36000"));
    }
}
