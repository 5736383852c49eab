//! `rbgv smoke-test`: whether service, key and configuration work together, after a deployment.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use super::global::Global;
use super::job_args::with_background;
use super::rehearse;
use super::session::Session;
use super::signals::stop_on_signals;
use super::smoke_report::{self, Forms};
use super::smoke_setup::{Place, setup};
use crate::client::Client;
use crate::env::Env;
use crate::flow::smoke::{self, Because, Told, Wanted};
use crate::model::secret::redact_url;
use crate::model::smoke::{Choice, Group, Stage, Subject};
use crate::model::{
    Background, Credits, ExitClass, Failure, FailureKind, JobOptions, ModelName, OutputFormat,
};
use crate::output::Printer;

/// Check that service, key and configuration work together
///
/// Runs named stages, the free ones first: name, tls, health, pricing, authentication, isolation,
/// listing, usage. With --budget also those that cost: success, output and credits (a known short
/// clip all the way), and what has to be refused: not-a-video, invalid-option, dead-link,
/// no-credits. The exit code tells what is wrong: 5 the service is down, 10 it is slow, 3 our
/// key or configuration, 11 the contract changed, 4 credits.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Run the stages that start jobs too, and spend at most this number of credits, by estimate
    #[arg(long, value_name = "CREDITS", value_parser = credits)]
    pub(super) budget: Option<f64>,

    /// Only this stage, or group of stages (free, paid, failures); may be repeated
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    only: Vec<Choice>,

    /// Not this stage, or group of stages; may be repeated
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    skip: Vec<Choice>,

    /// Use a server inside this process: no account, no cost
    #[arg(long)]
    pub(super) sandbox: bool,

    /// Which model works on the clips [default: the profile's]
    #[arg(long, value_parser = word::<ModelName>)]
    model: Option<ModelName>,

    /// File format of the outputs; the alpha of webp, gif and `png_sequence` is measured [default:
    /// webp; for --suite the profile's]
    #[arg(long, value_parser = word::<OutputFormat>)]
    format: Option<OutputFormat>,

    /// In place of the built-in clip, take the videos of this directory, and report each
    #[arg(long, value_name = "DIR")]
    pub(super) suite: Option<PathBuf>,

    /// Keep outputs here
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// A profile whose key has no credits, for the stage no-credits
    #[arg(long, value_name = "NAME")]
    pub(super) no_credits_profile: Option<String>,

    /// Send so many calls at once, to see that refusals (429) are waited out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(super) burst: Option<u32>,

    /// End the jobs after this time; what is under way can be resumed
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = crate::duration::parse)]
    pub(super) timeout: Duration,

    /// Write the result as JUnit XML; the file is emptied first
    #[arg(long, value_name = "FILE.xml")]
    junit: Option<PathBuf>,

    /// Try the profile's limits, waits and retries against a sandbox that makes trouble; nothing is
    /// sent to the service
    #[arg(long, conflicts_with_all = ["budget", "only", "skip", "sandbox", "suite", "burst", "no_credits_profile", "output", "format", "model"])]
    rehearse: bool,
}

fn word<T: std::str::FromStr<Err = crate::model::options::BadOption>>(
    text: &str,
) -> Result<T, String> {
    text.parse().map_err(|bad: T::Err| bad.0)
}

fn credits(text: &str) -> Result<f64, String> {
    let credits: f64 = text.parse().map_err(|_| "write a number of credits".to_owned())?;
    if credits.is_finite() && credits >= 0.0 {
        return Ok(credits);
    }
    Err("write a number of credits that is not below zero".to_owned())
}

/// Reports, in the forms that the arguments ask for, that the settings could not be used.
pub(super) fn refused(args: &Args, global: &Global, env: &Env, printer: &Printer, why: &Failure) {
    let profile = global.profile.as_deref().or_else(|| env.var("RBGV_PROFILE"));
    let forms = Forms::new(args.junit.as_deref(), env, printer);
    forms.refused(env, printer, unknown_subject(profile, env), why);
}

/// Reports that the command line could not be parsed. Of its `words`, only the file for JUnit is read.
pub(super) fn misread(words: &[&OsStr], env: &Env, printer: &Printer, why: &Failure) {
    let behind = |pair: &[&OsStr]| (pair[0] == "--junit").then(|| PathBuf::from(pair[1]));
    let joined = |word: &&OsStr| word.to_str()?.strip_prefix("--junit=").map(PathBuf::from);
    let junit = words.windows(2).find_map(behind).or_else(|| words.iter().find_map(joined));
    let subject = unknown_subject(env.var("RBGV_PROFILE"), env);
    Forms::new(junit.as_deref(), env, printer).refused(env, printer, subject, why);
}

/// What is known of the subject without any settings.
fn unknown_subject(profile: Option<&str>, env: &Env) -> Subject {
    let unknown = || "unknown".to_owned();
    Subject {
        profile: profile.map_or_else(unknown, ToOwned::to_owned),
        environment: unknown(),
        base_url: env.var("RBGV_BASE_URL").map_or_else(unknown, redact_url),
        key: Some(unknown()),
        contract: smoke::CONTRACT,
    }
}

pub(super) async fn run(args: Args, session: &Session) -> Result<ExitClass, Failure> {
    let forms = Forms::new(args.junit.as_deref(), &session.env, &session.printer);
    let ended = test(args, session, &forms).await;
    if let Err(failure) = &ended {
        let subject = subject(session, Some("unknown".to_owned()));
        forms.refused(&session.env, &session.printer, subject, failure);
    }
    ended
}

/// Fails only before the first stage.
async fn test(args: Args, session: &Session, forms: &Forms) -> Result<ExitClass, Failure> {
    forms.prepare()?;
    let stop = stop_on_signals(&session.printer)?;
    let began = (session.env.clock.now(), session.env.clock.wall());
    if args.rehearse {
        let subject = subject(session, None);
        forms.begin(session, &subject);
        let stages = rehearse::run(session, args.timeout, &stop, forms).await?;
        let found = smoke::Found { stages, ..smoke::Found::default() };
        return Ok(smoke_report::finish(session, forms, subject, began, None, found));
    }
    let options = options(&args, session)?;
    let wanted = wanted(&args)?;
    let stages = smoke::select(&wanted);
    not_in_vain(&args, &stages)?;
    let runs = |which: fn(Stage) -> bool| {
        stages.iter().any(|(stage, because)| because.is_none() && which(*stage))
    };
    let spends = runs(Stage::starts_jobs);
    let acts = spends || runs(|stage| stage.group() == Group::Failures);
    let place = Place::make(session, args.output.as_deref(), acts)?;
    let setup = setup(&args, session, options, &place, (spends, acts), stop)?;
    let key = setup.clients.keyed.as_ref().ok().and_then(Client::fingerprint);
    let subject = subject(session, key.map(|print| print.0));
    forms.begin(session, &subject);
    consent(session, setup.budget.filter(|_| spends), acts)?;
    if let Some(context) = setup.context.as_ref().filter(|_| spends) {
        // Whoever runs a command has seen to what stopped an earlier one.
        context.service.release_latches().await?;
    }
    let tell = |event: Told<'_>| match event {
        Told::Began(stage) if stage.starts_jobs() => {
            forms.note(session, &format!("{stage}: at the service, which takes its time"));
        }
        Told::Began(_) => {}
        Told::Ended(result) => forms.ended(session, result),
    };
    let found = smoke::run(&setup, &stages, &tell).await;
    Ok(smoke_report::finish(session, forms, subject, began, setup.budget, found))
}

fn subject(session: &Session, key: Option<String>) -> Subject {
    let profile = &session.settings.profile;
    Subject {
        profile: profile.name.clone(),
        environment: profile.environment.to_string(),
        base_url: profile.base_url.to_string(),
        key,
        contract: smoke::CONTRACT,
    }
}

fn wanted(args: &Args) -> Result<Wanted, Failure> {
    Ok(Wanted {
        only: choices(args, &args.only)?,
        skip: choices(args, &args.skip)?,
        // The sandbox's credits are nobody's.
        budget: args.budget.is_some() || args.sandbox,
        broke_key: args.no_credits_profile.is_some(),
        burst: args.burst.is_some(),
        suite: args.suite.is_some(),
    })
}

/// The choices, in which a suite stands where it is run: in the place of the built-in clip.
fn choices(args: &Args, choices: &[Choice]) -> Result<Vec<Choice>, Failure> {
    let needs = |stage: Stage, flag: &str| {
        let why = format!("it takes {flag}");
        Err(Failure::new(FailureKind::Usage, format!("{stage} was named"), why))
    };
    let choice = |choice: &Choice| match choice {
        Choice::One(Stage::Suite) if args.suite.is_none() => needs(Stage::Suite, "--suite DIR"),
        Choice::One(Stage::Suite) => Ok(Choice::One(Stage::Success)),
        Choice::One(Stage::Burst) if args.burst.is_none() => needs(Stage::Burst, "--burst N"),
        other => Ok(*other),
    };
    choices.iter().map(choice).collect()
}

/// What was asked for by name must not be passed over: a pipeline would take that for a success.
fn not_in_vain(args: &Args, stages: &[(Stage, Option<Because>)]) -> Result<(), Failure> {
    for (stage, because) in stages {
        let Some(because @ (Because::NoBudget | Because::NoBrokeKey)) = because else { continue };
        let named = args.only.iter().any(|choice| match choice {
            Choice::One(one) => one == stage,
            Choice::All(group) => *group == Group::Paid && stage.group() == Group::Paid,
        });
        let by_flag = match stage {
            Stage::Suite => args.suite.is_some(),
            Stage::NoCredits => args.no_credits_profile.is_some(),
            _ => false,
        };
        if named || by_flag {
            let what = format!("{stage} was asked for, and cannot run");
            return Err(Failure::new(FailureKind::Usage, what, because.words())
                .with_next("rbgv smoke-test --help"));
        }
    }
    Ok(())
}

fn options(args: &Args, session: &Session) -> Result<JobOptions, Failure> {
    let defaults = &session.settings.defaults;
    let own = if args.suite.is_some() { defaults.format } else { OutputFormat::Webp };
    // The team's clips are made as the team ships them; the built-in one so that it can be judged.
    let background =
        if args.suite.is_some() { defaults.background.clone() } else { Background::Transparent };
    let options = JobOptions {
        model: args.model.unwrap_or(defaults.model),
        format: args.format.unwrap_or(own),
        background,
        tags: session.settings.profile.tags.clone(),
        ..JobOptions::default()
    };
    if args.suite.is_none() && !options.format.keeps_alpha() {
        let known = OutputFormat::ALL.iter().copied().filter(|format| format.keeps_alpha());
        let known: Vec<_> = known.map(OutputFormat::as_str).collect();
        let why =
            "the built-in clip is judged by its transparency, which this format does not keep";
        return Err(Failure::new(FailureKind::Usage, format!("--format {}", options.format), why)
            .with_next(format!("choose one of --format {}", known.join(", "))));
    }
    options
        .check()
        .map_err(|bad| Failure::new(FailureKind::Usage, "these options cannot be used", bad.0))?;
    with_background(options, &session.env.current_dir)
}

/// A write to production says so first, and asks when it may be large.
fn consent(session: &Session, budget: Option<Credits>, acts: bool) -> Result<(), Failure> {
    let profile = &session.settings.profile;
    if acts {
        session.say_production(&budget.map_or_else(
            || "a file and a draft are sent to it".to_owned(),
            |budget| format!("up to {budget} credits of it may be spent"),
        ));
    }
    let Some(budget) = budget else { return Ok(()) };
    match profile.confirm_above_credits {
        Some(bound) if budget.0 > bound => session.confirm(&format!(
            "profile {} is to spend up to {budget} credits on a smoke test; go on?",
            profile.name
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_number_that_is_not_below_zero() {
        assert!(credits("-1").is_err() && credits("NaN").is_err() && credits("2.5").is_ok());
    }
}
