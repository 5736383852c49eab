//! What the stages come to: one class for the exit code, a sentence, and the next step. Pure.

use crate::model::ExitClass;
use crate::model::smoke::{Cause, Outcome, StageResult, Verdict};

/// Judges a smoke test by its stages.
#[must_use]
pub fn judge(stages: &[StageResult]) -> Verdict {
    let causes: Vec<(Cause, &StageResult)> = stages
        .iter()
        .filter(|stage| stage.outcome == Outcome::Failed)
        // One that does not say why fails nonetheless.
        .map(|stage| (stage.cause.unwrap_or(Cause::Review), stage))
        .collect();
    let class = ExitClass::combine(causes.iter().map(|(cause, _)| cause.exit_class()), false);
    let Some((cause, _)) = causes.iter().find(|(cause, _)| cause.exit_class() == class) else {
        return well(stages);
    };
    let behind: Vec<&StageResult> = causes
        .iter()
        .filter(|(other, _)| other.exit_class() == class)
        .map(|(_, stage)| *stage)
        .collect();
    let names: Vec<&str> = behind.iter().map(|stage| stage.name.as_str()).collect();
    let told = format!("{}: {}", sentence(*cause), names.join(", "));
    let job = behind.iter().find_map(|stage| stage.job.as_ref().map(|job| job.0.clone()));
    let own = behind.iter().find_map(|stage| stage.next.clone());
    Verdict {
        class,
        word: cause.as_str(),
        told,
        next: Some(own.unwrap_or_else(|| next(*cause, job.as_deref()))),
    }
}

fn well(stages: &[StageResult]) -> Verdict {
    let count = |outcome| stages.iter().filter(|stage| stage.outcome == outcome).count();
    let (passed, warned) = (count(Outcome::Passed), count(Outcome::Warned));
    let ran = passed + warned;
    // A smoke test that looked at nothing proves nothing.
    if ran == 0 {
        return Verdict {
            class: ExitClass::Usage,
            word: "nothing",
            told: "no stage was run".to_owned(),
            next: Some(
                "choose stages with --only, or give --budget for those that cost".to_owned(),
            ),
        };
    }
    let told = match warned {
        0 => format!("all is well: {ran} of {ran} checks passed"),
        _ => format!("works: {ran} checks passed, {warned} of them with a warning"),
    };
    Verdict { class: ExitClass::Done, word: "well", told, next: None }
}

fn sentence(cause: Cause) -> &'static str {
    match cause {
        Cause::Down => "the service is down, or refuses us",
        Cause::Slow => "the service is slow",
        Cause::Ours => "our key or configuration is wrong",
        Cause::Contract => "the contract changed",
        Cause::Credits => "there are not enough credits, or the budget is too small",
        Cause::Job => "the job failed at the service",
        Cause::Timeout => "the job was not finished in time",
        Cause::Output => "the output is not what was asked for",
        Cause::Local => "this machine is in trouble",
        Cause::Review => "what happened at the service cannot be told",
        Cause::Input => "not everything in the directory is a video",
        Cause::Usage => "the command line is wrong",
        Cause::Interrupted => "stopped before the end",
    }
}

/// What helps where the stage itself did not say; `job` is the one that it was about.
fn next(cause: Cause, job: Option<&str>) -> String {
    let of_job = |command: &str| match job {
        Some(job) => format!("rbgv {command} {job}"),
        None => "rbgv status".to_owned(),
    };
    let text = match cause {
        Cause::Job | Cause::Review | Cause::Timeout => return of_job("status"),
        Cause::Output => return format!("{}, and look at the output", of_job("fetch")),
        Cause::Down => {
            "rbgv smoke-test --only free, in a few minutes; tell the vendor the request ids"
        }
        Cause::Slow => "rbgv smoke-test again; if it is still slow, tell the vendor",
        Cause::Ours => "rbgv config show",
        Cause::Contract => {
            "compare the fields above with the vendor's pages, and hold the deployment"
        }
        Cause::Credits => "rbgv usage",
        Cause::Local => "rbgv config show, for where the ledger lies",
        Cause::Input => "take it out of the directory, or mend it",
        Cause::Usage => "rbgv smoke-test --help",
        Cause::Interrupted => "rbgv smoke-test, which goes on with a job that was left",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::smoke::Stage;

    fn failed(stage: Stage, cause: Cause) -> StageResult {
        StageResult::failed(stage, cause, "no")
    }

    #[test]
    fn the_verdict_tells_the_causes_apart() {
        let table = [
            (Cause::Down, 5, "down"),
            (Cause::Slow, 10, "slow"),
            (Cause::Ours, 3, "ours"),
            (Cause::Contract, 11, "contract"),
            (Cause::Credits, 4, "credits"),
            (Cause::Job, 6, "job"),
            (Cause::Timeout, 7, "timeout"),
            (Cause::Output, 8, "output"),
            (Cause::Local, 9, "local"),
            (Cause::Review, 1, "review"),
            (Cause::Input, 1, "input"),
            (Cause::Usage, 2, "usage"),
            (Cause::Interrupted, 130, "interrupted"),
        ];
        for (cause, code, word) in table {
            let stages = [StageResult::passed(Stage::Health, "y"), failed(Stage::Usage, cause)];
            let verdict = judge(&stages);
            assert_eq!((verdict.class.code(), verdict.word), (code, word));
            assert!(verdict.told.ends_with(": usage"), "{}", verdict.told);
            assert!(verdict.next.is_some());
        }
    }

    #[test]
    fn the_strongest_cause_wins_and_names_its_stages() {
        let stages = [
            failed(Stage::Health, Cause::Slow),
            failed(Stage::Pricing, Cause::Contract),
            failed(Stage::Listing, Cause::Contract),
            failed(Stage::Success, Cause::Job),
        ];
        let verdict = judge(&stages);
        assert_eq!(verdict.class, ExitClass::Contract);
        assert!(verdict.told.ends_with("pricing, listing"), "{}", verdict.told);
    }

    #[test]
    fn what_failed_without_a_word_still_fails() {
        let stages = [StageResult::new(Stage::Health, Outcome::Failed, "odd")];
        assert_eq!(judge(&stages).class, ExitClass::Some);
    }

    #[test]
    fn warnings_do_not_fail_and_skipped_stages_do_not_count() {
        let mut warned = StageResult::passed(Stage::Tls, "t");
        warned.warn("soon");
        let skipped = StageResult::skipped(Stage::Success, "no budget");
        let verdict = judge(&[warned, StageResult::passed(Stage::Health, "h"), skipped.clone()]);
        assert_eq!((verdict.class.code(), verdict.word), (0, "well"));
        assert!(verdict.told.contains("2 checks") && verdict.told.contains("1 of them"));
        assert_eq!(judge(&[skipped]).class, ExitClass::Usage);
    }

    #[test]
    fn the_next_step_names_the_job() {
        let mut stage = failed(Stage::Success, Cause::Timeout);
        assert_eq!(judge(&[stage.clone()]).next.as_deref(), Some("rbgv status"));
        stage.job = Some(crate::model::JobId("j-7".to_owned()));
        assert_eq!(judge(&[stage]).next.as_deref(), Some("rbgv status j-7"));
    }

    #[test]
    fn what_a_stage_says_of_the_next_step_counts_more() {
        let mut stage = failed(Stage::Authentication, Cause::Ours);
        stage.next = Some("rbgv profile check".to_owned());
        assert_eq!(judge(&[stage]).next.as_deref(), Some("rbgv profile check"));
    }
}
