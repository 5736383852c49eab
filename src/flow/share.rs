//! Which items belong to the share of the key that takes over, while keys are rotated. Pure.

/// Whether an item belongs to the `share` of a hundred that go to the next key: always the same
/// answer for the same item, and whoever is in at a small share stays in at a larger one.
pub(super) fn falls_to_next(item_key: &str, share: u32) -> bool {
    // The item key is a hash in hex, so that its first digits are as good as a random number.
    let digits = item_key.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    digits.is_some_and(|number| number % 100 < share)
}

#[cfg(test)]
mod tests {
    use super::super::plan::item_key;
    use super::*;

    #[test]
    fn a_share_of_items_goes_to_the_next_key_and_stays_there() {
        let items: Vec<_> = (0..2_000).map(|n| item_key("https://a", &n.to_string(), "")).collect();
        let at = |share| items.iter().filter(|item| falls_to_next(item, share)).count();
        assert_eq!((at(0), at(100)), (0, 2_000));
        assert!((150..250).contains(&at(10)), "{}", at(10));
        let grown = items.iter().filter(|i| falls_to_next(i, 10)).all(|i| falls_to_next(i, 30));
        assert!(grown, "a larger share takes nothing back");
    }
}
