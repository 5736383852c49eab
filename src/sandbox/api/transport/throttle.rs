//! Bodies with limited bandwidth.

use std::sync::Arc;

use axum::body::Body;
use futures_util::stream::StreamExt as _;

use crate::sandbox::state::app::App;
use crate::sandbox::util::lock;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Direction {
    Upload,
    Output,
}

/// Limits `body` to the bandwidth of the scenario in its direction, which all bodies share.
pub(crate) fn paced(body: Body, app: &Arc<App>, direction: Direction) -> Body {
    let bandwidth = app.injector().scenario.bandwidth;
    let (line, rate) = match direction {
        Direction::Upload => (&app.upload_bandwidth, bandwidth.upload),
        Direction::Output => (&app.output_bandwidth, bandwidth.output),
    };
    let Some(rate) = rate else { return body };
    let (app, line) = (Arc::clone(app), Arc::clone(line));
    let pieces = body.into_data_stream().then(move |piece| {
        let wait = piece.as_ref().ok().map(|bytes| lock(&line).carry(bytes.len(), rate, app.now()));
        async move {
            if let Some(wait) = wait {
                tokio::time::sleep(wait).await;
            }
            piece
        }
    });
    Body::from_stream(pieces)
}
