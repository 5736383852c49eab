//! `rbgv smoke-test --rehearse`: runs the profile's limits, timeouts and retries against in-process
//! sandboxes, each of which simulates one kind of failure. All run at the same time, each with a
//! ledger and a key of its own; nothing is sent to the service.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::report::ReportFormats;
use super::setup::clip;
use crate::cli::context::AppContext;
use crate::model::Failure;
use crate::model::Timing;
use crate::model::smoke::StageResult;
use crate::output::formats::amounts;
use crate::sandbox::{Distribution, EngineChoice, Options, Scenario};
use crate::smoke::{ExpectedEnd, Rehearsal, rehearse};

/// Duration of a job at the sandbox.
const JOB_DURATION: Duration = Duration::from_millis(500);

/// Number of clips of the cases about limits.
const MANY: usize = 8;

/// One kind of failure.
struct RehearsalCase {
    name: &'static str,
    trouble: String,
    /// A scenario in TOML (`docs/sandbox.md`).
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

/// Every case, for settings with these timeouts.
fn cases(timing: &Timing) -> Vec<RehearsalCase> {
    let fault = |on: &str, which: &str, what: &str| {
        format!("[[fault]]\non = \"{on}\"\n{which}\ndo = {what}\n")
    };
    let refusal = |status: u16, rest: &str| format!("{{ answer = {{ status = {status}{rest} }} }}");
    // Longer than the client waits for the head of a response.
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
    // Where the job state does not distinguish drafts, a start without a response needs review.
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
            "429 with Retry-After",
            "create, start and poll are rejected once, with Retry-After: 2",
            told_to_wait,
        ),
        RehearsalCase::new(
            "429 without Retry-After",
            "create, start and poll are rejected twice, without Retry-After",
            refused,
        ),
        RehearsalCase {
            clips: MANY,
            ..RehearsalCase::new(
                "low limits",
                "at most 2 concurrent jobs and 4 calls per second",
                limits,
            )
        },
        RehearsalCase::new("5xx", "uploads and polls fail twice each", failing),
        RehearsalCase {
            clips: MANY,
            ..RehearsalCase::new("outage", "every call fails for 5 s", outage)
        },
        RehearsalCase::new("timeout", "a poll gets no response in time", silent),
        RehearsalCase::new(
            "lost responses",
            "create and start take effect, but their responses are lost",
            lost,
        ),
        RehearsalCase::new(
            "lost start",
            "a start request is lost, and the job stays `created`",
            never,
        ),
        RehearsalCase {
            credits: 0.0,
            expected: ExpectedEnd::StoppedForCredits,
            ..RehearsalCase::new("no credits", "the key has no credits", "")
        },
    ]
}

/// Runs every case and returns the results.
pub(crate) async fn run(
    app: &AppContext,
    timeout: Duration,
    stop: &CancellationToken,
    formats: &mut ReportFormats,
) -> Result<Vec<StageResult>, Failure> {
    let timing = &app.settings.profile.timing;
    let longest = timing.connect_timeout + timing.idle_timeout + timing.settle * 2;
    let length = format!("rehearsal: at least {} with these timeouts", amounts::elapsed(longest));
    if !app.printer.style().json {
        app.printer.note(&length);
    }
    let folder = tempfile::Builder::new()
        .prefix("rbgv-rehearsal-")
        .tempdir()
        .map_err(|error| Failure::local("creating a directory for the rehearsal", &error))?;
    let mut stages = Vec::new();
    for (number, case) in cases(timing).into_iter().enumerate() {
        let directory = folder.path().join(number.to_string());
        stages.push(prepare(app, case, directory, timeout, stop)?);
    }
    formats.expect(stages.iter().map(|(_, rehearsal)| rehearsal.name.as_str()));
    let formats = &*formats;
    let running = stages.iter().map(|(_, rehearsal)| async {
        formats.started(&rehearsal.name);
        let result = rehearse(rehearsal).await;
        formats.ended(app, &rehearsal.name, &result);
        result
    });
    Ok(join_all(running).await)
}

/// Starts the sandbox of a case and creates its clips.
fn prepare(
    app: &AppContext,
    case: RehearsalCase,
    directory: PathBuf,
    timeout: Duration,
    stop: &CancellationToken,
) -> Result<(AppContext, Rehearsal), Failure> {
    let scenario = Scenario::parse(&case.scenario)
        .map_err(|error| Failure::local(format!("the scenario of {}", case.name), &error))?;
    let sandboxed = app.with_sandbox(Options {
        scenario: Some(scenario),
        engine: EngineChoice::Timer(Distribution::Fixed(JOB_DURATION)),
        credits: case.credits,
        workers: MANY,
        ..Options::default()
    })?;
    let clips = (0..case.clips)
        .map(|number| clip(&directory, &format!("clip-{number}")))
        .collect::<Result<Vec<_>, _>>()?;
    let rehearsal = Rehearsal {
        name: case.name.to_owned(),
        trouble: case.trouble,
        context: sandboxed.silent_context(stop.clone())?,
        clips,
        directory,
        timeout,
        expected: case.expected,
    };
    Ok((sandboxed, rehearsal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_can_be_read_whatever_the_waits() {
        let quick = Timing { idle_timeout: Duration::from_millis(1), ..Timing::default() };
        for timing in [Timing::default(), quick] {
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
