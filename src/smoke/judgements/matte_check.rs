//! Measurement of a matte: the subject was kept and the background removed, by a clip with a known
//! mask. Pure.

use crate::media::Opacity;
use crate::model::smoke::{StageFailure, StageResult};

/// Minimum share of the subject's opacity that is kept. Models differ at hair and hands; one that
/// loses more than a tenth of a person does not work.
pub(crate) const MIN_KEPT: f64 = 0.90;

/// Maximum share of the background's opacity that is left.
pub(crate) const MAX_LEFT: f64 = 0.10;

/// Lower bound of the mask's subject ...
const SUBJECT: u8 = 250;

/// ... and upper bound of its background. Values between are edge, and not judged.
const BACKGROUND: u8 = 5;

/// Maximum difference in mean opacity from the first frame: the clip pans a little over one
/// portrait, so that more means frames that were not processed.
const MAX_FLICKER: f64 = 0.20;

/// Scores of a matte.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MatteScore {
    /// Mean opacity of the subject.
    pub(crate) kept: f64,
    /// Mean opacity of the background.
    pub(crate) left: f64,
}

impl MatteScore {
    /// Measures `picture` by the mask that it should have. Sizes may differ; aspect ratios should
    /// not.
    #[must_use]
    pub(crate) fn measure(picture: &Opacity, mask: &Opacity) -> Self {
        let width = mask.width.max(1) as usize;
        let middle = |at: usize, size: u32| (at as f64 + 0.5) / f64::from(size.max(1));
        let mean_where = |judged: fn(u8) -> bool| {
            let (mut sum, mut count) = (0, 0_u64);
            for (at, _) in mask.values.iter().enumerate().filter(|(_, value)| judged(**value)) {
                let across = middle(at % width, mask.width);
                sum += u64::from(picture.at(across, middle(at / width, mask.height)));
                count += 1;
            }
            sum as f64 / 255.0 / count.max(1) as f64
        };
        Self {
            kept: mean_where(|value| value >= SUBJECT),
            left: mean_where(|value| value <= BACKGROUND),
        }
    }
}

/// Judges the frames of an output by the mask of the first.
pub(crate) fn judge(pictures: &[Opacity], mask: &Opacity, result: &mut StageResult) {
    let Some(first) = pictures.first() else {
        result.fail(StageFailure::Output, "the output contains no images");
        return;
    };
    let score = MatteScore::measure(first, mask);
    result.measure("subject_kept", score.kept);
    result.measure("background_left", score.left);
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let kept = format!("subject kept: {}", percent(score.kept));
    if score.kept < MIN_KEPT {
        result.fail(StageFailure::Output, format!("{kept} (minimum {})", percent(MIN_KEPT)));
    } else {
        result.details.push(kept);
    }
    let left = format!("background left: {}", percent(score.left));
    if score.left > MAX_LEFT {
        result.fail(StageFailure::Output, format!("{left} (maximum {})", percent(MAX_LEFT)));
    } else {
        result.details.push(left);
    }
    let differs = |picture: &&Opacity| (picture.mean() - first.mean()).abs() > MAX_FLICKER;
    let different = pictures.iter().filter(differs).count();
    if different > 0 {
        let message =
            format!("{different} of {} images differ much from the first", pictures.len());
        result.fail(StageFailure::Output, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::smoke::{SmokeStage, StageOutcome};

    fn picture(width: u32, height: u32, of: impl Fn(u32, u32) -> u8) -> Opacity {
        let values = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Opacity { width, height, values: values.map(|(x, y)| of(x, y)).collect() }
    }

    /// Subject on the left, one column of edge, background on the right.
    fn mask() -> Opacity {
        picture(9, 4, |x, _| match x {
            0..=3 => 255,
            4 => 128,
            _ => 0,
        })
    }

    fn judged(pictures: &[Opacity]) -> StageResult {
        let mut result = StageResult::passed(SmokeStage::Output, "");
        judge(pictures, &mask(), &mut result);
        result
    }

    #[test]
    fn a_matte_is_measured_where_the_mask_is_sure() {
        let score = MatteScore::measure(&mask(), &mask());
        assert_eq!((score.kept.to_string(), score.left.to_string()), ("1".into(), "0".into()));
        // Another size, the same aspect ratio.
        let large = picture(18, 8, |x, _| if x < 9 { 255 } else { 0 });
        let score = MatteScore::measure(&large, &mask());
        assert!(score.kept > 0.99 && score.left < 0.01, "{score:?}");
    }

    #[test]
    fn what_is_lost_left_or_not_worked_on_fails() {
        let good = mask();
        let nothing = picture(9, 4, |_, _| 0);
        let everything = picture(9, 4, |_, _| 255);
        let swapped = picture(9, 4, |x, _| if x < 4 { 0 } else { 255 });
        // (frames, outcome, messages)
        let table = [
            (vec![good.clone(), good.clone()], StageOutcome::Passed, "subject kept: 100.0 %"),
            (vec![nothing], StageOutcome::Failed, "subject kept: 0.0 %"),
            (vec![everything.clone()], StageOutcome::Failed, "background left: 100.0 %"),
            (vec![swapped], StageOutcome::Failed, "subject kept: 0.0 %"),
            (vec![good, everything], StageOutcome::Failed, "1 of 2 images"),
            (vec![], StageOutcome::Failed, "no images"),
        ];
        for (pictures, outcome, words) in table {
            let result = judged(&pictures);
            let text = format!("{} {}", result.told, result.details.join(" "));
            assert_eq!(result.outcome, outcome, "{text}");
            assert!(text.contains(words), "{words:?} in {text}");
        }
    }
}
