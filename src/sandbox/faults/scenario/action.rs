//! The actions of a fault.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{ErrorShape, ListShape};
use crate::sandbox::util::duration;

/// Before or after the effect of the call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultTiming {
    #[default]
    Before,
    After,
}

/// One action on one call.
#[derive(Debug, Clone, PartialEq, Deserialize, strum::EnumTryAs)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    // The connection.
    /// The connection is reset (RST) instead of an answer.
    Reset(FaultTiming),
    /// The connection is closed (FIN) instead of an answer.
    Close(FaultTiming),
    /// A delay before the effect.
    Delay(#[serde(deserialize_with = "duration::read")] Duration),
    /// A delay of the response after the effect.
    DelayAnswer(#[serde(deserialize_with = "duration::read")] Duration),
    /// The response body is sent in small pieces.
    Drip(Drip),
    /// The response body ends early; its stated length is complete.
    Cut(BodyCut),
    /// `Content-Length` differs by this number of bytes.
    Length(i64),
    /// The body and its length are shorter by this number of bytes.
    Shorten(u64),
    /// The connection is reset after a part of the upload.
    CutUpload(BodyPosition),
    /// The upload is not read beyond a part of its body.
    StallUpload(Stall),

    // The answer.
    /// A made-up response.
    Answer(MadeUpAnswer),
    /// The JSON is truncated and ends with invalid bytes.
    Garble,
    /// Renames fields of the object and of each job of a page.
    Rename(BTreeMap<String, String>),
    /// Removes fields, likewise.
    Drop(Vec<String>),
    /// Sets fields to null, likewise.
    Null(Vec<String>),
    /// Sets fields to values, likewise.
    Set(BTreeMap<String, toml::Value>),
    /// Adds a field of this number of bytes.
    Pad(usize),
    /// Sets headers.
    Headers(BTreeMap<String, String>),
    /// A redirect; `{path}` is the requested path and query.
    Redirect(Redirect),
    ErrorShape(ErrorShape),
    ListShape(ListShape),
    /// Pages of jobs ignore `limit`.
    ListIgnoresLimit,
    /// Pages of jobs start this number of jobs later.
    ListShift(usize),
    /// Every n-th job is missing from pages.
    ListOmits(usize),
    /// Progress runs backwards.
    ProgressBackwards,

    // The job or upload behind the call.
    /// The started job fails at once with this message.
    FailJob(String),
    /// The upload of a create is forgotten first.
    ForgetUpload,

    // Output links.
    /// Ranges are ignored.
    NoRange,
    /// The entity tag changes with every response.
    ChangingEtag,
    /// The `Content-Range` of a part is wrong.
    WrongContentRange,
    /// The link is dead after this response.
    RevokeLink,

    // Webhooks.
    /// The delivery is recorded but not sent.
    Lose,
    /// The delivery is sent twice with the same id.
    Duplicate,
    /// The signature is wrong.
    BadSignature,
    /// The timestamp, correctly signed, is an hour old.
    OldTimestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drip {
    pub(crate) bytes: usize,
    #[serde(deserialize_with = "duration::read")]
    pub(crate) every: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyCut {
    pub(crate) at: BodyPosition,
    #[serde(default)]
    pub(crate) how: CutHow,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CutHow {
    #[default]
    Reset,
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stall {
    pub(crate) at: BodyPosition,
    #[serde(rename = "for", deserialize_with = "duration::read")]
    pub(crate) span: Duration,
}

/// A position in a body: bytes, or a share such as `"99%"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum BodyPosition {
    Bytes(u64),
    /// 0 to 1.
    Share(f64),
}

impl BodyPosition {
    /// The position in a body of `whole` bytes.
    pub(crate) fn in_whole(self, whole: u64) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of a length is a length"
            )]
            Self::Share(share) => (whole as f64 * share) as u64,
        }
    }
}

impl<'de> Deserialize<'de> for BodyPosition {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = BodyPosition;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of bytes, or a share such as \"99%\"")
            }
            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<BodyPosition, E> {
                u64::try_from(bytes).map(BodyPosition::Bytes).map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<BodyPosition, E> {
                Ok(BodyPosition::Bytes(bytes))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<BodyPosition, E> {
                let percent = text.strip_suffix('%').and_then(|number| number.parse().ok());
                match percent {
                    Some(percent) if (0.0..=100.0).contains(&percent) => {
                        Ok(BodyPosition::Share(percent / 100.0))
                    }
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }
        from.deserialize_any(Reader)
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MadeUpAnswer {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) body: AnswerBody,
    /// Error code in a JSON body; by default that of the status.
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    /// `Retry-After`, verbatim.
    pub(crate) retry_after: Option<String>,
    /// Without effect if `before`, the default.
    #[serde(default)]
    pub(crate) when: FaultTiming,
}

/// The body of a made-up response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnswerBody {
    /// An error in the shape of the scenario.
    #[default]
    Json,
    /// The error page of a gateway.
    Html,
    Empty,
    /// Bytes that are not JSON.
    Garbage,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redirect {
    pub(crate) to: String,
    #[serde(default = "found")]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) when: FaultTiming,
}

fn found() -> u16 {
    302
}

/// Parses `do`: one action or several.
pub(crate) fn read_actions<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Action>, D::Error> {
    struct Reader;
    impl<'de> Visitor<'de> for Reader {
        type Value = Vec<Action>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an action such as \"garble\" or { reset = \"after\" }, or a list of them")
        }
        fn visit_str<E: de::Error>(self, word: &str) -> Result<Self::Value, E> {
            Action::deserialize(StrDeserializer::new(word)).map(|action| vec![action])
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Action::deserialize(MapAccessDeserializer::new(map)).map(|action| vec![action])
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut actions = Vec::new();
            while let Some(action) = seq.next_element()? {
                actions.push(action);
            }
            Ok(actions)
        }
    }
    from.deserialize_any(Reader)
}

impl Action {
    /// Refuses statuses and sizes that HTTP cannot carry.
    pub(crate) fn check(&self) -> Result<(), String> {
        let status = match self {
            Self::Answer(answer) => answer.status,
            Self::Redirect(redirect) => redirect.status,
            Self::Drip(drip) if drip.bytes == 0 => {
                return Err("drip.bytes is at least 1".to_owned());
            }
            Self::ListOmits(0) => return Err("list_omits is at least 1".to_owned()),
            _ => return Ok(()),
        };
        if (200..600).contains(&status) {
            Ok(())
        } else {
            Err(format!("status {status} is not between 200 and 599"))
        }
    }
}
