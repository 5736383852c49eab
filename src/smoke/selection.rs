//! Which stages run, and why the others do not. Pure: decided before anything is sent, from what
//! the user asked for and from what there is.

use crate::model::smoke::{SmokeStage, StageGroup, StageSelector};

/// What the user asked for, and what there is.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct StageRequest {
    /// Only these, and what they build on.
    pub only: Vec<StageSelector>,
    /// Not these, nor what builds on them.
    pub skip: Vec<StageSelector>,
    /// Whether credits may be spent at all.
    pub budget: bool,
    /// Whether there is a key that has no credits.
    pub broke_key: bool,
    /// Whether a burst was asked for.
    pub burst: bool,
    /// Whether the team's own clips take the place of the built-in one.
    pub suite: bool,
}

/// Why a stage does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// Named by `--skip`, or not by `--only`.
    NotAsked,
    /// It builds on a stage that is not run.
    Needs(SmokeStage),
    /// It may be billed, and no budget was given.
    NoBudget,
    /// There is no key without credits to try.
    NoBrokeKey,
}

impl SkipReason {
    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::NotAsked => "not requested".to_owned(),
            Self::Needs(stage) => format!("needs stage {stage}, which is not run"),
            Self::NoBudget => "may spend credits; add --budget CREDITS".to_owned(),
            Self::NoBrokeKey => {
                "needs a key without credits; add --no-credits-profile NAME".to_owned()
            }
        }
    }
}

/// Every stage that this command knows, in order, and why it is not run where it is not.
#[must_use]
pub fn select(wanted: &StageRequest) -> Vec<(SmokeStage, Option<SkipReason>)> {
    let mut stages: Vec<(SmokeStage, Option<SkipReason>)> = Vec::new();
    for stage in SmokeStage::NAMED {
        if stage == SmokeStage::Burst && !wanted.burst {
            continue;
        }
        // One success path: the team's clips replace the built-in one and what is known of it.
        if wanted.suite && stage.group() == StageGroup::Paid {
            if stage == SmokeStage::Success {
                stages.push((SmokeStage::Suite, because(SmokeStage::Success, wanted)));
            }
            continue;
        }
        stages.push((stage, because(stage, wanted)));
    }
    stages
}

fn because(stage: SmokeStage, wanted: &StageRequest) -> Option<SkipReason> {
    let named = |choices: &[StageSelector], stage| choices.iter().any(|choice| choice.names(stage));
    let needs = needs(stage);
    if named(&wanted.skip, stage) {
        return Some(SkipReason::NotAsked);
    }
    if let Some(needed) = needs.filter(|needed| named(&wanted.skip, *needed)) {
        return Some(SkipReason::Needs(needed));
    }
    if !wanted.only.is_empty() && stage != SmokeStage::Burst {
        let needed_by_one = SmokeStage::NAMED
            .into_iter()
            .any(|other| self::needs(other) == Some(stage) && named(&wanted.only, other));
        if !named(&wanted.only, stage) && !needed_by_one {
            return Some(SkipReason::NotAsked);
        }
    }
    let may_bill = stage.starts_jobs() || needs.is_some_and(SmokeStage::starts_jobs);
    if may_bill && !wanted.budget {
        return Some(SkipReason::NoBudget);
    }
    // Uploads and drafts cost nothing, but they write: not unless somebody wants more than a look.
    let writes = stage.group() == StageGroup::Failures;
    if writes && !wanted.budget && !named(&wanted.only, stage) {
        return Some(SkipReason::NoBudget);
    }
    (stage == SmokeStage::NoCredits && !wanted.broke_key).then_some(SkipReason::NoBrokeKey)
}

/// What a stage builds on.
fn needs(stage: SmokeStage) -> Option<SmokeStage> {
    matches!(stage, SmokeStage::Output | SmokeStage::Credits).then_some(SmokeStage::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(wanted: &StageRequest) -> Vec<&'static str> {
        select(wanted)
            .into_iter()
            .filter(|(_, because)| because.is_none())
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
        let broke = StageRequest { broke_key: true, ..spending };
        assert!(run(&broke).contains(&"no-credits"));
    }

    #[test]
    fn choices_take_along_what_they_build_on_and_leave_out_what_builds_on_them() {
        // (only, skip, budget, what runs)
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
        for because in [
            SkipReason::NotAsked,
            SkipReason::Needs(SmokeStage::Success),
            SkipReason::NoBudget,
            SkipReason::NoBrokeKey,
        ] {
            assert!(!because.words().is_empty());
        }
    }
}
