//! Clients, clip and directories of a smoke test.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::args::Args;
use crate::cli::context::AppContext;
use crate::cli::context::wait_notes;
use crate::cli::files::{absolute, keep_file, unwritable};
use crate::client::{self, Client, MemoryStore, connectivity};
use crate::flow::Context;
use crate::model::Timing;
use crate::model::limits::LimitBounds;
use crate::model::{ApiKey, Credits, Failure, JobOptions};
use crate::sandbox::SAMPLE;
use crate::smoke::{Clients, SmokeSetup, TestClip};

/// Limits of the free stages, which report the current state instead of waiting for a better one.
const PROBE_RETRIES: u32 = 2;
const PROBE_MAX_WAIT: Duration = Duration::from_secs(10);
const PROBE_IDLE: Duration = Duration::from_secs(15);

/// Retries of each call of a burst.
const BURST_RETRIES: u32 = 8;

/// An invalid key.
const WRONG_KEY: &str = "rbgv-smoke-test-this-key-does-not-exist";

/// The directory for outputs and test files.
pub(crate) struct WorkFolders {
    path: PathBuf,
    /// Removed at the end, unless `--output` is given.
    _temporary: Option<TempDir>,
}

impl WorkFolders {
    /// The requested directory, or a temporary one. Free stages need none and create none, so they
    /// work on a read-only disk.
    pub(crate) fn make(
        app: &AppContext,
        output: Option<&Path>,
        acts: bool,
    ) -> Result<Self, Failure> {
        let own = directory(app);
        if !acts {
            return Ok(Self { path: own, _temporary: None });
        }
        if let Some(output) = output {
            let path = absolute(&app.env, output);
            std::fs::create_dir_all(&path).map_err(|error| unwritable(&path, &error))?;
            return Ok(Self { path, _temporary: None });
        }
        let made = std::fs::create_dir_all(&own)
            .and_then(|()| tempfile::Builder::new().prefix("run-").tempdir_in(&own));
        let made = made.map_err(|error| unwritable(&own, &error))?;
        Ok(Self { path: made.path().to_owned(), _temporary: Some(made) })
    }
}

/// The directory of the test clips.
fn directory(app: &AppContext) -> PathBuf {
    app.settings.state_dir.join("smoke")
}

/// The built-in clip as a file. It is kept unchanged, so that a later run finds an unfinished job;
/// `label` makes its content unique.
pub(crate) fn clip(directory: &Path, label: &str) -> Result<PathBuf, Failure> {
    let path = directory.join(format!("{label}.mp4"));
    keep_file(&path, &labelled(SAMPLE.video, label))?;
    Ok(path)
}

/// An MP4 with an ignored box appended.
fn labelled(video: &[u8], label: &str) -> Vec<u8> {
    let size = u32::try_from(label.len() + 8).unwrap_or(8);
    [video, &size.to_be_bytes(), b"free", label.as_bytes()].concat()
}

/// Prepares the stages, of which some start jobs (`spends`) or send something (`acts`).
pub(crate) fn setup(
    args: &Args,
    app: &AppContext,
    options: JobOptions,
    folders: &WorkFolders,
    (spends, acts): (bool, bool),
    stop: CancellationToken,
) -> Result<SmokeSetup, Failure> {
    let profile = &app.settings.profile;
    let clients = clients(args, app)?;
    let endpoint = app.endpoint(None);
    let context = match &clients.keyed {
        Ok(_) if acts => Some(app.silent_context(stop.clone())?),
        _ => None,
    };
    let without_credits = match args.no_credits_profile.as_deref().filter(|_| spends) {
        Some(name) => Some(broke(app, name, &clients, stop.clone())?),
        None => None,
    };
    let (clip, spool) = if acts {
        (clip(&directory(app), "smoke-test")?, app.spool()?)
    } else {
        (directory(app), directory(app))
    };
    Ok(SmokeSetup {
        base_url: profile.base_url.clone(),
        proxied: connectivity::is_proxied(&profile.base_url, &endpoint.proxy),
        connect_timeout: profile.timing.connect_timeout,
        clients,
        context,
        without_credits,
        clip: TestClip::new(clip, SAMPLE.mask, SAMPLE.doubt)?,
        suite: args.suite.as_deref().map(|directory| absolute(&app.env, directory)),
        directory: folders.path.clone(),
        spool,
        options,
        budget: args.budget.map(Credits),
        timeout: args.timeout,
        key_warning: profile.key_age_warning(app.env.clock.wall()),
        clock: app.env.clock.clone(),
        random: app.env.random.clone(),
        stop,
    })
}

fn clients(args: &Args, app: &AppContext) -> Result<Clients, Failure> {
    let key = app.settings.job_key().map(|resolved| app.warned(resolved));
    let usual = client::RateLimits::default();
    let look = |key| probe_client(app, key, PROBE_RETRIES, &usual);
    let burst = match (&key, args.burst) {
        (Ok(key), Some(calls)) => {
            // Practically unlimited.
            let pace = 1e6;
            let limits = client::RateLimits {
                initial_rate: pace,
                bounds: LimitBounds { poll_rate_max: pace, concurrency: calls, ..usual.bounds },
                ..usual
            };
            Some((probe_client(app, Some(key.clone()), BURST_RETRIES, &limits)?, calls))
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

/// A client whose limits are not shared with other processes.
fn probe_client(
    app: &AppContext,
    key: Option<ApiKey>,
    retries: u32,
    limits: &client::RateLimits,
) -> Result<Client, Failure> {
    let timing = app.timing();
    let timing = Timing {
        retries,
        idle_timeout: timing.idle_timeout.min(PROBE_IDLE),
        retry_after_max: timing.retry_after_max.min(PROBE_MAX_WAIT),
        outage_max: timing.outage_max.min(PROBE_MAX_WAIT),
        ..timing
    };
    let (clock, random) = (app.env.clock.clone(), app.env.random.clone());
    let store = Arc::new(MemoryStore::default());
    let client = Client::with_store(app.endpoint(key), timing, clock, random, store, limits)?;
    wait_notes::watch_waits(&client, &app.printer, &app.env.clock);
    Ok(client)
}

/// The context of the stage no-credits: another key at the same service.
fn broke(
    app: &AppContext,
    name: &str,
    clients: &Clients,
    stop: CancellationToken,
) -> Result<(Arc<Context>, PathBuf), Failure> {
    let other = app.with_profile(name)?;
    let refused = |why: &str| {
        Failure::usage(format!("--no-credits-profile {name}"), why).with_next("rbgv profile list")
    };
    if other.settings.profile.base_url != app.settings.profile.base_url {
        return Err(refused("its base_url is different; keys are never sent to another service"));
    }
    let context = other.silent_context(stop)?;
    let own = clients.keyed.as_ref().ok().and_then(Client::fingerprint);
    if own.is_some() && context.service.fingerprint() == own {
        return Err(refused("it has the same key as the tested profile"));
    }
    Ok((context, clip(&directory(app), "no-credits")?))
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
}
