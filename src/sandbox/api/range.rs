//! `Range` and `If-Range` (RFC 9110, 14.2 and 13.1.5). Pure.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteSpan {
    Whole,
    /// Inclusive ends.
    Range {
        first: u64,
        last: u64,
    },
    Unsatisfiable,
}

/// The requested part of a body of `whole` bytes. Several or invalid ranges are ignored, as the
/// standard allows.
pub(crate) fn part_of(
    range: Option<&str>,
    if_range: Option<&str>,
    etag: &str,
    whole: u64,
) -> ByteSpan {
    let Some(range) = range else { return ByteSpan::Whole };
    // Never a date: outputs have no modification time.
    if if_range.is_some_and(|validator| validator != etag) {
        return ByteSpan::Whole;
    }
    let Some((first, last)) =
        range.strip_prefix("bytes=").and_then(|set| set.trim().split_once('-'))
    else {
        return ByteSpan::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    let bounds = match (first.is_empty(), last.is_empty()) {
        (false, false) => first.parse().ok().zip(last.parse().ok()),
        (false, true) => first.parse().ok().map(|first| (first, u64::MAX)),
        (true, false) => last.parse().ok().map(|suffix: u64| match suffix {
            0 => (u64::MAX, u64::MAX),
            suffix => (whole.saturating_sub(suffix), u64::MAX),
        }),
        (true, true) => None,
    };
    match bounds {
        None => ByteSpan::Whole,
        Some((first, last)) if first > last => ByteSpan::Whole,
        Some((first, _)) if first >= whole => ByteSpan::Unsatisfiable,
        Some((first, last)) => ByteSpan::Range { first, last: last.min(whole - 1) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_ten_bytes() {
        let range = |first, last| ByteSpan::Range { first, last };
        let table = [
            ("bytes=0-", range(0, 9)),
            ("bytes=4-5", range(4, 5)),
            ("bytes=4-400", range(4, 9)),
            ("bytes=-3", range(7, 9)),
            ("bytes=-30", range(0, 9)),
            ("bytes=10-", ByteSpan::Unsatisfiable),
            ("bytes=-0", ByteSpan::Unsatisfiable),
            ("bytes=5-4", ByteSpan::Whole),
            ("bytes=0-1,4-5", ByteSpan::Whole),
            ("bytes=x-", ByteSpan::Whole),
            ("lines=0-1", ByteSpan::Whole),
        ];
        for (asked, expected) in table {
            assert_eq!(part_of(Some(asked), None, "\"e\"", 10), expected, "{asked}");
        }
        assert_eq!(part_of(Some("bytes=4-"), Some("\"e\""), "\"e\"", 10), range(4, 9));
        assert_eq!(part_of(Some("bytes=4-"), Some("\"old\""), "\"e\"", 10), ByteSpan::Whole);
        assert_eq!(part_of(None, None, "\"e\"", 10), ByteSpan::Whole);
        assert_eq!(part_of(Some("bytes=0-"), None, "\"e\"", 0), ByteSpan::Unsatisfiable);
    }
}
