//! What a fault does to the call that it meets.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{ErrorShape, ListShape};
use crate::sandbox::util::duration;

/// Whether something happens before the call takes effect, or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultTiming {
    Before,
    After,
}

/// One thing done to one call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    // The connection.
    /// The connection is reset (RST) instead of an answer.
    Reset(FaultTiming),
    /// The connection is closed (FIN) instead of an answer.
    Close(FaultTiming),
    /// The call waits before its effect.
    Delay(ScenarioDuration),
    /// The answer waits after the effect.
    DelayAnswer(ScenarioDuration),
    /// The answer's body comes in small pieces.
    Drip(Drip),
    /// The answer's body ends early; its stated length is that of the whole.
    Cut(BodyCut),
    /// `Content-Length` is off by so many bytes.
    Length(i64),
    /// The body and its length are shorter by so many bytes.
    Shorten(u64),
    /// An upload's connection is reset after a part of its body.
    CutUpload(BodyPosition),
    /// An upload is not read further after a part of its body.
    StallUpload(Stall),

    // The answer.
    /// This answer is given instead of the real one.
    Answer(MadeUpAnswer),
    /// The JSON is broken off in the middle and ends in rubbish.
    Garble,
    /// Fields get other names, in the object and in each job of a page.
    Rename(BTreeMap<String, String>),
    /// Fields are left out, likewise.
    Drop(Vec<String>),
    /// Fields become null, likewise.
    Null(Vec<String>),
    /// Fields get these values, likewise.
    Set(BTreeMap<String, toml::Value>),
    /// A field of so many bytes is added.
    Pad(usize),
    /// Headers are set.
    Headers(BTreeMap<String, String>),
    /// A redirect; `{path}` stands for the path and query that were asked for.
    Redirect(Redirect),
    /// Errors take this shape.
    ErrorShape(ErrorShape),
    /// Pages of jobs take this shape.
    ListShape(ListShape),
    /// Pages of jobs ignore `limit`.
    ListIgnoresLimit,
    /// Pages of jobs start so many jobs later than asked.
    ListShift(usize),
    /// Every n-th job is missing from pages.
    ListOmits(usize),
    /// Progress runs backwards.
    ProgressBackwards,

    // The job or upload behind the call.
    /// The job that is started fails at once with this message.
    FailJob(String),
    /// The upload that a create names is forgotten first.
    ForgetUpload,

    // Output links.
    /// Ranges are ignored.
    NoRange,
    /// The entity tag differs in each answer.
    ChangingEtag,
    /// The `Content-Range` of a part is wrong.
    WrongContentRange,
    /// The link is dead after this answer.
    RevokeLink,

    // Webhooks.
    /// A delivery is counted as sent and never is.
    Lose,
    /// A delivery is sent twice with the same id.
    Duplicate,
    /// A delivery's signature is wrong.
    BadSignature,
    /// A delivery's timestamp, correctly signed, is an hour old.
    OldTimestamp,
}

/// A duration in a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct ScenarioDuration(
    #[serde(deserialize_with = "duration::read")] pub(crate) Duration,
);

/// How a body drips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drip {
    pub(crate) bytes: usize,
    #[serde(deserialize_with = "duration::read")]
    pub(crate) every: Duration,
}

/// Where and how a body ends early.
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

/// Where an upload stalls, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stall {
    pub(crate) at: BodyPosition,
    #[serde(rename = "for", deserialize_with = "duration::read")]
    pub(crate) span: Duration,
}

/// A place in a body: bytes, or a share of the whole such as `"99%"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum BodyPosition {
    Bytes(u64),
    /// 0 to 1.
    Share(f64),
}

impl BodyPosition {
    /// The place in a body of `whole` bytes.
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

/// A made-up answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MadeUpAnswer {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) body: AnswerBody,
    /// Error code in a JSON body; the usual one for the status when absent.
    pub(crate) code: Option<String>,
    /// Message in a JSON body.
    pub(crate) message: Option<String>,
    /// `Retry-After`, as it is to stand there.
    pub(crate) retry_after: Option<String>,
    /// `before` (the default) leaves the call without effect.
    #[serde(default = "before")]
    pub(crate) when: FaultTiming,
}

fn before() -> FaultTiming {
    FaultTiming::Before
}

/// What a made-up answer carries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnswerBody {
    /// An error in the shape of the scenario.
    #[default]
    Json,
    /// A gateway's page.
    Html,
    Empty,
    /// Bytes that are nothing.
    Garbage,
}

/// Where a redirect leads.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redirect {
    pub(crate) to: String,
    #[serde(default = "found")]
    pub(crate) status: u16,
    #[serde(default = "before")]
    pub(crate) when: FaultTiming,
}

fn found() -> u16 {
    302
}

/// Reads `do`: one action, or several.
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
    /// Statuses and sizes that HTTP cannot carry are refused when the scenario is read.
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
