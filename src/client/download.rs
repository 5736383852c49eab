//! Download of an output, whole or resumed. The caller owns the file and decides about further
//! attempts. Parts of different versions are never joined: a part that does not match restarts at
//! byte 0.

use bytes::Bytes;
use url::Url;

use super::api_client::{Client, host};
use super::limits::CallPermit;
use super::request::attempt_error::AttemptError;
use super::request::classify::HostRole;
use super::request::log::LoggedAttempt;
use super::request::options::RequestOptions;
use super::transport::{Decoder, RESPONSE_MAX, ResponseBody, ResponseHead, TransportError};
use super::wire::error::ErrorBody;
use crate::model::limits::CallKind;
use crate::model::{Failure, FailureKind, JobId, OutputLink};

/// End of the part received by an earlier attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumePoint {
    /// Bytes received.
    pub offset: u64,
    /// Version of the output, from [`Download::etag`].
    pub etag: String,
}

/// An output being downloaded.
pub struct Download {
    /// The earlier part cannot be resumed: this download starts at byte 0.
    pub restarted: bool,
    /// Offset of the first byte.
    pub offset: u64,
    /// Size of the whole output, if the host states it and does not compress.
    pub total: Option<u64>,
    /// Version for a [`ResumePoint`]. `None` if the host's tag is weak, which does not permit
    /// resuming (RFC 9110, 13.1.5), or if the output is compressed, since its ranges refer to
    /// compressed bytes.
    pub etag: Option<String>,
    /// `Content-Type` of the response.
    pub content_type: Option<String>,
    incoming: ResponseBody,
    /// Offset of the next byte.
    position: u64,
    what: String,
    job: Option<JobId>,
    /// Held until the download ends.
    _permit: CallPermit,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download")
            .field("restarted", &self.restarted)
            .field("position", &self.position)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl Download {
    /// The next chunk, or `None` at the end.
    ///
    /// # Errors
    /// [`FailureKind::Broken`] if the connection ends early or idles too long. The download can be
    /// resumed.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        match self.incoming.next().await {
            Ok(Some(piece)) => {
                self.position += piece.len() as u64;
                Ok(Some(piece))
            }
            Ok(None) => match self.total {
                Some(total) if total != self.position => Err(self.failed(&TransportError::Broken(
                    format!("received {} bytes instead of {total}", self.position),
                ))),
                _ => Ok(None),
            },
            Err(fault) => Err(self.failed(&fault)),
        }
    }

    fn failed(&self, fault: &TransportError) -> Failure {
        AttemptError::from_transport_error(fault).into_failure(self.what.clone(), self.job.clone())
    }
}

/// Content of the response to a range request.
#[derive(Debug, PartialEq, Eq)]
enum RangeAnswer {
    /// The requested range, of an output with this size.
    Rest { total: Option<u64> },
    /// The whole output.
    Whole,
    /// Not a continuation of the received part.
    Unfit,
}

/// A requested output, with its description for failures and logs.
struct RequestedOutput<'a, 'b> {
    link: &'a OutputLink,
    url: Url,
    host: String,
    what: String,
    call: &'a RequestOptions<'b>,
}

impl Client {
    /// Downloads the output behind `link`, without a key, from `from` on if the output is still the
    /// same version. One attempt; a restart takes a second request.
    ///
    /// # Errors
    /// [`FailureKind::LinkExpired`]: the link no longer works, and a new one has to be requested.
    pub async fn download(
        &self,
        link: &OutputLink,
        from: Option<ResumePoint>,
        call: RequestOptions<'_>,
    ) -> Result<Download, Failure> {
        let what = format!("downloading the output (GET {})", link.redacted());
        let url = Url::parse(link.expose())
            .map_err(|_| Failure::new(FailureKind::Contract, &*what, "the link is not a URL"))?;
        let refused = match self.requester.shared.links.refuses(&url) {
            None if self.requester.shared.sanitizer.holds_secret(link.expose()) => {
                Some("it contains a key")
            }
            refused => refused,
        };
        if let Some(why) = refused {
            let why = format!("the output link is rejected: {why}");
            return Err(Failure {
                job: call.job,
                ..Failure::new(FailureKind::Contract, what, why)
            });
        }
        self.requester.shared.transport.check(&url)?;
        let request = RequestedOutput { link, host: host(&url), url, what, call: &call };
        let permit = self
            .requester
            .shared
            .limiter
            .admit(CallKind::Download, &request.host, &request.what, &call)
            .await?;
        if let Some(point) = &from {
            let (head, incoming) = self.open(&request, Some(point), &permit).await?;
            match range_answer(&head, point) {
                RangeAnswer::Rest { total } => {
                    let mut rest = Download::new(&head, incoming, request, permit)?;
                    (rest.offset, rest.position, rest.total) = (point.offset, point.offset, total);
                    return Ok(rest);
                }
                RangeAnswer::Whole => {
                    let whole = Download::new(&head, incoming, request, permit)?;
                    return Ok(Download { restarted: true, ..whole });
                }
                // The whole output is requested below.
                RangeAnswer::Unfit => {}
            }
        }
        let (head, incoming) = self.open(&request, None, &permit).await?;
        let whole = Download::new(&head, incoming, request, permit)?;
        Ok(Download { restarted: from.is_some(), ..whole })
    }

    /// Sends one request. Fails if the response cannot contain the output.
    async fn open(
        &self,
        request: &RequestedOutput<'_, '_>,
        from: Option<&ResumePoint>,
        permit: &CallPermit,
    ) -> Result<(ResponseHead, ResponseBody), Failure> {
        let began = self.now();
        let rest = from.map(|point| (point.offset, point.etag.as_str()));
        let opened = match self.requester.shared.transport.open(request.url.clone(), rest).await {
            Ok((head, incoming)) => Ok((head.cleaned(&self.requester.shared.sanitizer), incoming)),
            Err(fault) => Err(AttemptError::from_transport_error(&fault)),
        };
        let opened = match opened {
            Ok((head, incoming)) if !may_contain_output(head.status, from.is_some()) => {
                let asked = self.requester.shared.retry_after(&head);
                let response = incoming.refusal(head).await.decoded(RESPONSE_MAX);
                let error_body = ErrorBody::read(&response.body, &self.requester.shared.sanitizer);
                Err(AttemptError::from_refusal(HostRole::Output, &response, error_body, asked))
            }
            opened => opened,
        }
        .map_err(|error| error.with_proxy(self.requester.shared.proxy.shown(&request.url)));
        let request_id = match &opened {
            Ok((head, _)) => head.request_id.as_deref(),
            Err(error) => error.request_id.as_deref(),
        };
        let error = opened.as_ref().err();
        LoggedAttempt {
            profile: self.requester.shared.profile(),
            method: "GET",
            path: &request.link.redacted(),
            status: opened.as_ref().ok().map(|(head, _)| head.status).or_else(|| error?.status),
            attempt: 1,
            took: self.now().since(began),
            request_id,
            job: request.call.job.as_ref(),
            input: request.call.input,
            error,
        }
        .write();
        let opened = opened
            .map_err(|error| error.into_failure(request.what.clone(), request.call.job.clone()));
        self.requester
            .shared
            .limiter
            .record(&request.host, permit, None, opened.as_ref().err())
            .await;
        opened
    }
}

impl Download {
    /// Compression is not requested, but a compressed output is decoded. One that cannot be decoded
    /// is a failure, since saving it would corrupt the file.
    fn new(
        head: &ResponseHead,
        incoming: ResponseBody,
        request: RequestedOutput<'_, '_>,
        permit: CallPermit,
    ) -> Result<Self, Failure> {
        let decoder = Decoder::new(head).map_err(|why| {
            let why = format!("the output cannot be decoded: {why}");
            let failure = Failure::new(FailureKind::Contract, &*request.what, why);
            Failure { job: request.call.job.clone(), status: Some(head.status), ..failure }
        })?;
        let is_plain = decoder.is_none();
        Ok(Self {
            restarted: false,
            offset: 0,
            total: head.content_length.filter(|_| is_plain),
            etag: head.etag.clone().filter(|etag| is_plain && is_strong(etag)),
            content_type: head.content_type.clone(),
            incoming: match decoder {
                Some(decoder) => incoming.decoded(decoder),
                None => incoming,
            },
            position: 0,
            job: request.call.job.clone(),
            what: request.what,
            _permit: permit,
        })
    }
}

/// A response with `status` may contain the output, or its rest if a range was requested (416: no
/// such range).
fn may_contain_output(status: u16, rest: bool) -> bool {
    status == 200 || (rest && matches!(status, 206 | 416))
}

/// Weak tags do not imply equal bytes.
fn is_strong(etag: &str) -> bool {
    etag.starts_with('"')
}

/// Evaluates the response to a request for the bytes from `point` on.
fn range_answer(head: &ResponseHead, point: &ResumePoint) -> RangeAnswer {
    if head.status == 200 {
        return RangeAnswer::Whole;
    }
    let same = head.etag.as_ref().is_none_or(|etag| *etag == point.etag);
    // The range of a compressed output refers to compressed bytes.
    let is_plain = matches!(Decoder::new(head), Ok(None));
    match head.content_range.as_deref().and_then(content_range) {
        Some((first, total)) if head.status == 206 && same && is_plain && first == point.offset => {
            RangeAnswer::Rest { total }
        }
        _ => RangeAnswer::Unfit,
    }
}

/// Parses `bytes FIRST-LAST/TOTAL`, where the total may be `*`, to the first byte and the total.
fn content_range(header: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = header.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let total = match total {
        "*" => None,
        number => Some(number.parse().ok()?),
    };
    let fits = first <= last && total.is_none_or(|total| last < total);
    fits.then_some((first, total))
}

#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_content_range(header: &str) {
    let _ = content_range(header);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_rest_of_the_same_version_is_continued() {
        let point = ResumePoint { offset: 5, etag: "\"v1\"".into() };
        let head = |status, range: Option<&str>, etag: Option<&str>| ResponseHead {
            status,
            content_range: range.map(Into::into),
            etag: etag.map(Into::into),
            ..ResponseHead::default()
        };
        let rest = |total| RangeAnswer::Rest { total };
        let table = [
            (head(206, Some("bytes 5-9/10"), Some("\"v1\"")), rest(Some(10))),
            (head(206, Some("bytes 5-9/10"), None), rest(Some(10))),
            (head(206, Some("bytes 5-9/*"), Some("\"v1\"")), rest(None)),
            (head(206, Some("bytes 5-9/10"), Some("\"v2\"")), RangeAnswer::Unfit),
            (head(206, Some("bytes 0-9/10"), Some("\"v1\"")), RangeAnswer::Unfit),
            (head(206, Some("bytes 6-9/10"), Some("\"v1\"")), RangeAnswer::Unfit),
            (head(206, Some("bytes 5-4/10"), Some("\"v1\"")), RangeAnswer::Unfit),
            (head(206, Some("bytes 5-10/10"), Some("\"v1\"")), RangeAnswer::Unfit),
            (head(206, Some("items 5-9/10"), Some("\"v1\"")), RangeAnswer::Unfit),
            (head(206, None, Some("\"v1\"")), RangeAnswer::Unfit),
            (
                ResponseHead {
                    content_encoding: Some("gzip".into()),
                    ..head(206, Some("bytes 5-9/10"), Some("\"v1\""))
                },
                RangeAnswer::Unfit,
            ),
            (head(416, Some("bytes */3"), None), RangeAnswer::Unfit),
            (head(200, None, Some("\"v1\"")), RangeAnswer::Whole),
        ];
        for (head, expected) in table {
            assert_eq!(range_answer(&head, &point), expected, "{head:?}");
        }
    }
}
