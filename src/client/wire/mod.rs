//! Bodies as they travel: what requests are made of, and how answers are read. The only place of
//! the client that knows field names. Answers are read leniently, field by field, since the
//! contract leaves much open: unknown fields are kept, null is absent, and a field of another type
//! than expected does not spoil its neighbours.

pub(super) mod account;
pub(super) mod error;
pub(super) mod fields;
pub(super) mod job;
pub(super) mod request;

/// An answer that cannot be understood, and why, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// In words, for the failure.
    pub(super) why: String,
    /// The answer ends in the middle: the connection broke rather than the contract.
    pub(super) cut: bool,
}

impl Unreadable {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), cut: false }
    }
}

/// Reads an answer's body as JSON.
pub(super) fn parse(body: &[u8]) -> Result<serde_json::Value, Unreadable> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::new("the answer is empty"));
    }
    serde_json::from_slice(body).map_err(|error| {
        if error.is_eof() {
            return Unreadable { why: "the answer ends in the middle".to_owned(), cut: true };
        }
        match error::summary(body) {
            Some(text) => Unreadable::new(format!("the answer is no JSON: {text}")),
            None => Unreadable::new("the answer is no JSON"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_told_apart_from_what_was_cut() {
        assert!(parse(br#"{"id": "a"}"#).is_ok());
        for cut in [r#"{"id": "a"#, r#"{"id""#, "{", "[1,"] {
            assert!(parse(cut.as_bytes()).unwrap_err().cut, "{cut}");
        }
        let page = parse(b"<html><title>Welcome to the hotel</title></html>").unwrap_err();
        assert!(!page.cut);
        assert_eq!(page.why, "the answer is no JSON: Welcome to the hotel");
        assert_eq!(parse(b" \n").unwrap_err().why, "the answer is empty");
        assert!(parse(&b"[".repeat(100_000)).is_err(), "depth is bounded");
    }
}
