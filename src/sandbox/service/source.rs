//! Resolves the video of a job: an upload or output of the sandbox, or another URL.

use std::time::Duration;

use url::Url;

use super::{Caller, Refusal, Upload, VideoSource};
use crate::sandbox::engine::Probe;
use crate::sandbox::state::app::App;

/// The URL of an upload.
pub(crate) fn upload_url(app: &App, upload: &Upload) -> String {
    format!("{}/uploads/{}", app.cdn_url, upload.name())
}

/// Resolves a `video_url`.
pub(crate) fn resolve(app: &App, caller: &Caller, video_url: &str) -> Result<VideoSource, Refusal> {
    let url = Url::parse(video_url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| Refusal::invalid("video_url must be an http or https address"))?;
    if !is_own(app, &url) {
        return Ok(VideoSource::Remote);
    }
    own_source(app, caller, &url).ok_or_else(|| Refusal::invalid("video_url not found"))
}

/// An upload or output of this key; those of other keys do not exist for it.
fn own_source(app: &App, caller: &Caller, url: &Url) -> Option<VideoSource> {
    let mut parts = url.path().trim_start_matches('/').split('/');
    let (folder, id) = (parts.next()?, parts.next()?);
    match folder {
        "uploads" => {
            let upload = kept_upload(app, id).filter(|upload| upload.key == caller.key)?;
            Some(VideoSource::Upload(upload.id))
        }
        "outputs" => {
            let service = app.service();
            let job = service.job(id).filter(|job| job.key == caller.key)?;
            job.output.as_ref()?;
            Some(VideoSource::Output(id.to_owned()))
        }
        _ => None,
    }
}

/// The upload with the URL segment `name`, unless it has expired.
pub(crate) fn kept_upload(app: &App, name: &str) -> Option<Upload> {
    let upload = app.service().upload(name)?.clone();
    let age = app.clock.wall().duration_since(upload.at);
    let forget = app.injector().scenario.uploads.forget_after;
    let expired = forget.is_some_and(|after| Duration::try_from(age).is_ok_and(|age| age > after));
    (!expired).then_some(upload)
}

/// The upload of this key at `address`.
pub(crate) fn own_upload(app: &App, key: &str, address: &str) -> Option<String> {
    let url = Url::parse(address).ok().filter(|url| is_own(app, url))?;
    let name = upload_name(&url)?;
    let service = app.service();
    let upload = service.upload(name).filter(|upload| upload.key == key)?;
    Some(upload.id.clone())
}

fn upload_name(url: &Url) -> Option<&str> {
    let mut parts = url.path().trim_start_matches('/').split('/');
    (parts.next()? == "uploads").then(|| parts.next()).flatten()
}

/// Whether this sandbox issued the URL, in this run or an earlier one.
fn is_own(app: &App, url: &Url) -> bool {
    let origin = url.origin().ascii_serialization();
    origin == app.cdn_url
        || origin == app.base_url
        || app.service().registry.origins.contains(&origin)
}

pub(crate) fn forget(app: &App, video_url: &str) {
    if let Ok(url) = Url::parse(video_url)
        && let Some(name) = upload_name(&url)
    {
        app.service().forget_upload(name);
    }
}

/// The seconds of a video; refuses one that is too long.
pub(crate) fn check_length(app: &App, probe: &Probe) -> Result<f64, Refusal> {
    let most = app.limits.seconds;
    if probe.duration_seconds > most {
        return Err(Refusal::invalid(format!("Video too long: at most {most} seconds")));
    }
    if probe.duration_seconds * probe.frame_rate > app.limits.frames as f64 {
        let most = app.limits.frames;
        return Err(Refusal::invalid(format!("Video too long: at most {most} frames")));
    }
    Ok(probe.duration_seconds)
}
