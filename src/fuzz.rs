//! The parsers of foreign bytes, each as a function of any bytes. None may panic, loop or allocate
//! without bound, for any input.
//!
//! The unit test below gives every target a bounded number of mutations of valid input, always the
//! same ones. `cargo fuzz` (`tests/fuzz`) searches with the coverage of the code as its guide.

use std::io::Cursor;

use crate::client::{fuzz_response, request::backoff::retry_after, webhook};
use crate::flow::{InputList, RunOptions};
use crate::ledger::fuzz_columns;
use crate::media;
use crate::model::limits::{HostLimits, KeyLimits};
use crate::model::text::escaped;
use crate::model::{ApiKey, Sanitizer, Timestamp};
use crate::sandbox::Scenario;
use crate::settings::fuzz_config;

/// A parser, and valid input for it.
pub struct FuzzTarget {
    pub name: &'static str,
    pub run: fn(&[u8]),
    pub seeds: &'static [&'static [u8]],
}

/// Runs the target with this name.
///
/// # Panics
/// If there is no such target, or the parser panics.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.unwrap_or_else(|| panic!("no fuzz target {name}")).run)(bytes);
}

pub const TARGETS: &[FuzzTarget] = &[
    FuzzTarget { name: "response", run: fuzz_response, seeds: RESPONSES },
    FuzzTarget { name: "headers", run: headers, seeds: HEADERS },
    FuzzTarget { name: "webhook", run: webhook, seeds: WEBHOOKS },
    FuzzTarget { name: "container", run: media::fuzz_container, seeds: CLIPS },
    FuzzTarget { name: "archive", run: media::fuzz_archive, seeds: ARCHIVES },
    FuzzTarget { name: "picture", run: media::fuzz_picture, seeds: PICTURES },
    FuzzTarget { name: "config", run: fuzz_config, seeds: CONFIGS },
    FuzzTarget { name: "scenario", run: scenario, seeds: SCENARIOS },
    FuzzTarget { name: "input_list", run: input_list, seeds: LISTS },
    FuzzTarget { name: "columns", run: columns, seeds: COLUMNS },
];

/// The first line is `Retry-After`, the second one `Date`.
fn headers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let _ = retry_after(lines.next().unwrap_or_default(), lines.next(), Timestamp(0));
    assert!(!escaped(&text).chars().any(char::is_control), "foreign text is cleaned");
}

/// Headers up to an empty line, then the body.
fn webhook(bytes: &[u8]) {
    let split = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = split.map_or((bytes, &b""[..]), |at| (&bytes[..at], &bytes[at + 2..]));
    let head = String::from_utf8_lossy(head).into_owned();
    let headers = webhook::WebhookHeaders::read(|name| {
        let mut pairs = head.lines().filter_map(|line| line.split_once(": "));
        pairs.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    });
    let (secret, now) = (ApiKey::new("whsec_fuzz"), Timestamp(1_000));
    let age = std::time::Duration::from_mins(5);
    let _ = webhook::verify(&headers, body, &secret, now, age, &Sanitizer::default());
    let _ = webhook::explain(&headers, body, &secret, now, age);
    webhook::fuzz_body(&headers, body);
}

fn scenario(bytes: &[u8]) {
    let _ = Scenario::parse(&String::from_utf8_lossy(bytes));
}

fn input_list(bytes: &[u8]) {
    for nul in [false, true] {
        let reader = Box::new(Cursor::new(bytes.to_vec()));
        let _ = InputList { path: None, reader, nul }.read(&mut |_| Ok(()));
    }
}

fn columns(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    fuzz_columns(&text);
    let _ = RunOptions::of_batch(&text);
    let _ = serde_json::from_str::<KeyLimits>(&text);
    let _ = serde_json::from_str::<HostLimits>(&text);
}

const RESPONSES: &[&[u8]] = &[
    br#"{"job_id":"job_1","status":"processing","progress":41.5,"billing":{"credits":1.5},
        "created_at":"2026-01-02T03:04:05Z","notes":["a","b"]}"#,
    br#"{"id":"job_2","status":"completed","outputs":[{"url":"https://cdn.example/a.webm?x=1",
        "expires_at":"2026-01-02T03:04:05"}],"output_url":"/v1/outputs/a.webm"}"#,
    br#"{"jobs":[{"id":"a","status":"pending"},{"job_id":"b","status":"failed",
        "error":{"code":"bad_input","message":"no"}}],"total":2,"limit":100,"offset":0}"#,
    br#"{"data":[{"id":"a"}],"next":null}"#,
    br#"{"error":{"code":"insufficient_credits","message":"top up","request_id":"req_1"}}"#,
    br#"{"upload_id":"up_1","video_url":"https://cdn.example/up_1"}"#,
    br#"{"credits_remaining":12.5,"used":{"total":3},"days":[{"date":"2026-01-02","credits":1}]}"#,
    br#"{"events":[{"job_id":"a","credits":1,"at":"2026-01-02T03:04:05Z"}],"total":1}"#,
    br#"{"keys":[{"fingerprint":"abc","client_id":"me","enabled":true}],"api_key":"k"}"#,
    b"<html><body>502 Bad Gateway</body></html>",
];

const HEADERS: &[&[u8]] = &[
    b"120",
    b"1.5",
    b"Wed, 21 Oct 2026 07:28:00 GMT\nWed, 21 Oct 2026 07:27:30 GMT",
    b"-1\nnever",
];

const WEBHOOKS: &[&[u8]] = &[
    b"X-Webhook-Event: job.completed\nX-Webhook-Delivery-Id: d-1\n\
      X-Webhook-Timestamp: 1970-01-01T00:00:01Z\nX-Webhook-Signature: sha256=00ff\n\n\
      {\"event\":\"job.completed\",\"data\":{\"job_id\":\"job_1\",\"status\":\"completed\"}}",
    b"X-Webhook-Signature: sha256=zz\n\n{}",
];

const CLIPS: &[&[u8]] = &[
    include_bytes!("../tests/media/plain.mp4"),
    include_bytes!("../tests/media/fragmented.mp4"),
    include_bytes!("../tests/media/clear-rle.mov"),
    include_bytes!("../tests/media/clear.webm"),
    include_bytes!("../tests/media/plain.mkv"),
    include_bytes!("../tests/media/plain.avi"),
    include_bytes!("../tests/media/plain.gif"),
    include_bytes!("../tests/media/clear.webp"),
];

const PICTURES: &[&[u8]] = &[
    include_bytes!("../tests/media/clear.png"),
    include_bytes!("../tests/media/opaque.png"),
    include_bytes!("../tests/media/plain.gif"),
    include_bytes!("../tests/media/plain.webp"),
];

/// A stored ZIP with one empty file, and the first block of a tar.
#[expect(clippy::octal_escapes, reason = "NUL, then octal digits, as tar has them")]
const ARCHIVES: &[&[u8]] = &[
    b"PK\x03\x04\x0a\0\0\0\0\0\0\0\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0a.png\
      PK\x01\x02\x14\x03\x0a\0\0\0\0\0\0\0\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\
      \xa4\x81\0\0\0\0a.pngPK\x05\x06\0\0\0\0\x01\0\x01\0\x33\0\0\0\x23\0\0\0\0\0",
    b"a.png\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
      \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
      \0\0\0\0\0\0\0\0\0000644\x000001750\x000001750\x0000000000000\x0014500000000\x00011234\0 0",
];

const CONFIGS: &[&[u8]] = &[
    include_bytes!("../config.example.toml"),
    b"default_profile = \"a\"\n[profiles.a]\nbase_url = \"https://x.example\"\napi_key_env = \"K\"\n\
      [profiles.a.timing]\nsettle = \"2m 30s\"\n[profiles.a.limits]\nin_flight_max = 3\n",
];

const SCENARIOS: &[&[u8]] = &[
    b"[limits]\nin_flight = 2\n[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 2\n\
      do = { reset = \"after\" }\n",
    b"[[fault]]\nname = \"dead links\"\non = \"GET /outputs/**\"\nprobability = 0.1\n\
      do = [{ cut = { at = \"50%\" } }, \"revoke_link\"]\n\
      [[fault]]\non = \"* /v1/**\"\nafter = \"20s\"\nuntil = \"30s\"\n\
      do = { answer = { status = 503, body = \"html\" } }\n",
];

const LISTS: &[&[u8]] =
    &[b"a.mp4\nb c.mp4\r\nhttps://x.example/y.mp4\n", b"\xef\xbb\xbfa\0b\0", b"\xff\xfea\0\n\0"];

const COLUMNS: &[&[u8]] = &[
    br#"{"model":"pro","format":"png_sequence","background":{"image_file":"61ff"},"tags":{"k":"v"}}"#,
    br#"{"kind":"unavailable","what":"a","why":"b","delivery":"ambiguous","attempts":1,"elapsed_ms":9}"#,
    br#"{"goal":"start","in_flight":3,"max_credits":9.5,"overwrite":true}"#,
    br#"{"submissions":{"rate":2.5,"cut_at":7},"jobs":{"size":8},"page_size":50}"#,
    br#"{"phase":{"open":{"until":5}},"good":1.5,"bad":2.5}"#,
];

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    /// One to eight edits: a byte, a number at its limits, a part removed, repeated or from another
    /// seed.
    fn mutated(seeds: &[&[u8]], dice: &mut fastrand::Rng) -> Vec<u8> {
        let mut bytes = dice.choice(seeds).unwrap().to_vec();
        for _ in 0..dice.usize(1..=8) {
            let at = dice.usize(0..=bytes.len());
            let length = dice.usize(0..=(bytes.len() - at).min(64));
            match dice.u8(0..6) {
                0 if at < bytes.len() => bytes[at] = dice.u8(..),
                1 if at < bytes.len() => bytes[at] ^= 1 << dice.u8(0..8),
                2 => {
                    let limits: [u32; 5] = [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX];
                    let number = dice.choice(limits).unwrap().to_be_bytes();
                    for (to, from) in bytes[at..].iter_mut().zip(number) {
                        *to = from;
                    }
                }
                3 => drop(bytes.drain(at..at + length)),
                4 => {
                    let part = bytes[at..at + length].to_vec();
                    bytes.splice(at..at, part);
                }
                _ => {
                    let other = dice.choice(seeds).unwrap();
                    let from = dice.usize(0..=other.len());
                    let part = &other[from..(from + 64).min(other.len())];
                    bytes.splice(at..at, part.iter().copied());
                }
            }
        }
        bytes
    }

    #[test]
    fn no_parser_panics_on_mutated_input() {
        for (number, target) in TARGETS.iter().enumerate() {
            let mut dice = fastrand::Rng::with_seed(number as u64);
            for round in 0..1_500 {
                let bytes = match target.seeds.get(round) {
                    Some(seed) => seed.to_vec(),
                    None => mutated(target.seeds, &mut dice),
                };
                let ran = catch_unwind(AssertUnwindSafe(|| (target.run)(&bytes)));
                assert!(ran.is_ok(), "{} panics on {}", target.name, hex::encode(&bytes));
            }
        }
    }

    #[test]
    fn the_seeds_of_text_formats_are_valid() {
        for seed in SCENARIOS {
            let text = std::str::from_utf8(seed).unwrap();
            if let Err(error) = Scenario::parse(text) {
                panic!("{text}\n{error}");
            }
        }
        for seed in COLUMNS {
            assert!(serde_json::from_slice::<serde_json::Value>(seed).is_ok());
        }
        assert!(RunOptions::of_batch(std::str::from_utf8(COLUMNS[2]).unwrap()).is_ok());
    }

    #[test]
    fn every_target_is_one_of_cargo_fuzz() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        for target in TARGETS {
            let file = format!("fuzz_targets/{}.rs", target.name);
            let code = std::fs::read_to_string(folder.join(&file)).unwrap();
            assert!(code.contains(&format!("rbgv::fuzz::run(\"{}\"", target.name)), "{file}");
            assert!(manifest.contains(&format!("path = \"{file}\"")), "{file}");
        }
        let files = std::fs::read_dir(folder.join("fuzz_targets")).unwrap().count();
        assert_eq!(files, TARGETS.len());
    }
}
