//! Ways of answering that the gateway gives to what the sandbox says.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::server::{Kind, Server, Setting};

/// One such way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Drafts are shown under this word.
    DraftWord(&'static str),
    /// Creates are answered with this status.
    CreateStatus(u16),
    /// Times have no zone.
    NaiveTimes,
    /// Pages of more than so many jobs are refused with 400.
    PageAtMost(u32),
    /// Instead of 409, a second start is answered with this status.
    SecondStart(u16),
}

fn shapes(server: &Server) -> impl Iterator<Item = Shape> {
    let settings = server.variants.iter().flat_map(|variant| &variant.settings);
    settings.filter_map(|setting| match setting {
        Setting::Shape(shape) => Some(*shape),
        _ => None,
    })
}

/// What is answered without asking the sandbox.
pub fn refused(server: &Server, kind: Kind, query: &str) -> Option<(u16, Bytes)> {
    let most = shapes(server).find_map(|shape| match shape {
        Shape::PageAtMost(most) => Some(most),
        _ => None,
    })?;
    let limit = query.split('&').find_map(|field| field.strip_prefix("limit="))?;
    let is_larger = limit.parse::<u32>().is_ok_and(|limit| limit > most);
    (kind == Kind::List && is_larger).then(|| {
        let body = json!({"error": {"code": "invalid_request", "message": "limit is too large"}});
        (400, Bytes::from(body.to_string()))
    })
}

/// Changes an answer of the sandbox.
pub fn shape(server: &Server, kind: Kind, status: &mut u16, body: Bytes) -> Bytes {
    let mut value = None;
    for shape in shapes(server) {
        match shape {
            Shape::CreateStatus(given) if kind == Kind::Create && *status < 300 => *status = given,
            Shape::SecondStart(given) if kind == Kind::Start && *status == 409 => *status = given,
            Shape::DraftWord(_) | Shape::NaiveTimes if kind != Kind::Upload && *status < 300 => {
                let value = value
                    .get_or_insert_with(|| serde_json::from_slice(&body).unwrap_or(Value::Null));
                change(value, shape);
            }
            _ => {}
        }
    }
    value.map_or(body, |value| Bytes::from(value.to_string()))
}

/// Changes all jobs in an answer.
fn change(value: &mut Value, shape: Shape) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| change(value, shape)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match (shape, name.as_str(), &mut *value) {
                    (Shape::DraftWord(word), "status", Value::String(status))
                        if status == "created" =>
                    {
                        word.clone_into(status);
                    }
                    (Shape::NaiveTimes, "created_at", Value::String(time)) => {
                        *time = time.trim_end_matches('Z').trim_end_matches("+00:00").to_owned();
                    }
                    (_, _, value) => change(value, shape),
                }
            }
        }
        _ => {}
    }
}
