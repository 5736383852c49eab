//! The pipeline of a job: decoding, segmenting, refining and composing, and encoding run at the same
//! time, each on its own thread, with short queues between them.
//!
//! Order is kept, and at most a few frames are in memory at once, however long the video is.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::EngineError;
use super::compose::Composer;
use super::ffmpeg::decode::Frames;
use super::ffmpeg::encode::Encoder;
use super::ffmpeg::process::ProcessGroup;
use super::image::{Frame, Plane, Resizer, SmallImage};
use super::matte::{Finisher, Matter, Segmenter};

/// Maximum number of frames that wait between two steps.
const QUEUE: usize = 2;

/// A frame of which less than this part is kept counts as empty.
const EMPTY: f64 = 0.001;

/// Result of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FramesWritten {
    /// Frames written.
    pub(crate) frames: u64,
    /// Number of frames without a subject.
    pub(crate) empty: u64,
}

impl FramesWritten {
    /// A note for the user about empty frames; `subject` is what the job segments.
    pub(crate) fn note(self, subject: &str) -> Option<String> {
        let Self { frames, empty } = self;
        let kept = "less than 0.1 % of the picture is kept";
        if empty == 0 {
            None
        } else if empty == frames {
            Some(format!("No {subject} was found in the video: {kept}"))
        } else {
            Some(format!("No {subject} was found in {empty} of {frames} frames: {kept} in these"))
        }
    }
}

/// Whether hardly any pixel of a picture is opaque.
fn is_empty(alpha: &[u8]) -> bool {
    let kept = alpha.iter().filter(|&&alpha| alpha >= 128).count();
    (kept as f64) < EMPTY * alpha.len() as f64
}

/// A frame with its coarse mask.
struct Masked {
    frame: Frame,
    small: SmallImage,
    mask: Plane,
}

/// Failure of a step whose successor has ended; the successor knows the reason.
fn gone<T>(_: T) -> EngineError {
    EngineError("Stopped".to_owned())
}

fn decode(
    group: &ProcessGroup<'_>,
    mut frames: Frames,
    out: &SyncSender<Frame>,
    spare: &Receiver<Vec<u8>>,
) -> Result<(), EngineError> {
    while let Some(frame) = frames.next_into(spare.try_recv().unwrap_or_default())? {
        group.check()?;
        out.send(frame).map_err(gone)?;
    }
    Ok(())
}

fn find(
    group: &ProcessGroup<'_>,
    resizer: &Resizer,
    segmenter: &mut dyn Segmenter,
    frames: Receiver<Frame>,
    out: &SyncSender<Masked>,
) -> Result<(), EngineError> {
    for frame in frames {
        group.check()?;
        let small = resizer.frame(&frame);
        let mask = segmenter.segment(&small)?;
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
    empty: &mut u64,
) -> Result<(), EngineError> {
    for Masked { frame, small, mask } in masked {
        let cut = finisher.finish(frame, &small, &mask);
        *empty += u64::from(is_empty(&cut.alpha));
        let mut output = spare.try_recv().unwrap_or_default();
        composer.compose(&cut, &mut output);
        // A full queue only means that enough buffers are waiting to be used again.
        let _ = used.try_send(cut.colors.data);
        out.send(output).map_err(gone)?;
    }
    Ok(())
}

/// The pipeline of one job.
pub(crate) struct FramePipeline<'a> {
    /// Source of the frames.
    pub(crate) frames: Frames,
    /// Cuts out the subject.
    pub(crate) matter: Matter<'a>,
    /// Puts it on its canvas.
    pub(crate) composer: Composer,
    /// Destination of the frames.
    pub(crate) encoder: Encoder,
}

impl FramePipeline<'_> {
    /// Sends all frames through and counts them; `progress` gets the count so far.
    pub(crate) fn run(
        self,
        group: &ProcessGroup<'_>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<FramesWritten, EngineError> {
        let Self { frames, matter, composer, mut encoder } = self;
        let Matter { resizer, mut segmenter, finisher, .. } = matter;
        let (to_find, decoded) = sync_channel(QUEUE);
        let (to_compose, masked) = sync_channel(QUEUE);
        let (to_encode, composed) = sync_channel(QUEUE);
        let (used_frames, spare_frames) = sync_channel(3 * QUEUE);
        let (used_outputs, spare_outputs) = sync_channel(2 * QUEUE);
        let mut empty = 0;
        let counted = &mut empty;
        let frames = thread::scope(|scope| {
            let steps = [
                scope.spawn(move || decode(group, frames, &to_find, &spare_frames)),
                scope.spawn(move || find(group, &resizer, &mut *segmenter, decoded, &to_compose)),
                scope.spawn(move || {
                    let (out, spare, used) = (&to_encode, &spare_outputs, &used_frames);
                    compose(&*finisher, &composer, masked, out, spare, used, counted)
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
            // that failed knows why; but an encoder's message after its input broke off says nothing.
            let [decoding, finding, composing] = results;
            if writing.is_err() {
                ended.and(writing)?;
            } else {
                composing.and(finding).and(decoding).and(ended)?;
            }
            Ok(written)
        })?;
        Ok(FramesWritten { frames, empty })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_frames_are_noted() {
        let note = |frames, empty| FramesWritten { frames, empty }.note("person");
        assert_eq!(note(50, 0), None);
        assert!(note(50, 50).unwrap().starts_with("No person was found in the video: "));
        assert!(note(50, 27).unwrap().starts_with("No person was found in 27 of 50 frames: "));
        let mut alpha = vec![0u8; 10_000];
        alpha[..9].fill(255);
        alpha[9..500].fill(100);
        assert!(is_empty(&alpha));
        alpha[9] = 200;
        assert!(!is_empty(&alpha));
    }
}
