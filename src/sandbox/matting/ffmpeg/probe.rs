//! Probing of an uploaded file: its content, and whether it is within the limits.
//!
//! Everything that later steps need to know about the input is in [`ProbedVideo`]; nothing is decoded here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::Value;

use super::container;
use super::frame_rate::{FrameRatio, steady_rate};
use super::frame_times::FrameTimes;
use super::process::{ProcessGroup, Tools};
use super::tone_map::WideColors;
use crate::media::track_preference;
use crate::sandbox::matting::{EngineError, Probe};

/// Limits of the engine. A file beyond them is refused, and the message names the limit.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineLimits {
    /// Bytes of a file (contract, *Upload*: 500 MB).
    pub file_bytes: u64,
    /// Seconds of video.
    pub duration_seconds: f64,
    /// Seconds of video for GIF and animated WebP, whose encoders keep what they have made in
    /// memory.
    pub animation_seconds: f64,
    /// Pixels of a picture, of the input as of the canvas.
    pub pixels: u64,
    /// Frames a second; faster videos are brought down to it.
    pub frame_rate: u32,
    /// Maximum time for one job.
    pub job_time: Duration,
    /// Maximum time for probing a file.
    pub probe_time: Duration,
}

impl Default for EngineLimits {
    fn default() -> Self {
        Self {
            file_bytes: 500 * 1000 * 1000,
            duration_seconds: 600.0,
            animation_seconds: 60.0,
            pixels: 3840 * 2160,
            frame_rate: 120,
            job_time: Duration::from_hours(2),
            probe_time: Duration::from_secs(30),
        }
    }
}

/// Maximum output of `FFprobe`: one line for each packet.
const LONGEST_ANSWER: usize = 16 << 20;

/// A probed input within the limits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProbedVideo {
    /// Where it is.
    pub(crate) file: PathBuf,
    /// The only demuxer that may open it.
    pub(crate) demuxer: &'static str,
    /// Index of the video stream (cover pictures are not video).
    pub(crate) stream: u64,
    /// Size as it is shown: rotated, with square pixels.
    pub(crate) size: (usize, usize),
    /// The constant rate at which frames are taken.
    pub(crate) rate: FrameRatio,
    /// When the first picture is shown, in seconds from the start of the file, where packets say so.
    pub(crate) start: Option<f64>,
    /// Seconds from the first picture to the end of the last one.
    pub(crate) duration: f64,
    /// The matrix of its luminance and colour differences, as FFmpeg's scaler names it.
    pub(crate) matrix: &'static str,
    /// Colours that have to be mapped to the usual ones.
    pub(crate) wide: Option<WideColors>,
    /// Whether lines were recorded in two fields.
    pub(crate) interlaced: bool,
    /// Index and codec of the first sound stream that can be decoded.
    pub(crate) sound: Option<(u64, String)>,
}

impl ProbedVideo {
    /// Number of frames read, if all of them can be decoded.
    pub(crate) fn expected_frames(&self) -> f64 {
        (self.duration * self.rate.hertz()).round().max(1.0)
    }

    /// What the server records about the video.
    pub(crate) fn describe(&self) -> Probe {
        Probe { duration_seconds: self.duration, frame_rate: self.rate.hertz() }
    }
}

/// `file:` and the path, so that no path is taken for an option or an address.
pub(crate) fn address(file: &Path) -> OsString {
    let mut address = OsString::from("file:");
    address.push(file);
    address
}

/// The arguments before each input file: a fixed demuxer, and nothing but files and pipes.
pub(crate) fn guarded(demuxer: &str) -> [&str; 4] {
    ["-protocol_whitelist", "file,pipe", "-f", demuxer]
}

/// Probes `file` with `FFprobe`.
pub(crate) fn probe_video(
    tools: &Tools,
    limits: &EngineLimits,
    file: &Path,
    cancel: &AtomicBool,
) -> Result<ProbedVideo, EngineError> {
    let bytes =
        std::fs::metadata(file).map_err(EngineError::because("Cannot read the file"))?.len();
    if bytes > limits.file_bytes {
        return Err(EngineError(format!("File too large: more than {} bytes", limits.file_bytes)));
    }
    let demuxer = container::demuxer(file)?;
    let ask = |more: &[&str]| {
        let mut command = Command::new(&tools.ffprobe);
        command.args(["-v", "error"]).args(guarded(demuxer)).args(more).arg(address(file));
        ProcessGroup::run(tools, cancel, limits.probe_time, |group| {
            group.output(command, LONGEST_ANSWER)
        })
        .map_err(EngineError::because("Invalid video"))
    };
    let answer = ask(&["-of", "json", "-show_streams", "-show_format"])?;
    let answer = serde_json::from_slice::<Value>(&answer)
        .map_err(EngineError::because("FFprobe answered strangely"))?;
    let mut source = read(&answer, file, demuxer)?;
    // Headers may be wrong; the packets are counted.
    let stream = source.stream.to_string();
    let fields = "packet=pts_time,dts_time,duration_time,flags";
    let packets =
        ask(&["-select_streams", &stream, "-show_entries", fields, "-of", "compact=p=0"])?;
    source.measure(&answer, &FrameTimes::read(&String::from_utf8_lossy(&packets)))?;
    within(&source, limits)?;
    if source.rate.hertz() > f64::from(limits.frame_rate) {
        source.rate = FrameRatio { frames: limits.frame_rate, seconds: 1 };
    }
    Ok(source)
}

impl ProbedVideo {
    /// Replaces the header's times by those of the packets.
    fn measure(&mut self, answer: &Value, pictures: &FrameTimes) -> Result<(), EngineError> {
        let video = answer["streams"]
            .as_array()
            .and_then(|list| list.iter().find(|stream| stream["index"] == self.stream))
            .unwrap_or(&Value::Null);
        let stated = number(&video["duration"]).filter(|_| self.demuxer == "avi");
        let frame = 1.0 / steady_rate(video, None).hertz();
        self.duration = pictures
            .span(frame, stated)
            .ok_or_else(|| EngineError("Invalid video: it has no pictures".to_owned()))?;
        self.rate = steady_rate(video, Some((pictures, self.duration)));
        let began = number(&answer["format"]["start_time"]).unwrap_or(0.0);
        self.start = pictures.first().map(|first| (first - began).max(0.0));
        Ok(())
    }
}

/// Refuses what is beyond the limits.
fn within(source: &ProbedVideo, limits: &EngineLimits) -> Result<(), EngineError> {
    let (width, height) = source.size;
    if (width as u64).saturating_mul(height as u64) > limits.pixels {
        return Err(EngineError(format!("Video too large: {width}x{height} pixels")));
    }
    if source.duration > limits.duration_seconds {
        let (is, may) = (source.duration, limits.duration_seconds);
        return Err(EngineError(format!("Video too long: {is:.1} s, the limit is {may:.0} s")));
    }
    Ok(())
}

/// `FFprobe` writes most numbers as text.
fn number(value: &Value) -> Option<f64> {
    value
        .as_f64()
        .or_else(|| value.as_str()?.parse().ok())
        .filter(|number: &f64| number.is_finite())
}

fn read(answer: &Value, file: &Path, demuxer: &'static str) -> Result<ProbedVideo, EngineError> {
    let none = Vec::new();
    let streams = answer["streams"].as_array().unwrap_or(&none);
    let of_kind = |kind: &'static str| {
        streams.iter().filter(move |stream| {
            let known = !matches!(stream["codec_name"].as_str(), None | Some("none" | "unknown"));
            known && stream["codec_type"] == kind
        })
    };
    let preference = |stream: &Value| {
        let side = |name: &str| stream[name].as_u64().and_then(|side| side.try_into().ok());
        let is_default = stream["disposition"]["default"] == 1;
        track_preference(
            side("width").unwrap_or_default(),
            side("height").unwrap_or_default(),
            is_default,
        )
    };
    let video = of_kind("video")
        .filter(|stream| stream["disposition"]["attached_pic"] != 1)
        .rev()
        .max_by_key(|stream| preference(stream))
        .ok_or_else(|| EngineError("Invalid video: it has no video stream".to_owned()))?;
    let size = shown_size(video)
        .ok_or_else(|| EngineError("Invalid video: it has no picture size".to_owned()))?;
    let sound = of_kind("audio").find_map(|stream| {
        Some((stream["index"].as_u64()?, stream["codec_name"].as_str()?.to_owned()))
    });
    Ok(ProbedVideo {
        file: file.to_owned(),
        demuxer,
        stream: video["index"].as_u64().unwrap_or(0),
        size,
        rate: steady_rate(video, None),
        start: None,
        duration: 0.0,
        matrix: matrix(video["color_space"].as_str(), size),
        wide: WideColors::of(video["color_transfer"].as_str(), video["color_primaries"].as_str()),
        interlaced: matches!(video["field_order"].as_str(), Some("tt" | "bb" | "tb" | "bt")),
        sound,
    })
}

/// The matrix of a video. One that states none has that of its size, as players take it.
fn matrix(stated: Option<&str>, (width, height): (usize, usize)) -> &'static str {
    let is_large = width.max(height) >= 1280 || width.min(height) >= 720;
    match stated.unwrap_or("unknown") {
        "bt709" => "bt709",
        "unknown" if is_large => "bt709",
        "unknown" | "bt470bg" | "smpte170m" => "smpte170m",
        "smpte240m" => "smpte240m",
        "fcc" => "fcc",
        "bt2020nc" | "bt2020c" => "bt2020",
        _ => "auto",
    }
}

/// Sample aspect ratios closer to square than this result from rounding a size to even sides.
const SQUARE: f64 = 0.02;

/// The stored size with square pixels, rotated as it is shown.
fn shown_size(video: &Value) -> Option<(usize, usize)> {
    let side = |name: &str| usize::try_from(video[name].as_u64()?).ok().filter(|&side| side > 0);
    let (mut width, height) = (side("width")?, side("height")?);
    if let Some((across, down)) = video["sample_aspect_ratio"].as_str().and_then(|text| {
        let (across, down) = text.split_once(':')?;
        Some((across.parse::<u64>().ok()?, down.parse::<u64>().ok()?))
    }) && across > 0
        && down > 0
        && (across as f64 / down as f64 - 1.0).abs() > SQUARE
    {
        let square = (width as u64).checked_mul(across)?.checked_add(down / 2)? / down;
        width = usize::try_from(square.max(1)).ok()?;
    }
    let turn = video["side_data_list"]
        .as_array()
        .and_then(|list| list.iter().find_map(|side_data| number(&side_data["rotation"])))
        .unwrap_or(0.0);
    let quarter = (turn / 90.0).round().rem_euclid(2.0) > 0.5;
    Some(if quarter { (height, width) } else { (width, height) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn video() -> Value {
        json!({
            "index": 0, "codec_type": "video", "codec_name": "h264", "width": 640, "height": 360,
            "r_frame_rate": "24/1", "avg_frame_rate": "24/1", "duration": "2.0",
            "start_time": "0.0",
        })
    }

    fn source(video: &Value, more: &Value) -> ProbedVideo {
        let answer = json!({"streams": [video, more], "format": {"start_time": "0.0"}});
        read(&answer, Path::new("clip"), "mov").unwrap()
    }

    #[test]
    fn a_plain_file() {
        let sound = json!({"index": 1, "codec_type": "audio", "codec_name": "aac"});
        let source = source(&video(), &sound);
        assert_eq!(source.size, (640, 360));
        assert_eq!(source.sound, Some((1, "aac".to_owned())));
    }

    #[test]
    fn rotation_and_oblong_pixels() {
        let mut turned = video();
        turned["side_data_list"] = json!([{"side_data_type": "Display Matrix", "rotation": -90}]);
        turned["sample_aspect_ratio"] = json!("4:3");
        assert_eq!(source(&turned, &json!({})).size, (360, 853));
    }

    #[test]
    fn a_cover_picture_is_not_the_video() {
        let mut cover = video();
        cover["disposition"] = json!({"attached_pic": 1});
        let mut real = video();
        real["index"] = json!(1);
        assert_eq!(source(&cover, &real).stream, 1);
        let answer = json!({"streams": [cover]});
        assert!(read(&answer, Path::new("clip"), "mov").is_err());
    }

    #[test]
    fn the_stream_is_the_one_that_ffmpeg_takes() {
        let stream = |index: u64, width: u64, default: u64| {
            let mut stream = video();
            stream["index"] = json!(index);
            stream["width"] = json!(width);
            stream["disposition"] = json!({"default": default});
            stream
        };
        for (first, second, taken) in [
            ((640, 0), (1280, 0), 1),
            ((640, 1), (1280, 0), 0),
            ((640, 0), (320, 1), 1),
            ((640, 1), (640, 1), 0),
        ] {
            let streams = [stream(0, first.0, first.1), stream(1, second.0, second.1)];
            assert_eq!(source(&streams[0], &streams[1]).stream, taken, "{first:?} {second:?}");
        }
    }

    /// The packets of pictures that follow each other after `gaps` seconds.
    fn packets(gaps: &[f64]) -> FrameTimes {
        let mut at = 0.0;
        let line = |gap: &f64| {
            let line = format!("pts_time={at:.6}|duration_time={gap:.6}|flags=__\n");
            at += gap;
            line
        };
        FrameTimes::read(&gaps.iter().map(line).collect::<String>())
    }

    fn measured(video: &Value, pictures: &FrameTimes) -> ProbedVideo {
        let mut source = source(video, &json!({}));
        let answer = json!({"streams": [video], "format": {"start_time": "0.0"}});
        source.measure(&answer, pictures).unwrap();
        source
    }

    #[test]
    fn rates() {
        let ntsc = 1001.0 / 30000.0;
        for (finest, average, gaps, wanted) in [
            // Drops on a grid of 30: the grid is taken.
            ("30/1", "27/1", [vec![1.0 / 30.0; 24], vec![2.0 / 30.0; 3]].concat(), "30/1"),
            ("90000/1", "29/2", vec![1.0 / 14.5; 29], "29/2"),
            ("25/1", "25/1", vec![0.04; 50], "25/1"),
            ("0/0", "0/0", vec![0.04; 50], "25/1"),
            ("30000/1001", "30000/1001", vec![ntsc; 50], "30000/1001"),
            ("30000/1001", "0/0", vec![ntsc; 50], "30000/1001"),
            // Fields are counted, and no picture comes so fast.
            ("50/1", "25/1", vec![0.04; 50], "25/1"),
            // The header states an hour.
            ("120/1", "1/72", vec![1.0 / 120.0; 240], "120/1"),
            ("1000/1", "1/72", vec![0.0303; 50], "33/1"),
        ] {
            let mut stream = video();
            stream["r_frame_rate"] = json!(finest);
            stream["avg_frame_rate"] = json!(average);
            let source = measured(&stream, &packets(&gaps));
            assert_eq!(source.rate.to_string(), wanted, "{finest} {average}");
        }
        assert_eq!(FrameRatio { frames: 60, seconds: 1 }.divided(2).to_string(), "60/2");
    }

    #[test]
    fn the_length_comes_from_packets_and_not_from_the_header() {
        for (stated, demuxer) in [("3600.0", "mov"), ("0.0", "mov"), ("1331.6", "avi")] {
            let mut stream = video();
            stream["duration"] = json!(stated);
            let mut source = source(&stream, &json!({}));
            source.demuxer = demuxer;
            let answer = json!({"streams": [stream], "format": {"start_time": "0.0"}});
            source.measure(&answer, &packets(&[0.04; 50])).unwrap();
            assert!((source.duration - 2.0).abs() < 1e-3, "{stated}: {}", source.duration);
            assert!(source.measure(&answer, &FrameTimes::read("")).is_err(), "no picture");
        }
    }

    #[test]
    fn limits_apply_to_the_content() {
        let source = measured(&video(), &packets(&[0.04; 50]));
        let limits = EngineLimits { duration_seconds: 1.0, ..EngineLimits::default() };
        assert!(within(&source, &limits).unwrap_err().0.contains("too long"));
        let limits = EngineLimits { pixels: 100, ..EngineLimits::default() };
        assert!(within(&source, &limits).unwrap_err().0.contains("too large"));
    }

    #[test]
    fn an_aspect_that_rounding_leaves_changes_nothing() {
        for (aspect, width) in
            [("1:1", 640), ("1280:1281", 640), ("101:100", 640), ("10:11", 582), ("4:3", 853)]
        {
            let mut stream = video();
            stream["sample_aspect_ratio"] = json!(aspect);
            assert_eq!(source(&stream, &json!({})).size, (width, 360), "{aspect}");
        }
    }

    #[test]
    fn a_matrix_that_is_not_stated_follows_from_the_size() {
        for (stated, size, wanted) in [
            (None, (720, 576), "smpte170m"),
            (Some("unknown"), (1280, 720), "bt709"),
            (None, (720, 1280), "bt709"),
            (Some("bt2020nc"), (640, 360), "bt2020"),
            (Some("gbr"), (640, 360), "auto"),
        ] {
            assert_eq!(matrix(stated, size), wanted, "{stated:?} {size:?}");
        }
    }
}
