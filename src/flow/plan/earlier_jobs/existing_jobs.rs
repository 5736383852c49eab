//! Plan to fetch the outputs of existing jobs, of any machine: they become inputs of a batch, and
//! the same batch runner follows and collects them. Nothing here can bill.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::blocking::blocking;
use crate::flow::context::Context;
use crate::flow::job_metadata::{CONTENT_KEY, id_of};
use crate::flow::plan::content_key::{content_key, correlation};
use crate::flow::plan::outputs::output_target::{
    Targets, is_ours, replaces_sandbox_output, without_dots,
};
use crate::flow::polling::find_job::find_job;
use crate::flow::run_options::{Destination, RunOptions};
use crate::ledger::{AddResult, ApiKeyId, AttemptSpec, BatchId, InputSource, NewBatch, NewInput};
use crate::model::{
    Background, Failure, JobId, JobOptions, JobView, ModelName, OutputFormat, Target,
};

/// A request to fetch the outputs of jobs.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    pub jobs: Vec<JobId>,
    /// [`Destination::Beside`] means the target of the run that created the job, and for the
    /// current directory for jobs of other machines.
    pub destination: Destination,
    pub run_options: RunOptions,
    /// Base of relative paths.
    pub current_dir: PathBuf,
}

/// Plans the fetch. The batch is ready to run.
///
/// # Errors
///
/// A job that this key does not see, two outputs of one name, or a local error. No plan is left
/// behind.
pub async fn plan_fetch(context: &Arc<Context>, request: FetchRequest) -> Result<BatchId, Failure> {
    let new = NewBatch {
        profile: context.profile.clone(),
        key: context.key.clone(),
        run_options: request.run_options.to_json(),
        pricing: None,
    };
    let batch = context.ledger.create_batch(&new).await?;
    let mut targets = Targets::new(request.run_options.overwrite);
    for job in &request.jobs {
        if let Err(failure) = add_job(context, batch, &request, job, &mut targets).await {
            context.ledger.delete_batch(batch).await?;
            return Err(failure);
        }
    }
    context.ledger.finish_plan(batch).await?;
    Ok(batch)
}

async fn add_job(
    context: &Arc<Context>,
    batch: BatchId,
    request: &FetchRequest,
    job: &JobId,
    targets: &mut Targets,
) -> Result<(), Failure> {
    let work = match context.ledger.find_attempt_by_job(job).await? {
        Some(attempt) if attempt.work.key.origin == context.key.origin => attempt.work,
        _ => foreign_work(context, job).await?,
    };
    let earlier_input = context.ledger.find_input_by_job(job).await?;
    let earlier_target = earlier_input.and_then(|input| input.target);
    let name = format!("job {job}");
    targets.add_source(&work.source.to_string(), &work.source)?;
    let target = target(request, job, &work.options, earlier_target)?;
    let proof = target.as_ref().map(|target| targets.prove(&name, target)).transpose();
    let proof = proof.map_err(|refusal| refusal.failure)?.flatten();
    if let Some(Target::Object(url)) = &target {
        context.stores.check_writable(url).await?;
    }
    let is_shared = proof.as_ref().is_some_and(|proof| targets.add_output(&name, proof));
    let new = NewInput {
        name,
        target: target.clone(),
        correlation_id: correlation(context.random.as_ref()),
        work,
        again: false,
    };
    match context.ledger.add_existing_job(batch, &new, job).await? {
        AddResult::Added { .. } if is_shared => Err(collision(job, "another job")),
        AddResult::Added { attempt, .. } => {
            let existing = proof.and_then(|proof| proof.existing);
            let (Some(refusal), Some(target)) = (existing, target) else { return Ok(()) };
            let ledger = context.ledger.clone();
            blocking(move || {
                let is_free = is_ours(ledger.blocking(), attempt, &target)?
                    || replaces_sandbox_output(ledger.blocking(), &refusal, &target)?;
                if is_free { Ok(()) } else { Err(refusal.failure) }
            })
            .await
        }
        AddResult::Collision(other) => Err(collision(job, &other)),
    }
}

fn collision(job: &JobId, other: &str) -> Failure {
    let why = format!("it would be written to the same file as {other}");
    Failure::usage(format!("job {job}"), why).with_next(format!("rbgv fetch {job} -o FILE"))
}

/// The attempt of a job that this ledger did not create, from the service's view of it.
async fn foreign_work(context: &Arc<Context>, job: &JobId) -> Result<AttemptSpec, Failure> {
    let (context, view) = find_job(context, job).await?;
    // An input with the same content joins the attempt, and pays nothing.
    let content_key = id_of(&view, CONTENT_KEY)
        .unwrap_or_else(|| content_key(&context.key.origin, &format!("job {job}"), ""));
    Ok(work_of_job(&context.key, &context.profile, &view, content_key))
}

/// What an attempt is about, as far as the view of its job has it.
pub(crate) fn work_of_job(
    key: &ApiKeyId,
    profile: &str,
    view: &JobView,
    content_key: String,
) -> AttemptSpec {
    AttemptSpec {
        content_key,
        key: key.clone(),
        profile: profile.to_owned(),
        source: InputSource::of_job(&view.id),
        duration: view.duration_seconds,
        options: options_of(view),
        estimate: None,
        pricing: None,
    }
}

/// The options of a job, as far as its view has them. Alpha is expected only where the view says
/// that the output is transparent.
fn options_of(view: &JobView) -> JobOptions {
    let word = |field: &str| view.raw.get(field).and_then(|value| value.as_str());
    let format = word("output_format").and_then(|word| word.parse().ok()).or_else(|| {
        let link = view.output_url.as_ref()?;
        let path = link.expose().split(['?', '#']).next()?.to_owned();
        let ending = Path::new(&path).extension()?.to_str()?.to_owned();
        OutputFormat::ALL.iter().copied().find(|format| format.extension() == ending)
    });
    let transparent = word("bg_type") == Some("transparent");
    JobOptions {
        model: word("model").and_then(|word| word.parse().ok()).unwrap_or(ModelName::Original),
        format: format.unwrap_or_default(),
        background: if transparent {
            Background::Transparent
        } else {
            Background::Color(crate::model::options::Rgb::GREEN)
        },
        ..JobOptions::default()
    }
}

fn target(
    request: &FetchRequest,
    job: &JobId,
    options: &JobOptions,
    earlier_target: Option<Target>,
) -> Result<Option<Target>, Failure> {
    let earlier_name = earlier_target.as_ref().and_then(|target| match target {
        Target::File(path) => path.file_name().map(ToOwned::to_owned),
        Target::Object(url) => Some(url.file_name().into()),
    });
    let name = earlier_name.unwrap_or_else(|| safe_name(job, options).into());
    let target = match &request.destination {
        Destination::Stdout => return Ok(None),
        Destination::File(file) => request.current_dir.join(file),
        Destination::Directory(directory) => request.current_dir.join(directory).join(name),
        Destination::Object(url) => return Ok(Some(Target::Object(url.clone()))),
        Destination::Prefix(prefix) => {
            let url = prefix.join(Path::new(&name)).map_err(|why| {
                Failure::usage(format!("job {job}"), why)
                    .with_next(format!("rbgv fetch {job} -o {prefix}NAME"))
            })?;
            return Ok(Some(Target::Object(url)));
        }
        Destination::Beside => match earlier_target {
            Some(Target::File(path)) => path,
            Some(object) => return Ok(Some(object)),
            None => request.current_dir.join(name),
        },
    };
    Ok(Some(without_dots(&target).into()))
}

/// A job's id is foreign text, and must not become a path.
fn safe_name(job: &JobId, options: &JobOptions) -> String {
    let safe: String = job
        .0
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' })
        .take(120)
        .collect();
    format!("{safe}-nobg.{}", options.format.extension())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{JobStatus, OutputLink};

    fn view(raw: serde_json::Value, link: Option<&str>) -> JobView {
        let output_url = link.map(OutputLink::new);
        JobView { output_url, raw, ..JobView::bare("j", JobStatus::Completed) }
    }

    #[test]
    fn options_come_from_what_the_service_says() {
        let view_options = view(
            serde_json::json!({"output_format": "mov", "bg_type": "transparent", "model": "pro"}),
            None,
        );
        let options = options_of(&view_options);
        assert_eq!(options.format, OutputFormat::Mov);
        assert_eq!(options.background, Background::Transparent);
        assert_eq!(options.model, ModelName::Pro);
        let silent = view(serde_json::json!({}), Some("https://cdn.example/a/b.gif?sig=x"));
        let options = options_of(&silent);
        assert_eq!(options.format, OutputFormat::Gif);
        assert_ne!(options.background, Background::Transparent);
    }

    #[test]
    fn an_id_never_becomes_a_path() {
        let options = JobOptions::default();
        assert_eq!(safe_name(&JobId("../a/b".into()), &options), "___a_b-nobg.webm");
    }
}
