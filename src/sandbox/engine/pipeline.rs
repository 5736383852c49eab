//! The line that frames go through: decoding, finding the subject, refining and composing, and
//! encoding happen at the same time, each on its own thread, with short queues between them.
//!
//! Order is kept, and at most a few frames are in memory at once whatever the length of the video.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::EngineError;
use super::compose::Composer;
use super::decode::Frames;
use super::encode::Encoder;
use super::image::{Frame, Picture, Plane, Resizer};
use super::matte::{Finisher, Matter, Segmenter};
use super::process::Leash;

/// How many frames may wait between two steps.
const QUEUE: usize = 2;

/// A frame with its coarse mask.
struct Masked {
    frame: Frame,
    small: Picture,
    mask: Plane,
}

/// What a step gives when the one after it has gone: that one knows why.
fn gone<T>(_: T) -> EngineError {
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
        out.send(frame).map_err(gone)?;
    }
    Ok(())
}

fn find(
    leash: &Leash<'_>,
    resizer: &Resizer,
    segmenter: &mut dyn Segmenter,
    frames: Receiver<Frame>,
    out: &SyncSender<Masked>,
) -> Result<(), EngineError> {
    for frame in frames {
        leash.check()?;
        let small = resizer.frame(&frame);
        let mask = segmenter.segment(&frame, &small)?;
        out.send(Masked { frame, small, mask }).map_err(gone)?;
    }
    Ok(())
}

fn compose(
    finisher: &dyn Finisher,
    composer: &Composer,
    masked: Receiver<Masked>,
    out: &SyncSender<Vec<u8>>,
    spare: &Receiver<Vec<u8>>,
    used: &SyncSender<Vec<u8>>,
) -> Result<(), EngineError> {
    for Masked { frame, small, mask } in masked {
        let cut = finisher.finish(frame, &small, &mask);
        let mut output = spare.try_recv().unwrap_or_default();
        composer.compose(&cut, &mut output);
        // A full queue of used memory only means that there is enough of it.
        let _ = used.try_send(cut.colors.data);
        out.send(output).map_err(gone)?;
    }
    Ok(())
}

/// Everything that one job's line consists of.
pub(crate) struct Line<'a> {
    /// Where frames come from.
    pub(crate) frames: Frames,
    /// What cuts out the subject.
    pub(crate) matter: Matter<'a>,
    /// What puts it on its canvas.
    pub(crate) composer: Composer,
    /// Where frames go.
    pub(crate) encoder: Encoder,
}

impl Line<'_> {
    /// Sends all frames through and gives their number, of which `progress` hears on the way.
    pub(crate) fn run(
        self,
        leash: &Leash<'_>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<u64, EngineError> {
        let Self { frames, matter, composer, mut encoder } = self;
        let Matter { resizer, mut segmenter, finisher, .. } = matter;
        let (to_find, decoded) = sync_channel(QUEUE);
        let (to_compose, masked) = sync_channel(QUEUE);
        let (to_encode, composed) = sync_channel(QUEUE);
        let (used_frames, spare_frames) = sync_channel(3 * QUEUE);
        let (used_outputs, spare_outputs) = sync_channel(2 * QUEUE);
        thread::scope(|scope| {
            let steps = [
                scope.spawn(move || decode(leash, frames, &to_find, &spare_frames)),
                scope.spawn(move || find(leash, &resizer, &mut *segmenter, decoded, &to_compose)),
                scope.spawn(move || {
                    compose(&*finisher, &composer, masked, &to_encode, &spare_outputs, &used_frames)
                }),
            ];
            let mut written = 0;
            let mut writing = Ok(());
            for frame in composed {
                writing = encoder.write(&frame);
                if writing.is_err() {
                    break;
                }
                let _ = used_outputs.try_send(frame);
                written += 1;
                progress(written);
            }
            let ended = encoder.finish();
            let results = steps.map(|step| {
                step.join().unwrap_or_else(|_| Err(EngineError("The engine broke down".to_owned())))
            });
            // A step fails for its own reason, or because the next one has gone. So the last one
            // that failed knows why; but what an encoder says after its input broke off is moot.
            let [decoding, finding, composing] = results;
            if writing.is_err() {
                ended.and(writing)?;
            } else {
                composing.and(finding).and(decoding).and(ended)?;
            }
            Ok(written)
        })
    }
}
