//! Wire shapes of errors, pages and objects, with the changes of a scenario. Pure: from values and
//! rules to bytes.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::AnswerContent;
use super::view::ApiJob;
use crate::sandbox::faults::plan::FaultPlan;
use crate::sandbox::faults::scenario::{
    Action, AnswerRules, Compress, ErrorShape, ListShape, RefusalBody, RequestIdPlace, RetryAfter,
};
use crate::sandbox::service::Refusal;
use crate::sandbox::util::clock::http_date;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rendered {
    pub(crate) content_type: Option<&'static str>,
    pub(crate) bytes: Vec<u8>,
}

const JSON: Option<&str> = Some("application/json");
const HTML: Option<&str> = Some("text/html; charset=utf-8");

pub(crate) fn answer(content: AnswerContent, rules: &AnswerRules, plan: &FaultPlan) -> Rendered {
    let mut text = match content {
        AnswerContent::Object(value) => altered(value, plan).to_string(),
        AnswerContent::Job(job) => job_text(&job, plan),
        AnswerContent::Page { jobs, total, limit, offset } => {
            let jobs: Vec<String> = jobs.iter().map(|job| job_text(job, plan)).collect();
            let shape = plan.find(Action::try_as_list_shape_ref).copied().unwrap_or(rules.list);
            page(&jobs.join(","), shape, rules.list_total.then_some(total), limit, offset)
        }
    };
    if let Some(size) = plan.find(Action::try_as_pad_ref) {
        pad(&mut text, *size);
    }
    let mut bytes = text.into_bytes();
    if plan.has(&Action::Garble) {
        garble(&mut bytes);
    }
    Rendered { content_type: JSON, bytes }
}

fn job_text(job: &ApiJob, plan: &FaultPlan) -> String {
    if plan.actions.is_empty() {
        // Directly as text, since pages are most of the traffic.
        return serde_json::to_string(job).unwrap_or_default();
    }
    altered(json!(job), plan).to_string()
}

/// A page of `jobs`, already serialized.
fn page(jobs: &str, shape: ListShape, total: Option<usize>, limit: usize, offset: usize) -> String {
    let name = match shape {
        ListShape::Array => return format!("[{jobs}]"),
        ListShape::Items => "items",
        ListShape::Jobs => "jobs",
        ListShape::Data => "data",
    };
    let total = total.map_or_else(String::new, |total| format!("\"total\":{total},"));
    format!("{{\"{name}\":[{jobs}],{total}\"limit\":{limit},\"offset\":{offset}}}")
}

/// Renames, drops, nulls and sets fields of an object.
fn altered(mut value: Value, plan: &FaultPlan) -> Value {
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
                let progress = object.get("progress").and_then(Value::as_f64);
                // A job that has not begun shows none.
                if let Some(progress) = progress.filter(|&progress| progress > 0.0) {
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

/// Adds a field of `size` bytes to an object, or an element with one to an array.
fn pad(text: &mut String, size: usize) {
    let Some(end) = text.pop() else { return };
    if text.len() > 1 {
        text.push(',');
    }
    let (open, close) = if end == ']' { ("{", "}") } else { ("", "") };
    let padding = "x".repeat(size);
    text.extend([open, "\"padding\":\"", &padding, "\"", close]);
    text.push(end);
}

fn garble(bytes: &mut Vec<u8>) {
    bytes.truncate(bytes.len() / 2);
    bytes.extend_from_slice(b"\xff\xfe}<?");
}

/// A refusal in the shape of the scenario, which may differ for 429.
pub(crate) fn refusal(
    refusal: &Refusal,
    request_id: &str,
    rules: &AnswerRules,
    body: Option<RefusalBody>,
    plan: &FaultPlan,
) -> Rendered {
    let of_fault = plan.find(Action::try_as_error_shape_ref).copied();
    let shape = match body.filter(|_| refusal.status == 429 && of_fault.is_none()) {
        None => of_fault.unwrap_or(rules.error),
        Some(RefusalBody::Contract) => ErrorShape::Contract,
        Some(RefusalBody::Html) => ErrorShape::Html,
        Some(RefusalBody::Empty) => ErrorShape::Empty,
        Some(RefusalBody::Text) => {
            let bytes = b"Too Many Requests\n".to_vec();
            return Rendered { content_type: Some("text/plain"), bytes };
        }
    };
    let message = &refusal.message;
    let value = match shape {
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

/// The error page of a gateway.
pub(crate) fn html(status: u16) -> Rendered {
    let page = format!(
        "<html>\n<head><title>{status}</title></head>\n<body>\n<center><h1>{status}</h1></center>\n\
         <hr><center>gateway</center>\n</body>\n</html>\n"
    );
    Rendered { content_type: HTML, bytes: page.into_bytes() }
}

/// Bytes that are not JSON.
pub(crate) fn garbage() -> Rendered {
    Rendered { content_type: JSON, bytes: b"\x00\xff{\"id\": \"jo".to_vec() }
}

/// `Retry-After` in the form of the scenario, and the pause that it announces, if any.
pub(crate) fn retry_after(
    wait: Duration,
    form: RetryAfter,
    now: Timestamp,
) -> Option<(String, Option<Duration>)> {
    const TEN_HOURS: Duration = Duration::from_hours(10);
    let seconds = Duration::from_secs(whole_seconds(wait));
    Some(match form {
        RetryAfter::Seconds => (seconds.as_secs().to_string(), Some(seconds)),
        RetryAfter::Date => {
            // Dates have whole seconds; round up.
            let free = now.checked_add(wait).ok()?;
            let late = i64::from(free.subsec_nanosecond() > 0);
            let date = Timestamp::from_second(free.as_second() + late).ok()?;
            (http_date(date), Duration::try_from(date.duration_since(now)).ok())
        }
        RetryAfter::Absent => return None,
        RetryAfter::Negative => ("-5".to_owned(), None),
        RetryAfter::Past => (http_date(now.checked_sub(Duration::from_hours(1)).ok()?), None),
        RetryAfter::TenHours => (TEN_HOURS.as_secs().to_string(), Some(TEN_HOURS)),
        RetryAfter::Garbage => ("soon".to_owned(), None),
    })
}

/// In seconds, rounded up, at least one.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// The content coding of a response, given the `Accept-Encoding` of its request.
pub(crate) fn coding(rule: Compress, accepted: Option<&str>) -> Option<&'static str> {
    let accepts = |coding: &str| {
        accepted.unwrap_or_default().split(',').any(|entry| {
            let (name, weight) = entry.split_once(';').unwrap_or((entry, ""));
            let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
            !refused && [coding, "*"].contains(&name.trim().to_ascii_lowercase().as_str())
        })
    };
    match rule {
        Compress::AlwaysGzip => Some("gzip"),
        Compress::Gzip => accepts("gzip").then_some("gzip"),
        Compress::Deflate => accepts("deflate").then_some("deflate"),
    }
}

pub(crate) fn coded(bytes: &[u8], coding: &str) -> Vec<u8> {
    let written = if coding == "gzip" {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).and_then(|()| encoder.finish())
    } else {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).and_then(|()| encoder.finish())
    };
    // Writing to memory does not fail.
    written.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::api::answer::HandlerAnswer;
    use crate::sandbox::faults::scenario::{FaultRule, Routes};
    use crate::sandbox::state::rate_limiter::RefusalPause;

    fn plan(actions: &str) -> FaultPlan {
        let fault = FaultRule::parse(&format!("GET /x {actions}")).unwrap();
        FaultPlan { actions: fault.actions, faults: Vec::new() }
    }

    fn text(rendered: &Rendered) -> String {
        String::from_utf8_lossy(&rendered.bytes).into_owned()
    }

    #[test]
    fn every_error_shape() {
        let not_found = Refusal::job_not_found();
        let shaped = |shape: &str| {
            let plan = plan(&format!("error_shape={shape}"));
            text(&refusal(&not_found, "req_1", &AnswerRules::default(), None, &plan))
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
        let answer = |jobs| page(jobs, ListShape::Array, Some(9), 1, 0);
        assert_eq!(answer(r#"{"id":"a"}"#), r#"[{"id":"a"}]"#);
        for (shape, name) in
            [(ListShape::Items, "items"), (ListShape::Jobs, "jobs"), (ListShape::Data, "data")]
        {
            let expected = format!(r#"{{"{name}":[{{"id":"a"}}],"total":9,"limit":1,"offset":0}}"#);
            assert_eq!(page(r#"{"id":"a"}"#, shape, Some(9), 1, 0), expected);
            let expected = format!(r#"{{"{name}":[],"limit":1,"offset":0}}"#);
            assert_eq!(page("", shape, None, 1, 0), expected);
        }
        let answer = HandlerAnswer::page(Vec::new(), 0, 1, 0);
        let shaped = |shape: &str| {
            let plan = plan(&format!("list_shape={shape}"));
            text(&super::answer(answer.content.clone(), &AnswerRules::default(), &plan))
        };
        assert_eq!(shaped("array"), "[]");
        assert!(shaped("data").starts_with(r#"{"data":[]"#));
        for padded in ["[]", "[1]", "{}", r#"{"a":1}"#] {
            let mut text = padded.to_owned();
            pad(&mut text, 3);
            let value: Value = serde_json::from_str(&text).unwrap();
            let place = if value.is_array() { &value[padded.len() - 2] } else { &value };
            assert_eq!(place["padding"], "xxx", "{text}");
        }
    }

    #[test]
    fn fields_are_changed_as_configured() {
        let object = HandlerAnswer::of(json!({ "id": "a", "status": "created", "progress": 30.0 }));
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
        let announced =
            |text: &str, seconds| Some((text.to_owned(), Some(Duration::from_secs(seconds))));
        assert_eq!(form(RetryAfter::Seconds), announced("2", 2));
        assert_eq!(form(RetryAfter::Date), announced("Sun, 09 Sep 2001 01:46:42 GMT", 2));
        let past = Some(("Sun, 09 Sep 2001 00:46:40 GMT".to_owned(), None));
        assert_eq!(form(RetryAfter::Past), past);
        assert_eq!(form(RetryAfter::Absent), None);
        assert_eq!(form(RetryAfter::TenHours), announced("36000", 36_000));
        let later = now.checked_add(Duration::from_millis(900)).unwrap();
        let date = retry_after(Duration::from_millis(300), RetryAfter::Date, later);
        let until = Duration::from_millis(1100);
        assert_eq!(date, Some(("Sun, 09 Sep 2001 01:46:42 GMT".to_owned(), Some(until))));
    }

    #[test]
    fn a_429_has_a_body_of_its_own() {
        let wait = RefusalPause::unknown(Routes::ALL);
        let limited = Refusal::rate_limited("Rate limit exceeded", wait);
        let rules = AnswerRules { error: ErrorShape::Detail, ..AnswerRules::default() };
        let body =
            |of: &Refusal, body| text(&refusal(of, "r", &rules, body, &FaultPlan::default()));
        assert_eq!(body(&limited, None), r#"{"detail":"Rate limit exceeded"}"#);
        assert!(body(&limited, Some(RefusalBody::Contract)).contains(r#""code":"rate_limited""#));
        assert!(body(&limited, Some(RefusalBody::Html)).starts_with("<html>"));
        assert_eq!(body(&limited, Some(RefusalBody::Empty)), "");
        assert_eq!(body(&limited, Some(RefusalBody::Text)), "Too Many Requests\n");
        let other = body(&Refusal::job_not_found(), Some(RefusalBody::Html));
        assert_eq!(other, r#"{"detail":"Job not found"}"#);
    }

    #[test]
    fn codings_follow_the_rule_and_the_request() {
        let table = [
            (Compress::Gzip, Some("gzip, br"), Some("gzip")),
            (Compress::Gzip, Some("br, GZIP;q=0.5"), Some("gzip")),
            (Compress::Gzip, Some("gzip;q=0"), None),
            (Compress::Gzip, Some("deflate"), None),
            (Compress::Gzip, None, None),
            (Compress::Deflate, Some("gzip, deflate"), Some("deflate")),
            (Compress::Deflate, Some("*"), Some("deflate")),
            (Compress::AlwaysGzip, None, Some("gzip")),
        ];
        for (rule, accepted, expected) in table {
            assert_eq!(coding(rule, accepted), expected, "{rule:?} {accepted:?}");
        }
    }
}
