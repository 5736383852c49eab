//! The API's calls that the flow makes, as a trait: the client is one implementation, a scripted
//! service in tests another. What each call means and how it fails is the client's matter.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::client::{
    Admission, Call, Client, Created, Download, JobPage, ListQuery, NewJob, ResumePoint, StartJob,
    Started, UploadFile, Uploaded,
};
use crate::ledger::InFlightBound;
use crate::model::{Failure, JobId, JobView, OutputLink};

/// Told of the bytes moved so far.
pub type OnBytes = Arc<dyn Fn(u64) + Send + Sync>;

/// What the flow needs of the service. Create and start are sent exactly once per call.
pub trait Service: Send + Sync + 'static {
    /// `POST /v1/uploads`; harmless to repeat.
    fn upload(
        &self,
        file: &UploadFile,
        call: Call<'_>,
        progress: OnBytes,
    ) -> impl Future<Output = Result<Uploaded, Failure>> + Send;

    /// `POST /v1/jobs`, once.
    fn create(
        &self,
        job: &NewJob<'_>,
        call: Call<'_>,
    ) -> impl Future<Output = Result<Created, Failure>> + Send;

    /// Leave to send one start now.
    type Leave: Send + Sync;

    /// How many jobs of the key may be in flight, as far as is known by now.
    fn in_flight_cap(&self) -> impl Future<Output = Result<u32, Failure>> + Send;

    /// The same, of what is known of a key.
    fn in_flight_bound(&self) -> InFlightBound;

    /// How long until the rate of creates and starts can spare a call that is not needed yet.
    fn until_spare(&self) -> impl Future<Output = Result<Duration, Failure>> + Send;

    /// Waits until a start may be sent, before the start is committed.
    fn admit_start(
        &self,
        id: &JobId,
        call: &Call<'_>,
    ) -> impl Future<Output = Result<Self::Leave, Failure>> + Send;

    /// `POST /v1/jobs/{id}/start`, once and without any wait. This is the call that bills.
    fn start(
        &self,
        leave: Self::Leave,
        id: &JobId,
        job: &StartJob<'_>,
        call: Call<'_>,
    ) -> impl Future<Output = Result<Started, Failure>> + Send;

    /// `GET /v1/jobs/{id}`.
    fn get(
        &self,
        id: &JobId,
        call: Call<'_>,
    ) -> impl Future<Output = Result<JobView, Failure>> + Send;

    /// `GET /v1/jobs`.
    fn list(
        &self,
        page: ListQuery,
        call: Call<'_>,
    ) -> impl Future<Output = Result<JobPage, Failure>> + Send;

    /// `GET /api/download/{id}`.
    fn link(
        &self,
        id: &JobId,
        call: Call<'_>,
    ) -> impl Future<Output = Result<OutputLink, Failure>> + Send;

    /// Opens an output, once, from the beginning or from where an earlier download ended.
    fn open(
        &self,
        link: &OutputLink,
        from: Option<ResumePoint>,
        call: Call<'_>,
    ) -> impl Future<Output = Result<Download, Failure>> + Send;
}

impl Service for Client {
    async fn upload(
        &self,
        file: &UploadFile,
        call: Call<'_>,
        progress: OnBytes,
    ) -> Result<Uploaded, Failure> {
        Client::upload(self, file, call, progress).await
    }

    async fn create(&self, job: &NewJob<'_>, call: Call<'_>) -> Result<Created, Failure> {
        Client::create(self, job, call).await
    }

    type Leave = Admission;

    async fn in_flight_cap(&self) -> Result<u32, Failure> {
        Client::in_flight_cap(self).await
    }

    fn in_flight_bound(&self) -> InFlightBound {
        let limits = *self.shape();
        Arc::new(move |known| limits.in_flight_cap(known))
    }

    async fn until_spare(&self) -> Result<Duration, Failure> {
        Client::until_spare(self).await
    }

    async fn admit_start(&self, id: &JobId, call: &Call<'_>) -> Result<Admission, Failure> {
        Client::admit_start(self, id, call).await
    }

    async fn start(
        &self,
        leave: Admission,
        id: &JobId,
        job: &StartJob<'_>,
        call: Call<'_>,
    ) -> Result<Started, Failure> {
        Client::start_admitted(self, leave, id, job, call).await
    }

    async fn get(&self, id: &JobId, call: Call<'_>) -> Result<JobView, Failure> {
        Client::get(self, id, call).await
    }

    async fn list(&self, page: ListQuery, call: Call<'_>) -> Result<JobPage, Failure> {
        Client::list(self, page, call).await
    }

    async fn link(&self, id: &JobId, call: Call<'_>) -> Result<OutputLink, Failure> {
        Client::download_link(self, id, call).await
    }

    async fn open(
        &self,
        link: &OutputLink,
        from: Option<ResumePoint>,
        call: Call<'_>,
    ) -> Result<Download, Failure> {
        Client::download(self, link, from, call).await
    }
}
