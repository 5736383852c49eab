//! Free disk space with a reserve, since outputs may be of any size and a full disk stops
//! everything else.

use std::io;
use std::path::Path;

use rustix::fs::statvfs;

/// Bytes kept free; on small disks 5 % of their size.
const RESERVED_BYTES: u64 = 256 * 1024 * 1024;

/// Checks that `bytes` fit on the disk of `path` beside the reserve. Passes if the size is unknown.
///
/// # Errors
///
/// [`io::ErrorKind::StorageFull`].
pub fn check_space(path: &Path, bytes: u64) -> io::Result<()> {
    let Ok(disk) = statvfs(path) else { return Ok(()) };
    let reserve = RESERVED_BYTES.min(disk.f_blocks.saturating_mul(disk.f_frsize) / 20);
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if has_space(free, reserve, bytes) {
        return Ok(());
    }
    let in_mb = |bytes: u64| bytes / 1_000_000;
    let why = format!(
        "{} MB are free, {} MB more are needed, and {} MB are kept free",
        in_mb(free),
        in_mb(bytes),
        in_mb(reserve)
    );
    Err(io::Error::new(io::ErrorKind::StorageFull, why))
}

fn has_space(free: u64, reserve: u64, bytes: u64) -> bool {
    free >= reserve.saturating_add(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_stays_free() {
        assert!(has_space(300, 100, 200) && !has_space(300, 100, 201));
        assert!(!has_space(300, 100, u64::MAX));
        let here = tempfile::tempdir().unwrap();
        assert!(check_space(here.path(), 1).is_ok());
        let full = check_space(here.path(), u64::MAX / 2).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        assert!(check_space(Path::new("/nonexistent"), u64::MAX).is_ok());
    }
}
