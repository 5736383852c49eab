//! Checks of the programs and models of the sandbox.

use std::process::Stdio;
use std::time::Duration;

use tokio::time::timeout;

use super::check::Check;
use crate::env::Env;
use crate::sandbox::matting::installed_rvm;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Only the sandbox needs these, so nothing here is a problem.
pub(crate) async fn checks(env: &Env) -> Vec<Check> {
    let ffmpeg = match version("ffmpeg", env).await {
        Ok(version) => Check::good("ffmpeg", version),
        Err(why) => Check::note(
            "ffmpeg",
            format!("{why}; only needed for the sandbox: apt-get install ffmpeg"),
        ),
    };
    let folder = env.models_dir();
    let model = if folder.is_some_and(|folder| installed_rvm(&folder).is_some()) {
        Check::good("models", "Robust Video Matting is installed")
    } else {
        let says = "built-in small model; for better sandbox results: rbgv model install";
        Check::note("models", says)
    };
    vec![ffmpeg, model]
}

/// The first line of `program -version`.
async fn version(program: &str, env: &Env) -> Result<String, String> {
    let asked = tokio::process::Command::new(program)
        .arg("-version")
        .env_clear()
        .envs(env.program_vars())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let answered = timeout(TIMEOUT, asked).await.map_err(|_| "does not respond".to_owned())?;
    let output = answered.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "not found".to_owned(),
        _ => error.to_string(),
    })?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().next().unwrap_or_default();
    let short = line.split(" Copyright").next().unwrap_or_default().trim();
    if output.status.success() && !short.is_empty() {
        Ok(short.to_owned())
    } else {
        Err("does not run".to_owned())
    }
}
