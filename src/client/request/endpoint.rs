//! The endpoints of the contract as data: method, path, credentials, kind and idempotency.

use url::Url;

use crate::client::transport::{Auth, Method, PAGE_MAX, RESPONSE_MAX};
use crate::model::limits::CallKind;
use crate::model::{Failure, FailureKind, JobId};

/// The endpoint of a response, for hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointRoute {
    /// `POST /v1/uploads`
    Upload,
    /// `POST /v1/jobs`
    Create,
    /// `POST /v1/jobs/{id}/start`
    Start,
    /// `GET /v1/jobs/{id}`
    Job,
    /// `GET /v1/jobs`
    Jobs,
    /// `GET /api/download/{id}`
    DownloadLink,
    /// `GET /api/pricing`
    Pricing,
    /// `GET /health`
    Health,
    /// `GET /v1/usage/summary` and `GET /v1/usage/events`
    Usage,
    /// `/v1/admin/...`
    Admin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idempotency {
    /// A retry has no further effect, so the client retries.
    Idempotent,
    /// A retry could create a second draft, charge or key. The client never retries, and sends on a
    /// new connection: a pooled one may be closing, which would permit the result unknown.
    NonIdempotent,
}

/// A call without its body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Endpoint {
    pub(crate) route: EndpointRoute,
    /// Description for failures: "starting the job".
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    /// Unencoded path segments below the base URL.
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    pub(crate) auth: Auth,
    pub(crate) idempotency: Idempotency,
    pub(crate) kind: CallKind,
    pub(crate) job: Option<JobId>,
}

impl Endpoint {
    fn new(
        route: EndpointRoute,
        name: &'static str,
        method: Method,
        path: &[&str],
        auth: Auth,
    ) -> Self {
        Self {
            route,
            name,
            method,
            path: path.iter().map(|segment| (*segment).to_owned()).collect(),
            query: Vec::new(),
            auth,
            idempotency: Idempotency::Idempotent,
            kind: if auth == Auth::Key { CallKind::Poll } else { CallKind::Unkeyed },
            job: None,
        }
    }

    fn get(route: EndpointRoute, name: &'static str, path: &[&str], auth: Auth) -> Self {
        Self::new(route, name, Method::Get, path, auth)
    }

    fn post(route: EndpointRoute, name: &'static str, path: &[&str], auth: Auth) -> Self {
        Self::new(route, name, Method::Post, path, auth)
    }

    fn non_idempotent(mut self) -> Self {
        self.idempotency = Idempotency::NonIdempotent;
        self
    }

    fn of_kind(mut self, kind: CallKind) -> Self {
        self.kind = kind;
        self
    }

    fn for_job(mut self, job: &JobId) -> Self {
        self.job = Some(job.clone());
        self
    }

    fn with(mut self, key: &'static str, value: &impl ToString) -> Self {
        self.query.push((key, value.to_string()));
        self
    }

    pub(crate) fn upload() -> Self {
        Self::post(EndpointRoute::Upload, "uploading the file", &["v1", "uploads"], Auth::Key)
            .of_kind(CallKind::Upload)
    }

    pub(crate) fn create() -> Self {
        Self::post(EndpointRoute::Create, "creating the job", &["v1", "jobs"], Auth::Key)
            .non_idempotent()
            .of_kind(CallKind::Create)
    }

    pub(crate) fn start(id: &JobId) -> Self {
        Self::post(
            EndpointRoute::Start,
            "starting the job",
            &["v1", "jobs", &id.0, "start"],
            Auth::Key,
        )
        .non_idempotent()
        .of_kind(CallKind::Start)
        .for_job(id)
    }

    pub(crate) fn job(id: &JobId) -> Self {
        Self::get(EndpointRoute::Job, "polling the job", &["v1", "jobs", &id.0], Auth::Key)
            .for_job(id)
    }

    pub(crate) fn jobs(limit: u32, offset: u64, status: Option<&str>) -> Self {
        let page = Self::get(EndpointRoute::Jobs, "listing jobs", &["v1", "jobs"], Auth::Key)
            .with("limit", &limit)
            .with("offset", &offset);
        match status {
            Some(status) => page.with("status", &status),
            None => page,
        }
    }

    pub(crate) fn download_link(id: &JobId) -> Self {
        Self::get(
            EndpointRoute::DownloadLink,
            "requesting the output",
            &["api", "download", &id.0],
            Auth::None,
        )
        .for_job(id)
    }

    pub(crate) fn pricing() -> Self {
        Self::get(EndpointRoute::Pricing, "requesting prices", &["api", "pricing"], Auth::None)
    }

    pub(crate) fn health() -> Self {
        Self::get(
            EndpointRoute::Health,
            "requesting the health of the service",
            &["health"],
            Auth::None,
        )
    }

    pub(crate) fn usage_summary(days: u32) -> Self {
        Self::get(EndpointRoute::Usage, "requesting usage", &["v1", "usage", "summary"], Auth::Key)
            .with("days", &days)
    }

    pub(crate) fn usage_events(limit: u32) -> Self {
        Self::get(
            EndpointRoute::Usage,
            "requesting usage events",
            &["v1", "usage", "events"],
            Auth::Key,
        )
        .with("limit", &limit)
    }

    pub(crate) fn admin_config() -> Self {
        Self::get(
            EndpointRoute::Admin,
            "requesting the configuration",
            &["v1", "admin", "config"],
            Auth::Admin,
        )
    }

    pub(crate) fn admin_keys() -> Self {
        Self::get(EndpointRoute::Admin, "listing keys", &["v1", "admin", "keys"], Auth::Admin)
    }

    pub(crate) fn admin_create_key() -> Self {
        Self::post(EndpointRoute::Admin, "creating a key", &["v1", "admin", "keys"], Auth::Admin)
            .non_idempotent()
    }

    pub(crate) fn admin_disable_key() -> Self {
        let path = ["v1", "admin", "keys", "disable"];
        Self::post(EndpointRoute::Admin, "disabling the key", &path, Auth::Admin)
    }

    pub(crate) fn admin_enable_key() -> Self {
        let path = ["v1", "admin", "keys", "enable"];
        Self::post(EndpointRoute::Admin, "enabling the key", &path, Auth::Admin)
    }

    /// Maximum size of a successful response, in bytes.
    pub(crate) fn response_max(&self) -> usize {
        match self.route {
            EndpointRoute::Jobs | EndpointRoute::Usage | EndpointRoute::Admin => PAGE_MAX,
            _ => RESPONSE_MAX,
        }
    }

    /// Path without the query, for messages and logs.
    pub(crate) fn path(&self) -> String {
        format!("/{}", self.path.join("/"))
    }

    /// Endpoints that every service has, so that a 404 means a wrong base URL.
    pub(crate) fn exists_everywhere(&self) -> bool {
        match self.route {
            EndpointRoute::Pricing | EndpointRoute::Health => true,
            EndpointRoute::Usage => self.path.last().is_some_and(|last| last == "summary"),
            _ => false,
        }
    }

    /// Description for failures, with method and path.
    pub(crate) fn description(&self) -> String {
        format!("{} ({} {})", self.name, self.method.as_str(), self.path())
    }

    /// The URL below `base`. Segments are encoded one by one, so that an ID cannot address another
    /// path.
    pub(crate) fn url(&self, base: &Url) -> Result<Url, Failure> {
        // The path encoder drops empty and dot segments, which would shorten the path.
        if self.path.iter().any(|segment| matches!(segment.as_str(), "" | "." | "..")) {
            let why = "the job ID cannot be part of a URL";
            return Err(Failure::new(FailureKind::InvalidRequest, self.description(), why));
        }
        let mut url = base.clone();
        let pathless = |()| {
            let why = "base_url cannot have paths";
            Failure::configuration(self.description(), why)
        };
        url.path_segments_mut().map_err(pathless)?.pop_if_empty().extend(&self.path);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}

/// Every endpoint once, for tables.
#[cfg(test)]
pub(crate) fn every_endpoint() -> Vec<Endpoint> {
    let id = JobId("ID".into());
    vec![
        Endpoint::upload(),
        Endpoint::create(),
        Endpoint::start(&id),
        Endpoint::job(&id),
        Endpoint::jobs(100, 0, None),
        Endpoint::download_link(&id),
        Endpoint::pricing(),
        Endpoint::health(),
        Endpoint::usage_summary(7),
        Endpoint::usage_events(20),
        Endpoint::admin_config(),
        Endpoint::admin_keys(),
        Endpoint::admin_create_key(),
        Endpoint::admin_disable_key(),
        Endpoint::admin_enable_key(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(endpoint: &Endpoint, base: &str) -> String {
        endpoint.url(&Url::parse(base).unwrap()).unwrap().to_string()
    }

    #[test]
    fn paths_go_behind_the_base_address() {
        let start = Endpoint::start(&JobId("a-1".into()));
        assert_eq!(url(&start, "https://api.example"), "https://api.example/v1/jobs/a-1/start");
        assert_eq!(url(&start, "https://gw.example/x/"), "https://gw.example/x/v1/jobs/a-1/start");
        let page = Endpoint::jobs(100, 200, Some("a&b=c"));
        assert_eq!(
            url(&page, "https://api.example"),
            "https://api.example/v1/jobs?limit=100&offset=200&status=a%26b%3Dc"
        );
    }

    #[test]
    fn an_identifier_cannot_leave_its_segment() {
        let odd = Endpoint::job(&JobId("../admin?x=1#y".into()));
        assert_eq!(
            url(&odd, "https://api.example"),
            "https://api.example/v1/jobs/..%2Fadmin%3Fx=1%23y"
        );
        for bad in ["", ".", ".."] {
            let endpoint = Endpoint::job(&JobId(bad.into()));
            assert!(endpoint.url(&Url::parse("https://api.example").unwrap()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_key_goes_only_where_the_contract_wants_it() {
        for endpoint in every_endpoint() {
            let expected = match endpoint.path().split('/').nth(1) {
                Some("v1") if endpoint.path().starts_with("/v1/admin") => Auth::Admin,
                Some("v1") => Auth::Key,
                _ => Auth::None,
            };
            assert_eq!(endpoint.auth, expected, "{}", endpoint.path());
        }
    }
}
