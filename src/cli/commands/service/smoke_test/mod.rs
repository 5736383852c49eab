//! `rbgv smoke-test`: checks that service, key and configuration work together. Reading order:
//! `args`, this file, `setup`, `report`, `rehearse`.

mod args;
mod rehearse;
mod report;
mod setup;

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::cli::args::global::Global;
use crate::cli::args::job::with_background;

pub(crate) use self::args::Args;
use self::report::ReportFormats;
use self::setup::{WorkFolders, setup};
use crate::cli::context::AppContext;
use crate::cli::context::signals::stop_on_signals;
use crate::client::Client;
use crate::env::Env;
use crate::model::secret::redact_url;
use crate::model::smoke::{SmokeStage, SmokeTarget, StageGroup, StageSelector};
use crate::model::{Background, Credits, ExitClass, Failure, JobOptions, OutputFormat};
use crate::output::Printer;
use crate::smoke::{self, SkipReason, SmokeMessage, StageRequest};

/// Reports unusable settings in the requested formats.
pub(crate) fn refused(args: &Args, global: &Global, env: &Env, printer: &Printer, why: &Failure) {
    let profile = global.profile.as_deref().or_else(|| env.var("RBGV_PROFILE"));
    let formats = ReportFormats::new(args.junit.as_deref(), env, printer);
    formats.refused(env, printer, unknown_subject(profile, env), why);
}

/// Reports an invalid command line. Only `--junit` is read from its `words`.
pub(crate) fn misread(words: &[&OsStr], env: &Env, printer: &Printer, why: &Failure) {
    let behind = |pair: &[&OsStr]| (pair[0] == "--junit").then(|| PathBuf::from(pair[1]));
    let joined = |word: &&OsStr| word.to_str()?.strip_prefix("--junit=").map(PathBuf::from);
    let junit = words.windows(2).find_map(behind).or_else(|| words.iter().find_map(joined));
    let subject = unknown_subject(env.var("RBGV_PROFILE"), env);
    ReportFormats::new(junit.as_deref(), env, printer).refused(env, printer, subject, why);
}

/// The target, as far as it is known without settings.
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
    let mut formats = ReportFormats::new(args.junit.as_deref(), &app.env, &app.printer);
    let ended = test(args, app, &mut formats).await;
    if let Err(failure) = &ended {
        let subject = subject(app, Some("unknown".to_owned()));
        formats.refused(&app.env, &app.printer, subject, failure);
    }
    ended
}

/// Fails only before the first stage; later failures are results of stages.
async fn test(
    args: Args,
    app: &AppContext,
    formats: &mut ReportFormats,
) -> Result<ExitClass, Failure> {
    formats.prepare()?;
    let stop = stop_on_signals(&app.printer)?;
    let began = (app.env.clock.now(), app.env.clock.wall());
    if args.rehearse {
        let subject = subject(app, None);
        formats.begin(app, &subject);
        let stages = rehearse::run(app, args.timeout, &stop, formats).await?;
        let found = smoke::SmokeFindings { stages, ..smoke::SmokeFindings::default() };
        return Ok(report::finish(app, formats, subject, began, None, found));
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
    let folders = WorkFolders::make(app, args.output.as_deref(), acts)?;
    let setup = setup(&args, app, options, &folders, (spends, acts), stop)?;
    let key = setup.clients.keyed.as_ref().ok().and_then(Client::fingerprint);
    let subject = subject(app, key.map(|fingerprint| fingerprint.0));
    formats.begin(app, &subject);
    consent(app, setup.budget.filter(|_| spends), acts)?;
    if let Some(context) = setup.context.as_ref().filter(|_| spends) {
        // Running a command means that the cause of an earlier stop is fixed.
        context.service.lift_key_blocks().await?;
    }
    formats.expect(stages.iter().map(|(stage, _)| stage.as_str()));
    let formats = &*formats;
    let report = |event: SmokeMessage<'_>| match event {
        SmokeMessage::Began(stage) => formats.started(stage.as_str()),
        SmokeMessage::Ended(result) => formats.ended(app, result.stage.as_str(), result),
    };
    let found = smoke::run(&setup, &stages, &report).await;
    Ok(report::finish(app, formats, subject, began, setup.budget, found))
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
        // Credits of the sandbox are free.
        budget: args.budget.is_some() || args.sandbox,
        key_without_credits: args.no_credits_profile.is_some(),
        burst: args.burst.is_some(),
        suite: args.suite.is_some(),
    })
}

/// The choices; a suite runs as the stage `success`, instead of the built-in clip.
fn choices(args: &Args, choices: &[StageSelector]) -> Result<Vec<StageSelector>, Failure> {
    let needs = |stage: SmokeStage, flag: &str| {
        let why = format!("it needs {flag}");
        Err(Failure::usage(format!("stage {stage}"), why).with_next(format!("add {flag}")))
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

/// A stage that was requested by name must not be skipped: a pipeline would see a success.
fn not_in_vain(args: &Args, stages: &[(SmokeStage, Option<SkipReason>)]) -> Result<(), Failure> {
    for (stage, because) in stages {
        let Some(because @ (SkipReason::NoBudget | SkipReason::NoKeyWithoutCredits)) = because
        else {
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
            let what = format!("stage {stage} cannot run");
            return Err(
                Failure::usage(what, because.to_string()).with_next("rbgv smoke-test --help")
            );
        }
    }
    Ok(())
}

fn options(args: &Args, app: &AppContext) -> Result<JobOptions, Failure> {
    let defaults = &app.settings.defaults;
    let own = if args.suite.is_some() { defaults.format } else { OutputFormat::Webp };
    // A suite uses the profile's options; the built-in clip needs transparency to be measured.
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
            "the built-in clip is checked by its transparency, which this format does not keep";
        return Err(Failure::usage(format!("--format {}", options.format), why)
            .with_next(format!("use --format with one of {}", known.join(", "))));
    }
    options.check().map_err(|bad| Failure::usage("invalid options", bad.0))?;
    with_background(options, &app.env.current_dir)
}

/// Warns before a write to production, and asks if it may cost more than `confirm_above_credits`.
fn consent(app: &AppContext, budget: Option<Credits>, acts: bool) -> Result<(), Failure> {
    let profile = &app.settings.profile;
    if acts {
        app.warn_production(&budget.map_or_else(
            || "uploads a file and creates a draft (free)".to_owned(),
            |budget| format!("may spend up to {budget} credits"),
        ));
    }
    let Some(budget) = budget else { return Ok(()) };
    match profile.confirm_above_credits {
        Some(bound) if budget.0 > bound => app.confirm(&format!(
            "Spend up to {budget} credits on a smoke test of \"{}\"?",
            profile.name
        )),
        _ => Ok(()),
    }
}
