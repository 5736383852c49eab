//! Keys by which equal work is recognised, and the ids by which jobs are found again.

use sha2::{Digest, Sha256};

use crate::media;
use crate::model::{Background, Failure, JobOptions, Random};

/// Key of the options that change the result, including the content of a background picture.
pub(crate) fn result_key(options: &JobOptions) -> Result<String, Failure> {
    let Background::ImageFile(path) = &options.background else { return Ok(options.result_key()) };
    let hash = media::hash_file(path, &|_| ()).map_err(|error| {
        let what = format!("the background {}", path.display());
        Failure::usage(what, error.to_string())
    })?;
    let content = Background::ImageUrl(format!("sha256:{}", hash.sha256));
    Ok(JobOptions { background: content, ..options.clone() }.result_key())
}

/// Two inputs with the same content key are the same work: the second costs nothing. The API key is
/// not part of it, so that nothing is paid twice after a key rotation.
pub(crate) fn content_key(origin: &str, content: &str, result_key: &str) -> String {
    let mut hash = Sha256::new();
    for part in [origin, content, result_key] {
        // Lengths keep the parts apart.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

pub(crate) fn correlation(random: &dyn Random) -> String {
    format!("{:016x}{:016x}", random.bits(), random.bits())
}
#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::model::FailureKind;

    #[test]
    fn the_item_key_tells_origins_contents_and_options_apart() {
        let base = content_key("https://a", "sha256 1", "x");
        assert_eq!(base, content_key("https://a", "sha256 1", "x"));
        for other in [
            content_key("https://b", "sha256 1", "x"),
            content_key("https://a", "sha256 2", "x"),
            content_key("https://a", "sha256 1", "y"),
            content_key("https://as", "ha256 1", "x"),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn a_background_picture_counts_by_content() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("1.png"), dir.path().join("2.png"));
        let key = |path: &Path| {
            let background = Background::ImageFile(path.to_owned());
            result_key(&JobOptions { background, ..JobOptions::default() })
        };
        std::fs::write(&one, b"same").unwrap();
        std::fs::write(&two, b"same").unwrap();
        assert_eq!(key(&one).unwrap(), key(&two).unwrap());
        std::fs::write(&two, b"other").unwrap();
        assert_ne!(key(&one).unwrap(), key(&two).unwrap());
        assert_eq!(key(&dir.path().join("gone.png")).unwrap_err().kind, FailureKind::Usage);
    }
}
