//! Changes to the bytes of a clip, by the structure of its container.

use std::ops::Range;

pub(crate) fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|window| window == what).unwrap()
}

pub(crate) fn find_last(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).rposition(|window| window == what).unwrap()
}

/// `bytes` with `new` at `at`.
pub(crate) fn with(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

pub(crate) fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

pub(crate) fn le32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn size(bytes: &[u8], at: usize) -> usize {
    be32(bytes, at) as usize
}

/// Boxes of MP4 in `range`: where each begins and ends.
pub(crate) fn boxes(bytes: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
    let (mut at, mut all) = (range.start, Vec::new());
    while at + 8 <= range.end {
        let next = at + size(bytes, at).max(8);
        all.push(at..next);
        at = next;
    }
    all
}

/// The box at the end of `path`, the `nth` of its name at its last step.
pub(crate) fn atom(bytes: &[u8], path: &[&[u8; 4]], nth: usize) -> Range<usize> {
    let mut range = 0..bytes.len();
    for (depth, name) in path.iter().enumerate() {
        let skip = if depth + 1 == path.len() { nth } else { 0 };
        let start = if depth == 0 { 0 } else { range.start + 8 };
        range = boxes(bytes, start..range.end)
            .into_iter()
            .filter(|one| &bytes[one.start + 4..one.start + 8] == *name)
            .nth(skip)
            .unwrap();
    }
    range
}

/// `bytes` with `new` inserted at `at`, inside the boxes that begin at `parents`: they grow.
pub(crate) fn inserted(bytes: &[u8], at: usize, new: &[u8], parents: &[usize]) -> Vec<u8> {
    let mut all = bytes.to_vec();
    for parent in parents {
        let grown = be32(bytes, *parent) + u32::try_from(new.len()).unwrap();
        all[*parent..*parent + 4].copy_from_slice(&grown.to_be_bytes());
    }
    all.splice(at..at, new.iter().copied());
    all
}

/// `bytes` without the part `cut`, which is a whole box at the top.
pub(crate) fn without(bytes: &[u8], cut: Range<usize>) -> Vec<u8> {
    [&bytes[..cut.start], &bytes[cut.end..]].concat()
}
