//! Responses about uploads and jobs.

use serde_json::Value;
use url::Url;

use super::{Unreadable, fields};
use crate::client::types::{CreatedJob, JobPage, StartedJob, UploadedFile};
use crate::model::sanitize::without_links;
use crate::model::{JobId, JobStatus, JobView, OutputLink};

/// Field names of the array of a page (contract, *Job*).
const PAGE: [&str; 3] = ["items", "jobs", "data"];

pub(crate) fn uploaded(response: &Value) -> Result<UploadedFile, Unreadable> {
    let video_url = fields::text(response, &["video_url"])
        .ok_or_else(|| Unreadable::new("the response has no video_url"))?;
    Ok(UploadedFile { video_url, size: fields::count(response, &["size"]) })
}

pub(crate) fn created(response: &Value) -> Result<CreatedJob, Unreadable> {
    let id = fields::job_id(response)
        .ok_or_else(|| Unreadable::new("the response does not name a job"))?;
    Ok(CreatedJob { id, status: status(response) })
}

/// A start is confirmed if the response names the job, contains `success`, or states a status.
/// Anything less is ambiguous.
pub(crate) fn started(response: &Value, requested: &JobId) -> Result<StartedJob, Unreadable> {
    let named = same_job(response, requested)?;
    let status = status(response);
    let success = response.get("success").and_then(Value::as_bool);
    match success {
        Some(false) => Err(Unreadable::new("the response contains neither success nor an error")),
        None if !named && status.is_none() => {
            Err(Unreadable::new("the response does not confirm the start"))
        }
        _ => Ok(StartedJob { status }),
    }
}

/// Reads the response to a poll of the job `requested`. `base` resolves a relative output link.
pub(crate) fn job(response: Value, requested: &JobId, base: &Url) -> Result<JobView, Unreadable> {
    if !same_job(&response, requested)? && status(&response).is_none() {
        return Err(Unreadable::new("the response is not a job"));
    }
    Ok(view(requested.clone(), response, base))
}

/// Reads a page of jobs in any of its four forms.
pub(crate) fn page(response: Value, base: &Url) -> Result<JobPage, Unreadable> {
    let (entries, rest) = fields::take_list(response, &PAGE)
        .ok_or_else(|| Unreadable::new("the response is not a page of jobs"))?;
    let all = entries.len();
    let jobs: Vec<JobView> = entries
        .into_iter()
        .filter_map(|entry| Some(view(fields::job_id(&entry)?, entry, base)))
        .collect();
    let unreadable = all - jobs.len();
    Ok(JobPage { jobs, total: fields::count(&rest, &["total", "count"]), unreadable })
}

pub(crate) fn download_link(response: &Value, base: &Url) -> Result<OutputLink, Unreadable> {
    link(response, &["download_url", "output_url"], base)
        .ok_or_else(|| Unreadable::new("the response has no download_url"))
}

/// `true` if the response names `requested`. Another job's ID is an error.
fn same_job(response: &Value, requested: &JobId) -> Result<bool, Unreadable> {
    match fields::job_id(response) {
        Some(id) if id == *requested => Ok(true),
        Some(id) => Err(Unreadable::new(format!("the response is about another job, {id}"))),
        None => Ok(false),
    }
}

fn status(response: &Value) -> Option<JobStatus> {
    fields::text(response, &["status"]).map(|word| JobStatus::parse(&word))
}

fn view(id: JobId, response: Value, base: &Url) -> JobView {
    let said = &response;
    JobView {
        id,
        // A job without a status is not final.
        status: status(said).unwrap_or_else(|| JobStatus::Other(JobStatus::UNKNOWN.into())),
        progress: fields::number(said, &["progress"]).map(|percent| percent.clamp(0.0, 100.0)),
        output_url: link(said, &["output_url"], base),
        error: error(said),
        created_at: fields::text(said, &["created_at"]),
        duration_seconds: fields::number(said, &["duration_seconds"])
            .filter(|seconds| *seconds >= 0.0),
        billing_status: billing(said),
        raw: without_links(response),
    }
}

/// The error of a failed job: a text, or an object that contains one.
fn error(response: &Value) -> Option<String> {
    fields::text(response, &["error"])
        .or_else(|| fields::text(response.get("error")?, &["message", "detail", "code"]))
}

/// Any value other than null shows that the job was started.
fn billing(response: &Value) -> Option<String> {
    fields::text(response, &["billing_status"]).or_else(|| {
        Some(without_links(fields::first(response, &["billing_status"])?.clone()).to_string())
    })
}

/// An http(s) link, resolved against `base` if it is relative.
fn link(response: &Value, names: &[&str], base: &Url) -> Option<OutputLink> {
    let url = base.join(&fields::text(response, names)?).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| OutputLink::new(url))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn base() -> Url {
        Url::parse("https://api.example").unwrap()
    }

    fn id(text: &str) -> JobId {
        JobId(text.into())
    }

    #[test]
    fn a_job_is_read_whatever_else_stands_in_it() {
        let response = json!({
            "job_id": "j", "status": "Completed", "progress": "130", "error": null,
            "output_url": "https://cdn.example/o.webm?sig=s3cret", "duration_seconds": 2.5,
            "billing_status": "charged", "metadata": {"rbgv": "c-1"}, "new_field": [1, {"x": null}],
        });
        let view = job(response, &id("j"), &base()).unwrap();
        assert_eq!(view.status, JobStatus::Completed);
        assert_eq!(view.progress, Some(100.0));
        assert_eq!(view.error, None);
        assert_eq!(
            view.output_url.as_ref().unwrap().expose(),
            "https://cdn.example/o.webm?sig=s3cret"
        );
        assert_eq!(view.metadata("rbgv"), Some("c-1"));
        assert_eq!(view.raw["new_field"], json!([1, {"x": null}]));
        assert!(!format!("{view:?}").contains("s3cret"));
    }

    #[test]
    fn null_missing_and_odd_fields_spoil_nothing() {
        let response = json!({
            "id": "j", "status": "reticulating", "progress": {"a": 1}, "output_url": "", "error": {"message": "bad frame"},
            "duration_seconds": -3, "billing_status": {"state": "held"},
        });
        let view = job(response, &id("j"), &base()).unwrap();
        assert_eq!(view.status, JobStatus::Other("reticulating".into()));
        assert!(!view.status.is_final());
        assert_eq!((view.progress, view.output_url, view.duration_seconds), (None, None, None));
        assert_eq!(view.error.as_deref(), Some("bad frame"));
        assert_eq!(view.billing_status.as_deref(), Some(r#"{"state":"held"}"#));
        let bare = job(json!({"id": "j"}), &id("j"), &base()).unwrap();
        assert_eq!(bare.status, JobStatus::Other("unknown".into()));
        let nulls = json!({
            "id": "j", "status": "processing", "progress": null, "billing_status": null,
            "output_url": null, "error": null, "duration_seconds": null, "created_at": null,
        });
        let view = job(nulls, &id("j"), &base()).unwrap();
        assert_eq!(
            (view.status, view.progress, view.billing_status),
            (JobStatus::Processing, None, None)
        );
        assert_eq!((view.output_url, view.error, view.created_at), (None, None, None));
        assert!(job(json!({"detail": "hm"}), &id("j"), &base()).is_err());
        assert!(job(json!({"id": "other", "status": "created"}), &id("j"), &base()).is_err());
    }

    #[test]
    fn links_are_completed_and_only_followed_over_http() {
        let of = |link: &str| {
            let view = job(json!({"id": "j", "output_url": link}), &id("j"), &base()).unwrap();
            view.output_url.map(|link| link.expose().to_owned())
        };
        assert_eq!(of("/files/a.webm"), Some("https://api.example/files/a.webm".into()));
        assert_eq!(of("file:///etc/passwd"), None);
        assert_eq!(of("javascript:alert(1)"), None);
        assert_eq!(of("https://"), None);
    }

    #[test]
    fn a_page_comes_in_four_shapes() {
        let entries = json!([{"id": "a", "status": "created"}, {"job_id": 2, "status": "odd"}, {"x": 1}, null]);
        let shapes = [
            entries.clone(),
            json!({"items": entries, "total": 9}),
            json!({"jobs": entries, "items": null}),
            json!({"data": entries, "total": "9"}),
            json!({"success": true, "items": entries}),
            json!({"jobs": entries, "total": null}),
            json!({"data": entries}),
        ];
        let totals = [None, Some(9), None, Some(9), None, None, None];
        for (shape, total) in shapes.iter().zip(totals) {
            let page = page(shape.clone(), &base()).unwrap();
            let ids: Vec<_> = page.jobs.iter().map(|job| job.id.0.as_str()).collect();
            assert_eq!((ids, page.total, page.unreadable), (vec!["a", "2"], total, 2), "{shape}");
        }
        assert!(page(json!({"jobs": "none"}), &base()).is_err());
        assert_eq!(page(json!([]), &base()).unwrap().jobs, []);
    }

    #[test]
    fn only_a_clear_success_counts_as_started() {
        let read = |response: Value| started(&response, &id("j")).map(|started| started.status);
        assert_eq!(read(json!({"success": true})), Ok(None));
        assert_eq!(read(json!({"id": "j"})), Ok(None));
        assert_eq!(read(json!({"status": "pending"})), Ok(Some(JobStatus::Pending)));
        for unclear in
            [json!({}), json!([]), json!({"success": false, "id": "j"}), json!({"id": "k"})]
        {
            assert!(read(unclear.clone()).is_err(), "{unclear}");
        }
    }

    #[test]
    fn uploads_and_drafts_need_a_name() {
        assert_eq!(uploaded(&json!({"video_url": "u", "size": 5})).unwrap().size, Some(5));
        assert!(uploaded(&json!({"video_url": null})).is_err());
        let draft = created(&json!({"success": true, "job_id": "j", "status": "created"})).unwrap();
        assert_eq!((draft.id, draft.status), (id("j"), Some(JobStatus::Created)));
        let bare = created(&json!({"success": true, "id": "j"})).unwrap();
        assert_eq!((bare.id, bare.status), (id("j"), None));
        assert!(created(&json!({"success": true})).is_err());
    }
}
