//! Known secrets, and where they are in a text.

use std::ops::Range;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use super::view::TextUnit;

/// Minimum length of encoded forms, in bytes.
const ENCODED_MIN: usize = 8;

/// A searchable form of a secret, in lower case.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SecretForm {
    pub(super) text: String,
    /// Hexadecimal or Base64: the encoded text around the secret is hidden too.
    pub(super) encoded: bool,
}

/// The forms in which a secret is searched. Percent, JSON and HTML escapes and letter case are
/// handled by the view.
pub(super) fn forms(secret: &str) -> Vec<SecretForm> {
    let plain = SecretForm { text: secret.to_ascii_lowercase(), encoded: false };
    let mut forms = vec![plain, SecretForm { text: hex::encode(secret), encoded: true }];
    // In a longer Base64 text, a secret starts at one of three offsets.
    for offset in 0..3 {
        let padded = [&vec![0; offset], secret.as_bytes()].concat();
        // Characters that depend only on the secret.
        let core = (offset * 8).div_ceil(6)..padded.len() * 8 / 6;
        for encoded in
            [BASE64_STANDARD_NO_PAD.encode(&padded), BASE64_URL_SAFE_NO_PAD.encode(&padded)]
        {
            let text = encoded.get(core.clone()).unwrap_or_default().to_ascii_lowercase();
            if text.len() >= ENCODED_MIN {
                forms.push(SecretForm { text, encoded: true });
            }
        }
    }
    forms
}

/// Byte ranges of `known` secrets in the original of a view.
pub(super) fn secrets_in(units: &[TextUnit], known: &[SecretForm]) -> Vec<Range<usize>> {
    let mut text = String::with_capacity(units.len());
    let mut unit_at = Vec::with_capacity(units.len());
    for (index, unit) in units.iter().enumerate() {
        let c = unit.c.to_ascii_lowercase();
        text.push(c);
        unit_at.extend(std::iter::repeat_n(index, c.len_utf8()));
    }
    let is_encoded = |unit: &TextUnit| {
        unit.c.is_ascii_alphanumeric() || matches!(unit.c, '+' | '/' | '_' | '-' | '=')
    };
    let mut found = Vec::new();
    for form in known.iter().filter(|form| form.text.len() <= text.len()) {
        let mut from = 0;
        while let Some(at) = text[from..].find(&form.text) {
            let (mut first, mut last) =
                (unit_at[from + at], unit_at[from + at + form.text.len() - 1]);
            if form.encoded {
                while first > 0 && is_encoded(&units[first - 1]) {
                    first -= 1;
                }
                while units.get(last + 1).is_some_and(is_encoded) {
                    last += 1;
                }
            }
            found.push(units[first].start..units[last].end);
            from += at + form.text.len();
        }
    }
    found
}
