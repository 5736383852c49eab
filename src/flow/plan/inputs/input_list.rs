//! Lists of inputs, separated by line breaks or NUL. A file that cannot be a list is rejected with
//! one message.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::input_spec::InputSpec;
use crate::media::{self, Container, SNIFF_BYTES};
use crate::model::Failure;
use crate::model::text::{Encoding, encoding, shell_quoted};

/// Maximum line length in bytes: twice the longest path that systems permit.
const MAX_LINE_BYTES: u64 = 8_192;

/// A list of inputs, opened by the caller.
pub struct InputList {
    /// Path of the list; `None` for standard input.
    pub path: Option<PathBuf>,
    pub reader: Box<dyn Read + Send>,
    /// Inputs end with NUL instead of a line break.
    pub nul: bool,
}

impl InputList {
    /// Calls `take` for each input of the list.
    pub(crate) fn read(
        mut self,
        take: &mut dyn FnMut(InputSpec) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut head = Vec::new();
        let read = self.reader.by_ref().take(SNIFF_BYTES as u64).read_to_end(&mut head);
        read.map_err(|error| self.rejection(&error, "rbgv run FILE, for a video"))?;
        self.check(&head)?;
        let mark = if encoding(&head) == Encoding::MarkedUtf8 { 3 } else { 0 };
        let rest = std::mem::replace(&mut self.reader, Box::new(std::io::empty()));
        let mut reader = BufReader::new(Cursor::new(head.split_off(mark)).chain(rest));
        let end = if self.nul { 0 } else { b'\n' };
        let mut input = Vec::new();
        for number in 1_usize.. {
            input.clear();
            let read = reader.by_ref().take(MAX_LINE_BYTES).read_until(end, &mut input);
            let read =
                read.map_err(|error| self.rejection(&error, "run the same command again"))?;
            if read == 0 {
                break;
            }
            if input.last() == Some(&end) {
                input.pop();
            } else if input.len() as u64 == MAX_LINE_BYTES {
                let why = format!("entry {number} is too long for a path");
                return Err(self.rejection(&why, "use a list of file names, one per line"));
            }
            if !self.nul {
                if input.last() == Some(&b'\r') {
                    input.pop();
                }
                self.check_line(number, &input)?;
            }
            if !input.is_empty() {
                take(InputSpec::read(PathBuf::from(OsStr::from_bytes(&input))))?;
            }
        }
        Ok(())
    }

    /// Rejects a file that does not begin like a list.
    fn check(&self, head: &[u8]) -> Result<(), Failure> {
        let shown = self.path.as_deref().map(shell_quoted);
        if encoding(head) == Encoding::Utf16 {
            let next = match &shown {
                Some(list) => {
                    format!("iconv -f UTF-16 -t UTF-8 {list} | rbgv run -")
                }
                None => "pipe it through: iconv -f UTF-16 -t UTF-8".to_owned(),
            };
            return Err(self.rejection(&"UTF-16 text instead of UTF-8", &next));
        }
        let kind = media::sniff(head);
        let is_text = !head.iter().any(|byte| is_control(*byte) && *byte != 0);
        let is_other = if is_text {
            !self.nul && matches!(kind, Container::Html | Container::Playlist | Container::Pdf)
        } else {
            kind != Container::Unknown
        };
        if is_other {
            let why = format!("{} instead of a list of inputs", kind.describe());
            let next = match &shown {
                Some(list) if kind.is_moving() => format!("rbgv run {list}"),
                None if kind.is_moving() => {
                    "save the video to a file, then: rbgv run FILE".to_owned()
                }
                _ => "use a list of file names, one per line".to_owned(),
            };
            return Err(self.rejection(&why, &next));
        }
        if self.nul && !head.contains(&0) && head.trim_ascii_end().contains(&b'\n') {
            let why = "the entries end with line breaks, not with NUL";
            return Err(self.rejection(&why, "run the same command without -0"));
        }
        Ok(())
    }

    /// Rejects a line with NUL or other control characters.
    fn check_line(&self, number: usize, line: &[u8]) -> Result<(), Failure> {
        if line.contains(&0) {
            let why = "the entries end with NUL, not with line breaks";
            return Err(self.rejection(&why, "run the same command with -0"));
        }
        if line.iter().any(|byte| is_control(*byte)) {
            let why = format!("line {number} contains control characters and is not a file name");
            let next = "for such names, use a NUL-separated list with -0";
            return Err(self.rejection(&why, next));
        }
        Ok(())
    }

    fn rejection(&self, why: &dyn std::fmt::Display, next: &str) -> Failure {
        let name = self.path.as_deref().map(Path::display);
        let name = name.map_or_else(|| "standard input".to_owned(), |path| path.to_string());
        Failure::usage(format!("the list in {name}"), why.to_string()).with_next(next)
    }
}

fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FailureKind;

    fn list(text: &[u8], nul: bool) -> InputList {
        InputList { path: None, reader: Box::new(Cursor::new(text.to_vec())), nul }
    }

    fn entries(list: InputList) -> Result<Vec<String>, Failure> {
        let mut all = Vec::new();
        list.read(&mut |named| {
            all.push(match named {
                InputSpec::Path(path) => path.display().to_string(),
                InputSpec::Url(url) => url,
                InputSpec::Object(url) => url.to_string(),
            });
            Ok(())
        })?;
        Ok(all)
    }

    #[test]
    fn entries_are_lines_or_end_with_nul() {
        let lines = list(b"a b.mp4\r\n\nhttps://x.example/v.mp4\nlast.mp4", false);
        assert_eq!(entries(lines).unwrap(), ["a b.mp4", "https://x.example/v.mp4", "last.mp4"]);
        let nuls = list(b"line\nbreak.mp4\0b.mp4\0", true);
        assert_eq!(entries(nuls).unwrap(), ["line\nbreak.mp4", "b.mp4"]);
        assert_eq!(entries(list(b"only.mp4", true)).unwrap(), ["only.mp4"]);
        assert_eq!(entries(list(b"", false)).unwrap(), Vec::<String>::new());
        let marked = list(b"\xef\xbb\xbfa.mp4\r\nb.mp4\r\n", false);
        assert_eq!(entries(marked).unwrap(), ["a.mp4", "b.mp4"], "as Windows writes it");
        let foreign = list(b"caf\xe9.mp4\ntab\there.mp4\nthe free.mp4\n", false);
        assert_eq!(entries(foreign).unwrap().len(), 3, "names need not be UTF-8");
        assert_eq!(entries(list(b"the free.mp4\0b.mp4\0", true)).unwrap().len(), 2);
        let long: Vec<u8> =
            (0..2_000).flat_map(|n| format!("clip {n}.mp4\n").into_bytes()).collect();
        assert_eq!(entries(list(&long, false)).unwrap().len(), 2_000);
    }

    #[test]
    fn what_is_no_list_is_refused_with_what_helps() {
        let utf16: Vec<u8> = "a.mp4\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = [b"\xff\xfe".as_slice(), &utf16].concat();
        let clip = include_bytes!("../../../sandbox/assets/astronaut.mp4");
        let long = vec![b'x'; 20_000];
        let late: Vec<u8> = [b"a.mp4\n".repeat(2_000), b"b\0c".to_vec()].concat();
        // (bytes, with -0, why, next)
        let table: [(&[u8], bool, &str, &str); 12] = [
            (b"a.mp4\0b.mp4\0", false, "NUL", "with -0"),
            (&late, false, "NUL", "with -0"),
            (b"a.mp4\nb.mp4\n", true, "line breaks", "without -0"),
            (&utf16, false, "UTF-16", "iconv"),
            (&marked, false, "UTF-16", "iconv"),
            (&marked, true, "UTF-16", "iconv"),
            (clip, false, "an MP4 video", "save the video"),
            (clip, true, "an MP4 video", "save the video"),
            (b"<!doctype html><p>", false, "a web page", "file names"),
            (b"#EXTM3U\na.ts\n", false, "a playlist", "file names"),
            (b"a.mp4\nb\x1b[2J.mp4\n", false, "line 2", "-0"),
            (&long, false, "too long for a path", "file names"),
        ];
        for (bytes, nul, why, next) in table {
            let failure = entries(list(bytes, nul)).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Usage, "{failure}");
            assert!(failure.why.contains(why), "{failure}");
            assert!(failure.next.as_deref().unwrap().contains(next), "{failure:?}");
            assert!(failure.to_string().len() < 200, "{failure}");
        }
        let named = InputList { path: Some("my clip.mp4".into()), ..list(clip, false) };
        let failure = entries(named).unwrap_err();
        assert_eq!(failure.next.as_deref(), Some("rbgv run 'my clip.mp4'"));
    }
}
