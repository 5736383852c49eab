//! Archives that are fine, and every kind that is not.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;
use crate::media::OutputError;

fn png(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media").join(name)).unwrap()
}

/// `bytes` in a file of their own, and the directory that keeps it.
fn written(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("archive");
    fs::write(&path, bytes).unwrap();
    (directory, path)
}

fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A tar of entries whose names and kinds are written as they are.
fn tarred(entries: &[(&[u8], tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, kind, content) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name_literal("/etc/passwd").unwrap();
        }
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn check(bytes: &[u8]) -> Result<ArchiveSummary, OutputError> {
    let (_kept, path) = written(bytes);
    check_archive(&path, ArchiveBounds::default())
}

fn flaw(bytes: &[u8]) -> ArchiveError {
    match check(bytes) {
        Err(OutputError::Archive(flaw)) => flaw,
        other => panic!("{other:?}"),
    }
}

#[test]
fn sequences_are_counted_in_every_packing() {
    let (clear, opaque) = (png("clear.png"), png("opaque.png"));
    let tar = tarred(&[
        (b"frames/", tar::EntryType::Directory, b""),
        (b"frames/1.png", tar::EntryType::Regular, &clear),
        (b"./frames/2.png", tar::EntryType::Regular, &opaque),
        (b"notes.txt", tar::EntryType::Regular, b"made by hand"),
    ]);
    let zip = zipped(&[
        ("frames/1.png", &clear),
        ("frames/2.png", &opaque),
        ("notes.txt", b"made by hand"),
    ]);
    for bytes in [gzipped(&tar), tar, zip] {
        let summary = check(&bytes).unwrap();
        assert_eq!((summary.entries, summary.pictures, summary.with_alpha), (3, 2, 1));
        assert_eq!(summary.size, Some((32, 18)));
        assert_eq!(summary.total_bytes, (clear.len() + opaque.len() + 12) as u64);
    }
}

#[test]
fn an_archive_is_unpacked_into_a_fresh_directory() {
    let clear = png("clear.png");
    let (kept, path) = written(&zipped(&[("b/2.png", &clear), ("a/1.png", &clear)]));
    let target = kept.path().join("frames");
    let files = extract_archive(&path, &target, ArchiveBounds::default(), false).unwrap();
    assert_eq!(files, [target.join("a/1.png"), target.join("b/2.png")]);
    assert_eq!(fs::read(&files[0]).unwrap(), clear);
    assert!(matches!(
        extract_archive(&path, &target, ArchiveBounds::default(), false),
        Err(OutputError::Exists(_))
    ));
}

#[test]
fn overwriting_replaces_regular_files_and_nothing_else() {
    let clear = png("clear.png");
    let (kept, path) = written(&zipped(&[("b/2.png", &clear), ("1.png", &clear)]));
    let target = kept.path().join("frames");
    let extract = || extract_archive(&path, &target, ArchiveBounds::default(), true);
    let files = extract().unwrap();
    fs::write(&files[0], b"old").unwrap();
    fs::write(target.join("notes.txt"), b"mine").unwrap();
    assert_eq!(extract().unwrap(), files);
    assert_eq!(fs::read(&files[0]).unwrap(), clear);
    assert_eq!(fs::read(target.join("notes.txt")).unwrap(), b"mine");

    let elsewhere = kept.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("2.png"), b"precious").unwrap();
    let refused = |what: &str| {
        fs::write(target.join("1.png"), b"old").unwrap();
        assert!(matches!(extract(), Err(OutputError::Exists(_))), "{what}");
        assert_eq!(fs::read(target.join("1.png")).unwrap(), b"old", "{what}");
        assert_eq!(fs::read(elsewhere.join("2.png")).unwrap(), b"precious", "{what}");
    };
    fs::remove_dir_all(target.join("b")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, target.join("b")).unwrap();
    refused("a folder that is a link");
    fs::remove_file(target.join("b")).unwrap();
    fs::create_dir(target.join("b")).unwrap();
    std::os::unix::fs::symlink(elsewhere.join("2.png"), target.join("b/2.png")).unwrap();
    refused("a file that is a link");
    let linked = kept.path().join("linked");
    std::os::unix::fs::symlink(&elsewhere, &linked).unwrap();
    let into_link = extract_archive(&path, &linked, ArchiveBounds::default(), true);
    assert!(matches!(into_link, Err(OutputError::Exists(_))));
}

#[test]
fn a_refused_archive_leaves_nothing_behind() {
    let clear = png("clear.png");
    let (kept, path) = written(&tarred(&[
        (b"1.png", tar::EntryType::Regular, &clear),
        (b"../2.png", tar::EntryType::Regular, &clear),
    ]));
    let target = kept.path().join("frames");
    assert!(extract_archive(&path, &target, ArchiveBounds::default(), false).is_err());
    let left: Vec<_> = fs::read_dir(kept.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["archive"]);
}

#[test]
fn entries_that_climb_out_or_are_no_files_are_refused() {
    use tar::EntryType as T;

    type Case = (&'static [u8], T, fn(&ArchiveError) -> bool);
    let table: [Case; 8] = [
        (b"/etc/cron.d/x", T::Regular, |f| matches!(f, ArchiveError::UnsafeName(_))),
        (b"../x.png", T::Regular, |f| matches!(f, ArchiveError::UnsafeName(_))),
        (b"a/../../x", T::Directory, |f| matches!(f, ArchiveError::UnsafeName(_))),
        (b"x.png", T::Symlink, |f| matches!(f, ArchiveError::Link(_))),
        (b"x.png", T::Link, |f| matches!(f, ArchiveError::Link(_))),
        (b"x", T::Char, |f| matches!(f, ArchiveError::NotAFile(_))),
        (b"x", T::Fifo, |f| matches!(f, ArchiveError::NotAFile(_))),
        (b"x", T::GNUSparse, |f| matches!(f, ArchiveError::NotAFile(_))),
    ];
    for (name, kind, expected) in table {
        let found = flaw(&tarred(&[(name, kind, b"")]));
        assert!(expected(&found), "{} {kind:?}: {found}", String::from_utf8_lossy(name));
    }
    for name in ["../x.png", "/x.png", "a\\..\\x.png"] {
        assert!(matches!(flaw(&zipped(&[(name, b"")])), ArchiveError::UnsafeName(_)), "{name}");
    }
    let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
    writer.add_symlink("x.png", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let linked = writer.finish().unwrap().into_inner();
    assert!(matches!(flaw(&linked), ArchiveError::Link(_)));
}

#[test]
fn nothing_but_pictures_with_plain_names_is_unpacked() {
    let clear = png("clear.png");
    let (kept, path) = written(&zipped(&[
        ("1.png", &clear),
        ("Makefile", b"all: ; touch planted"),
        ("b/notes.txt", b"made by hand"),
        ("__MACOSX/._1.png", b"shadow"),
        (".DS_Store", b"litter"),
        ("picture.jpg", &clear),
    ]));
    let target = kept.path().join("frames");
    extract_archive(&path, &target, ArchiveBounds::default(), false).unwrap();
    let left: Vec<_> = fs::read_dir(&target).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["1.png"]);
    for name in [".git/config", "a/.git/hooks/1.png", ".envrc", "a/-rf.png", "GIT~1/config"] {
        let bytes = zipped(&[("1.png", &clear), (name, &clear)]);
        assert!(matches!(flaw(&bytes), ArchiveError::UnsafeName(_)), "{name}");
        let tar = tarred(&[(name.as_bytes(), tar::EntryType::Regular, &clear)]);
        assert!(matches!(flaw(&tar), ArchiveError::UnsafeName(_)), "{name}");
    }
}

#[test]
fn directories_count_and_are_not_deep() {
    let clear = png("clear.png");
    let entries: Vec<_> = (0..20).map(|n| format!("d{n}/e/1.png")).collect();
    let entries: Vec<(&str, &[u8])> =
        entries.iter().map(|name| (name.as_str(), clear.as_slice())).collect();
    let (_kept, path) = written(&zipped(&entries));
    let bounds = |entries| ArchiveBounds { entries, ..ArchiveBounds::default() };
    assert!(check_archive(&path, bounds(60)).is_ok());
    assert_eq!(
        check_archive(&path, bounds(59)),
        Err(OutputError::Archive(ArchiveError::TooMany(59)))
    );
    let deep = format!("{}1.png", "d/".repeat(9));
    assert!(matches!(flaw(&zipped(&[(&deep, &clear)])), ArchiveError::UnsafeName(_)));
    // A file where a directory is, which could not be made.
    for names in [["a", "a/1.png"], ["a/1.png", "A"]] {
        let both = zipped(&[(names[0], &clear), (names[1], &clear)]);
        assert!(matches!(flaw(&both), ArchiveError::Duplicate(_)), "{names:?}");
    }
}

#[test]
fn a_directory_of_names_is_bounded() {
    // What the library would keep in memory: 2,000 entries whose extra fields are 64 KB each.
    let mut entry = b"PK\x01\x02".to_vec();
    entry.resize(46, 0);
    entry[30..32].copy_from_slice(&u16::MAX.to_le_bytes());
    entry.resize(46 + usize::from(u16::MAX), 0);
    let mut bytes = zipped(&[("1.png", &png("clear.png"))]);
    for _ in 0..2_000 {
        bytes.extend_from_slice(&entry);
    }
    assert!(matches!(flaw(&bytes), ArchiveError::TooManyNames(_)));
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let twice = tarred(&[
        (b"a.txt", tar::EntryType::Regular, b"1"),
        (b"./A.txt", tar::EntryType::Regular, b"2"),
    ]);
    assert!(matches!(flaw(&twice), ArchiveError::Duplicate(_)));
    assert!(matches!(flaw(&zipped(&[("a", b"1"), ("A", b"2")])), ArchiveError::Duplicate(_)));
}

#[test]
fn bombs_are_stopped_by_what_comes_out() {
    let zeros = vec![0; 70_000_000];
    let bomb = zipped(&[("zeros", &zeros)]);
    assert!(bomb.len() < 100_000);
    assert_eq!(flaw(&bomb), ArchiveError::Bomb(200));
    let tar = gzipped(&tarred(&[(b"zeros", tar::EntryType::Regular, &zeros)]));
    assert_eq!(flaw(&tar), ArchiveError::Bomb(200));
}

#[test]
fn bounds_hold() {
    let entries: Vec<_> = (0..20).map(|n| format!("{n}.txt")).collect();
    let entries: Vec<(&str, &[u8])> =
        entries.iter().map(|name| (name.as_str(), b"0123456789".as_slice())).collect();
    let (_kept, path) = written(&zipped(&entries));
    let bounds = |entries, total_bytes| ArchiveBounds { entries, total_bytes, ratio: 1_000 };
    assert!(check_archive(&path, bounds(20, 200)).is_ok());
    assert_eq!(
        check_archive(&path, bounds(19, 200)),
        Err(OutputError::Archive(ArchiveError::TooMany(19)))
    );
    assert_eq!(
        check_archive(&path, bounds(20, 199)),
        Err(OutputError::Archive(ArchiveError::TooLarge(199)))
    );
}

#[test]
fn long_names_are_read_and_endless_ones_refused() {
    let long = "d".repeat(120) + "/frame.png";
    let clear = png("clear.png");
    let named = tarred(&[
        (b"././@LongLink", tar::EntryType::GNULongName, long.as_bytes()),
        (b"short", tar::EntryType::Regular, &clear),
    ]);
    let (kept, path) = written(&named);
    let target = kept.path().join("out");
    let files = extract_archive(&path, &target, ArchiveBounds::default(), false).unwrap();
    assert_eq!(files, [target.join(&long)]);

    let endless = tarred(&[
        (b"././@LongLink", tar::EntryType::GNULongName, &vec![b'a'; 100_000]),
        (b"short", tar::EntryType::Regular, b"x"),
    ]);
    assert_eq!(flaw(&endless), ArchiveError::Damaged);
    let climbing = b"18 path=../../../x\n";
    let extended = tarred(&[
        (b"PaxHeader", tar::EntryType::XHeader, climbing),
        (b"short", tar::EntryType::Regular, b"x"),
    ]);
    assert!(check(&extended).is_err());
}

#[test]
fn pictures_must_be_whole() {
    let clear = png("clear.png");
    let cut = &clear[..clear.len() - 4];
    assert!(matches!(flaw(&zipped(&[("1.png", cut)])), ArchiveError::NotAPicture(_)));
    assert!(matches!(flaw(&zipped(&[("1.png", b"<html>")])), ArchiveError::NotAPicture(_)));
    let end = clear.len() - 12;
    let mut damaged = clear.clone();
    damaged[end - 6] ^= 1;
    let padded = [&clear[..], b"[core]"].concat();
    // Signature, header and end without a pixel, around something else.
    let hollow = [&clear[..33], b"[core] fsmonitor = x", &clear[end..]].concat();
    let pixelless = [&clear[..33], &clear[end..]].concat();
    for bad in [damaged, padded, hollow, pixelless] {
        assert!(matches!(flaw(&zipped(&[("1.png", &bad)])), ArchiveError::NotAPicture(_)));
    }
    assert!(check(&zipped(&[("__MACOSX/._1.png", b"shadow"), ("1.png", &clear)])).is_ok());
}

#[test]
fn damage_is_noticed() {
    let clear = png("clear.png");
    let zip = zipped(&[("1.png", &clear)]);
    let mut flipped = zip.clone();
    flipped[60] ^= 0xff;
    assert!(check(&flipped).is_err());
    assert!(check(&zip[..zip.len() - 30]).is_err());
    let tar = tarred(&[(b"1.png", tar::EntryType::Regular, &clear)]);
    assert!(check(&tar[..560]).is_err());
    let gz = gzipped(&tar);
    assert!(check(&gz[..gz.len() - 20]).is_err());
}

proptest::proptest! {
    #[test]
    fn damaged_archives_never_panic(
        which in 0..3_usize,
        changes in proptest::collection::vec(
            (proptest::prelude::any::<proptest::sample::Index>(), proptest::prelude::any::<u8>()),
            1..8,
        ),
    ) {
        let clear = png("clear.png");
        let tar = tarred(&[(b"1.png", tar::EntryType::Regular, &clear)]);
        let mut bytes = match which {
            0 => zipped(&[("1.png", &clear), ("b/2.png", &clear)]),
            1 => gzipped(&tar),
            _ => tar,
        };
        for (place, value) in changes {
            let at = place.index(bytes.len());
            bytes[at] = value;
        }
        let _ = check(&bytes);
    }
}
