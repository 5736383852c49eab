//! Selection of stages, and why the others do not run. Pure: decided before anything is sent, from
//! the request and the setup.

use strum::Display;

use crate::model::smoke::{SmokeStage, StageGroup, StageSelector};

/// The user's request, and the parts of the setup that stages need.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct StageRequest {
    /// Only these, and the stages that they need.
    pub only: Vec<StageSelector>,
    /// Not these, nor the stages that need them.
    pub skip: Vec<StageSelector>,
    /// Credits may be spent.
    pub budget: bool,
    /// There is a key without credits.
    pub key_without_credits: bool,
    /// A burst was requested.
    pub burst: bool,
    /// The team's own clips replace the built-in one.
    pub suite: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Display)]
pub enum SkipReason {
    /// Named by `--skip`, or not by `--only`.
    #[strum(to_string = "not requested")]
    NotRequested,
    #[strum(to_string = "needs stage {0}, which is not run")]
    Needs(SmokeStage),
    /// It may be billed, and no budget was given.
    #[strum(to_string = "may spend credits; add --budget CREDITS")]
    NoBudget,
    #[strum(to_string = "needs a key without credits; add --no-credits-profile NAME")]
    NoKeyWithoutCredits,
}

/// Every stage in order, with the reason if it is skipped.
#[must_use]
pub fn select(wanted: &StageRequest) -> Vec<(SmokeStage, Option<SkipReason>)> {
    let mut stages: Vec<(SmokeStage, Option<SkipReason>)> = Vec::new();
    for stage in SmokeStage::named() {
        if stage == SmokeStage::Burst && !wanted.burst {
            continue;
        }
        // One success path: the team's clips replace the built-in one and its known mask.
        if wanted.suite && stage.group() == StageGroup::Paid {
            if stage == SmokeStage::Success {
                stages.push((SmokeStage::Suite, skip_reason(SmokeStage::Success, wanted)));
            }
            continue;
        }
        stages.push((stage, skip_reason(stage, wanted)));
    }
    stages
}

fn skip_reason(stage: SmokeStage, wanted: &StageRequest) -> Option<SkipReason> {
    let named = |choices: &[StageSelector], stage| choices.iter().any(|choice| choice.names(stage));
    let needs = needs(stage);
    if named(&wanted.skip, stage) {
        return Some(SkipReason::NotRequested);
    }
    if let Some(needed) = needs.filter(|needed| named(&wanted.skip, *needed)) {
        return Some(SkipReason::Needs(needed));
    }
    if !wanted.only.is_empty() && stage != SmokeStage::Burst {
        let needed_by_one = SmokeStage::named()
            .any(|other| self::needs(other) == Some(stage) && named(&wanted.only, other));
        if !named(&wanted.only, stage) && !needed_by_one {
            return Some(SkipReason::NotRequested);
        }
    }
    let may_bill = stage.starts_jobs() || needs.is_some_and(SmokeStage::starts_jobs);
    if may_bill && !wanted.budget {
        return Some(SkipReason::NoBudget);
    }
    // Uploads and drafts cost nothing, but they write: only when more than the free checks was
    // requested.
    let writes = stage.group() == StageGroup::Failures;
    if writes && !wanted.budget && !named(&wanted.only, stage) {
        return Some(SkipReason::NoBudget);
    }
    (stage == SmokeStage::NoCredits && !wanted.key_without_credits)
        .then_some(SkipReason::NoKeyWithoutCredits)
}

/// The stage that a stage needs.
fn needs(stage: SmokeStage) -> Option<SmokeStage> {
    matches!(stage, SmokeStage::Output | SmokeStage::Credits).then_some(SmokeStage::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(wanted: &StageRequest) -> Vec<&'static str> {
        select(wanted)
            .into_iter()
            .filter(|(_, skip_reason)| skip_reason.is_none())
            .map(|(stage, _)| stage.as_str())
            .collect()
    }

    fn choices(words: &[&str]) -> Vec<StageSelector> {
        words.iter().map(|word| word.parse().unwrap()).collect()
    }

    const FREE: [&str; 8] =
        ["name", "tls", "health", "pricing", "authentication", "isolation", "listing", "usage"];

    #[test]
    fn nothing_that_writes_or_spends_runs_without_a_budget() {
        assert_eq!(run(&StageRequest::default()), FREE);
        let spending = StageRequest { budget: true, ..StageRequest::default() };
        let more = ["success", "output", "credits", "not-a-video", "invalid-option", "dead-link"];
        assert_eq!(run(&spending), [&FREE[..], &more[..]].concat());
        let all = StageRequest { key_without_credits: true, ..spending };
        assert!(run(&all).contains(&"no-credits"));
    }

    #[test]
    fn choices_take_along_what_they_build_on_and_leave_out_what_builds_on_them() {
        // (only, skip, budget, stages that run)
        type Row<'a> = (&'a [&'a str], &'a [&'a str], bool, &'a [&'a str]);
        let table: [Row<'_>; 8] = [
            (&["health"], &[], false, &["health"]),
            (&["output"], &[], true, &["success", "output"]),
            (&["credits"], &["output"], true, &["success", "credits"]),
            (&["paid"], &[], true, &["success", "output", "credits"]),
            (&["paid"], &["success"], true, &[]),
            (&["paid"], &[], false, &[]),
            (&["not-a-video", "dead-link"], &[], false, &["not-a-video"]),
            (&["free"], &["tls", "name"], false, &FREE[2..]),
        ];
        for (only, skip, budget, expected) in table {
            let wanted = StageRequest {
                only: choices(only),
                skip: choices(skip),
                budget,
                ..StageRequest::default()
            };
            assert_eq!(run(&wanted), expected, "{only:?} {skip:?} {budget}");
        }
    }

    #[test]
    fn a_burst_and_a_suite_are_there_only_when_asked_for() {
        let plain = select(&StageRequest { budget: true, ..StageRequest::default() });
        assert!(
            plain.iter().all(|(stage, _)| !matches!(stage, SmokeStage::Burst | SmokeStage::Suite))
        );
        let wanted =
            StageRequest { budget: true, burst: true, suite: true, ..StageRequest::default() };
        let run = run(&wanted);
        assert!(run.contains(&"suite") && run.contains(&"burst"));
        assert!(!run.contains(&"success") && !run.contains(&"output"));
    }

    #[test]
    fn every_reason_says_what_to_do_or_why() {
        let table = [
            (SkipReason::NotRequested, "not requested"),
            (SkipReason::Needs(SmokeStage::Success), "needs stage success, which is not run"),
            (SkipReason::NoBudget, "may spend credits; add --budget CREDITS"),
            (
                SkipReason::NoKeyWithoutCredits,
                "needs a key without credits; add --no-credits-profile NAME",
            ),
        ];
        for (skip_reason, text) in table {
            assert_eq!(skip_reason.to_string(), text);
        }
    }
}
