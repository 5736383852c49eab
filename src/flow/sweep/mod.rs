//! Looking at many jobs with few requests: pages of the key's list in place of a look at each
//! (design, *Polling*). Absence from a list proves nothing, so a job that sweeps do not show is
//! looked at singly.

mod table;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tracing::debug;

use self::table::{Plan, Table, backstop, next_offset};
use super::context::Context;
use super::pages::PAGE;
use crate::client::{Call, ListQuery, PollTiming};
use crate::model::{Clock, Failure, Instant, JobId, JobView};

pub(super) use self::table::News;

/// The jobs that a run follows, and whoever waits for news of each.
#[derive(Default)]
pub(super) struct Sweeps {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Default)]
struct Inner {
    table: Table,
    waiting: HashMap<JobId, watch::Sender<Option<News>>>,
}

/// One job that is followed, for as long as the value lives.
pub(super) struct Following {
    sweeps: Arc<Sweeps>,
    job: JobId,
    news: watch::Receiver<Option<News>>,
}

impl Sweeps {
    /// Follows `job`, which runs since `started`, and of which nothing is expected before `ripe_at`.
    pub(super) fn follow(
        self: &Arc<Self>,
        job: &JobId,
        started: Instant,
        ripe_at: Instant,
        now: Instant,
    ) -> Following {
        let (sender, news) = watch::channel(None);
        let mut inner = self.inner();
        inner.table.follow(job, started, ripe_at, now);
        inner.waiting.insert(job.clone(), sender);
        drop(inner);
        self.changed.notify_one();
        Following { sweeps: Arc::clone(self), job: job.clone(), news }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn tell(&self, news: Vec<(JobId, News)>) {
        for (job, news) in news {
            if let Some(waiting) = self.waiting.get(&job) {
                waiting.send_replace(Some(news));
            }
        }
    }
}

impl Following {
    /// News of the job; [`News::LookNow`] at `due`, unless sweeps cover it. Even then it comes in
    /// the end: sweeps may fall silent.
    pub(super) async fn news(
        &mut self,
        due: Instant,
        clock: &dyn Clock,
        timing: &PollTiming,
    ) -> News {
        let mut due = due;
        let mut put_off = false;
        loop {
            let wait = due.since(clock.now());
            if let Ok(news) = tokio::time::timeout(wait, self.told()).await {
                return news;
            }
            let now = clock.now();
            if put_off || !self.sweeps.inner().table.covers(&self.job, now) {
                return News::LookNow;
            }
            put_off = true;
            due = now.after(backstop(timing));
        }
    }

    /// What a sweep tells next.
    async fn told(&mut self) -> News {
        loop {
            if self.news.changed().await.is_err() {
                // Nobody is left to tell anything.
                std::future::pending::<()>().await;
            }
            if let Some(news) = self.news.borrow_and_update().clone() {
                return news;
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut inner = self.sweeps.inner();
        inner.table.forget(&self.job);
        inner.waiting.remove(&self.job);
    }
}

/// Sweeps whenever that pays, until the run is stopped.
pub(super) async fn sweep(context: Arc<Context>, sweeps: Arc<Sweeps>) {
    let timing = context.timing.poll;
    loop {
        let now = context.clock.now();
        let plan = sweeps.inner().table.plan(&timing, now);
        let go_on = match plan {
            Plan::Idle => context.unless_stopped(sweeps.changed.notified()).await,
            Plan::At(due) => {
                let wait = tokio::time::timeout(due.since(now), sweeps.changed.notified());
                context.unless_stopped(wait).await.map(drop)
            }
            Plan::Now { pages } => {
                context.unless_stopped(sweep_once(&context, &sweeps, pages)).await
            }
        };
        if go_on.is_err() {
            return;
        }
    }
}

async fn sweep_once(context: &Context, sweeps: &Sweeps, most: u32) {
    let asked = context.clock.now();
    let swept = read_pages(context, sweeps, most).await;
    let (now, timing) = (context.clock.now(), &context.timing);
    let mut inner = sweeps.inner();
    let news = inner.table.shown(asked, swept.shown);
    inner.tell(news);
    let Some(failure) = swept.failed else {
        let news = inner.table.swept(&timing.poll, asked, swept.pages);
        inner.tell(news);
        return;
    };
    let then = inner.table.after(&failure, &timing.client, context.random.unit());
    debug!(%failure, ?then, "a sweep broke off");
    inner.table.failed(&timing.poll, (asked, now), then);
}

/// What a sweep brought.
struct Swept {
    shown: HashMap<JobId, JobView>,
    pages: u32,
    /// Why it broke off, if it did.
    failed: Option<Failure>,
}

/// Reads pages until every followed job was shown, the list ends, `most` are read, or one fails.
async fn read_pages(context: &Context, sweeps: &Sweeps, most: u32) -> Swept {
    let mut swept = Swept { shown: HashMap::new(), pages: 0, failed: None };
    let mut offset = 0;
    // A page that fails is not repeated: the next sweep is.
    let call = Call { repeats: false, ..Call::plain() };
    while swept.pages < most {
        let query = ListQuery { limit: PAGE, offset, status: None };
        let page = match context.service.list(query, call.clone()).await {
            Ok(page) => page,
            Err(failure) => {
                swept.failed = Some(failure);
                break;
            }
        };
        swept.pages += 1;
        let (listed, known) = (page.jobs.len(), swept.shown.len());
        for view in page.jobs {
            // What a later page repeats is newer.
            swept.shown.insert(view.id.clone(), view);
        }
        // A page that brings nothing new is the end, or comes from a service without pages.
        let new = swept.shown.len() > known;
        if !new || sweeps.inner().table.is_complete(&swept.shown) {
            break;
        }
        offset = next_offset(offset, listed);
    }
    swept
}
