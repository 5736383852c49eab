//! The line that frames go through: decoding, matting and encoding at the same time, each on its
//! own thread, with short queues between them.
//!
//! Order is kept, and at most a few frames are in memory at once whatever the length of the video.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::EngineError;
use super::decode::Frames;
use super::encode::Encoder;
use super::image::{Frame, Resizer};
use super::matte::guided::{self, Tuning};
use super::matte::{Cut, Segmenter, working_size};
use super::process::Leash;

/// How many frames may wait between two steps.
const QUEUE: usize = 3;

/// What a step gives when the one after it has gone: that one knows why.
fn gone() -> EngineError {
    EngineError("Stopped".to_owned())
}

fn decode(
    leash: &Leash<'_>,
    mut frames: Frames,
    out: &SyncSender<Frame>,
    spare: &Receiver<Vec<u8>>,
) -> Result<(), EngineError> {
    while let Some(frame) = frames.next_into(spare.try_recv().unwrap_or_default())? {
        leash.check()?;
        out.send(frame).map_err(|_| gone())?;
    }
    Ok(())
}

fn matte(
    size: (usize, usize),
    segmenter: &mut dyn Segmenter,
    frames: Receiver<Frame>,
    out: &SyncSender<Cut>,
) -> Result<(), EngineError> {
    let resizer = Resizer::new(size, working_size(size, 480));
    for frame in frames {
        let small = resizer.frame(&frame);
        let mask = segmenter.segment(&frame, &small)?;
        out.send(guided::refine(frame, &small, &mask, &Tuning::default())).map_err(|_| gone())?;
    }
    Ok(())
}

/// Sends all frames through. `progress` hears the number of frames that were written.
pub(crate) fn run(
    leash: &Leash<'_>,
    size: (usize, usize),
    frames: Frames,
    segmenter: &mut dyn Segmenter,
    mut encoder: Encoder,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<u64, EngineError> {
    let (to_matte, decoded) = sync_channel(QUEUE);
    let (to_encode, cuts) = sync_channel::<Cut>(QUEUE);
    let (reuse, spare) = sync_channel(2 * QUEUE);
    thread::scope(|scope| {
        let decoding = scope.spawn(move || decode(leash, frames, &to_matte, &spare));
        let matting = scope.spawn(move || matte(size, segmenter, decoded, &to_encode));
        let mut written = 0;
        let mut broken = None;
        let mut rgba = Vec::new();
        for cut in cuts {
            rgba.clear();
            for (color, &alpha) in cut.colors.data.chunks_exact(3).zip(&cut.alpha) {
                rgba.extend_from_slice(&[color[0], color[1], color[2], alpha]);
            }
            if let Err(error) = encoder.write(&rgba) {
                broken = Some(EngineError(format!("Writing frames failed: {error}")));
                break;
            }
            let _ = reuse.try_send(cut.colors.data);
            written += 1;
            progress(written);
        }
        let ended = encoder.finish();
        let joined = |result: thread::Result<Result<(), EngineError>>| {
            result.unwrap_or_else(|_| Err(EngineError("The engine broke down".to_owned())))
        };
        let (decoded, matted) = (joined(decoding.join()), joined(matting.join()));
        // The first step that failed for a reason of its own is the one to tell of.
        ended?;
        if let Some(error) = broken {
            return Err(error);
        }
        decoded.and(matted)?;
        Ok(written)
    })
}
