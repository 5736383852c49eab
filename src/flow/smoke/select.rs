//! Which stages run, and why the others do not. Pure: decided before anything is sent, from what
//! the user asked for and from what there is.

use crate::model::smoke::{Choice, Group, Stage};

/// What the user asked for, and what there is.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Wanted {
    /// Only these, and what they build on.
    pub only: Vec<Choice>,
    /// Not these, nor what builds on them.
    pub skip: Vec<Choice>,
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
pub enum Because {
    /// Named by `--skip`, or not by `--only`.
    NotAsked,
    /// It builds on a stage that is not run.
    Needs(Stage),
    /// It may be billed, and no budget was given.
    NoBudget,
    /// There is no key without credits to try.
    NoBrokeKey,
}

impl Because {
    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::NotAsked => "not asked for".to_owned(),
            Self::Needs(stage) => format!("it builds on {stage}, which is not run"),
            Self::NoBudget => "it may spend credits: give --budget CREDITS to run it".to_owned(),
            Self::NoBrokeKey => {
                "it needs a key without credits: name its profile with --no-credits-profile"
                    .to_owned()
            }
        }
    }
}

/// Every stage that this command knows, in order, and why it is not run where it is not.
#[must_use]
pub fn select(wanted: &Wanted) -> Vec<(Stage, Option<Because>)> {
    let mut stages: Vec<(Stage, Option<Because>)> = Vec::new();
    for stage in Stage::NAMED {
        if stage == Stage::Burst && !wanted.burst {
            continue;
        }
        // One success path: the team's clips replace the built-in one and what is known of it.
        if wanted.suite && stage.group() == Group::Paid {
            if stage == Stage::Success {
                stages.push((Stage::Suite, because(Stage::Success, wanted)));
            }
            continue;
        }
        stages.push((stage, because(stage, wanted)));
    }
    stages
}

fn because(stage: Stage, wanted: &Wanted) -> Option<Because> {
    let named = |choices: &[Choice], stage| choices.iter().any(|choice| choice.names(stage));
    let needs = needs(stage);
    if named(&wanted.skip, stage) {
        return Some(Because::NotAsked);
    }
    if let Some(needed) = needs.filter(|needed| named(&wanted.skip, *needed)) {
        return Some(Because::Needs(needed));
    }
    if !wanted.only.is_empty() && stage != Stage::Burst {
        let needed_by_one = Stage::NAMED
            .into_iter()
            .any(|other| self::needs(other) == Some(stage) && named(&wanted.only, other));
        if !named(&wanted.only, stage) && !needed_by_one {
            return Some(Because::NotAsked);
        }
    }
    let may_bill = stage.starts_jobs() || needs.is_some_and(Stage::starts_jobs);
    if may_bill && !wanted.budget {
        return Some(Because::NoBudget);
    }
    // Uploads and drafts cost nothing, but they write: not unless somebody wants more than a look.
    let writes = stage.group() == Group::Failures;
    if writes && !wanted.budget && !named(&wanted.only, stage) {
        return Some(Because::NoBudget);
    }
    (stage == Stage::NoCredits && !wanted.broke_key).then_some(Because::NoBrokeKey)
}

/// What a stage builds on.
fn needs(stage: Stage) -> Option<Stage> {
    matches!(stage, Stage::Output | Stage::Credits).then_some(Stage::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(wanted: &Wanted) -> Vec<&'static str> {
        select(wanted)
            .into_iter()
            .filter(|(_, because)| because.is_none())
            .map(|(stage, _)| stage.as_str())
            .collect()
    }

    fn choices(words: &[&str]) -> Vec<Choice> {
        words.iter().map(|word| word.parse().unwrap()).collect()
    }

    const FREE: [&str; 8] =
        ["name", "tls", "health", "pricing", "authentication", "isolation", "listing", "usage"];

    #[test]
    fn nothing_that_writes_or_spends_runs_without_a_budget() {
        assert_eq!(run(&Wanted::default()), FREE);
        let spending = Wanted { budget: true, ..Wanted::default() };
        let more = ["success", "output", "credits", "not-a-video", "invalid-option", "dead-link"];
        assert_eq!(run(&spending), [&FREE[..], &more[..]].concat());
        let broke = Wanted { broke_key: true, ..spending };
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
            let wanted =
                Wanted { only: choices(only), skip: choices(skip), budget, ..Wanted::default() };
            assert_eq!(run(&wanted), expected, "{only:?} {skip:?} {budget}");
        }
    }

    #[test]
    fn a_burst_and_a_suite_are_there_only_when_asked_for() {
        let plain = select(&Wanted { budget: true, ..Wanted::default() });
        assert!(plain.iter().all(|(stage, _)| !matches!(stage, Stage::Burst | Stage::Suite)));
        let wanted = Wanted { budget: true, burst: true, suite: true, ..Wanted::default() };
        let run = run(&wanted);
        assert!(run.contains(&"suite") && run.contains(&"burst"));
        assert!(!run.contains(&"success") && !run.contains(&"output"));
    }

    #[test]
    fn every_reason_says_what_to_do_or_why() {
        for because in [
            Because::NotAsked,
            Because::Needs(Stage::Success),
            Because::NoBudget,
            Because::NoBrokeKey,
        ] {
            assert!(!because.words().is_empty());
        }
    }
}
