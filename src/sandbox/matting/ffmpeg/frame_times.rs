//! When the pictures of a video are shown, by the packets of its stream. Headers are not trusted.

/// The times of all pictures.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct FrameTimes {
    /// When each is shown, and for how long where that is stated; in order of time. In seconds.
    shown: Vec<(f64, Option<f64>)>,
    /// Number of packets without any time.
    untimed: u32,
    /// Whether all times are presentation times. A packet without one has its decoding time, which is
    /// earlier for some codecs.
    presented: bool,
}

/// Maximum share of the packets of an AVI file behind its stated end: leftovers of an edit, or packets
/// that were never pictures.
const STRAY: f64 = 0.1;

/// Minimum share of pictures that follow each other at a rate for it to be used.
const COMMON: f64 = 0.02;

impl FrameTimes {
    /// Reads the packets that `FFprobe` lists: a line each, `name=value` between bars.
    pub(crate) fn read(packets: &str) -> Self {
        let mut pictures = Self { presented: true, ..Self::default() };
        for line in packets.lines() {
            let field = |name: &str| {
                let mut pairs = line.split('|').filter_map(|field| field.split_once('='));
                pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
            };
            let seconds = |name| {
                let parsed = field(name).and_then(|value| value.parse::<f64>().ok());
                parsed.filter(|seconds| seconds.is_finite())
            };
            // `D`: outside of the edit list, decoded for others and never shown.
            if field("flags").is_none_or(|flags| flags.contains('D')) {
                continue;
            }
            let presented = seconds("pts_time");
            pictures.presented &= presented.is_some();
            match presented.or_else(|| seconds("dts_time")) {
                Some(time) => {
                    let span = seconds("duration_time").filter(|&span| span > 0.0);
                    pictures.shown.push((time, span));
                }
                None => pictures.untimed += 1,
            }
        }
        pictures.shown.sort_by(|a, b| a.0.total_cmp(&b.0));
        pictures
    }

    /// When the first one is shown, where all times are known.
    pub(crate) fn first(&self) -> Option<f64> {
        self.shown.first().map(|(time, _)| *time).filter(|_| self.presented)
    }

    /// Seconds from the first one to the end of the last, if there is any; `frame` is what one takes
    /// where nothing else tells, `stated` what the header of a file says whose packets may be stray.
    pub(crate) fn span(&self, frame: f64, stated: Option<f64>) -> Option<f64> {
        let Some((first, _)) = self.shown.first() else {
            return (self.untimed > 0).then(|| f64::from(self.untimed) * frame);
        };
        let usual = self.usual_gap().unwrap_or(frame);
        let ends = self.shown.iter().map(|(time, span)| time + span.unwrap_or(usual));
        let whole = ends.fold(f64::MIN, f64::max) - first;
        let Some(stated) = stated.filter(|&stated| stated > 0.0 && stated < whole) else {
            return Some(whole);
        };
        let beyond = self.shown.iter().filter(|(time, _)| time - first >= stated).count();
        Some(if beyond as f64 <= STRAY * self.shown.len() as f64 { stated } else { whole })
    }

    /// Frames per second over `span` seconds.
    pub(crate) fn average(&self, span: f64) -> f64 {
        (self.shown.len() as f64 + f64::from(self.untimed)) / span
    }

    /// Whether pictures follow each other as fast as `hertz` says, often enough to matter.
    pub(crate) fn reach(&self, hertz: f64) -> bool {
        let fast = self.gaps().filter(|gap| gap * hertz < 1.5).count();
        fast > 0 && fast as f64 >= COMMON * self.shown.len() as f64
    }

    fn gaps(&self) -> impl Iterator<Item = f64> {
        self.shown.windows(2).map(|pair| pair[1].0 - pair[0].0).filter(|&gap| gap > 0.0)
    }

    /// The median of the times between two pictures.
    fn usual_gap(&self) -> Option<f64> {
        let mut gaps: Vec<f64> = self.gaps().collect();
        gaps.sort_by(f64::total_cmp);
        gaps.get(gaps.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(lines: &[&str]) -> FrameTimes {
        FrameTimes::read(&lines.join("|\n"))
    }

    fn is_near(found: Option<f64>, wanted: f64) -> bool {
        found.is_some_and(|found| (found - wanted).abs() < 1e-9)
    }

    #[test]
    fn the_last_picture_lasts_as_stated_or_as_long_as_the_others() {
        let stated = packets(&[
            "pts_time=1.5|dts_time=1.5|duration_time=0.05|flags=K_",
            "pts_time=2.25|duration_time=0.5|flags=__",
            "pts_time=1.75|duration_time=N/A|flags=__|side_data||type=x",
        ]);
        assert_eq!(stated.first(), Some(1.5));
        assert!(is_near(stated.span(9.0, None), 1.25));
        let open =
            packets(&["pts_time=0|flags=K_", "pts_time=0.2|flags=_", "pts_time=0.4|flags=_"]);
        assert!(is_near(open.span(9.0, None), 0.6));
        assert!((open.average(0.6) - 5.0).abs() < 1e-9);
        assert!(is_near(packets(&["pts_time=3|flags=K_"]).span(0.04, None), 0.04));
        assert_eq!(packets(&[""]).span(0.04, None), None);
    }

    #[test]
    fn times_of_decoding_and_no_times_count() {
        let decoded = packets(&["dts_time=0|duration_time=0.1|flags=K_", "dts_time=0.1|flags=_"]);
        assert_eq!(decoded.first(), None, "nobody knows when it is shown");
        assert!(is_near(decoded.span(0.04, None), 0.2));
        let none = packets(&["pts_time=N/A|dts_time=N/A|flags=K_", "pts_time=N/A|flags=__"]);
        assert!(is_near(none.span(0.04, None), 0.08));
    }

    #[test]
    fn packets_outside_of_an_edit_list_are_not_shown() {
        let edited = packets(&[
            "pts_time=-0.2|duration_time=0.1|flags=KD",
            "pts_time=0|duration_time=0.1|flags=__",
            "pts_time=0.1|duration_time=0.1|flags=__",
            "pts_time=0.2|duration_time=0.1|flags=_D_",
        ]);
        assert!(is_near(edited.span(0.04, None), 0.2));
    }

    #[test]
    fn a_stated_end_counts_where_little_is_behind_it() {
        let line = |at: u32| format!("pts_time={at}.0|duration_time=1.0|flags=__");
        let times = |times: &[u32]| {
            let lines: Vec<_> = times.iter().map(|&at| line(at)).collect();
            FrameTimes::read(&lines.join("\n"))
        };
        let stray: Vec<u32> = (0..20).chain([40]).collect();
        assert!(is_near(times(&stray).span(1.0, Some(20.0)), 20.0));
        let half: Vec<u32> = (0..40).collect();
        assert!(is_near(times(&half).span(1.0, Some(20.0)), 40.0), "a header that counts a part");
        assert!(is_near(times(&half).span(1.0, Some(3600.0)), 40.0), "a file that was cut short");
        assert!(is_near(times(&half).span(1.0, Some(0.0)), 40.0));
    }

    #[test]
    fn rates_that_pictures_reach() {
        let times = |gaps: &[f64]| {
            let times = gaps.iter().scan(0.0, |at, gap| {
                *at += gap;
                Some(format!("pts_time={at}|flags=_\n"))
            });
            let first = "pts_time=0|flags=K\n".to_owned();
            FrameTimes::read(&std::iter::once(first).chain(times).collect::<String>())
        };
        assert!(times(&[0.04; 20]).reach(25.0) && !times(&[0.04; 20]).reach(50.0));
        let varying = [[0.1; 8].as_slice(), &[0.02, 0.02]].concat();
        assert!(times(&varying).reach(50.0));
        let once = [[0.1; 80].as_slice(), &[0.02]].concat();
        assert!(!times(&once).reach(50.0));
        assert!(!times(&[]).reach(25.0));
    }
}
