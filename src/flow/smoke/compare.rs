//! The figures of this run beside those of an earlier one. Pure: reads the earlier result, and says
//! what became worse.

use std::time::Duration;

use serde::Deserialize;
use std::collections::BTreeMap;

use crate::model::smoke::{Cause, Outcome, Stage, StageResult};
use crate::model::{Failure, FailureKind};

/// A stage is slower when it takes this many times as long as before, and ...
const SLOWER: f64 = 1.5;

/// ... at least this much longer: the latency of one short call says little.
const NOTICEABLE: Duration = Duration::from_millis(500);

/// A share of the matte may be this much worse before it counts; of a clip of which nothing is known,
/// this much other.
const MATTE: f64 = 0.03;

/// What the subject keeps of its opacity; more is better.
pub const SUBJECT_KEPT: &str = "subject_kept";

/// What the background keeps of its opacity; less is better.
pub const BACKGROUND_LEFT: &str = "background_left";

/// The share of the picture that is opaque, of a clip of which nothing is known.
pub(super) const COVERAGE: &str = "coverage";

/// The result of an earlier run, as `--json` printed it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Baseline {
    /// When it began, as it was printed.
    #[serde(default)]
    began: String,
    /// Where it was.
    #[serde(default)]
    base_url: Option<String>,
    stages: Vec<Earlier>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Earlier {
    name: String,
    #[serde(default)]
    stage: Option<String>,
    outcome: String,
    seconds: Option<f64>,
    #[serde(default)]
    measures: BTreeMap<String, f64>,
}

impl Baseline {
    /// Reads what `rbgv smoke-test --json` printed; `name` is what the file is called in errors.
    ///
    /// # Errors
    /// [`FailureKind::Usage`]: it is something else.
    pub fn parse(name: &str, text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|error| {
            let why = format!("it is no result of rbgv smoke-test --json: {error}");
            Failure::new(FailureKind::Usage, format!("--compare {name}"), why)
                .with_next("rbgv smoke-test --json > FILE, when all is well")
        })
    }

    /// What became worse, as a stage of its own; `base_url` is where the service is now.
    #[must_use]
    pub fn compare(&self, base_url: &str, now: &[StageResult]) -> StageResult {
        let mut result = self.compared(now);
        if let Some(before) = self.base_url.as_ref().filter(|before| *before != base_url) {
            result.warn(format!("the earlier run was at {before}"));
        }
        result
    }

    fn compared(&self, now: &[StageResult]) -> StageResult {
        let mut compared = 0;
        let (mut worse, mut lost) = (Vec::new(), Vec::new());
        for stage in now {
            let Some(before) = self.stages.iter().find(|before| before.is(stage)) else {
                continue;
            };
            if !ran(stage.outcome.as_str()) || !ran(&before.outcome) {
                continue;
            }
            compared += 1;
            worse.extend(slower(stage, before));
            worse.extend(paler(stage, before));
            lost.extend(unmeasured(stage, before));
        }
        let since = if self.began.is_empty() { "the earlier run" } else { &self.began };
        if compared == 0 {
            let told = format!("no stage ran both now and in {since}");
            let mut result = StageResult::passed(Stage::Comparison, told);
            result.warn("nothing could be compared");
            return result;
        }
        if worse.is_empty() {
            let told = format!("{compared} stages are as good as in {since}");
            let mut result = StageResult::passed(Stage::Comparison, told);
            for told in lost {
                result.warn(told);
            }
            return result;
        }
        let told = format!("{} figures are worse than in {since}", worse.len());
        worse.extend(lost);
        StageResult { details: worse, ..StageResult::failed(Stage::Comparison, Cause::Worse, told) }
    }
}

impl Earlier {
    /// Whether it is the same stage, and of the same clip.
    fn is(&self, now: &StageResult) -> bool {
        let stage = self.stage.as_deref().is_none_or(|stage| stage == now.stage.as_str());
        stage && self.name == now.name
    }
}

/// Figures of the matte that are looked at.
const MATTE_FIGURES: [&str; 3] = [SUBJECT_KEPT, BACKGROUND_LEFT, COVERAGE];

/// Figures of the matte that were measured before and are not now: they may well be worse.
fn unmeasured<'a>(now: &'a StageResult, before: &'a Earlier) -> impl Iterator<Item = String> + 'a {
    let gone = |name: &&str| {
        before.measures.contains_key(*name)
            && !now.measures.iter().any(|measure| measure.name == *name)
    };
    let told = |name| format!("{}: {name} was measured before, and is not now", now.name);
    MATTE_FIGURES.into_iter().filter(gone).map(told)
}

/// Whether a stage ended in a way that has figures.
fn ran(outcome: &str) -> bool {
    [Outcome::Passed, Outcome::Warned].iter().any(|good| good.as_str() == outcome)
}

fn slower(now: &StageResult, before: &Earlier) -> Option<String> {
    // How long usage lags behind, and a burst is held up, is not for us to call slow.
    if matches!(now.stage, Stage::Credits | Stage::Burst) {
        return None;
    }
    let (took, earlier) = (now.took?.as_secs_f64(), before.seconds?);
    let noticeable = took - earlier >= NOTICEABLE.as_secs_f64();
    (noticeable && took > earlier * SLOWER)
        .then(|| format!("{} takes {took:.1} s, before {earlier:.1} s", now.name))
}

fn paler<'a>(now: &'a StageResult, before: &'a Earlier) -> impl Iterator<Item = String> + 'a {
    now.measures.iter().filter_map(|measure| {
        let earlier = *before.measures.get(measure.name)?;
        let loss = match measure.name {
            SUBJECT_KEPT => earlier - measure.value,
            BACKGROUND_LEFT => measure.value - earlier,
            COVERAGE => (measure.value - earlier).abs(),
            _ => return None,
        };
        (loss > MATTE).then(|| {
            format!("{}: {} is {:.3}, before {earlier:.3}", now.name, measure.name, measure.value)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(stage: &str) -> Baseline {
        let text = format!(r#"{{"began": "yesterday", "more": 1, "stages": [{stage}]}}"#);
        Baseline::parse("f", &text).unwrap()
    }

    fn now(millis: u64, measures: &[(&'static str, f64)]) -> Vec<StageResult> {
        let mut result = StageResult::passed(Stage::Output, "");
        result.took = Some(Duration::from_millis(millis));
        for (name, value) in measures {
            result.measure(name, *value);
        }
        vec![result]
    }

    #[test]
    fn only_clear_losses_count() {
        // (seconds before, milliseconds now, worse)
        let latencies = [(1.0, 1_400, 0), (1.0, 1_600, 1), (0.1, 500, 0), (10.0, 14_000, 0)];
        for (seconds, millis, worse) in latencies {
            let before = baseline(&format!(
                r#"{{"name": "output", "outcome": "passed", "seconds": {seconds}}}"#
            ));
            let result = before.compare("u", &now(millis, &[]));
            assert_eq!(result.details.len(), worse, "{seconds} {millis}");
            assert_eq!(result.cause.is_some(), worse > 0);
        }
        let before = baseline(
            r#"{"name": "output", "outcome": "warned", "seconds": null,
                "measures": {"subject_kept": 0.95, "background_left": 0.02, "frames": 48}}"#,
        );
        // (kept, left, worse)
        let mattes = [(0.93, 0.04, 0), (0.99, 0.0, 0), (0.90, 0.02, 1), (0.90, 0.06, 2)];
        for (kept, left, worse) in mattes {
            let figures = [(SUBJECT_KEPT, kept), (BACKGROUND_LEFT, left), ("frames", 1.0)];
            let result = before.compare("u", &now(10, &figures));
            assert_eq!(result.details.len(), worse, "{kept} {left}");
        }
    }

    #[test]
    fn clips_are_compared_with_themselves_and_what_is_not_measured_any_more_is_said() {
        let before = baseline(
            r#"{"name": "output", "stage": "suite", "outcome": "passed", "seconds": 1,
                "measures": {"coverage": 0.4}}"#,
        );
        let clip = |figures: &[(&'static str, f64)]| {
            let mut clip = now(1_000, figures);
            clip[0].stage = Stage::Suite;
            clip
        };
        // (coverage, outcome)
        for (coverage, outcome) in
            [(0.42, Outcome::Passed), (0.3, Outcome::Failed), (0.5, Outcome::Failed)]
        {
            let result = before.compare("u", &clip(&[(COVERAGE, coverage)]));
            assert_eq!(result.outcome, outcome, "{coverage}");
        }
        let result = before.compare("u", &clip(&[]));
        assert_eq!((result.outcome, result.details.len()), (Outcome::Warned, 1), "{result:?}");
        // A clip that is called like a stage is another thing.
        let result = before.compare("u", &now(60_000, &[]));
        assert_eq!(result.details, ["nothing could be compared"]);
    }

    #[test]
    fn an_earlier_run_elsewhere_is_pointed_out() {
        let text = r#"{"base_url": "https://staging/", "stages": [
            {"name": "output", "outcome": "passed", "seconds": 0.01}]}"#;
        let result = Baseline::parse("f", text).unwrap().compare("https://prod/", &now(10, &[]));
        assert_eq!(result.outcome, Outcome::Warned);
        assert!(result.details[0].contains("https://staging/"), "{result:?}");
    }

    #[test]
    fn what_did_not_run_cannot_be_compared_and_that_is_said() {
        for stage in [
            r#"{"name": "output", "outcome": "failed", "seconds": 1}"#,
            r#"{"name": "health", "outcome": "passed", "seconds": 1}"#,
        ] {
            let result = baseline(stage).compare("u", &now(60_000, &[]));
            assert_eq!((result.outcome, result.cause), (Outcome::Warned, None), "{stage}");
        }
    }

    #[test]
    fn another_file_is_a_wrong_command_line() {
        for text in ["", "{}", "[]", r#"{"stages": [{"name": 1}]}"#] {
            let failure = Baseline::parse("old.json", text).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Usage, "{text}");
        }
    }
}
