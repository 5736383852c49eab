//! The cases: clips as FFmpeg makes them, and as others do.

use super::Answer::{Length, Noted, NotedAs, Refused, Unknown};
use super::clips::Clips;
use super::edit::{atom, be32, boxes, find, find_last, inserted, le32, with, without};
use super::{Answer, Case};

pub(crate) fn all(clips: &Clips) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name: &'static str, ending: &'static str, answer: Answer, bytes: Vec<u8>| {
        cases.push(Case { name, ending, bytes, answer });
    };
    for (name, bytes) in sorted(clips) {
        let (_, ending) = name.split_once('.').unwrap();
        let answer = match name {
            "encrypted.mp4" => Refused("encrypted"),
            "only-sound.mp4" | "only-sound.webm" | "cover.m4a" => Refused("without pictures"),
            "plain.mkv" => Refused("a Matroska video"),
            _ => Length,
        };
        add(name, ending, answer, bytes.clone());
    }
    headers_of_mp4(clips, &mut add);
    fragments(clips, &mut add);
    tracks_of_mp4(clips, &mut add);
    ends_of_mp4(clips, &mut add);
    brands(clips, &mut add);
    headers_of_webm(clips, &mut add);
    ends_of_webm(clips, &mut add);
    document_types(clips, &mut add);
    headers_of_avi(clips, &mut add);
    ends_of_avi(clips, &mut add);
    cases
}

type Add<'a> = dyn FnMut(&'static str, &'static str, Answer, Vec<u8>) + 'a;

fn sorted(clips: &Clips) -> Vec<(&'static str, &Vec<u8>)> {
    let mut all: Vec<_> = clips.iter().map(|(name, bytes)| (*name, bytes)).collect();
    all.sort_unstable();
    all
}

const MDIA: [&[u8; 4]; 3] = [b"moov", b"trak", b"mdia"];

fn media_header(bytes: &[u8]) -> usize {
    atom(bytes, &[&MDIA[..], &[b"mdhd"]].concat(), 0).start
}

fn table(bytes: &[u8], name: [u8; 4]) -> usize {
    atom(bytes, &[&MDIA[..], &[b"minf", b"stbl", &name]].concat(), 0).start
}

/// Lengths and scales that headers state.
fn headers_of_mp4(clips: &Clips, add: &mut Add<'_>) {
    let plain = &clips["plain.mp4"];
    let movie = atom(plain, &[b"moov", b"mvhd"], 0).start;
    let track = atom(plain, &[b"moov", b"trak", b"tkhd"], 0).start;
    let media = media_header(plain);
    let hour = 3_600_000_u32.to_be_bytes();
    let all_lengths = |value: [u8; 4]| {
        let bytes = with(plain, movie + 24, &value);
        let bytes = with(&bytes, track + 28, &value);
        with(&bytes, media + 24, &value)
    };
    add("all lengths 0", "mp4", Length, all_lengths([0; 4]));
    add("all lengths unknown", "mp4", Length, all_lengths([0xff; 4]));
    add("all lengths an hour", "mp4", Length, all_lengths(hour));
    add(
        "movie says an hour",
        "mov",
        Length,
        with(
            &clips["plain.mov"],
            atom(&clips["plain.mov"], &[b"moov", b"mvhd"], 0).start + 24,
            &hour,
        ),
    );
    add("movie scale 0", "mp4", Length, with(plain, movie + 20, &[0; 4]));
    add("media scale 0", "mp4", Unknown, with(plain, media + 20, &[0; 4]));
    let edits = atom(plain, &[b"moov", b"trak", b"edts", b"elst"], 0).start;
    add("edit of a second", "mp4", Length, with(plain, edits + 16, &1_000_u32.to_be_bytes()));
    add("edit of an hour", "mp4", Length, with(plain, edits + 16, &hour));
    let durations = table(plain, *b"stts");
    add("durations absurd", "mp4", Unknown, with(plain, durations + 20, &[0xff; 4]));
    add("durations of 10 samples", "mp4", Length, with(plain, durations + 16, &[0, 0, 0, 10]));
    let sizes = table(plain, *b"stsz");
    add("no samples", "mp4", Refused("without a single picture"), {
        with(plain, sizes + 16, &[0; 4])
    });
}

fn top(bytes: &[u8], name: [u8; 4]) -> Vec<std::ops::Range<usize>> {
    let is_named = |one: &std::ops::Range<usize>| bytes[one.start + 4..one.start + 8] == name;
    boxes(bytes, 0..bytes.len()).into_iter().filter(is_named).collect()
}

/// Files in fragments, whole and in part.
fn fragments(clips: &Clips, add: &mut Add<'_>) {
    let whole = &clips["fragments.mp4"];
    let hour = 3_600_000_u32.to_be_bytes();
    let movie = atom(whole, &[b"moov", b"mvhd"], 0).start;
    let track = atom(whole, &[b"moov", b"trak", b"tkhd"], 0).start;
    add("fragments and a header of an hour", "mp4", Length, {
        with(&with(whole, movie + 24, &hour), track + 28, &hour)
    });
    let (moofs, mdats, mfra) = (top(whole, *b"moof"), top(whole, *b"mdat"), top(whole, *b"mfra"));
    add("fragments without their index", "mp4", Length, whole[..mfra[0].start].to_vec());
    add("first half of the fragments", "mp4", Length, whole[..moofs[5].start].to_vec());
    // Only fragments that say where they are by themselves can be moved.
    let loose = &clips["loose-fragments.mp4"];
    let places = top(loose, *b"moof");
    add("second half of the fragments", "mp4", Length, {
        without(loose, places[0].start..places[5].start)
    });
    add("fragments with a gap", "mp4", Length, without(loose, places[3].start..places[6].start));
    add("fragment cut in its data", "mp4", Refused("cut short"), {
        whole[..mdats[4].end - 3].to_vec()
    });
    add("initialisation segment", "mp4", Refused("initialisation segment"), {
        whole[..moofs[0].start].to_vec()
    });
    add("segment alone", "mp4", Refused("without its initialisation segment"), {
        whole[moofs[0].start..].to_vec()
    });
    let partial = &clips["partial.mp4"];
    let moofs = top(partial, *b"moof");
    add("index and some fragments", "mp4", Length, partial[..moofs[3].start].to_vec());
    // As old packagers write: `mvex` first, and the length of a sample in it alone.
    let mut early = whole.clone();
    let extends = atom(whole, &[b"moov", b"mvex"], 0);
    let tracks = atom(whole, &[b"moov", b"trak"], 0).start;
    early[tracks..extends.end].rotate_right(extends.len());
    add("mvex before trak", "mp4", Length, early.clone());
    let defaults = find(&early, b"trex") + 12;
    let mut each = 0;
    for moof in top(&early, *b"moof") {
        let header = moof.start + find(&early[moof], b"tfhd");
        assert_eq!(early[header + 7] & 0x0a, 0x08, "a duration, and no description");
        let base = if early[header + 7] & 1 == 1 { 8 } else { 0 };
        each = be32(&early, header + 12 + base);
        // The index of a description instead of the duration.
        early[header + 7] ^= 0x0a;
        early[header + 12 + base..header + 16 + base].copy_from_slice(&[0, 0, 0, 1]);
    }
    let early = with(&early, defaults + 4, &each.to_be_bytes());
    add("length of samples in trex", "mp4", Length, early);
    let indexed = &clips["indexed-fragments.mp4"];
    let index = top(indexed, *b"sidx")[0].start;
    add("segment index of an hour", "mp4", Length, with(indexed, index + 44, &hour));
}

/// Which track is chosen, and tracks that are not video.
fn tracks_of_mp4(clips: &Clips, add: &mut Add<'_>) {
    let two = &clips["two.mp4"];
    let flags = |nth: usize| {
        let track = atom(two, &[b"moov", b"trak"], nth);
        track.start + find(&two[track], b"tkhd") + 7
    };
    let second = with(&with(two, flags(0), &[2]), flags(1), &[3]);
    add("second track by default", "mp4", Length, second);
    add("both tracks by default", "mp4", Length, with(two, flags(1), &[3]));
    add("no track by default", "mp4", Length, with(two, flags(0), &[2]));
    // The pictures of the first track as chapters of the second, and both as chapters of a sound.
    let moov = atom(two, &[b"moov"], 0).start;
    let chapters = |bytes: &[u8], nth: usize, of: u8| {
        let track = atom(bytes, &[b"moov", b"trak"], nth);
        let reference = [b"\0\0\0\x14tref\0\0\0\x0cchap\0\0\0".as_slice(), &[of]].concat();
        inserted(bytes, track.end, &reference, &[moov, track.start])
    };
    add("chapters of the second track", "mp4", Length, chapters(two, 1, 1));
    let sound = &clips["sound.mp4"];
    let track = atom(sound, &[b"moov", b"trak"], 1);
    let moov = atom(sound, &[b"moov"], 0).start;
    let reference = b"\0\0\0\x14tref\0\0\0\x0cchap\0\0\0\x01";
    add("sound with chapter pictures", "mp4", Refused("sound with chapter pictures"), {
        inserted(sound, track.end, reference, &[moov, track.start])
    });
    let locked = &clips["encrypted.mp4"];
    add("protection without its own name", "mp4", Refused("encrypted"), {
        with(locked, find(locked, b"encv"), b"avc1")
    });
    let plain = &clips["plain.mp4"];
    add("protected by its shop", "mp4", Refused("encrypted"), {
        with(plain, find(plain, b"avc1\0\0\0\0\0\0"), b"drmi")
    });
    add("a track of pictures", "mp4", Refused("sequence of HEIF or AVIF"), {
        with(plain, find(plain, b"hdlr") + 12, b"pict")
    });
}

/// Ends: more announced than there is, more there than announced, and files that are cut.
fn ends_of_mp4(clips: &Clips, add: &mut Add<'_>) {
    let fast = &clips["fast.mp4"];
    let data = atom(fast, &[b"mdat"], 0).start;
    let sized = |size: u32| with(fast, data, &size.to_be_bytes());
    add("data one byte too long", "mp4", Noted, sized(be32(fast, data) + 1));
    add("data far too long", "mp4", Noted, sized(be32(fast, data) + 100_000));
    add("data to the end", "mp4", Length, sized(0));
    let cut = |bytes: &[u8], less: usize| bytes[..bytes.len() - less].to_vec();
    add("data to the end, cut", "mp4", Refused("cut short"), cut(&sized(0), 1));
    add("cut by half", "mp4", Refused("cut short"), cut(fast, fast.len() / 3));
    add("cut before its index", "mp4", Refused("cut short"), {
        let plain = &clips["plain.mp4"];
        plain[..atom(plain, &[b"moov"], 0).start].to_vec()
    });
    add("text behind", "mp4", Noted, [fast.as_slice(), b"hello, world\n"].concat());
    add("a byte behind", "mp4", Length, [fast.as_slice(), b"\n"].concat());
    add("zeros behind", "mov", Length, [clips["plain.mov"].as_slice(), &[0; 100]].concat());
}

/// Other files of the same structure.
fn brands(clips: &Clips, add: &mut Add<'_>) {
    let plain = &clips["plain.mp4"];
    add("avif", "avif", Refused("an AVIF picture"), with(plain, 8, b"avif"));
    add("avif sequence", "mp4", Refused("an AVIF picture"), with(plain, 8, b"avis"));
    add("heic", "heic", Refused("a HEIF picture"), with(plain, 8, b"heic"));
    add("heif sequence", "heif", Refused("a HEIF picture"), with(plain, 8, b"msf1"));
    add("avif by compatibility", "mp4", Refused("an AVIF picture"), {
        with(&with(plain, 8, b"mif1"), 20, b"avif")
    });
}

/// What headers of WebM state or omit.
fn headers_of_webm(clips: &Clips, add: &mut Add<'_>) {
    let plain = &clips["plain.webm"];
    let duration = find(plain, b"\x44\x89\x88");
    let lasts = |bytes: &[u8], seconds: f64| with(bytes, duration + 3, &seconds.to_be_bytes());
    add("duration 0", "webm", Length, lasts(plain, 0.0));
    add("duration nan", "webm", Length, lasts(plain, f64::NAN));
    add("duration infinite", "webm", Length, lasts(plain, f64::INFINITY));
    add("duration negative", "webm", Length, lasts(plain, -1.0));
    add("duration of an hour", "webm", Length, lasts(plain, 3_600_000.0));
    // `Void` instead.
    add("no duration", "webm", Length, with(plain, duration, b"\xec\x89"));
    let frame = find(plain, b"\x23\xe3\x83\x84");
    add("no duration of a frame", "webm", Length, with(plain, frame, b"\xec\x86"));
    let minute = [b"\x23\xe3\x83\x84".as_slice(), &4_000_000_000_u32.to_be_bytes()].concat();
    add("wrong duration of a frame", "webm", Length, with(plain, frame, &minute));
    let scale = find(plain, b"\x2a\xd7\xb1\x83");
    add("timestamp scale 0", "webm", Length, with(plain, scale + 4, &[0; 3]));
    add("timestamp scale of 2 ms", "webm", Length, with(plain, scale + 4, b"\x1e\x84\x80"));
    let index = find_last(plain, b"\x1c\x53\xbb\x6b");
    add("stale cues", "webm", Length, with(plain, index + 8, &[0xec; 4]));
    let two = &clips["two.webm"];
    let flags: Vec<usize> = two
        .windows(3)
        .enumerate()
        .filter(|(at, window)| *at < 1_000 && *window == b"\x88\x81\x00")
        .map(|(at, _)| at)
        .collect();
    // The first has no flag, which means that it is one of the default.
    add("no track of webm by default", "webm", Length, {
        flags.iter().fold(two.clone(), |bytes, at| with(&bytes, at + 2, &[1]))
    });
    let locked = find(plain, b"\x73\xc5\x88");
    add("encrypted", "webm", Refused("encrypted"), {
        with(plain, locked, b"\x6d\x80\x88\x62\x40\x40\x04\x50\x33\x81\x01")
    });
    let first = find(plain, b"\x1f\x43\xb6\x75");
    add("header alone", "webm", Refused("cut short"), plain[..first].to_vec());
    let live = &clips["live.webm"];
    let first = find(live, b"\x1f\x43\xb6\x75");
    add("live header alone", "webm", Refused("without a single picture"), live[..first].to_vec());
}

fn ends_of_webm(clips: &Clips, add: &mut Add<'_>) {
    let (plain, live) = (&clips["plain.webm"], &clips["live.webm"]);
    for (name, tail) in [
        ("newline behind", b"\n".as_slice()),
        ("zeros behind", &[0; 40]),
        ("text behind", b"hello, world, this is a note\n"),
    ] {
        add(name, "live.webm", Noted, [live.as_slice(), tail].concat());
        add(name, "webm", Noted, [plain.as_slice(), tail].concat());
    }
    let segment = find(plain, b"\x18\x53\x80\x67\x01") + 5;
    let size = |more: i64| {
        let stated = be32(plain, segment + 3);
        let stated = u32::try_from(i64::from(stated) + more).unwrap();
        with(plain, segment + 3, &stated.to_be_bytes())
    };
    add("segment one byte too long", "webm", Noted, size(1));
    add("segment far too long", "webm", Noted, size(100_000));
    add("cut in the cues", "webm", Noted, plain[..plain.len() - 3].to_vec());
    let index = find_last(plain, b"\x1c\x53\xbb\x6b");
    add("cut in a block", "webm", Refused("cut short"), plain[..index - 5].to_vec());
    let parts = &clips["clusters.webm"];
    let last = find_last(parts, b"\x1f\x43\xb6\x75");
    add("cut before a cluster", "webm", Refused("cut short"), parts[..last].to_vec());
}

/// Headers of EBML that are right, and odd.
fn document_types(clips: &Clips, add: &mut Add<'_>) {
    let (plain, matroska) = (&clips["plain.webm"], &clips["plain.mkv"]);
    let rest = |bytes: &[u8]| bytes[find(bytes, b"\x18\x53\x80\x67")..].to_vec();
    let headed = |header: &[u8], bytes: &[u8]| [header, &rest(bytes)].concat();
    let padded = [
        b"\x1a\x45\xdf\xa3\x53\xe6".as_slice(),
        b"\xec\x53\x88",
        &[0; 5_000],
        b"\x42\x82\x84webm\x42\x87\x81\x04\x42\x85\x81\x02",
        b"\x42\xf2\x81\x04\x42\xf3\x81\x08",
    ]
    .concat();
    let padded = {
        let content = u16::try_from(padded.len() - 6).unwrap() | 0x4000;
        with(&padded, 4, &content.to_be_bytes())
    };
    add("document type behind padding", "webm", Length, headed(&padded, plain));
    let crc = b"\x1a\x45\xdf\xa3\x8d\xbf\x84\xaa\xbb\xcc\xdd\x42\x82\x84webm";
    add("document type behind a checksum", "webm", Length, headed(crc, plain));
    let wide = b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x0e\x42\x82\x01\0\0\0\0\0\0\x04webm";
    add("wide sizes", "webm", Length, headed(wide, plain));
    let decoy = b"\x1a\x45\xdf\xa3\x94\xec\x87\x42\x82\x84webm\x42\x82\x88matroska";
    add("another document type in padding", "webm", Refused("a Matroska video"), {
        headed(decoy, matroska)
    });
    let none = b"\x1a\x45\xdf\xa3\x84\x42\x87\x81\x04";
    add("no document type", "webm", Refused("a Matroska video"), headed(none, matroska));
}

/// The list of streams, `name` being a header in it.
fn field(bytes: &[u8], name: [u8; 4], offset: usize) -> usize {
    find(bytes, &name) + 8 + offset
}

fn headers_of_avi(clips: &Clips, add: &mut Add<'_>) {
    let plain = &clips["sound.avi"];
    let stream = field(plain, *b"strh", 32);
    add("stream length 0", "avi", Length, with(plain, stream, &[0; 4]));
    add("stream length absurd", "avi", Length, with(plain, stream, &[0, 0, 0, 0x40]));
    let frames = field(plain, *b"avih", 16);
    add("no frames by the header", "avi", Length, {
        with(&with(plain, stream, &[0; 4]), frames, &[0; 4])
    });
    add("outer size 0", "avi", Length, with(plain, 4, &[0; 4]));
    add("outer size unknown", "avi", Length, with(plain, 4, &[0xff; 4]));
    let media = find(plain, b"movi") - 4;
    add("media of size 0", "avi", Length, with(plain, media, &[0; 4]));
    let rate = field(plain, *b"strh", 20);
    add("rate 0", "avi", Length, with(plain, rate, &[0; 8]));
    let index = find(plain, b"idx1");
    add("stale index", "avi", Length, {
        let size = le32(plain, index + 4) as usize;
        with(plain, index + 8, &vec![0; size])
    });
    let long = with(plain, index + 4, &[0xff, 0xff, 0xff, 0]);
    add("index far too long", "avi", NotedAs("sound.avi"), long);
    // Files beyond 1 GB continue in further chunks, which the index of the first does not list.
    let end = plain.len();
    let chunk = find(&plain[media..], b"00dc") + media;
    let picture = le32(plain, chunk + 4) as usize;
    let picture = &plain[chunk..chunk + 8 + picture + picture % 2];
    let list = u32::try_from(4 + picture.len() * 5).unwrap();
    let more = [
        b"RIFF".as_slice(),
        &(list + 12).to_le_bytes(),
        b"AVIXLIST",
        &list.to_le_bytes(),
        b"movi",
        &picture.repeat(5),
    ]
    .concat();
    assert_eq!(end % 2, 0);
    let stated = le32(plain, stream) + 5;
    let long = with(plain, stream, &stated.to_le_bytes());
    add("a second outer chunk", "avi", Length, [long.as_slice(), &more].concat());
}

fn ends_of_avi(clips: &Clips, add: &mut Add<'_>) {
    let plain = &clips["sound.avi"];
    add("text behind", "avi", Noted, [plain.as_slice(), b"hello, world\n"].concat());
    let size = le32(plain, 4);
    add("outer size one too long", "avi", Noted, with(plain, 4, &(size + 1).to_le_bytes()));
    let index = find(plain, b"idx1");
    add("cut in its index", "avi", Noted, plain[..index + 100].to_vec());
    add("cut before its index", "avi", Noted, plain[..index].to_vec());
    add("cut in its media", "avi", Refused("cut short"), plain[..index / 2].to_vec());
    let pipe = &clips["jpeg-pipe.avi"];
    add("cut while it was written", "avi", Refused("cut short"), pipe[..pipe.len() / 2].to_vec());
    let media = find(plain, b"movi") - 8;
    add("no media", "avi", Refused("cut short"), plain[..media].to_vec());
}
