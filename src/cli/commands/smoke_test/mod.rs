//! `rbgv smoke-test`: whether service, key and configuration work together, after a deployment.

pub(crate) mod rehearse;
pub(crate) mod report;
pub(crate) mod setup;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::args::global::Global;
use crate::cli::args::job::with_background;

use self::report::ReportFormats;
use self::setup::{WorkFolders, setup};
use crate::cli::context::AppContext;
use crate::cli::signals::stop_on_signals;
use crate::client::Client;
use crate::env::Env;
use crate::model::secret::redact_url;
use crate::model::smoke::{SmokeStage, SmokeTarget, StageGroup, StageSelector};
use crate::model::{
    Background, Credits, ExitClass, Failure, FailureKind, JobOptions, ModelName, OutputFormat,
};
use crate::output::Printer;
use crate::smoke::{self, SkipReason, SmokeMessage, StageRequest};

/// Check that service, key and configuration work together
///
/// Runs named stages, the free ones first: name, tls, health, pricing, authentication, isolation,
/// listing, usage. With --budget also those that cost: success, output and credits (a known short
/// clip all the way), and what has to be refused: not-a-video, invalid-option, dead-link,
/// no-credits. The exit code tells what is wrong: 5 the service is down, 10 it is slow, 3 our
/// key or configuration, 11 the contract changed, 4 credits.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run the stages that start jobs too, and spend at most this number of credits, by estimate
    #[arg(long, value_name = "CREDITS", value_parser = credits)]
    pub(crate) budget: Option<f64>,

    /// Only this stage, or group of stages (free, paid, failures); may be repeated
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    only: Vec<StageSelector>,

    /// Not this stage, or group of stages; may be repeated
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    skip: Vec<StageSelector>,

    /// Use a server inside this process: no account, no cost
    #[arg(long)]
    pub(crate) sandbox: bool,

    /// Which model works on the clips [default: the profile's]
    #[arg(long, value_parser = word::<ModelName>)]
    model: Option<ModelName>,

    /// File format of the outputs; the alpha of webp, gif and `png_sequence` is measured [default:
    /// webp; for --suite the profile's]
    #[arg(long, value_parser = word::<OutputFormat>)]
    format: Option<OutputFormat>,

    /// In place of the built-in clip, take the videos of this directory, and report each
    #[arg(long, value_name = "DIR")]
    pub(crate) suite: Option<PathBuf>,

    /// Keep outputs here
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// A profile whose key has no credits, for the stage no-credits
    #[arg(long, value_name = "NAME")]
    pub(crate) no_credits_profile: Option<String>,

    /// Send so many calls at once, to see that refusals (429) are waited out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) burst: Option<u32>,

    /// End the jobs after this time; what is under way can be resumed
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = crate::duration::parse)]
    pub(crate) timeout: Duration,

    /// Write the result as JUnit XML; the file is emptied first
    #[arg(long, value_name = "FILE.xml")]
    junit: Option<PathBuf>,

    /// Try the profile's limits, waits and retries against a sandbox that makes trouble; nothing is
    /// sent to the service
    #[arg(long, conflicts_with_all = ["budget", "only", "skip", "sandbox", "suite", "burst", "no_credits_profile", "output", "format", "model"])]
    rehearse: bool,
}

fn word<T: std::str::FromStr<Err = crate::model::options::OptionError>>(
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
pub(crate) fn refused(args: &Args, global: &Global, env: &Env, printer: &Printer, why: &Failure) {
    let profile = global.profile.as_deref().or_else(|| env.var("RBGV_PROFILE"));
    let forms = ReportFormats::new(args.junit.as_deref(), env, printer);
    forms.refused(env, printer, unknown_subject(profile, env), why);
}

/// Reports that the command line could not be parsed. Of its `words`, only the file for JUnit is read.
pub(crate) fn misread(words: &[&OsStr], env: &Env, printer: &Printer, why: &Failure) {
    let behind = |pair: &[&OsStr]| (pair[0] == "--junit").then(|| PathBuf::from(pair[1]));
    let joined = |word: &&OsStr| word.to_str()?.strip_prefix("--junit=").map(PathBuf::from);
    let junit = words.windows(2).find_map(behind).or_else(|| words.iter().find_map(joined));
    let subject = unknown_subject(env.var("RBGV_PROFILE"), env);
    ReportFormats::new(junit.as_deref(), env, printer).refused(env, printer, subject, why);
}

/// What is known of the subject without any settings.
fn unknown_subject(profile: Option<&str>, env: &Env) -> SmokeTarget {
    let unknown = || "unknown".to_owned();
    SmokeTarget {
        profile: profile.map_or_else(unknown, ToOwned::to_owned),
        environment: unknown(),
        base_url: env.var("RBGV_BASE_URL").map_or_else(unknown, redact_url),
        key: Some(unknown()),
        contract: smoke::CONTRACT,
    }
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let forms = ReportFormats::new(args.junit.as_deref(), &app.env, &app.printer);
    let ended = test(args, app, &forms).await;
    if let Err(failure) = &ended {
        let subject = subject(app, Some("unknown".to_owned()));
        forms.refused(&app.env, &app.printer, subject, failure);
    }
    ended
}

/// Fails only before the first stage.
async fn test(args: Args, app: &AppContext, forms: &ReportFormats) -> Result<ExitClass, Failure> {
    forms.prepare()?;
    let stop = stop_on_signals(&app.printer)?;
    let began = (app.env.clock.now(), app.env.clock.wall());
    if args.rehearse {
        let subject = subject(app, None);
        forms.begin(app, &subject);
        let stages = rehearse::run(app, args.timeout, &stop, forms).await?;
        let found = smoke::SmokeFindings { stages, ..smoke::SmokeFindings::default() };
        return Ok(report::finish(app, forms, subject, began, None, found));
    }
    let options = options(&args, app)?;
    let wanted = wanted(&args)?;
    let stages = smoke::select(&wanted);
    not_in_vain(&args, &stages)?;
    let runs = |which: fn(SmokeStage) -> bool| {
        stages.iter().any(|(stage, because)| because.is_none() && which(*stage))
    };
    let spends = runs(SmokeStage::starts_jobs);
    let acts = spends || runs(|stage| stage.group() == StageGroup::Failures);
    let place = WorkFolders::make(app, args.output.as_deref(), acts)?;
    let setup = setup(&args, app, options, &place, (spends, acts), stop)?;
    let key = setup.clients.keyed.as_ref().ok().and_then(Client::fingerprint);
    let subject = subject(app, key.map(|fingerprint| fingerprint.0));
    forms.begin(app, &subject);
    consent(app, setup.budget.filter(|_| spends), acts)?;
    if let Some(context) = setup.context.as_ref().filter(|_| spends) {
        // Whoever runs a command has seen to what stopped an earlier one.
        context.service.release_latches().await?;
    }
    let tell = |event: SmokeMessage<'_>| match event {
        SmokeMessage::Began(stage) if stage.starts_jobs() => {
            forms.note(app, &format!("{stage}: at the service, which takes its time"));
        }
        SmokeMessage::Began(_) => {}
        SmokeMessage::Ended(result) => forms.ended(app, result),
    };
    let found = smoke::run(&setup, &stages, &tell).await;
    Ok(report::finish(app, forms, subject, began, setup.budget, found))
}

fn subject(app: &AppContext, key: Option<String>) -> SmokeTarget {
    let profile = &app.settings.profile;
    SmokeTarget {
        profile: profile.name.clone(),
        environment: profile.environment.to_string(),
        base_url: profile.base_url.to_string(),
        key,
        contract: smoke::CONTRACT,
    }
}

fn wanted(args: &Args) -> Result<StageRequest, Failure> {
    Ok(StageRequest {
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
fn choices(args: &Args, choices: &[StageSelector]) -> Result<Vec<StageSelector>, Failure> {
    let needs = |stage: SmokeStage, flag: &str| {
        let why = format!("it takes {flag}");
        Err(Failure::new(FailureKind::Usage, format!("{stage} was named"), why))
    };
    let choice = |choice: &StageSelector| match choice {
        StageSelector::One(SmokeStage::Suite) if args.suite.is_none() => {
            needs(SmokeStage::Suite, "--suite DIR")
        }
        StageSelector::One(SmokeStage::Suite) => Ok(StageSelector::One(SmokeStage::Success)),
        StageSelector::One(SmokeStage::Burst) if args.burst.is_none() => {
            needs(SmokeStage::Burst, "--burst N")
        }
        other => Ok(*other),
    };
    choices.iter().map(choice).collect()
}

/// What was asked for by name must not be passed over: a pipeline would take that for a success.
fn not_in_vain(args: &Args, stages: &[(SmokeStage, Option<SkipReason>)]) -> Result<(), Failure> {
    for (stage, because) in stages {
        let Some(because @ (SkipReason::NoBudget | SkipReason::NoBrokeKey)) = because else {
            continue;
        };
        let named = args.only.iter().any(|choice| match choice {
            StageSelector::One(one) => one == stage,
            StageSelector::All(group) => {
                *group == StageGroup::Paid && stage.group() == StageGroup::Paid
            }
        });
        let by_flag = match stage {
            SmokeStage::Suite => args.suite.is_some(),
            SmokeStage::NoCredits => args.no_credits_profile.is_some(),
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

fn options(args: &Args, app: &AppContext) -> Result<JobOptions, Failure> {
    let defaults = &app.settings.defaults;
    let own = if args.suite.is_some() { defaults.format } else { OutputFormat::Webp };
    // The team's clips are made as the team ships them; the built-in one so that it can be judged.
    let background =
        if args.suite.is_some() { defaults.background.clone() } else { Background::Transparent };
    let options = JobOptions {
        model: args.model.unwrap_or(defaults.model),
        format: args.format.unwrap_or(own),
        background,
        tags: app.settings.profile.tags.clone(),
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
    with_background(options, &app.env.current_dir)
}

/// A write to production says so first, and asks when it may be large.
fn consent(app: &AppContext, budget: Option<Credits>, acts: bool) -> Result<(), Failure> {
    let profile = &app.settings.profile;
    if acts {
        app.warn_production(&budget.map_or_else(
            || "a file and a draft are sent to it".to_owned(),
            |budget| format!("up to {budget} credits of it may be spent"),
        ));
    }
    let Some(budget) = budget else { return Ok(()) };
    match profile.confirm_above_credits {
        Some(bound) if budget.0 > bound => app.confirm(&format!(
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
