//! What `media` says of files as they are found, held against FFmpeg: for every container, clips that
//! FFmpeg makes, and the same with bytes changed as recorders, muxers and broken copies change them.
//!
//! FFmpeg copies the packets of the track that it takes by itself; their number and length are the truth.
//! Each case says besides what has to be the answer: the length, an unknown length, or a refusal.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "end-to-end tests: real programs, and a failed unwrap is a failed test"
)]

mod cases;
mod clips;
mod edit;

use std::path::Path;
use std::process::Command;

use rbgv::media::inspect_input;

/// What has to be the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// The length that FFmpeg counts.
    Length,
    /// The same, with a note.
    Noted,
    /// The length of this clip, with a note: FFmpeg takes entries of a broken index for packets.
    NotedAs(&'static str),
    /// No length.
    Unknown,
    /// A refusal with these words in it.
    Refused(&'static str),
}

struct Case {
    name: &'static str,
    ending: &'static str,
    bytes: Vec<u8>,
    answer: Answer,
}

/// What FFmpeg finds in the track that it takes: packets, the sum of their lengths, and the time from the
/// start of the first to the end of the last.
struct Truth {
    packets: u64,
    sum: f64,
    span: f64,
}

/// Packets outside of an edit are copied by FFmpeg and only then not shown: these are decoded.
fn truth(path: &Path, is_edited: bool) -> Option<Truth> {
    let codec: &[&str] = if is_edited { &[] } else { &["-c", "copy", "-copyts"] };
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-i"])
        .arg(path)
        .args(["-an", "-sn", "-dn"])
        .args(codec)
        .args(["-f", "framecrc", "-"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let tick = text.lines().find_map(|line| {
        let (numerator, denominator) = line.strip_prefix("#tb 0: ")?.split_once('/')?;
        Some(numerator.parse::<f64>().unwrap() / denominator.parse::<f64>().unwrap())
    })?;
    let packets: Vec<(f64, f64)> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let ticks = |at: usize| fields[at].parse::<f64>().unwrap() * tick;
            (ticks(2), ticks(3))
        })
        .collect();
    let first = packets.iter().map(|(begin, _)| *begin).fold(f64::MAX, f64::min);
    let last = packets.iter().map(|(begin, lasts)| begin + lasts).fold(f64::MIN, f64::max);
    let sum = packets.iter().map(|(_, lasts)| lasts).sum();
    (!packets.is_empty()).then_some(Truth {
        packets: packets.len() as u64,
        sum,
        span: last - first,
    })
}

/// What is wrong with the answer to a case; nothing where it is right.
fn wrong(case: &Case, path: &Path) -> Option<String> {
    let said = inspect_input(path);
    let refused = match (&said, case.answer) {
        (Err(bad), Answer::Refused(words)) => {
            return (!bad.to_string().contains(words)).then(|| format!("refused: {bad}"));
        }
        (Err(bad), _) => return Some(format!("refused: {bad}")),
        (Ok(_), Answer::Refused(_)) => true,
        (Ok(_), _) => false,
    };
    let video = said.unwrap();
    if refused {
        return Some(format!("accepted: {video:?}"));
    }
    let is_noted = matches!(case.answer, Answer::Noted | Answer::NotedAs(_));
    if video.note.is_some() != is_noted && case.answer != Answer::Unknown {
        return Some(format!("the note is {:?}", video.note));
    }
    let path = match case.answer {
        Answer::NotedAs(clip) => &path.with_file_name(clip),
        _ => path,
    };
    let Some(truth) = truth(path, case.name.contains("edit")) else {
        return Some("FFmpeg finds nothing".to_owned());
    };
    if case.answer == Answer::Unknown {
        return video.duration.map(|seconds| format!("{seconds} s in place of unknown"));
    }
    let Some(seconds) = video.duration else { return Some("unknown".to_owned()) };
    let frame = truth.span.max(truth.sum) / truth.packets as f64;
    let near = |other: f64| (seconds - other).abs() <= frame + 0.001;
    // FFmpeg leaves out frames of AVI that only repeat the one before.
    let frames = video.frames.unwrap_or(0).abs_diff(truth.packets);
    (!(near(truth.sum) || near(truth.span)) || frames > 1).then(|| {
        format!(
            "{seconds} s and {:?} frames, but FFmpeg counts {} packets of {} s within {} s",
            video.frames, truth.packets, truth.sum, truth.span
        )
    })
}

#[test]
fn lengths_kinds_and_verdicts_are_those_that_ffmpeg_counts() {
    let directory = tempfile::tempdir().unwrap();
    let clips = clips::make(directory.path());
    let cases = cases::all(&clips);
    assert!(cases.len() >= 60, "{}", cases.len());
    let check = |case: &Case| {
        let path =
            directory.path().join(format!("{}.{}", case.name.replace(' ', "-"), case.ending));
        std::fs::write(&path, &case.bytes).unwrap();
        wrong(case, &path).map(|what| format!("{} ({}): {what}", case.name, case.ending))
    };
    let mut all = Vec::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = cases
            .chunks(cases.len().div_ceil(4))
            .map(|some| scope.spawn(|| some.iter().filter_map(check).collect::<Vec<_>>()))
            .collect();
        all.extend(workers.into_iter().flat_map(|worker| worker.join().unwrap()));
    });
    assert!(all.is_empty(), "{} of {}:\n{}", all.len(), cases.len(), all.join("\n"));
}
