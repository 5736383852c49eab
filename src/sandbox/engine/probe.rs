//! Looking at an uploaded file: what it holds, and whether it may be worked on.
//!
//! Everything that later steps need to know of the input is in [`Source`]; nothing is decoded here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::Value;

use super::process::{Leash, Tools};
use super::{EngineError, Probe, container};

/// What the engine agrees to work on. A file beyond these is refused with the limit in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
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
    /// How long one job may take.
    pub job_time: Duration,
    /// How long looking at a file may take.
    pub probe_time: Duration,
}

impl Default for Limits {
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

/// How much the prober may say: a line a packet, at most.
const LONGEST_ANSWER: usize = 16 << 20;

/// A frame rate as a fraction, as FFmpeg takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Frames ...
    pub(crate) frames: u32,
    /// ... in so many seconds.
    pub(crate) seconds: u32,
}

impl Rate {
    /// Frames a second.
    pub(crate) fn hertz(self) -> f64 {
        f64::from(self.frames) / f64::from(self.seconds)
    }

    fn parse(text: &str) -> Option<Self> {
        let (frames, seconds) = text.split_once('/')?;
        let rate = Self { frames: frames.parse().ok()?, seconds: seconds.parse().ok()? };
        (rate.frames > 0 && rate.seconds > 0).then_some(rate)
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", self.frames, self.seconds)
    }
}

/// An input that was looked at and found within the limits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    /// Where it is.
    pub(crate) file: PathBuf,
    /// The only demuxer that may open it.
    pub(crate) demuxer: &'static str,
    /// Index of the video stream (cover pictures are not video).
    pub(crate) stream: u64,
    /// Size as it is shown: rotated, with square pixels.
    pub(crate) size: (usize, usize),
    /// The constant rate at which frames are taken.
    pub(crate) rate: Rate,
    /// Seconds from the start of the file to the end of the video stream.
    pub(crate) duration: f64,
    /// Whether lines were recorded in two fields.
    pub(crate) interlaced: bool,
    /// Index and codec of the first sound stream that can be decoded.
    pub(crate) sound: Option<(u64, String)>,
}

impl Source {
    /// How many frames are to be expected; what really comes may differ a little.
    pub(crate) fn expected_frames(&self) -> f64 {
        (self.duration * self.rate.hertz()).round().max(1.0)
    }

    /// What the server is told.
    pub(crate) fn describe(&self) -> Probe {
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        Probe {
            duration_seconds: self.duration,
            width: side(self.size.0),
            height: side(self.size.1),
            frame_rate: self.rate.hertz(),
            has_audio: self.sound.is_some(),
        }
    }
}

/// `file:` and the path, so that no path is taken for an option or an address.
pub(crate) fn address(file: &Path) -> OsString {
    let mut address = OsString::from("file:");
    address.push(file);
    address
}

/// What goes before each input file: a fixed demuxer, and no way to anything but files and pipes.
pub(crate) fn guarded(demuxer: &str) -> Vec<OsString> {
    ["-protocol_whitelist", "file,pipe", "-f", demuxer].map(OsString::from).to_vec()
}

/// Looks at `file` with FFmpeg's prober.
pub(crate) fn look(
    tools: &Tools,
    limits: &Limits,
    file: &Path,
    cancel: &AtomicBool,
) -> Result<Source, EngineError> {
    let bytes = std::fs::metadata(file)
        .map_err(|error| EngineError(format!("Cannot read the file: {error}")))?
        .len();
    if bytes > limits.file_bytes {
        return Err(EngineError(format!("File too large: more than {} bytes", limits.file_bytes)));
    }
    let demuxer = container::demuxer(file)?;
    let ask = |more: &[&str]| {
        let mut arguments: Vec<OsString> = ["-v", "error"].map(Into::into).into();
        arguments.extend(guarded(demuxer));
        arguments.extend(more.iter().map(OsString::from));
        arguments.push(address(file));
        Leash::held(&tools.setting, cancel, limits.probe_time, |leash| {
            leash.output(&tools.ffprobe, &arguments, LONGEST_ANSWER)
        })
        .map_err(|error| EngineError(format!("Invalid video: {error}")))
    };
    let answer = ask(&["-of", "json", "-show_streams", "-show_format"])?;
    let answer = serde_json::from_slice::<Value>(&answer)
        .map_err(|error| EngineError(format!("FFprobe answered strangely: {error}")))?;
    let mut source = read(&answer, file, demuxer)?;
    let whole = number(&answer["format"]["duration"]).unwrap_or(0.0);
    if source.duration <= 0.0 || whole > source.duration * 1.05 + 0.05 {
        // Recorders that stream (browsers do) leave the length open, and the stream of a varying
        // frame rate may say less than it holds: look at every packet.
        let stream = source.stream.to_string();
        let times = "packet=pts_time,duration_time";
        let packets =
            ask(&["-select_streams", &stream, "-show_entries", times, "-of", "compact=p=0:nk=1"])?;
        let start = number(&answer["format"]["start_time"]).unwrap_or(0.0);
        source.duration = length(&String::from_utf8_lossy(&packets), start, source.rate);
    }
    within(&source, limits)?;
    if source.rate.hertz() > f64::from(limits.frame_rate) {
        source.rate = Rate { frames: limits.frame_rate, seconds: 1 };
    }
    Ok(source)
}

/// Refuses what is beyond the limits.
fn within(source: &Source, limits: &Limits) -> Result<(), EngineError> {
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

/// `HH:MM:SS.fraction`, as Matroska tags write it.
fn clock(text: &str) -> Option<f64> {
    text.split(':').try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))
}

/// From `start` to the end of the last picture, by the times of all packets.
fn length(packets: &str, start: f64, rate: Rate) -> f64 {
    let frame = 1.0 / rate.hertz();
    let (mut last, mut count) = (None, 0u32);
    for line in packets.lines().filter(|line| !line.is_empty()) {
        let mut fields = line.split('|').map(|field| field.parse::<f64>().ok());
        count += 1;
        if let Some(time) = fields.next().flatten() {
            let end = time + fields.next().flatten().filter(|&span| span > 0.0).unwrap_or(frame);
            last = Some(last.map_or(end, |last: f64| last.max(end)));
        }
    }
    last.map_or(f64::from(count) * frame, |last| (last - start).max(frame))
}

fn read(answer: &Value, file: &Path, demuxer: &'static str) -> Result<Source, EngineError> {
    let none = Vec::new();
    let streams = answer["streams"].as_array().unwrap_or(&none);
    let of_kind = |kind: &'static str| {
        streams.iter().filter(move |stream| {
            let known = !matches!(stream["codec_name"].as_str(), None | Some("none" | "unknown"));
            known && stream["codec_type"] == kind
        })
    };
    let video = of_kind("video")
        .find(|stream| stream["disposition"]["attached_pic"] != 1)
        .ok_or_else(|| EngineError("Invalid video: it has no video stream".to_owned()))?;
    let size = shown_size(video)
        .ok_or_else(|| EngineError("Invalid video: it has no picture size".to_owned()))?;
    let sound = of_kind("audio").find_map(|stream| {
        Some((stream["index"].as_u64()?, stream["codec_name"].as_str()?.to_owned()))
    });
    let format = &answer["format"];
    let duration = number(&video["duration"])
        .or_else(|| clock(video["tags"]["DURATION"].as_str()?))
        .or_else(|| number(&format["duration"]))
        .unwrap_or(0.0);
    let late =
        number(&video["start_time"]).unwrap_or(0.0) - number(&format["start_time"]).unwrap_or(0.0);
    Ok(Source {
        file: file.to_owned(),
        demuxer,
        stream: video["index"].as_u64().unwrap_or(0),
        size,
        rate: steady_rate(video),
        duration: if duration > 0.0 { duration + late.max(0.0) } else { 0.0 },
        interlaced: matches!(video["field_order"].as_str(), Some("tt" | "bb" | "tb" | "bt")),
        sound,
    })
}

/// The stored size made square of pixel and turned the way it is shown.
fn shown_size(video: &Value) -> Option<(usize, usize)> {
    let side = |name: &str| usize::try_from(video[name].as_u64()?).ok().filter(|&side| side > 0);
    let (mut width, height) = (side("width")?, side("height")?);
    if let Some((across, down)) = video["sample_aspect_ratio"].as_str().and_then(|text| {
        let (across, down) = text.split_once(':')?;
        Some((across.parse::<u64>().ok()?, down.parse::<u64>().ok()?))
    }) && across > 0
        && down > 0
        && across != down
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

/// The rate at which to take frames. A video of varying rate says a finer one than its average:
/// taken as long as it is a usual one, so that no frame is lost.
fn steady_rate(video: &Value) -> Rate {
    let rate = |name: &str| video[name].as_str().and_then(Rate::parse);
    let finest = rate("r_frame_rate").filter(|rate| (1.0..=60.0).contains(&rate.hertz()));
    let average = rate("avg_frame_rate").filter(|rate| (0.01..=1000.0).contains(&rate.hertz()));
    match (average, finest) {
        (Some(average), Some(finest)) if finest.hertz() > average.hertz() * 1.01 => finest,
        (Some(average), _) => average,
        (None, Some(finest)) => finest,
        (None, None) => Rate { frames: 25, seconds: 1 },
    }
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

    fn source(video: &Value, more: &Value) -> Source {
        let answer = json!({"streams": [video, more], "format": {"start_time": "0.0"}});
        read(&answer, Path::new("clip"), "mov").unwrap()
    }

    #[test]
    fn a_plain_file() {
        let sound = json!({"index": 1, "codec_type": "audio", "codec_name": "aac"});
        let source = source(&video(), &sound);
        assert_eq!(source.size, (640, 360));
        assert!((source.expected_frames() - 48.0).abs() < 1e-9);
        assert_eq!(source.sound, Some((1, "aac".to_owned())));
        assert!(source.describe().has_audio);
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
    fn rates() {
        for (finest, average, wanted) in [
            ("30/1", "24000/1001", "30/1"),
            ("90000/1", "29/2", "29/2"),
            ("25/1", "25/1", "25/1"),
            ("0/0", "0/0", "25/1"),
            ("30000/1001", "30000/1001", "30000/1001"),
        ] {
            let mut stream = video();
            stream["r_frame_rate"] = json!(finest);
            stream["avg_frame_rate"] = json!(average);
            assert_eq!(steady_rate(&stream).to_string(), wanted);
        }
    }

    #[test]
    fn packets_tell_the_length() {
        let rate = Rate { frames: 20, seconds: 1 };
        assert!((length("0.0|0.05\n0.75|0.05|\n0.25|N/A\n", 0.0, rate) - 0.8).abs() < 1e-9);
        assert!((length("N/A|N/A\nN/A|N/A\n\n", 0.0, rate) - 0.1).abs() < 1e-9);
        assert!((length("1.5|N/A\n", 1.0, rate) - 0.55).abs() < 1e-9);
        assert!(length("", 0.0, rate).abs() < 1e-9);
    }

    #[test]
    fn lengths() {
        let mut late = video();
        late["start_time"] = json!("1.5");
        assert!((source(&late, &json!({})).duration - 3.5).abs() < 1e-9);
        let mut tagged = video();
        tagged["duration"] = Value::Null;
        tagged["tags"] = json!({"DURATION": "00:01:02.500000000"});
        assert!((source(&tagged, &json!({})).duration - 62.5).abs() < 1e-9);
        let limits = Limits { duration_seconds: 1.0, ..Limits::default() };
        assert!(within(&source(&video(), &json!({})), &limits).unwrap_err().0.contains("too long"));
        let limits = Limits { pixels: 100, ..Limits::default() };
        assert!(
            within(&source(&video(), &json!({})), &limits).unwrap_err().0.contains("too large")
        );
    }
}
