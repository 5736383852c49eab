//! Entry names that are safe as file names.

use std::path::PathBuf;

use super::error::ArchiveError;
use crate::model::text::is_hostile;

/// Maximum length of a path component on common file systems, in bytes.
const MAX_COMPONENT_BYTES: usize = 255;

/// Maximum length of a name, in bytes.
const MAX_NAME_BYTES: usize = 1_024;

/// Maximum depth of directories.
const MAX_DEPTH: usize = 8;

/// `name` as a relative path that is safe on every system: no hidden files (`.git`), device names
/// or look-alike characters.
pub(crate) fn safe_path(name: &[u8], is_file: bool) -> Result<PathBuf, ArchiveError> {
    let refused = || ArchiveError::UnsafeName(String::from_utf8_lossy(name).into_owned());
    let text = std::str::from_utf8(name).map_err(|_| refused())?;
    if text.len() > MAX_NAME_BYTES || text.starts_with('/') {
        return Err(refused());
    }
    let mut parts = Vec::new();
    for part in text.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if !is_plain(part) {
            return Err(refused());
        }
        parts.push(part);
    }
    let directories = parts.len() - usize::from(is_file && !parts.is_empty());
    if directories > MAX_DEPTH || (is_file && (parts.is_empty() || text.ends_with('/'))) {
        return Err(refused());
    }
    Ok(parts.iter().collect())
}

/// Whether `name` is a file that operating systems add to archives. Such files are skipped.
pub(crate) fn is_litter(name: &[u8]) -> bool {
    let text = String::from_utf8_lossy(name);
    let mut parts = text.split('/').filter(|part| !matches!(*part, "" | ".")).peekable();
    let is_shadow = parts.peek() == Some(&"__MACOSX");
    let last = parts.last().unwrap_or_default();
    is_shadow || last.starts_with("._") || matches!(last, ".DS_Store" | "Thumbs.db" | "desktop.ini")
}

fn is_plain(part: &str) -> bool {
    let allowed = |c: char| {
        !is_hostile(c)
            && !matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '~' | '$' | '`' | '%')
    };
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let is_device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || numbered.is_some_and(|number| number.chars().count() == 1);
    part.len() <= MAX_COMPONENT_BYTES
        && part.chars().all(allowed)
        && !part.starts_with(['.', '-', ' '])
        && !part.ends_with(['.', ' '])
        && !is_device
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    #[test]
    fn names_stay_inside() {
        let ok = |name: &str| safe_path(name.as_bytes(), true).map(|p| p.display().to_string());
        assert_eq!(ok("frame_0001.png").as_deref(), Ok("frame_0001.png"));
        assert_eq!(ok("./frames//a b.png").as_deref(), Ok("frames/a b.png"));
        assert_eq!(ok("a/b/c/d/e/f/g/h/1.png").as_deref(), Ok("a/b/c/d/e/f/g/h/1.png"));
        assert_eq!(ok("Bild (1), Größe+2.png").as_deref(), Ok("Bild (1), Größe+2.png"));
        assert!(safe_path(b"a/b/c/d/e/f/g/h/i/", false).is_err());
        for litter in ["__MACOSX/a/._1.png", "a/._1.png", ".DS_Store", "a/Thumbs.db"] {
            assert!(is_litter(litter.as_bytes()), "{litter}");
        }
        assert!(!is_litter(b"a/1.png") && !is_litter(b".git/config"));
        assert_eq!(safe_path(b"frames/", false), Ok(PathBuf::from("frames")));
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
            ".git/config",
            "a/.git/1.png",
            ".hidden.png",
            "-rf.png",
            "GIT~1/config",
            "a\u{200c}.png",
            "a\u{202e}gnp.exe",
            "CON.png",
            "com1.png",
            "a./1.png",
            "a /1.png",
            "$HOME.png",
            "a/b/c/d/e/f/g/h/i/1.png",
            &"x".repeat(256),
            &"x/".repeat(600),
        ] {
            assert!(ok(bad).is_err(), "{bad:?}");
        }
        assert!(safe_path(b"\xff\xfe.png", true).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_admitted_only_goes_down(name in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(path) = safe_path(&name, true) {
                let down = path.components().all(|part| matches!(part, Component::Normal(_)));
                prop_assert!(down && Path::new("/base").join(&path).starts_with("/base"));
            }
        }
    }
}
