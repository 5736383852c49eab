//! Parsing of responses as JSON, bounded and sanitized.

use crate::model::Sanitizer;

/// A response that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// The reason, for the failure.
    pub(crate) why: String,
    /// The body is incomplete: the connection broke, and the service may conform to the contract.
    pub(crate) cut: bool,
}

impl Unreadable {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), cut: false }
    }
}

/// Maximum JSON values in a response. A job has about twenty, of 25 bytes each; a list of empty
/// objects takes a hundred times the memory of its text.
const VALUES_MAX: usize = 200_000;

/// Longest excerpt of an unstructured response, in characters.
pub(crate) const SUMMARY_MAX: usize = 200;

pub(crate) fn parse(body: &[u8], sanitizer: &Sanitizer) -> Result<serde_json::Value, Unreadable> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::new("the response is empty"));
    }
    check_values(body)?;
    let mut response = serde_json::from_slice(body).map_err(|error| {
        if error.is_eof() {
            return Unreadable { why: "the response is incomplete".to_owned(), cut: true };
        }
        match summary(body, sanitizer) {
            Some(text) => Unreadable::new(format!("the response is not JSON: {text}")),
            None => Unreadable::new("the response is not JSON"),
        }
    })?;
    sanitizer.clean_json(&mut response);
    Ok(response)
}

/// Rejects a response that would take far more memory than its text.
fn check_values(body: &[u8]) -> Result<(), Unreadable> {
    let (mut values, mut in_text, mut escaped) = (1, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => values += 1,
            _ => {}
        }
    }
    if values > VALUES_MAX {
        return Err(Unreadable::new(format!("the answer has more than {VALUES_MAX} values")));
    }
    Ok(())
}

/// A summary of an unstructured response: the title of a page, or the start of a text.
pub(crate) fn summary(body: &[u8], sanitizer: &Sanitizer) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let page = text.trim_start();
    let plain = if page.starts_with('<') {
        between(page, "<title", "</title").or_else(|| between(page, "<h1", "</h1"))?
    } else {
        page.to_owned()
    };
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    // Sanitized before it is truncated: a part of a secret is not recognised.
    let words = sanitizer.clean(&words);
    if words.is_empty() {
        return None;
    }
    let mut cut: String = words.chars().take(SUMMARY_MAX).collect();
    if cut.len() < words.len() {
        cut.push('…');
    }
    Some(cut)
}

/// The text of the first element that opens with `open`, ignoring case.
fn between(page: &str, open: &str, close: &str) -> Option<String> {
    // ASCII lowercase preserves all byte positions.
    let lower = page.to_ascii_lowercase();
    let opened = lower.find(open)?;
    let start = opened + lower[opened..].find('>')? + 1;
    let end = start + lower[start..].find(close)?;
    Some(page[start..end].to_owned()).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_told_apart_from_what_was_cut() {
        let parse = |body: &[u8]| parse(body, &Sanitizer::default());
        assert!(parse(br#"{"id": "a"}"#).is_ok());
        for cut in [r#"{"id": "a"#, r#"{"id""#, "{", "[1,"] {
            assert!(parse(cut.as_bytes()).unwrap_err().cut, "{cut}");
        }
        let page = parse(b"<html><title>Welcome to the hotel</title></html>").unwrap_err();
        assert!(!page.cut);
        assert_eq!(page.why, "the response is not JSON: Welcome to the hotel");
        assert_eq!(parse(b" \n").unwrap_err().why, "the response is empty");
        assert!(parse(&b"[".repeat(100_000)).is_err(), "depth is bounded");
    }

    #[test]
    fn an_answer_of_nothing_but_small_values_is_refused_before_it_takes_memory() {
        let parse = |body: &str| parse(body.as_bytes(), &Sanitizer::default());
        for piece in ["[],", "{},", "0,", "[[]],"] {
            let many = format!("[{}0]", piece.repeat(4_000_000 / piece.len()));
            assert!(parse(&many).unwrap_err().why.contains("values"), "{piece}");
        }
        let one = format!("[{}{{\"a\":1}}]", "{\"a\":1},".repeat(300_000));
        assert!(parse(&one).is_err());
        // Commas and brackets inside strings do not count.
        assert!(parse(&format!("[\"{}\"]", "[,\\\",".repeat(300_000))).is_ok());
        let job = r#"{"id": "job_17", "status": "completed", "progress": 100, "error": null},"#;
        assert!(parse(&format!("[{}0]", job.repeat(8_000))).is_ok());
    }
}
