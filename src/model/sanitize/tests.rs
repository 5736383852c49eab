use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::text::is_hostile;

const KEY: &str = "sk-Live_4f/9+Zq";

fn sanitizer() -> Sanitizer {
    let sanitizer = Sanitizer::default();
    sanitizer.add(KEY);
    sanitizer
}

/// Every character of `text`, encoded by `write`.
fn each(text: &str, write: impl Fn(u8) -> String) -> String {
    text.bytes().map(write).collect()
}

#[test]
fn a_secret_is_hidden_in_every_encoding() {
    let base64 = |text: &str| base64::prelude::BASE64_STANDARD.encode(text);
    let forms = [
        KEY.to_owned(),
        KEY.to_uppercase(),
        KEY.to_lowercase(),
        "sk-Live_4f%2F9%2BZq".to_owned(),
        "sk-Live_4f%2f9%2bZq".to_owned(),
        "sk-Live_4f%252F9%252BZq".to_owned(),
        each(KEY, |byte| format!("%{byte:02x}")),
        each(KEY, |byte| format!("%{byte:02X}")),
        each(KEY, |byte| format!("\\u{byte:04x}")),
        each(KEY, |byte| format!("\\u{byte:04X}")),
        each(KEY, |byte| format!("\\u{{{byte:x}}}")),
        each(KEY, |byte| format!("\\x{byte:02x}")),
        each(KEY, |byte| format!("&#{byte};")),
        each(KEY, |byte| format!("&#x{byte:X};")),
        "sk-Live_4f\\/9+Zq".to_owned(),
        "sk-Live_4f\\\\/9+Zq".to_owned(),
        hex::encode(KEY),
        hex::encode_upper(KEY),
        base64(KEY),
        base64(&format!("{KEY}:")),
        base64(&format!("x{KEY}")),
        base64(&format!("X-Api-Key: {KEY}\r\nHost: a")),
        BASE64_URL_SAFE_NO_PAD.encode(format!("ab{KEY}>?")),
        KEY.chars().flat_map(|c| [c, '\u{200b}']).collect(),
        KEY.chars().flat_map(|c| [c, '\u{e0041}']).collect(),
    ];
    for form in forms {
        for text in [form.clone(), format!("it was <{form}>, sadly"), format!("é{form}")] {
            let shown = sanitizer().clean(&text);
            assert!(shown.contains(HIDDEN), "{text}: {shown}");
            assert!(!shown.contains(&form), "{text}: {shown}");
            assert!(sanitizer().holds_secret(&text), "{text}");
        }
    }
    // Very short secrets would match everywhere.
    let short = Sanitizer::default();
    short.add("job");
    assert_eq!(short.clean("job 17"), "job 17");
    assert_eq!(short.clean(KEY), KEY);
}

#[test]
fn the_credentials_of_a_proxy_are_secrets() {
    let sanitizer = Sanitizer::default();
    sanitizer.add_credentials_of("http://jo%40x:planted%2Fpass@proxy:1");
    for form in ["planted/pass", "planted%2Fpass", "jo@x:planted/pass", "am9AeDpwbGFudGVkL3Bhc3M="]
    {
        assert_eq!(sanitizer.clean(form), HIDDEN, "{form}");
    }
    sanitizer.add_credentials_of("http://proxy:1");
    assert_eq!(sanitizer.clean("proxy:1"), "proxy:1");
}

#[test]
fn links_are_cut_to_their_host() {
    let table = [
        ("see https://cdn.example", "see https://cdn.example"),
        ("see https://cdn.example/.", "see https://cdn.example/."),
        ("at https://cdn.example/b?sig=s3cret, twice", "at https://cdn.example/…, twice"),
        ("at HTTPS://CDN.example:8443/b?sig=s3cret", "at https://cdn.example:8443/…"),
        ("'http://u:s3cret@a.example/' x", "'http://a.example' x"),
        ("(https://a.example/p?sig=s3cret)", "(https://a.example/…)"),
        (
            "[link](https://a.example/p(1)?sig=(s3cret)[s3cret]) end",
            "[link](https://a.example/…) end",
        ),
        ("<https://[::1]:80/?x=[s3cret]>", "<https://[::1]:80/…>"),
        ("https://a.example/my%20clip?sig=s3cret now", "https://a.example/… now"),
        ("//cdn.example/b?sig=s3cret", "//cdn.example/…"),
        ("src=//cdn.example/s3cret", "src=//cdn.example/…"),
        ("s3://bucket/s3cret", "s3://bucket/…"),
        ("https:\\/\\/cdn.example\\/b?sig=s3cret", "https://cdn.example/…"),
        ("u=https%3A%2F%2Fcdn.example%2Fb%3Fsig%3Ds3cret end", "u=https://cdn.example/… end"),
        ("https&#58;//cdn.example/s3cret", "https://cdn.example/…"),
        (r#"{"u":"https://a.example/s3cret","n":1}"#, r#"{"u":"https://a.example/…","n":1}"#),
        ("https://u:pa/s3cret@host/x", "https://(hidden)/…"),
        ("https://a.example/x#s3cret", "https://a.example/…"),
        ("a//b and 1//2, // no link", "a//b and 1//2, // no link"),
        ("and/or https://", "and/or https://"),
        ("/files/a.webm?sig=s3cret&x=1 gone", "/files/a.webm?… gone"),
        ("cdn.example/a.webm?X-Amz-Signature=s3cret", "cdn.example/a.webm?…"),
        ("really? yes=no", "really? yes=no"),
    ];
    for (text, expected) in table {
        assert_eq!(Sanitizer::default().clean(text), expected, "{text}");
    }
}

#[test]
fn values_of_sensitive_names_are_hidden() {
    let table = [
        ("sig=s3cret", "sig=(hidden)"),
        ("Signature=s3cret&Expires=1 end", "Signature=(hidden) end"),
        ("a x-amz-signature=s3cret", "a x-amz-signature=(hidden)"),
        ("sig%3Ds3cret", "sig%3D(hidden)"),
        ("accessToken = s3cret", "accessToken = (hidden)"),
        (r#"{"signature":"s3cret-12345"}"#, r#"{"signature":"(hidden)"}"#),
        ("token='s3cret s3cret' end", "token='(hidden)' end"),
        ("Authorization: Bearer s3cret", "Authorization: (hidden)"),
        ("Bearer abcdef123456 x", "Bearer (hidden) x"),
        ("v=AbCdEfGhIjKlMnOpQrStUv0123", "v=(hidden)"),
        // Harmless text is unchanged.
        ("unknown field: model", "unknown field: model"),
        ("the signature: mismatch", "the signature: mismatch"),
        (
            "job_id=4c6bf92f-3577-b34d-a6a3-ce929d0e0e47",
            "job_id=4c6bf92f-3577-b34d-a6a3-ce929d0e0e47",
        ),
        ("width=1920 and height=1080", "width=1920 and height=1080"),
        ("2026-01-31T12:05:09Z", "2026-01-31T12:05:09Z"),
        ("Basic plan", "Basic plan"),
    ];
    for (text, expected) in table {
        assert_eq!(Sanitizer::default().clean(text), expected, "{text}");
    }
}

#[test]
fn identifiers_are_taken_as_they_are_or_not_at_all() {
    let sanitizer = sanitizer();
    for fine in ["job_17", "4c6bf92f-3577-b34d-a6a3-ce929d0e0e47", "a/b", "17"] {
        assert_eq!(sanitizer.identifier(fine), Some(fine));
    }
    for bad in [
        "",
        " ",
        "a\u{1b}[2J",
        "a\u{202e}b",
        "x?sig=1",
        "//h/x",
        KEY,
        &KEY.to_uppercase(),
        &"x".repeat(201),
    ] {
        assert_eq!(sanitizer.identifier(bad), None, "{bad:?}");
    }
}

#[test]
fn what_is_kept_of_an_answer_opens_nothing() {
    let mut answer = json!({
        "output_url": "https://cdn.example/a?sig=s3cret",
        "admin_token": "s3cret",
        "deep": [{"preview": "https://cdn.example/p?sig=s3cret", "output_url": "https://cdn.example/b?sig=1"}],
        "billing": {"output_url": "https://cdn.example/b?sig=1", "n": 1.5},
        "note": format!("key {KEY}\u{202e}"),
        KEY: null,
    });
    sanitizer().clean_json(&mut answer);
    assert_eq!(answer["output_url"], "https://cdn.example/a?sig=s3cret");
    assert_eq!(answer["deep"][0]["output_url"], "https://cdn.example/b?sig=1");
    assert_eq!(
        without_links(answer),
        json!({
            "deep": [{"preview": "https://cdn.example/…"}],
            "billing": {"n": 1.5},
            "note": "key (hidden)\\u{202e}",
            "(hidden)": null,
        })
    );
}

#[test]
fn long_texts_are_cut_and_no_secret_with_them() {
    let before = "x ".repeat(TEXT_MAX / 2 - 3);
    let shown = sanitizer().clean(&format!("{before}{KEY} and more"));
    assert!(shown.ends_with("(hidden)…"), "{}", &shown[shown.len() - 40..]);
    assert!(shown.len() < TEXT_MAX + 40);
}

proptest! {
    #[test]
    fn no_text_can_panic_and_a_secret_never_stays(
        before in "[%&#;x0-9a-f\\\\u{}:/?=@. é\u{200b}\\[\\]\"']{0,30}",
        after in ".{0,30}",
    ) {
        let text = format!("{before} {KEY} {after}");
        let shown = sanitizer().clean(&text);
        prop_assert!(!shown.to_ascii_lowercase().contains(&KEY.to_ascii_lowercase()), "{shown}");
        prop_assert!(!shown.chars().any(is_hostile), "{shown:?}");
        // Sanitizing is idempotent unless the text contained escapes.
        let _ = sanitizer().clean(&before);
    }
}
