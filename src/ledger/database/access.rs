//! Access to the ledger: its directory and files belong to this user, with no permissions for
//! others. Permissions that can be repaired are repaired and reported; anything else is refused.

use std::fs::Permissions;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;

use crate::ledger::LedgerError;

const GROUP_OTHER_WRITE: u32 = 0o022;

const ROOT_UID: u32 = 0;

const GROUP_OTHER_ALL: u32 = 0o077;

/// Checks the state directory that contains the ledger `file`, if one exists. Returns a message if
/// its permissions were repaired or stay too wide.
///
/// # Errors
/// The directory belongs to another user than root, or others can write to it and it holds files of
/// other programs.
pub(crate) fn check_directory(
    directory: &Path,
    file: &Path,
) -> Result<Option<String>, LedgerError> {
    let failed = |why| LedgerError::File { path: directory.to_owned(), why };
    let found = std::fs::metadata(directory).map_err(failed)?;
    if found.uid() != effective_uid() && found.uid() != ROOT_UID {
        return Err(LedgerError::NotOurs(directory.to_owned()));
    }
    if found.mode() & GROUP_OTHER_WRITE == 0 {
        return Ok(None);
    }
    if found.uid() != effective_uid() {
        // Files that others put there are refused because of their owner; the message warns that
        // others can remove the ledger.
        return Ok(Some(format!(
            "other users can write to {}, which belongs to root: change its owner, or set \
             RBGV_STATE_DIR to a directory of your own",
            directory.display()
        )));
    }
    let empty = std::fs::read_dir(directory).map_err(failed)?.next().is_none();
    if !empty && !file.exists() {
        return Err(LedgerError::Exposed(directory.to_owned()));
    }
    std::fs::set_permissions(directory, Permissions::from_mode(0o700)).map_err(failed)?;
    Ok(Some(format!("other users could write to {}; now only you can", directory.display())))
}

/// Checks that the file at `path`, if it exists, is a plain file of this user.
///
/// # Errors
/// A link, which could lead to another program's file, or a file of another user.
pub(crate) fn check_file(path: &Path) -> Result<(), LedgerError> {
    let found = match std::fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(why) => return Err(LedgerError::File { path: path.to_owned(), why }),
    };
    if !found.is_file() {
        return Err(LedgerError::NotPlain(path.to_owned()));
    }
    if found.uid() == effective_uid() { Ok(()) } else { Err(LedgerError::NotOurs(path.to_owned())) }
}

/// Removes the permissions of others from the file at `path`, if it exists. Returns a message if
/// there were any.
///
/// # Errors
/// The permissions cannot be changed.
pub(crate) fn make_private(path: &Path) -> Result<Option<String>, LedgerError> {
    let failed = |why| LedgerError::File { path: path.to_owned(), why };
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.mode() & GROUP_OTHER_ALL != 0 => {
            std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
            let could = if found.mode() & GROUP_OTHER_WRITE == 0 { "read" } else { "change" };
            Ok(Some(format!("other users could {could} {}; now only you can", path.display())))
        }
        Ok(_) => Ok(None),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(failed(why)),
    }
}

/// Creates the directory at `path`, and those above it, if they do not exist.
pub(crate) fn make_private_directory(path: &Path) -> Result<(), LedgerError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|why| LedgerError::File { path: path.to_owned(), why })
}

/// Creates the file at `path` if it does not exist. SQLite gives its side files the mode of the
/// database file.
pub(crate) fn make_private_file(path: &Path) -> Result<(), LedgerError> {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|why| LedgerError::File { path: path.to_owned(), why })
}

fn effective_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ledger::Ledger;
    use crate::model::ManualClock;

    fn open(directory: &Path) -> Result<Ledger, LedgerError> {
        Ledger::open(directory, Arc::new(ManualClock::default()))
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_could_read_or_change_is_made_private_and_said() {
        let dir = tempfile::tempdir().unwrap();
        set(dir.path(), 0o777);
        let ledger = open(dir.path()).unwrap();
        assert!(ledger.repairs()[0].contains("write to"), "{:?}", ledger.repairs());
        assert_eq!(mode(dir.path()), 0o700);
        drop(ledger);
        let file = Ledger::database_path(dir.path());
        for (open_to, word) in [(0o644, "read"), (0o622, "change")] {
            set(&file, open_to);
            let ledger = open(dir.path()).unwrap();
            assert_eq!(ledger.repairs().len(), 1, "{:?}", ledger.repairs());
            assert!(ledger.repairs()[0].contains(word), "{:?}", ledger.repairs());
            assert_eq!(mode(&file), 0o600);
        }
        set(dir.path(), 0o770);
        assert_eq!(open(dir.path()).unwrap().repairs().len(), 1);
        assert!(open(dir.path()).unwrap().repairs().is_empty());
    }

    #[test]
    fn a_directory_of_something_else_is_refused_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("letter"), "").unwrap();
        set(dir.path(), 0o777);
        assert!(matches!(open(dir.path()), Err(LedgerError::Exposed(_))));
        assert_eq!(mode(dir.path()), 0o777);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was added");
    }

    #[test]
    fn files_of_others_and_links_are_refused() {
        let precious = tempfile::NamedTempFile::new().unwrap();
        for name in ["ledger.sqlite3", "opening.lock"] {
            let dir = tempfile::tempdir().unwrap();
            std::os::unix::fs::symlink(precious.path(), dir.path().join(name)).unwrap();
            assert!(matches!(open(dir.path()), Err(LedgerError::NotPlain(_))), "{name}");
            assert_eq!(std::fs::metadata(precious.path()).unwrap().len(), 0);
        }
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path()).unwrap());
        std::os::unix::fs::chown(Ledger::database_path(dir.path()), Some(65_534), None).unwrap();
        assert!(matches!(open(dir.path()), Err(LedgerError::NotOurs(_))));
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(dir.path(), Some(65_534), None).unwrap();
        assert!(matches!(open(dir.path()), Err(LedgerError::NotOurs(_))));
    }
}
