//! Escaping of foreign text for terminals.

use std::path::Path;

use std::fmt::Write as _;

/// Longest foreign text that is displayed, in characters.
const MAX_DISPLAYED_CHARS: usize = 2_000;

/// `text` on one line, with control characters, bidirectional overrides and line breaks escaped,
/// and truncated if very long. Text of a server or a file name must not move the cursor or imitate
/// our own output.
pub fn escaped(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(MAX_DISPLAYED_CHARS) else {
        return escaped_whole(text);
    };
    escaped_whole(&text[..end]) + "…"
}

/// [`escaped`] without truncation.
pub fn escaped_whole(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_hostile(c) => {
                // Writing to a `String` cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", c as u32);
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Control characters and characters that are invisible, reorder text, or look like a space: all
/// that Unicode calls default-ignorable, line separators, annotations and the Braille blank.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Encoding of a file that should be text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// No byte order mark; assumed to be UTF-8.
    Plain,
    /// UTF-8 with a byte order mark.
    MarkedUtf8,
    /// UTF-16, with or without a byte order mark.
    Utf16,
}

/// The encoding of a text that starts with `head`.
pub fn encoding(head: &[u8]) -> Encoding {
    if head.starts_with(b"\xef\xbb\xbf") {
        return Encoding::MarkedUtf8;
    }
    // Latin text in UTF-16 has a NUL in each unit, always on the same side.
    let units = head.as_chunks::<2>().0;
    let latin = |nul: usize| {
        units.len() > 1 && units.iter().take(32).all(|unit| unit[nul] == 0 && unit[1 - nul] != 0)
    };
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") || latin(0) || latin(1) {
        return Encoding::Utf16;
    }
    Encoding::Plain
}

/// Decodes a whole file, without its byte order mark.
///
/// # Errors
/// The detected content, phrased to follow the file name.
pub fn decoded(bytes: Vec<u8>) -> Result<String, &'static str> {
    match encoding(&bytes) {
        Encoding::Utf16 => {
            return Err("is UTF-16 text; convert it to UTF-8 with: iconv -f UTF-16 -t UTF-8");
        }
        _ if bytes.contains(&0) => return Err("is binary data, not text"),
        _ => {}
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text")?;
    Ok(text.strip_prefix('\u{feff}').map(ToOwned::to_owned).unwrap_or(text))
}

/// `path`, quoted for a shell.
pub fn shell_quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// Minimum Jaro-Winkler similarity of a suggestion.
const MIN_SIMILARITY: f64 = 0.75;

/// The entry of `known` that is most similar to `word`, if any is similar.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= MIN_SIMILARITY)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(escaped("a\x1b[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb\\nc\\u{202e}d");
        assert_eq!(escaped("Fuß Ж 视频"), "Fuß Ж 视频");
        assert_eq!(escaped(&"x".repeat(5_000)).chars().count(), MAX_DISPLAYED_CHARS + 1);
        // Arabic letter mark, tag, filler, zero width, soft hyphen, variation selector.
        for c in ['\u{61c}', '\u{e0041}', '\u{3164}', '\u{200d}', '\u{ad}', '\u{fe01}'] {
            assert_eq!(escaped(&c.to_string()), format!("\\u{{{:x}}}", c as u32));
        }
    }

    #[test]
    fn text_is_read_whatever_editor_wrote_it() {
        let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(bytes).collect()
        };
        // (bytes, result)
        let table: [(Vec<u8>, Result<&str, &str>); 10] = [
            (b"a = 1\r\n".to_vec(), Ok("a = 1\r\n")),
            (b"\xef\xbb\xbfa = 1".to_vec(), Ok("a = 1")),
            ("Fuß".into(), Ok("Fuß")),
            (vec![], Ok("")),
            (utf16("\u{feff}a = 1", u16::to_le_bytes), Err("UTF-16")),
            (utf16("\u{feff}a = 1", u16::to_be_bytes), Err("UTF-16")),
            (utf16("a = 1", u16::to_le_bytes), Err("UTF-16")),
            (utf16("a = 1", u16::to_be_bytes), Err("UTF-16")),
            (b"a\0b".to_vec(), Err("binary")),
            (b"caf\xe9".to_vec(), Err("not UTF-8")),
        ];
        for (bytes, expected) in table {
            match (decoded(bytes.clone()), expected) {
                (Ok(text), Ok(expected)) => assert_eq!(text, expected),
                (Err(why), Err(word)) => assert!(why.contains(word), "{why}: {bytes:?}"),
                (read, _) => panic!("{read:?}: {bytes:?}"),
            }
        }
    }
}
