//! One `[[fault]]` of a scenario: the affected calls and the actions.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de::Error as _};

use super::action::{Action, read_actions};
use super::{ScenarioError, spec};
use crate::sandbox::util::duration;

/// One `[[fault]]`: the calls that it affects, and its actions.
///
/// A call is counted if it matches `on`, `key`, `after` and `until`; `nth`, `every`, `times` and
/// `probability` then select among the counted calls.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Name in the audit; `on` by default.
    name: Option<String>,
    #[serde(deserialize_with = "read_pattern")]
    on: Pattern,
    /// Fingerprint of the only affected key.
    key: Option<String>,
    /// Only from this time after the scenario was loaded.
    #[serde(default, deserialize_with = "duration::read_optional")]
    after: Option<Duration>,
    /// Only until this time after the scenario was loaded.
    #[serde(default, deserialize_with = "duration::read_optional")]
    until: Option<Duration>,
    /// Only these calls, counted from 1.
    #[serde(default, deserialize_with = "read_numbers")]
    nth: Vec<u64>,
    /// Only every n-th call.
    every: Option<u64>,
    /// Maximum number of calls.
    times: Option<u64>,
    /// Probability per call, from the seed of the scenario.
    probability: Option<f64>,
    /// Counts each path separately, so that `nth = 1` is the first call for each job.
    #[serde(default)]
    pub(crate) per_path: bool,
    #[serde(rename = "do", deserialize_with = "read_actions")]
    pub(crate) actions: Vec<Action>,
}

/// The properties of a call against which a fault is matched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FaultSubject<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// Fingerprint of the key, if one was sent.
    pub(crate) key: Option<&'a str>,
    /// Time since the scenario was loaded.
    pub(crate) age: Duration,
}

/// `METHOD PATH`; either may be `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    method: String,
    path: String,
}

impl FaultRule {
    /// Parses a one-line fault such as `POST /v1/jobs nth=2 reset=after`, with the words of a
    /// scenario file (see `docs/sandbox.md`).
    pub fn parse(spec: &str) -> Result<Self, ScenarioError> {
        let text = spec::as_toml(spec).map_err(ScenarioError)?;
        let fault: Self = toml::from_str(&text)
            .map_err(|error| ScenarioError(format!("--fault {spec}: {}", error.message())))?;
        fault.check().map_err(|why| ScenarioError(format!("--fault {spec}: {why}")))?;
        Ok(fault)
    }

    /// The name in the audit.
    pub(crate) fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("{} {}", self.on.method, self.on.path))
    }

    /// Whether a call is counted.
    pub(crate) fn counts(&self, subject: &FaultSubject<'_>) -> bool {
        self.on.fits(subject.method, subject.path)
            && self.key.as_deref().is_none_or(|key| subject.key == Some(key))
            && self.after.is_none_or(|after| subject.age >= after)
            && self.until.is_none_or(|until| subject.age < until)
    }

    /// Whether the `nth` counted call is affected, after `met` affected calls and with the random
    /// number `roll`.
    pub(crate) fn meets(&self, nth: u64, met: u64, roll: f64) -> bool {
        (self.nth.is_empty() || self.nth.contains(&nth))
            && self.every.is_none_or(|every| nth.is_multiple_of(every))
            && self.times.is_none_or(|times| met < times)
            && self.probability.is_none_or(|probability| roll < probability)
    }

    /// Refuses rules that no call can match or no response can carry.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.actions.is_empty() {
            return Err("`do` names no action".to_owned());
        }
        if self.every == Some(0) || self.nth.contains(&0) {
            return Err("calls are counted from 1".to_owned());
        }
        if self.probability.is_some_and(|chance| !(0.0..=1.0).contains(&chance)) {
            return Err("probability is 0 to 1".to_owned());
        }
        self.actions.iter().try_for_each(Action::check)
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let (method, path) = text.split_once(char::is_whitespace)?;
        let path = path.trim();
        let known = ["*", "GET", "HEAD", "POST", "PUT", "DELETE", "WEBHOOK"].contains(&method);
        let shaped = path == "*" || path.starts_with('/') || method == "WEBHOOK";
        (known && shaped && !path.contains(char::is_whitespace))
            .then(|| Self { method: method.to_owned(), path: path.to_owned() })
    }

    fn fits(&self, method: &str, path: &str) -> bool {
        let method_fits = match self.method.as_str() {
            // Webhooks are outgoing calls, matched only by their own name.
            "*" => method != "WEBHOOK",
            named => named == method,
        };
        method_fits && (self.path == "*" || path_fits(&self.path, path))
    }
}

fn path_fits(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    for wanted in pattern.split('/') {
        if wanted == "**" {
            return true;
        }
        match parts.next() {
            Some(part) if wanted == part || (wanted == "*" && !part.is_empty()) => {}
            _ => return false,
        }
    }
    parts.next().is_none()
}

fn read_pattern<'de, D: Deserializer<'de>>(from: D) -> Result<Pattern, D::Error> {
    let text = String::deserialize(from)?;
    Pattern::parse(&text).ok_or_else(|| {
        D::Error::custom(format!(
            "`{text}` is not a method and a path, such as \"POST /v1/jobs/*/start\""
        ))
    })
}

fn read_numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u64>, D::Error> {
    struct Reader;
    impl<'de> Visitor<'de> for Reader {
        type Value = Vec<u64>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number, or a list of numbers")
        }
        fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
            u64::try_from(number).map(|number| vec![number]).map_err(E::custom)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut numbers = Vec::new();
            while let Some(number) = seq.next_element()? {
                numbers.push(number);
            }
            Ok(numbers)
        }
    }
    from.deserialize_any(Reader)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> FaultRule {
        toml::from_str(text).unwrap()
    }

    fn call<'a>(method: &'a str, path: &'a str) -> FaultSubject<'a> {
        FaultSubject { method, path, key: Some("k"), age: Duration::from_secs(5) }
    }

    #[test]
    fn patterns() {
        let table = [
            ("POST /v1/jobs", "POST", "/v1/jobs", true),
            ("POST /v1/jobs", "GET", "/v1/jobs", false),
            ("GET /v1/jobs/*", "GET", "/v1/jobs/job_1", true),
            ("GET /v1/jobs/*", "GET", "/v1/jobs", false),
            ("GET /v1/jobs/*", "GET", "/v1/jobs/job_1/start", false),
            ("* /v1/**", "POST", "/v1/jobs/job_1/start", true),
            ("* *", "GET", "/health", true),
            ("* *", "WEBHOOK", "job.completed", false),
            ("WEBHOOK job.completed", "WEBHOOK", "job.completed", true),
            ("WEBHOOK *", "WEBHOOK", "job.failed", true),
        ];
        for (on, method, path, expected) in table {
            let fault = fault(&format!("on = \"{on}\"\ndo = \"garble\""));
            assert_eq!(fault.counts(&call(method, path)), expected, "{on} / {method} {path}");
        }
    }

    #[test]
    fn windows_and_keys() {
        let late = fault("on = \"* *\"\nafter = \"6s\"\ndo = \"garble\"");
        let early = fault("on = \"* *\"\nuntil = \"5s\"\ndo = \"garble\"");
        let other = fault("on = \"* *\"\nkey = \"other\"\ndo = \"garble\"");
        let mine =
            fault("on = \"* *\"\nkey = \"k\"\nafter = \"5s\"\nuntil = \"6s\"\ndo = \"garble\"");
        let subject = call("GET", "/health");
        assert!(!late.counts(&subject) && !early.counts(&subject) && !other.counts(&subject));
        assert!(mine.counts(&subject));
    }

    #[test]
    fn choosing_among_counted_calls() {
        let met = |text: &str| -> Vec<u64> {
            let fault = fault(&format!("on = \"* *\"\ndo = \"garble\"\n{text}"));
            let mut met = Vec::new();
            for nth in 1..=6 {
                if fault.meets(nth, met.len() as u64, nth as f64 / 10.0) {
                    met.push(nth);
                }
            }
            met
        };
        assert_eq!(met(""), [1, 2, 3, 4, 5, 6]);
        assert_eq!(met("nth = 2"), [2]);
        assert_eq!(met("nth = [1, 5]"), [1, 5]);
        assert_eq!(met("every = 3"), [3, 6]);
        assert_eq!(met("times = 2"), [1, 2]);
        assert_eq!(met("every = 2\ntimes = 2"), [2, 4]);
        assert_eq!(met("probability = 0.35"), [1, 2, 3]);
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let table = [
            ("on = \"/v1/jobs\"\ndo = \"garble\"", "not a method and a path"),
            ("on = \"GET /x\"\ndo = \"explode\"", "unknown variant `explode`"),
            ("on = \"GET /x\"\ndo = { cut = { at = \"150%\" } }", "99%"),
            ("on = \"GET /x\"\nnht = 1\ndo = \"garble\"", "unknown field `nht`"),
        ];
        for (text, words) in table {
            let error = toml::from_str::<FaultRule>(text).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
