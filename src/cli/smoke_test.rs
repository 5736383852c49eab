//! `rbgv smoke-test`: whether service, key and configuration work together, after a deployment.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::rehearse;
use super::session::{Session, absolute};
use super::signals::stop_on_signals;
use super::smoke_report::{self, Forms};
use crate::client::{self, Bounds, Client, LaneLimits, MemoryStore, reach};
use crate::flow::smoke::{self, Baseline, Clients, Clip, Policy, Setup, Severity, Told, Wanted};
use crate::model::smoke::{Choice, Group, Stage, Subject};
use crate::model::{
    ApiKey, Background, Credits, ExitClass, Failure, FailureKind, JobOptions, ModelName,
    OutputFormat,
};
use crate::sandbox::SAMPLE;

/// The free stages look at how things are now; they do not sit a long trouble out.
const LOOK_RETRIES: u32 = 2;
const LOOK_PATIENCE: Duration = Duration::from_secs(10);
const LOOK_IDLE: Duration = Duration::from_secs(15);

/// Repetitions of one call of a burst.
const BURST_RETRIES: u32 = 8;

/// How long usage may take to show a charge.
const USAGE_LAG: Duration = Duration::from_mins(1);

/// A key that nobody has.
const WRONG_KEY: &str = "rbgv-smoke-test-this-key-does-not-exist";

/// Check that service, key and configuration work together
///
/// Runs named stages, the free ones first: name, tls, health, pricing, authentication, isolation,
/// listing, usage. With --budget also those that cost: success, output and credits (a known short
/// clip all the way), and what has to be refused: not-a-video, invalid-option, dead-link,
/// no-credits. The exit code tells what is wrong: 5 the service is down, 10 it is slow or worse
/// than before, 3 our key or configuration, 11 the contract changed, 4 credits.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Run the stages that start jobs too, and spend at most this number of credits, by estimate
    #[arg(long, value_name = "CREDITS", value_parser = credits)]
    budget: Option<f64>,

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
    suite: Option<PathBuf>,

    /// Keep outputs here
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// A profile whose key has no credits, for the stage no-credits
    #[arg(long, value_name = "NAME")]
    no_credits_profile: Option<String>,

    /// Send so many calls at once, to see that refusals (429) are waited out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    burst: Option<u32>,

    /// End the jobs after this time; what is under way can be resumed
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = crate::settings::duration::parse)]
    timeout: Duration,

    /// Another budget of latency for a stage, such as health=500ms; may be repeated
    #[arg(long, value_name = "STAGE=TIME", value_parser = latency)]
    latency: Vec<(Stage, Duration)>,

    /// What a service that calls itself degraded is
    #[arg(long, value_name = "HOW", value_enum, default_value_t = How::Warn)]
    degraded: How,

    /// What fields are that the contract does not list, or lists and the service leaves out;
    /// unknown states of jobs always fail
    #[arg(long, value_name = "HOW", value_enum, default_value_t = How::Warn)]
    drift: How,

    /// Compare with an earlier result (--json), and fail where it is slower or its matte worse
    #[arg(long, value_name = "FILE.json")]
    compare: Option<PathBuf>,

    /// Write the result as JUnit XML
    #[arg(long, value_name = "FILE.xml")]
    junit: Option<PathBuf>,

    /// Print the result in the Test Anything Protocol
    #[arg(long)]
    tap: bool,

    /// Try the profile's limits, waits and retries against a sandbox that makes trouble; nothing is
    /// sent to the service
    #[arg(long, conflicts_with_all = ["budget", "only", "skip", "sandbox", "suite", "burst", "no_credits_profile", "compare", "output", "format", "model"])]
    rehearse: bool,
}

/// What is done about something that works and is not right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum How {
    /// It is told.
    Warn,
    /// The stage fails.
    Fail,
}

impl From<How> for Severity {
    fn from(how: How) -> Self {
        match how {
            How::Warn => Self::Warn,
            How::Fail => Self::Fail,
        }
    }
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

fn latency(text: &str) -> Result<(Stage, Duration), String> {
    let (stage, time) = text.split_once('=').ok_or("write it as STAGE=TIME, such as health=2s")?;
    match stage.parse::<Choice>()? {
        Choice::One(stage) => Ok((stage, crate::settings::duration::parse(time)?)),
        Choice::All(_) => Err(format!("{stage} is a group; name a single stage")),
    }
}

pub(super) async fn run(args: Args, session: &Session) -> Result<ExitClass, Failure> {
    let forms = Forms::new(args.tap, args.junit.as_deref(), session)?;
    let baseline = args.compare.as_deref().map(|file| baseline(session, file)).transpose()?;
    let stop = stop_on_signals(&session.printer)?;
    let began = (session.env.clock.now(), session.env.clock.wall());
    if args.rehearse {
        let subject = subject(session, None);
        forms.begin(session, &subject);
        let stages = rehearse::run(session, args.timeout, &stop, &forms).await?;
        let found = smoke::Found { stages, ..smoke::Found::default() };
        return smoke_report::finish(session, &forms, subject, began, None, found);
    }
    let options = options(&args, session)?;
    let wanted = wanted(&args);
    let stages = smoke::select(&wanted);
    let spends = stages.iter().any(|(stage, because)| because.is_none() && stage.starts_jobs());
    let place = Place::make(session, args.output.as_deref())?;
    let setup = setup(&args, session, options, &place, spends, stop)?;
    let key = setup.clients.keyed.as_ref().ok().and_then(Client::fingerprint);
    let subject = subject(session, key.map(|print| print.0));
    forms.begin(session, &subject);
    if spends {
        consent(session, setup.budget)?;
    } else if stages
        .iter()
        .any(|(stage, because)| because.is_none() && stage.group() == Group::Failures)
    {
        session.say_production("a file and options that have to be refused are sent");
    }
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
    let mut found = smoke::run(&setup, &stages, &tell).await;
    if let Some(baseline) = baseline {
        found.stages.push(baseline.compare(&found.stages));
    }
    place.clear();
    smoke_report::finish(session, &forms, subject, began, setup.budget, found)
}

fn baseline(session: &Session, file: &Path) -> Result<Baseline, Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(absolute(&session.env, file)).map_err(|error| {
        Failure::new(FailureKind::Usage, format!("--compare {name}"), error.to_string())
    })?;
    Baseline::parse(&name, &text)
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

fn wanted(args: &Args) -> Wanted {
    Wanted {
        only: args.only.clone(),
        skip: args.skip.clone(),
        // The sandbox's credits are nobody's.
        budget: args.budget.is_some() || args.sandbox,
        broke_key: args.no_credits_profile.is_some(),
        burst: args.burst.is_some(),
        suite: args.suite.is_some(),
    }
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
    options.check().map_err(|bad| {
        Failure::new(FailureKind::Usage, "the options contradict each other", bad.0)
    })?;
    Ok(options)
}

/// A write to production says so first, and asks when it may be large.
fn consent(session: &Session, budget: Option<Credits>) -> Result<(), Failure> {
    let profile = &session.settings.profile;
    let Some(budget) = budget else { return Ok(()) };
    session.say_production(&format!("up to {budget} credits may be spent on a smoke test"));
    match profile.confirm_above_credits {
        Some(bound) if budget.0 > bound => session.confirm(&format!(
            "profile {} is to spend up to {budget} credits on a smoke test; go on?",
            profile.name
        )),
        _ => Ok(()),
    }
}

/// Where outputs and files that must be refused go.
struct Place {
    path: PathBuf,
    keep: bool,
}

impl Place {
    fn make(session: &Session, output: Option<&Path>) -> Result<Self, Failure> {
        let path = if let Some(output) = output {
            absolute(&session.env, output)
        } else {
            let name = format!("run-{}-{:016x}", session.env.pid, session.env.random.bits());
            directory(session).join(name)
        };
        std::fs::create_dir_all(&path).map_err(|error| unwritable(&path, &error))?;
        Ok(Self { path, keep: output.is_some() })
    }

    /// Removes what nobody asked to keep.
    fn clear(&self) {
        if !self.keep {
            // What cannot be removed is in nobody's way.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Where smoke tests keep their clips.
fn directory(session: &Session) -> PathBuf {
    session.settings.state_dir.join("smoke")
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::local(format!("writing {}", path.display()), error)
}

/// The built-in clip as a file. It stays where it is, and unchanged, so that a later run finds a
/// job that this one left; `label` makes it an input of its own.
pub(super) fn clip(directory: &Path, label: &str) -> Result<PathBuf, Failure> {
    let path = directory.join(format!("{label}.mp4"));
    let bytes = labelled(SAMPLE.video, label);
    if std::fs::read(&path).is_ok_and(|there| there == bytes) {
        return Ok(path);
    }
    let written = std::fs::create_dir_all(directory).and_then(|()| {
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        std::io::Write::write_all(&mut file, &bytes)?;
        file.persist(&path).map_err(|error| error.error)
    });
    written.map_err(|error| unwritable(&path, &error))?;
    Ok(path)
}

/// An MP4 with a box behind it that no player looks at.
fn labelled(video: &[u8], label: &str) -> Vec<u8> {
    let size = u32::try_from(label.len() + 8).unwrap_or(8);
    [video, &size.to_be_bytes(), b"free", label.as_bytes()].concat()
}

fn setup(
    args: &Args,
    session: &Session,
    options: JobOptions,
    place: &Place,
    spends: bool,
    stop: CancellationToken,
) -> Result<Setup, Failure> {
    let profile = &session.settings.profile;
    let clients = clients(args, session)?;
    let endpoint = session.endpoint(None);
    let silent = || Arc::new(super::smoke_report::Unheard);
    let writes = wants(args, Group::Failures) || spends;
    let context = match &clients.keyed {
        Ok(_) if writes => Some(session.context_until(silent(), stop.clone())?),
        _ => None,
    };
    let broke = match args.no_credits_profile.as_deref().filter(|_| spends) {
        Some(name) => Some(broke(session, name, &clients, stop.clone())?),
        None => None,
    };
    Ok(Setup {
        base_url: profile.base_url.clone(),
        proxied: reach::is_proxied(&profile.base_url, &endpoint.proxy),
        connect_timeout: profile.timing.connect_timeout,
        clients,
        context,
        broke,
        clip: Clip::new(clip(&directory(session), "smoke-test")?, SAMPLE.mask, SAMPLE.doubt)?,
        suite: args.suite.as_deref().map(|directory| absolute(&session.env, directory)),
        place: place.path.clone(),
        spool: session.spool()?,
        options,
        budget: args.budget.map(Credits),
        policy: Policy {
            degraded: args.degraded.into(),
            drift: args.drift.into(),
            latency: args.latency.iter().copied().collect(),
            patience: args.timeout,
            usage_lag: USAGE_LAG,
        },
        key_warning: profile.key_age_warning(session.env.clock.wall()),
        clock: session.env.clock.clone(),
        random: session.env.random.clone(),
        stop,
    })
}

/// Whether a stage of `group` was named.
fn wants(args: &Args, group: Group) -> bool {
    let named = |choice: &Choice| {
        Stage::NAMED.into_iter().any(|stage| stage.group() == group && choice.names(stage))
    };
    args.only.iter().any(named)
}

fn clients(args: &Args, session: &Session) -> Result<Clients, Failure> {
    let key = session.settings.api_key().map(|resolved| {
        for warning in &resolved.warnings {
            session.printer.warn(warning);
        }
        resolved.key
    });
    let usual = client::Limits::default();
    let look = |key| looker(session, key, LOOK_RETRIES, &usual);
    let burst = match (&key, args.burst) {
        (Ok(key), Some(calls)) => {
            let most = f64::from(calls);
            let lane = LaneLimits {
                rate: Bounds { min: usual.poll.rate.min, max: most, first: most },
                burst: calls,
                concurrency: calls as usize,
            };
            let limits = client::Limits { poll: lane, ..usual };
            Some((looker(session, Some(key.clone()), BURST_RETRIES, &limits)?, calls))
        }
        _ => None,
    };
    Ok(Clients {
        keyed: match key {
            Ok(key) => Ok(look(Some(key))?),
            Err(failure) => Err(failure),
        },
        keyless: look(None)?,
        wrong: look(Some(ApiKey::new(WRONG_KEY)))?,
        burst,
    })
}

/// A client whose limits end with the process.
fn looker(
    session: &Session,
    key: Option<ApiKey>,
    retries: u32,
    limits: &client::Limits,
) -> Result<Client, Failure> {
    let timing = session.timing().client;
    let timing = client::Timing {
        retries,
        idle_timeout: timing.idle_timeout.min(LOOK_IDLE),
        retry_after_max: timing.retry_after_max.min(LOOK_PATIENCE),
        ..timing
    };
    let (clock, random) = (session.env.clock.clone(), session.env.random.clone());
    let store = Arc::new(MemoryStore::default());
    Client::sharing(session.endpoint(key), timing, clock, random, store, limits)
}

/// What the stage no-credits works with: another key at the same service.
fn broke(
    session: &Session,
    name: &str,
    clients: &Clients,
    stop: CancellationToken,
) -> Result<(Arc<crate::flow::Context<Client>>, PathBuf), Failure> {
    let beside = session.beside(name)?;
    let refused = |why: &str| {
        Failure::new(FailureKind::Usage, format!("--no-credits-profile {name}"), why)
            .with_next("rbgv config show --profile NAME, for each of the two")
    };
    if beside.settings.profile.base_url != session.settings.profile.base_url {
        return Err(refused("its base_url differs: keys are never sent to another service"));
    }
    let context = beside.context_until(Arc::new(super::smoke_report::Unheard), stop)?;
    let own = clients.keyed.as_ref().ok().and_then(Client::fingerprint);
    if own.is_some() && context.service.fingerprint() == own {
        return Err(refused("it has the same key"));
    }
    Ok((context, clip(&directory(session), "no-credits")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clip_is_written_once_and_each_label_is_an_input_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = clip(dir.path(), "one").unwrap();
        let modified = || std::fs::metadata(&path).unwrap().modified().unwrap();
        let (before, video) = (modified(), crate::media::inspect_input(&path).unwrap());
        assert!((video.duration.unwrap() - 2.0).abs() < 0.1);
        assert_eq!(clip(dir.path(), "one").unwrap(), path);
        assert_eq!(modified(), before);
        let other = clip(dir.path(), "two").unwrap();
        assert_ne!(std::fs::read(path).unwrap(), std::fs::read(other).unwrap());
    }

    #[test]
    fn budgets_of_latency_name_one_stage() {
        assert_eq!(latency("health=500ms"), Ok((Stage::Health, Duration::from_millis(500))));
        for bad in ["health", "free=1s", "helth=1s", "health=soon"] {
            assert!(latency(bad).is_err(), "{bad}");
        }
        assert!(credits("-1").is_err() && credits("NaN").is_err() && credits("2.5").is_ok());
    }
}
