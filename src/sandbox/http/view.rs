//! Jobs and usage as the API shows them (contract, *Job*; *Credits*).

use serde_json::{Map, Value, json};

use crate::sandbox::app::App;
use crate::sandbox::scenario::{AnswerRules, DraftState, IdField};
use crate::sandbox::service::{Job, Status};

/// A job, with the fields that the contract lists, and `metadata`, which both SDKs send. How it was
/// made, and when, is in the audit.
pub(crate) fn job(app: &App, job: &Job) -> Value {
    let director = app.director();
    let output_url = match (&job.output, job.status) {
        (Some(output), Status::Completed) => Value::from(app.output_link(&job.id, &output.name)),
        _ => Value::Null,
    };
    let mut shown = identified(&director.scenario.answers, &job.id);
    let rest = json!({
        "status": status_word(app, job.status),
        "progress": whole_percent(job.progress_at(app.now())),
        "output_url": output_url,
        "error": job.error,
        "created_at": job.created_at,
        "duration_seconds": job.duration_seconds,
        "billing_status": job.billing,
        "webhook_url": job.request.webhook_url,
        "webhook_events": job.webhook_events,
        "metadata": job.request.metadata,
    });
    if let Value::Object(rest) = rest {
        shown.extend(rest);
    }
    Value::Object(shown)
}

/// 0 to 100, never rounded up to an end that is not there yet.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
fn whole_percent(progress: f64) -> u8 {
    progress.clamp(0.0, 100.0).floor() as u8
}

/// The answer to a create or a start.
pub(crate) fn accepted(app: &App, job: &Job, message: &str) -> Value {
    let director = app.director();
    let mut shown = Map::from_iter([("success".to_owned(), Value::Bool(true))]);
    shown.extend(identified(&director.scenario.answers, &job.id));
    shown.insert("status".to_owned(), status_word(app, job.status).into());
    shown.insert("message".to_owned(), message.into());
    Value::Object(shown)
}

/// The word that is shown for a state: a scenario may call drafts `pending`.
pub(crate) fn status_word(app: &App, status: Status) -> &'static str {
    let draft_state = app.director().scenario.jobs.draft_state;
    if status == Status::Created && draft_state == DraftState::Pending {
        return Status::Pending.word();
    }
    status.word()
}

fn identified(rules: &AnswerRules, id: &str) -> Map<String, Value> {
    let names: &[&str] = match rules.id {
        IdField::Id => &["id"],
        IdField::JobId => &["job_id"],
        IdField::Both => &["id", "job_id"],
    };
    names.iter().map(|name| ((*name).to_owned(), id.into())).collect()
}
