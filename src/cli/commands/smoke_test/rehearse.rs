//! `rbgv smoke-test --rehearse`: the profile's limits, waits and retries against sandboxes inside
//! this process, each of which makes one kind of trouble. All run at the same time, each with a
//! ledger and a key of its own; nothing is sent to the service.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::report::{NullObserver, ReportFormats};
use super::setup::clip;
use crate::cli::context::AppContext;
use crate::model::smoke::StageResult;
use crate::model::{Failure, JobOptions};
use crate::sandbox::{Distribution, EngineChoice, Options, Scenario};
use crate::settings::TimingSettings;
use crate::smoke::{ExpectedEnd, Rehearsal, rehearse};

/// How long a job takes at the sandbox.
const JOB: Duration = Duration::from_millis(500);

/// Clips where limits are met.
const MANY: usize = 8;

/// One kind of trouble.
struct RehearsalCase {
    name: &'static str,
    /// In words.
    trouble: String,
    /// In the language of scenarios (`docs/sandbox.md`).
    scenario: String,
    clips: usize,
    credits: f64,
    expected: ExpectedEnd,
}

impl RehearsalCase {
    fn new(name: &'static str, trouble: impl Into<String>, scenario: impl Into<String>) -> Self {
        Self {
            name,
            trouble: trouble.into(),
            scenario: scenario.into(),
            clips: 1,
            credits: 10_000.0,
            expected: ExpectedEnd::Finished,
        }
    }
}

/// Every kind of trouble, for settings with these waits.
fn cases(timing: &TimingSettings) -> Vec<RehearsalCase> {
    let fault = |on: &str, which: &str, what: &str| {
        format!("[[fault]]\non = \"{on}\"\n{which}\ndo = {what}\n")
    };
    let refusal = |status: u16, rest: &str| format!("{{ answer = {{ status = {status}{rest} }} }}");
    // Longer than the client waits for the head of an answer.
    let silence = timing.connect_timeout + timing.idle_timeout + Duration::from_secs(1);
    let mut told_to_wait = String::new();
    let mut refused = String::new();
    for on in ["POST /v1/jobs", "POST /v1/jobs/*/start", "GET /v1/jobs/*"] {
        // Writing to a String cannot fail.
        let _ = write!(
            told_to_wait,
            "{}",
            fault(on, "nth = 1", &refusal(429, ", retry_after = \"2\""))
        );
        let _ = write!(refused, "{}", fault(on, "nth = [1, 2]", &refusal(429, "")));
    }
    let failing = fault("POST /v1/uploads", "nth = [1, 2]", &refusal(503, ", body = \"html\""))
        + &fault("GET /v1/jobs/*", "nth = [1, 2]", &refusal(502, ", body = \"html\""));
    // Where the state does not tell a draft, the first look is at one, and a start without an answer is
    // for a person to decide.
    let created = "[jobs]\ndraft_state = \"created\"\n".to_owned();
    let silent = created.clone()
        + &fault(
            "GET /v1/jobs/*",
            "nth = 1",
            &format!("{{ delay_answer = \"{}ms\" }}", silence.as_millis()),
        );
    let lost = fault("POST /v1/jobs", "nth = 1", "{ reset = \"after\" }")
        + &fault("POST /v1/jobs/*/start", "nth = 1", "{ reset = \"after\" }");
    let never = created + &fault("POST /v1/jobs/*/start", "nth = 1", "{ reset = \"before\" }");
    let outage = fault("* /v1/**", "until = \"5s\"", &refusal(503, ", body = \"html\""));
    let limits = "[limits]\nin_flight = 2\ncontrol = { rate = 4.0, burst = 2.0 }\n";
    vec![
        RehearsalCase::new(
            "429, told to wait",
            "create, start and look are refused once, with Retry-After: 2",
            told_to_wait,
        ),
        RehearsalCase::new(
            "429, not told",
            "create, start and look are refused twice, without Retry-After",
            refused,
        ),
        RehearsalCase {
            clips: MANY,
            ..RehearsalCase::new(
                "low limits",
                "2 jobs in flight and 4 calls a second are allowed",
                limits,
            )
        },
        RehearsalCase::new("5xx", "uploads and looks fail twice each", failing),
        RehearsalCase {
            clips: MANY,
            ..RehearsalCase::new("outage", "for 5 s, every call fails", outage)
        },
        RehearsalCase::new("timeout", "a look is not answered in time", silent),
        RehearsalCase::new(
            "lost answers",
            "create and start take effect, and their answers are lost",
            lost,
        ),
        RehearsalCase::new(
            "lost start",
            "a start is lost on its way, and the job is still `created`",
            never,
        ),
        RehearsalCase {
            credits: 0.0,
            expected: ExpectedEnd::StoppedForCredits,
            ..RehearsalCase::new("no credits", "the key has no credits", "")
        },
    ]
}

/// Runs every rehearsal, and gives what came of each.
///
/// # Errors
/// A sandbox cannot be started.
pub(crate) async fn run(
    app: &AppContext,
    patience: Duration,
    stop: &CancellationToken,
    forms: &ReportFormats,
) -> Result<Vec<StageResult>, Failure> {
    let timing = &app.settings.profile.timing;
    let longest = timing.connect_timeout + timing.idle_timeout + timing.settle * 2;
    forms.note(
        app,
        &format!("rehearsing: with these waits it may take {} s and more", longest.as_secs()),
    );
    let place = tempfile::Builder::new()
        .prefix("rbgv-rehearsal-")
        .tempdir()
        .map_err(|error| Failure::local("making room for the rehearsal", &error))?;
    let mut stages = Vec::new();
    for (number, case) in cases(timing).into_iter().enumerate() {
        let room = place.path().join(number.to_string());
        stages.push(prepare(app, case, room, patience, stop)?);
    }
    let running = stages.iter().map(|(_, rehearsal)| async {
        let result = rehearse(rehearsal).await;
        forms.ended(app, &result);
        result
    });
    Ok(join_all(running).await)
}

/// Starts the sandbox of a case, and makes ready what is sent to it.
fn prepare(
    app: &AppContext,
    case: RehearsalCase,
    room: PathBuf,
    patience: Duration,
    stop: &CancellationToken,
) -> Result<(AppContext, Rehearsal), Failure> {
    let scenario = Scenario::parse(&case.scenario)
        .map_err(|error| Failure::local(format!("the scenario of {}", case.name), &error))?;
    let sandboxed = app.with_sandbox(Options {
        scenario: Some(scenario),
        engine: EngineChoice::Timer(Distribution::Fixed(JOB)),
        credits: case.credits,
        workers: MANY,
        ..Options::default()
    })?;
    let clips = (0..case.clips)
        .map(|number| clip(&room, &format!("clip-{number}")))
        .collect::<Result<Vec<_>, _>>()?;
    let rehearsal = Rehearsal {
        name: case.name.to_owned(),
        trouble: case.trouble,
        context: sandboxed.context_with_stop(Arc::new(NullObserver), stop.clone())?,
        clips,
        options: JobOptions::default(),
        place: room,
        patience,
        expected: case.expected,
    };
    Ok((sandboxed, rehearsal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_can_be_read_whatever_the_waits() {
        let quick =
            TimingSettings { idle_timeout: Duration::from_millis(1), ..TimingSettings::default() };
        for timing in [TimingSettings::default(), quick] {
            let cases = cases(&timing);
            assert_eq!(cases.len(), 9);
            for case in cases {
                assert!(
                    Scenario::parse(&case.scenario).is_ok(),
                    "{}: {}",
                    case.name,
                    case.scenario
                );
            }
        }
    }
}
