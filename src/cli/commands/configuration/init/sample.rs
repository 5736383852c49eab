//! The sample clip: where to process it, and the command that does.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cli::context::AppContext;
use crate::cli::files::keep_file;
use crate::client::RequestOptions;
use crate::media;
use crate::model::Failure;
use crate::output::formats::amounts;
use crate::sandbox::SAMPLE;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SampleChoice {
    /// In the sandbox, on this machine (free)
    Sandbox,
    /// At the service (billed)
    Service,
    /// Not at all
    None,
}

/// Name of the output, in the current directory.
const OUTPUT: &str = "astronaut-nobg.webm";

/// The command for the sample clip: as `wanted`, or as the user answers. `service` is a context with a
/// key that the service accepts.
pub(crate) async fn choose(
    app: &AppContext,
    service: Option<&AppContext>,
    wanted: Option<SampleChoice>,
    is_attended: bool,
) -> Result<Option<Vec<OsString>>, Failure> {
    let choice = match wanted {
        Some(choice) => choice,
        None if is_attended => ask(app, service).await?,
        None => SampleChoice::None,
    };
    let target: [OsString; 2] = match (choice, service) {
        (SampleChoice::None, _) => return Ok(None),
        (SampleChoice::Sandbox, _) => ["run".into(), "--sandbox".into()],
        (SampleChoice::Service, Some(service)) => {
            ["run".into(), format!("--profile={}", service.settings.profile.name).into()]
        }
        (SampleChoice::Service, None) => {
            let why = "it needs a key that the service has accepted";
            return Err(
                Failure::usage("--sample service", why).with_next("rbgv init --sample service")
            );
        }
    };
    let output = ["-o".into(), OUTPUT.into(), clip(app)?.into_os_string()];
    let command = ["rbgv".into()].into_iter().chain(target).chain(app.config_flag()).chain(output);
    Ok(Some(command.collect()))
}

/// The sample clip as a file.
fn clip(app: &AppContext) -> Result<PathBuf, Failure> {
    let path = app.settings.state_dir.join("sample").join("astronaut.mp4");
    keep_file(&path, SAMPLE.video)?;
    Ok(path)
}

/// Asks where to process the sample clip.
async fn ask(app: &AppContext, service: Option<&AppContext>) -> Result<SampleChoice, Failure> {
    let mut choices = Vec::new();
    if cfg!(feature = "matting") {
        choices.push("sandbox (here, free)".to_owned());
    }
    if let Some(service) = service {
        choices.push(format!("service ({})", price(service, &clip(app)?).await));
    }
    let Some(first) = choices.first() else { return Ok(SampleChoice::None) };
    let usual = if first.starts_with("sandbox") { "sandbox" } else { "no" };
    let question = format!("Process a sample clip (2 s)? {} or no [{usual}]:", choices.join(", "));
    loop {
        // The profile is stored, so the end of standard input is not a failure.
        let Some(answer) = app.printer.ask_text(&question) else { return Ok(SampleChoice::None) };
        let answer = if answer.is_empty() { usual.to_owned() } else { answer.to_lowercase() };
        match answer.as_str() {
            "sandbox" if usual == "sandbox" => return Ok(SampleChoice::Sandbox),
            "service" if service.is_some() => return Ok(SampleChoice::Service),
            "no" | "n" | "none" => return Ok(SampleChoice::None),
            _ => app.printer.error("answer with one of these words"),
        }
    }
}

/// The price of the sample clip at the service.
async fn price(service: &AppContext, clip: &Path) -> String {
    let known = async {
        let pricing = service.probe(None)?.pricing(RequestOptions::plain()).await?;
        let seconds = media::inspect_input(clip).ok().and_then(|video| video.duration);
        let model = service.settings.defaults.model;
        Ok::<_, Failure>(seconds.and_then(|seconds| pricing.estimate(model, seconds)))
    };
    match known.await {
        Ok(Some(credits)) => format!("about {}", amounts::credits(credits)),
        Ok(None) | Err(_) => "the price is not known".to_owned(),
    }
}
