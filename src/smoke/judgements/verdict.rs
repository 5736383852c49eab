//! Verdict on all stages: one exit class, a sentence, and the next step. Pure.

use crate::model::smoke::{SmokeVerdict, StageFailure, StageOutcome, StageResult};
use crate::model::{ExitClass, JobId};

/// The strongest class among the failed stages determines the exit code; its first stage the sentence.
#[must_use]
pub fn judge(stages: &[StageResult]) -> SmokeVerdict {
    let failed = || stages.iter().filter(|stage| stage.outcome == StageOutcome::Failed);
    // A failed stage without a cause still counts as failed.
    let cause = |stage: &StageResult| stage.cause.unwrap_or(StageFailure::Review);
    let class = ExitClass::combine(failed().map(|stage| cause(stage).exit_class()), false);
    let blamed: Vec<_> = failed().filter(|stage| cause(stage).exit_class() == class).collect();
    let Some(first) = blamed.first() else { return no_failure(stages) };
    let names: Vec<&str> = blamed.iter().map(|stage| stage.name.as_str()).collect();
    let job = blamed.iter().find_map(|stage| stage.job.as_ref());
    let remedy = blamed.iter().find_map(|stage| stage.next.clone());
    let cause = cause(first);
    SmokeVerdict {
        class,
        word: cause.as_str(),
        told: format!("{}: {}", sentence(cause), names.join(", ")),
        next: Some(remedy.unwrap_or_else(|| next(cause, job))),
    }
}

fn no_failure(stages: &[StageResult]) -> SmokeVerdict {
    let count = |outcome| stages.iter().filter(|stage| stage.outcome == outcome).count();
    let (passed, warned) = (count(StageOutcome::Passed), count(StageOutcome::Warned));
    let ran = passed + warned;
    // A smoke test without any check proves nothing.
    if ran == 0 {
        return SmokeVerdict {
            class: ExitClass::Usage,
            word: "nothing",
            told: "no stage was run".to_owned(),
            next: Some(
                "choose stages with --only, or add --budget for those that start jobs".to_owned(),
            ),
        };
    }
    let told = match warned {
        0 => format!("passed: {ran} of {ran} checks"),
        _ => format!("passed: {ran} checks, {warned} of them with a warning"),
    };
    SmokeVerdict { class: ExitClass::Done, word: "passed", told, next: None }
}

fn sentence(cause: StageFailure) -> &'static str {
    match cause {
        StageFailure::Unavailable => "the service is unavailable or rejects our requests",
        StageFailure::Slow => "the service is slow",
        StageFailure::Configuration => "the key or configuration is wrong",
        StageFailure::Contract => "the API has changed",
        StageFailure::Credits => "not enough credits, or the budget is too small",
        StageFailure::Job => "the job failed at the service",
        StageFailure::Timeout => "the job did not finish in time",
        StageFailure::Output => "the output is not as requested",
        StageFailure::Local => "a problem on this machine",
        StageFailure::Review => "the result at the service is unknown",
        StageFailure::Input => "the directory contains a file that is not a video",
        StageFailure::Usage => "invalid command line",
        StageFailure::Interrupted => "interrupted",
    }
}

/// Remedy for a cause where the stage itself has none; `job` is the job of the stage.
fn next(cause: StageFailure, job: Option<&JobId>) -> String {
    let of_job = |command: &str| match job {
        Some(job) => format!("rbgv {command} {job}"),
        None => "rbgv status".to_owned(),
    };
    let text = match cause {
        StageFailure::Job | StageFailure::Review | StageFailure::Timeout => {
            return of_job("status");
        }
        StageFailure::Output => return format!("{}  # then check the output", of_job("fetch")),
        StageFailure::Unavailable => {
            "rbgv smoke-test --only free  # in a few minutes; report the request IDs to the vendor"
        }
        StageFailure::Slow => "rbgv smoke-test  # if it is still slow, report it to the vendor",
        StageFailure::Configuration => "rbgv config show",
        StageFailure::Contract => {
            "compare the fields above with the vendor's documentation, and stop the deployment"
        }
        StageFailure::Credits => "rbgv usage",
        StageFailure::Local => "rbgv doctor",
        StageFailure::Input => "remove or repair the file, and test again",
        StageFailure::Usage => "rbgv smoke-test --help",
        StageFailure::Interrupted => "rbgv smoke-test  # continues with an unfinished job",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::smoke::SmokeStage;

    fn failed(stage: SmokeStage, cause: StageFailure) -> StageResult {
        StageResult::failed(stage, cause, "no")
    }

    #[test]
    fn the_verdict_tells_the_causes_apart() {
        let table = [
            (StageFailure::Unavailable, 5, "unavailable"),
            (StageFailure::Slow, 10, "slow"),
            (StageFailure::Configuration, 3, "configuration"),
            (StageFailure::Contract, 11, "contract"),
            (StageFailure::Credits, 4, "credits"),
            (StageFailure::Job, 6, "job"),
            (StageFailure::Timeout, 7, "timeout"),
            (StageFailure::Output, 8, "output"),
            (StageFailure::Local, 9, "local"),
            (StageFailure::Review, 1, "review"),
            (StageFailure::Input, 1, "input"),
            (StageFailure::Usage, 2, "usage"),
            (StageFailure::Interrupted, 130, "interrupted"),
        ];
        for (cause, code, word) in table {
            let stages =
                [StageResult::passed(SmokeStage::Health, "y"), failed(SmokeStage::Usage, cause)];
            let verdict = judge(&stages);
            assert_eq!((verdict.class.code(), verdict.word), (code, word));
            assert!(verdict.told.ends_with(": usage"), "{}", verdict.told);
            assert!(verdict.next.is_some());
        }
    }

    #[test]
    fn the_strongest_cause_wins_and_names_its_stages() {
        let stages = [
            failed(SmokeStage::Health, StageFailure::Slow),
            failed(SmokeStage::Pricing, StageFailure::Contract),
            failed(SmokeStage::Listing, StageFailure::Contract),
            failed(SmokeStage::Success, StageFailure::Job),
        ];
        let verdict = judge(&stages);
        assert_eq!(verdict.class, ExitClass::Contract);
        assert!(verdict.told.ends_with("pricing, listing"), "{}", verdict.told);
    }

    #[test]
    fn what_failed_without_a_word_still_fails() {
        let stages = [StageResult::new(SmokeStage::Health, StageOutcome::Failed, "odd")];
        assert_eq!(judge(&stages).class, ExitClass::PartialFailure);
    }

    #[test]
    fn warnings_do_not_fail_and_skipped_stages_do_not_count() {
        let mut warned = StageResult::passed(SmokeStage::Tls, "t");
        warned.warn("soon");
        let skipped = StageResult::skipped(SmokeStage::Success, "no budget");
        let verdict =
            judge(&[warned, StageResult::passed(SmokeStage::Health, "h"), skipped.clone()]);
        assert_eq!((verdict.class.code(), verdict.word), (0, "passed"));
        assert!(verdict.told.contains("2 checks") && verdict.told.contains("1 of them"));
        assert_eq!(judge(&[skipped]).class, ExitClass::Usage);
    }

    #[test]
    fn the_next_step_names_the_job() {
        let mut stage = failed(SmokeStage::Success, StageFailure::Timeout);
        assert_eq!(judge(&[stage.clone()]).next.as_deref(), Some("rbgv status"));
        stage.job = Some(JobId("j-7".to_owned()));
        assert_eq!(judge(&[stage]).next.as_deref(), Some("rbgv status j-7"));
    }

    #[test]
    fn what_a_stage_says_of_the_next_step_counts_more() {
        let mut stage = failed(SmokeStage::Authentication, StageFailure::Configuration);
        stage.next = Some("rbgv profile check".to_owned());
        assert_eq!(judge(&[stage]).next.as_deref(), Some("rbgv profile check"));
    }
}
