//! Bodies that are delayed, truncated or damaged.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::connection::Connection;
use crate::sandbox::faults::plan::FaultPlan;
use crate::sandbox::faults::scenario::{Action, CutHow, Drip};

/// Time for buffered bytes to be sent before the connection ends.
const FLUSH_DELAY: Duration = Duration::from_millis(50);

struct ResponseFault {
    inner: BoxStream<'static, Result<Bytes, axum::Error>>,
    waiting: Bytes,
    sent: u64,
    /// Regular end of the body, in bytes.
    end: u64,
    /// Byte position at which the connection ends.
    cut: Option<(u64, CutHow)>,
    drip: Option<Drip>,
    /// `Content-Length` exceeds the body.
    promised_more: bool,
    connection: Connection,
}

/// Applies the plan to the response body of `whole` bytes and states its length.
pub(crate) fn damaged(
    body: Body,
    whole: Option<u64>,
    headers: &mut HeaderMap,
    plan: &FaultPlan,
    connection: Connection,
) -> Body {
    let shorten = plan.find(Action::try_as_shorten_ref).copied();
    let lie = plan.find(Action::try_as_length_ref).copied();
    let cut = plan.find(Action::try_as_cut_ref);
    let cut = cut.map(|cut| (cut.at.in_whole(whole.unwrap_or(0)), cut.how));
    let drip = plan.find(Action::try_as_drip_ref).copied();
    if shorten.is_none() && lie.is_none() && cut.is_none() && drip.is_none() {
        return body;
    }
    let end = whole.unwrap_or(u64::MAX).saturating_sub(shorten.unwrap_or(0));
    if whole.is_some() {
        let stated = end.saturating_add_signed(lie.unwrap_or(0));
        headers.insert(CONTENT_LENGTH, stated.into());
    }
    let damage = ResponseFault {
        inner: body.into_data_stream().boxed(),
        waiting: Bytes::new(),
        sent: 0,
        end,
        cut,
        drip,
        promised_more: lie.is_some_and(|difference| difference > 0),
        connection,
    };
    Body::from_stream(stream::unfold(damage, next_piece))
}

async fn next_piece(mut damage: ResponseFault) -> Option<(io::Result<Bytes>, ResponseFault)> {
    if damage.sent >= damage.end {
        return ended(damage.promised_more).await;
    }
    if let Some((at, how)) = damage.cut
        && damage.sent >= at
    {
        tokio::time::sleep(FLUSH_DELAY).await;
        match how {
            CutHow::Reset => damage.connection.reset(),
            CutHow::Close => damage.connection.close(),
        }
        return Some((Err(io::ErrorKind::ConnectionAborted.into()), damage));
    }
    while damage.waiting.is_empty() {
        match damage.inner.next().await {
            Some(Ok(bytes)) => damage.waiting = bytes,
            Some(Err(error)) => return Some((Err(io::Error::other(error)), damage)),
            None => return ended(damage.promised_more).await,
        }
    }
    let mut size = damage.end - damage.sent;
    if let Some((at, _)) = damage.cut {
        size = size.min(at - damage.sent);
    }
    if let Some(drip) = damage.drip {
        size = size.min(drip.bytes as u64);
        if damage.sent > 0 {
            tokio::time::sleep(drip.every).await;
        }
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX).min(damage.waiting.len());
    let piece = damage.waiting.split_to(size);
    damage.sent += size as u64;
    Some((Ok(piece), damage))
}

/// End of a body. The server discards unsent bytes of one that is too short.
async fn ended<T>(promised_more: bool) -> Option<T> {
    if promised_more {
        tokio::time::sleep(FLUSH_DELAY).await;
    }
    None
}

struct RequestFault {
    inner: BoxStream<'static, Result<Bytes, axum::Error>>,
    read: u64,
    cut: Option<u64>,
    stall: Option<(u64, Duration)>,
    connection: Connection,
}

/// Applies the plan to an upload body of `whole` bytes.
pub(crate) fn hindered(body: Body, whole: u64, plan: &FaultPlan, connection: Connection) -> Body {
    let cut = plan.find(Action::try_as_cut_upload_ref).map(|at| at.in_whole(whole));
    let stall = plan.find(Action::try_as_stall_upload_ref);
    let stall = stall.map(|stall| (stall.at.in_whole(whole), stall.span));
    if cut.is_none() && stall.is_none() {
        return body;
    }
    let inner = body.into_data_stream().boxed();
    let hindrance = RequestFault { inner, read: 0, cut, stall, connection };
    Body::from_stream(stream::unfold(hindrance, next_read))
}

async fn next_read(
    mut hindrance: RequestFault,
) -> Option<(Result<Bytes, axum::Error>, RequestFault)> {
    if let Some((_, span)) = hindrance.stall.take_if(|(at, _)| hindrance.read >= *at) {
        tokio::time::sleep(span).await;
    }
    if hindrance.cut.is_some_and(|at| hindrance.read >= at) {
        hindrance.connection.reset();
        let error = axum::Error::new(io::Error::from(io::ErrorKind::ConnectionReset));
        return Some((Err(error), hindrance));
    }
    let bytes = hindrance.inner.next().await?;
    if let Ok(bytes) = &bytes {
        hindrance.read += bytes.len() as u64;
    }
    Some((bytes, hindrance))
}

#[cfg(test)]
mod tests {
    use crate::sandbox::faults::scenario::BodyPosition;

    #[test]
    fn places() {
        assert_eq!(BodyPosition::Bytes(7).in_whole(100), 7);
        assert_eq!(BodyPosition::Share(0.99).in_whole(100), 99);
    }
}
