//! The endpoints that need a key, and their groups.

use serde::{Deserialize, Serialize};

/// An endpoint that needs a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// `POST /v1/uploads`
    Upload,
    /// `POST /v1/jobs`
    Create,
    /// `POST /v1/jobs/{id}/start`
    Start,
    /// `GET /v1/jobs/{id}`
    Get,
    /// `GET /v1/jobs`
    List,
    /// `GET /v1/usage/...`, and unknown routes under `/v1`.
    Usage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lane {
    /// Create and start.
    Control,
    /// Get, list, usage.
    Poll,
    /// Uploads.
    Transfer,
    /// Links to outputs and uploads, without key and limit.
    Output,
    Open,
}

impl Route {
    /// The endpoint of a request; `None` if it needs no key.
    pub(crate) fn of(method: &str, path: &str) -> Option<Self> {
        let below = path.strip_prefix("/v1/")?;
        if below.starts_with("admin") {
            return None;
        }
        Some(match (method, below.strip_prefix("jobs")) {
            ("POST", None) if below == "uploads" => Self::Upload,
            ("POST", Some("")) => Self::Create,
            ("POST", Some(_)) => Self::Start,
            (_, Some("")) => Self::List,
            (_, Some(_)) => Self::Get,
            (_, None) => Self::Usage,
        })
    }

    pub(crate) fn lane(self) -> Lane {
        match self {
            Self::Upload => Lane::Transfer,
            Self::Create | Self::Start => Lane::Control,
            Self::Get | Self::List | Self::Usage => Lane::Poll,
        }
    }
}

impl Lane {
    pub(crate) fn of(method: &str, path: &str) -> Self {
        match Route::of(method, path) {
            Some(route) => route.lane(),
            None if path.starts_with("/outputs/") || path.starts_with("/uploads/") => Self::Output,
            None => Self::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_and_lanes() {
        let table = [
            ("POST", "/v1/uploads", Some(Route::Upload), Lane::Transfer),
            ("POST", "/v1/jobs", Some(Route::Create), Lane::Control),
            ("POST", "/v1/jobs/job_1/start", Some(Route::Start), Lane::Control),
            ("GET", "/v1/jobs/job_1", Some(Route::Get), Lane::Poll),
            ("GET", "/v1/jobs", Some(Route::List), Lane::Poll),
            ("GET", "/v1/usage/events", Some(Route::Usage), Lane::Poll),
            ("GET", "/v1/nothing", Some(Route::Usage), Lane::Poll),
            ("POST", "/v1/admin/keys", None, Lane::Open),
            ("GET", "/health", None, Lane::Open),
            ("GET", "/outputs/job_1/x.webm", None, Lane::Output),
            ("GET", "/uploads/vid_1.mp4", None, Lane::Output),
        ];
        for (method, path, route, lane) in table {
            assert_eq!((Route::of(method, path), Lane::of(method, path)), (route, lane), "{path}");
        }
    }
}
