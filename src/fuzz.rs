//! The parsers of foreign bytes, each as a function of any bytes. None may panic, loop or allocate
//! without bound, for any input.
//!
//! The unit test below gives every target a bounded number of mutations of valid input, always the
//! same ones. `cargo fuzz` (`tests/fuzz`) searches with the coverage of the code as its guide.

use std::io::Cursor;

use crate::cli::fuzz_row_template;
use crate::client::{
    fuzz_content_range, fuzz_encoding, fuzz_limits, fuzz_page, fuzz_response,
    request::backoff::retry_after, webhook,
};
use crate::flow::{InputList, RunOptions, fuzz_address, fuzz_jobs, fuzz_template};
use crate::ledger::{PostgresAddress, fuzz_columns};
use crate::media;
use crate::model::limits::KeyLimits;
use crate::model::text::escaped;
use crate::model::{ApiKey, ObjectUrl, Sanitizer, Target, Timestamp};
use crate::sandbox::{FaultRule, Scenario, fuzz_request};
use crate::settings::{fuzz_config, parse_base_url};
use crate::store::fuzz_store;

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
    FuzzTarget { name: "response", run: response, seeds: RESPONSES },
    FuzzTarget { name: "headers", run: headers, seeds: HEADERS },
    FuzzTarget { name: "encoding", run: encoding, seeds: ENCODED },
    FuzzTarget { name: "store", run: store, seeds: STORES },
    FuzzTarget { name: "webhook", run: webhook, seeds: WEBHOOKS },
    FuzzTarget { name: "container", run: media::fuzz_container, seeds: CLIPS },
    FuzzTarget { name: "archive", run: media::fuzz_archive, seeds: ARCHIVES },
    FuzzTarget { name: "picture", run: media::fuzz_picture, seeds: PICTURES },
    FuzzTarget { name: "config", run: config, seeds: CONFIGS },
    FuzzTarget { name: "address", run: address, seeds: ADDRESSES },
    FuzzTarget { name: "template", run: template, seeds: TEMPLATES },
    FuzzTarget { name: "scenario", run: scenario, seeds: SCENARIOS },
    FuzzTarget { name: "fault", run: fault, seeds: FAULTS },
    FuzzTarget { name: "request", run: fuzz_request, seeds: REQUESTS },
    FuzzTarget { name: "input_list", run: input_list, seeds: LISTS },
    FuzzTarget { name: "columns", run: columns, seeds: COLUMNS },
];

/// Runs a future on this thread.
fn block_on(future: impl Future<Output = ()>) {
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
        runtime.block_on(future);
    }
}

fn response(bytes: &[u8]) {
    fuzz_response(bytes);
    if let Some(page) = fuzz_page(bytes) {
        fuzz_jobs(page);
    }
}

/// The first line is `Retry-After` or `Content-Range`, the second one `Date`.
fn headers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    fuzz_content_range(first);
    let _ = retry_after(first, lines.next(), Timestamp(0));
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

fn encoding(bytes: &[u8]) {
    block_on(fuzz_encoding(bytes));
}

fn store(bytes: &[u8]) {
    block_on(fuzz_store(bytes));
}

fn config(bytes: &[u8]) {
    fuzz_config(&String::from_utf8_lossy(bytes));
}

fn address(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    fuzz_address(&text);
    let _ = parse_base_url(&text, true);
    if let Some(Ok(url)) = ObjectUrl::parse(&text) {
        let target = Target::Object(url);
        assert_eq!(Target::from_bytes(target.to_bytes()), target);
    }
    if let Ok(address) = PostgresAddress::parse(&text, None) {
        let password = address.password().filter(|password| password.len() > 8);
        let shown = address.to_string();
        assert!(password.is_none_or(|password| !shown.contains(&password)), "{shown}");
    }
}

fn template(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    fuzz_template(&text);
    fuzz_row_template(&text);
}

fn scenario(bytes: &[u8]) {
    let _ = Scenario::parse(&String::from_utf8_lossy(bytes));
}

/// The argument of `--fault`.
fn fault(bytes: &[u8]) {
    let _ = FaultRule::parse(&String::from_utf8_lossy(bytes));
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
    let (key, host) = (serde_json::from_str::<KeyLimits>(&text), serde_json::from_str(&text));
    if key.is_ok() || host.is_ok() {
        fuzz_limits(&key.unwrap_or_default(), host.unwrap_or_default());
    }
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
    b"bytes 5-9/10",
];

/// The size of pieces, then a stream.
const ENCODED: &[&[u8]] = &[
    b"\x05\x1f\x8b\x08\0\0\0\0\0\x02\x03\xabVJI,IT\xb22\xac\x05\0\xc6I\x8b\xc7\x0a\0\0\0",
    b"\x01x\x9c\xabVJI,IT\xb22\xac\x05\0\x12\x83\x03B",
    b"\xff\xabVJI,IT\xb22\xac\x05\0",
];

/// Status, headers, body.
const STORES: &[&[u8]] = &[
    b"200\nContent-Type: application/xml\n\n<?xml version=\"1.0\"?><ListBucketResult>\
      <Name>b</Name><Prefix>in/</Prefix><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>\
      <Contents><Key>in/a b.mp4</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>\
      <ETag>\"1\"</ETag><Size>7</Size></Contents><NextContinuationToken>t</NextContinuationToken>\
      <CommonPrefixes><Prefix>in/x/</Prefix></CommonPrefixes></ListBucketResult>",
    b"200\n\n<?xml version=\"1.0\"?><EnumerationResults ContainerName=\"b\"><Prefix>in/</Prefix>\
      <Blobs><Blob><Name>in/a.mp4</Name><Properties><Last-Modified>Fri, 02 Jan 2026 03:04:05 GMT\
      </Last-Modified><Content-Length>7</Content-Length><Etag>0x1</Etag></Properties></Blob>\
      </Blobs><NextMarker/></EnumerationResults>",
    b"403\n\n<Error><Code>AccessDenied</Code><Message>no</Message><Key>in/k</Key></Error>",
    b"404\n\n<Error><Code>NoSuchBucket</Code></Error>",
    b"301\nx-amz-bucket-region: eu-west-1\n\n",
    b"200\nContent-Length: 1\nLast-Modified: Fri, 02 Jan 2026 03:04:05 GMT\nETag: \"1\"\n\
      x-amz-meta-rbgv-sha256: 00\n\nx",
    b"200\n\n{\"access_token\":\"t\",\"expires_in\":3600,\"expires_on\":\"1\",\"token_type\":\"Bearer\"}",
    b"200\n\n{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Token\":\"T\",\"Expiration\":\
      \"2026-01-02T03:04:05Z\",\"Code\":\"Success\"}",
    b"200\n\n{\"type\":\"service_account\",\"private_key_id\":\"1\",\"private_key\":\"-----BEGIN \
      PRIVATE KEY-----\\nMAA=\\n-----END PRIVATE KEY-----\",\"client_email\":\"a@b\"}",
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

const ADDRESSES: &[&[u8]] = &[
    b"postgres://user:p%40ss@db.example:5433,[::1]/rbgv?sslmode=verify-full&sslrootcert=%2Fa.pem",
    b"postgresql://%2Frun%2Fpostgresql/rbgv?host=a&port=1,2&connect_timeout=1&options=-c%20x",
    b"s3://bucket/in/a b.mp4",
    b"az://container/in/**/*.mp4",
    b"HTTPS://user@api.example:8443/base/v1?x#y",
    b"file:///etc/it's%20a.mp4",
];

/// A template, then an input.
const TEMPLATES: &[&[u8]] = &[
    b"{folder}-{stem}-{ending}_{model}.{format}.{ext}\nin/cam 1/a.b.MOV",
    b"{stem}.{ext}\nhttps://x.example/a/v%2F..%2Fz.mp4?t=1",
    b"{folder}\n/clip",
    b"{{x}} {job}\\t{failure.why}\\n",
];

const SCENARIOS: &[&[u8]] = &[
    b"[limits]\nin_flight = 2\n[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 2\n\
      do = { reset = \"after\" }\n",
    b"[[fault]]\nname = \"dead links\"\non = \"GET /outputs/**\"\nprobability = 0.1\n\
      do = [{ cut = { at = \"50%\" } }, \"revoke_link\"]\n\
      [[fault]]\non = \"* /v1/**\"\nafter = \"20s\"\nuntil = \"30s\"\n\
      do = { answer = { status = 503, body = \"html\" } }\n",
];

const FAULTS: &[&[u8]] = &[
    b"POST /v1/jobs nth=2 reset=after",
    b"GET /v1/jobs/* probability=0.05 per_path garble drop=[\"status\"]",
    b"* /v1/** after=20s until=30s answer={ status = 503, body = \"html\" }",
];

const REQUESTS: &[&[u8]] = &[
    br##"{"video_url":"https://x.example/a.mp4","model":"pro","output_format":"mov",
        "bg_type":"color","bg_color":"#00ff7f","auto_start":false,"metadata":{"k":"v"},
        "webhook_url":"https://x.example/hook","text_prompt":"dog"}"##,
    br#"{"video_url":"u","background":{"type":"image","image_url":"https://x.example/b.png"},
        "composition":{"canvas":{"width":1920,"height":1080},"foreground":{"anchor":"top_left",
        "scale":0.5,"offset":{"x":-3,"y":4.5}}}}"#,
];

const LISTS: &[&[u8]] =
    &[b"a.mp4\nb c.mp4\r\nhttps://x.example/y.mp4\n", b"\xef\xbb\xbfa\0b\0", b"\xff\xfea\0\n\0"];

const COLUMNS: &[&[u8]] = &[
    br#"{"model":"pro","format":"png_sequence","background":{"image_file":"61ff"},"tags":{"k":"v"}}"#,
    br#"{"kind":"unavailable","what":"a","why":"b","delivery":"ambiguous","attempts":1,"elapsed_ms":9}"#,
    br#"{"goal":"start","in_flight":3,"max_credits":9.5,"overwrite":true}"#,
    br#"{"submissions":{"rate":2.5,"cut_at":7},"jobs":{"size":8},"page_size":50}"#,
    br#"{"phase":{"open":{"until":5}},"good":1.5,"bad":2.5}"#,
    br#"{"submissions":{"rate":2.5,"ceiling":3,"cut_at":7,"unused_micros":18446744073709551615,
        "counted":[true,true,true,false]},"jobs":{"size":1,"patience":4294967295},
        "tallies":[{"began":999999,"calls":4294967295,"refused":[4294967295,4294967295]},
        {"began":1000000,"calls":4294967295,"refused":[4294967295,4294967295]}]}"#,
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
    #[ignore = "writes the seeds where `cargo fuzz` begins with them"]
    fn write_the_seeds_for_cargo_fuzz() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
        for target in TARGETS {
            let folder = corpus.join(target.name);
            std::fs::create_dir_all(&folder).unwrap();
            for (number, seed) in target.seeds.iter().enumerate() {
                std::fs::write(folder.join(format!("seed-{number}")), seed).unwrap();
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
        for seed in FAULTS {
            assert!(FaultRule::parse(std::str::from_utf8(seed).unwrap()).is_ok());
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
