//! Which names of entries may become file names.

use std::path::PathBuf;

use super::bounds::ArchiveFlaw;

/// Longest part of a path that common file systems take, in bytes.
const LONGEST_PART: usize = 255;

/// Longest name in all.
const LONGEST: usize = 1_024;

/// `name` as a path that stays below whatever directory it is joined to, on every system.
pub(super) fn checked(name: &[u8], is_file: bool) -> Result<PathBuf, ArchiveFlaw> {
    let refused = || ArchiveFlaw::UnsafeName(String::from_utf8_lossy(name).into_owned());
    let text = std::str::from_utf8(name).map_err(|_| refused())?;
    if text.len() > LONGEST || text.starts_with('/') || text.contains(['\\', '\0', ':']) {
        return Err(refused());
    }
    if text.chars().any(char::is_control) {
        return Err(refused());
    }
    let mut path = PathBuf::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(refused()),
            part if part.len() > LONGEST_PART => return Err(refused()),
            part => path.push(part),
        }
    }
    if is_file && (path.as_os_str().is_empty() || text.ends_with('/')) {
        return Err(refused());
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    #[test]
    fn names_stay_inside() {
        let ok = |name: &str| checked(name.as_bytes(), true).map(|p| p.display().to_string());
        assert_eq!(ok("frame_0001.png").as_deref(), Ok("frame_0001.png"));
        assert_eq!(ok("./frames//a b.png").as_deref(), Ok("frames/a b.png"));
        assert_eq!(checked(b"frames/", false), Ok(PathBuf::from("frames")));
        for bad in [
            "/etc/passwd",
            "../a",
            "a/../../b",
            "..",
            "",
            ".",
            "a/",
            "..\\a",
            "C:\\a",
            "C:a",
            "a\0b",
            "a\x1b[2Jb",
            "a\nb",
            &"x".repeat(256),
            &"x/".repeat(600),
        ] {
            assert!(ok(bad).is_err(), "{bad:?}");
        }
        assert!(checked(b"\xff\xfe.png", true).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_admitted_only_goes_down(name in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(path) = checked(&name, true) {
                let down = path.components().all(|part| matches!(part, Component::Normal(_)));
                prop_assert!(down && Path::new("/base").join(&path).starts_with("/base"));
            }
        }
    }
}
