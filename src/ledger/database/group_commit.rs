//! Group commit: one sync makes many concurrent transactions durable.
//!
//! SQLite would sync its log in every commit, one after the other, under its lock. Here commits are
//! written without a sync. A caller that needs durability waits until the log has been synced after
//! its commit; the first one to wait syncs for all commits written so far. The promise is the same:
//! when the operation returns, its rows survive a crash of the machine. (A checkpoint syncs the log
//! before it copies from it, so checkpointed pages are durable as well.)

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::ledger::LedgerError;

/// The write-ahead log of the open database, and how far it is synced.
pub(crate) struct GroupCommit {
    log: File,
    path: PathBuf,
    state: Mutex<SyncState>,
    advanced: Condvar,
}

#[derive(Debug, Default)]
struct SyncState {
    written: u64,
    /// Number of commits that are durable.
    synced: u64,
    syncing: bool,
    /// Set for good by a failed sync: what is on disk is then unknown, and a later success proves
    /// nothing.
    failed: Option<io::ErrorKind>,
}

/// A commit that may not be durable yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PendingCommit(u64);

impl GroupCommit {
    /// Opens the log of the database at `path`, which is open: its log exists and is not deleted
    /// meanwhile.
    pub(crate) fn new(path: &Path) -> Result<Self, LedgerError> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let path = PathBuf::from(log);
        // Opened for writing: some systems refuse to sync a file that is opened for reading.
        let opened = File::options().append(true).open(&path);
        let log = opened.map_err(|why| LedgerError::File { path: path.clone(), why })?;
        Ok(Self { log, path, state: Mutex::default(), advanced: Condvar::new() })
    }

    /// Counts a commit. Called right after it, under the database lock.
    pub(crate) fn record_commit(&self) -> PendingCommit {
        let mut state = self.state();
        state.written += 1;
        PendingCommit(state.written)
    }

    /// Blocks until `commit` is durable.
    ///
    /// # Errors
    /// The log cannot be synced. None of the commits that were waited for may be relied on.
    pub(crate) fn wait_until_durable(&self, commit: PendingCommit) -> Result<(), LedgerError> {
        let mut state = self.state();
        loop {
            if state.synced >= commit.0 {
                return Ok(());
            }
            if let Some(kind) = state.failed {
                return Err(LedgerError::File { path: self.path.clone(), why: kind.into() });
            }
            if state.syncing {
                state = self.advanced.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.syncing = true;
            let reached = state.written;
            drop(state);
            let synced = self.log.sync_data();
            state = self.state();
            state.syncing = false;
            match synced {
                Ok(()) => state.synced = reached,
                Err(why) => state.failed = Some(why.kind()),
            }
            self.advanced.notify_all();
        }
    }

    fn state(&self) -> MutexGuard<'_, SyncState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn durability() -> (tempfile::TempDir, GroupCommit) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("db-wal"), b"").unwrap();
        let durability = GroupCommit::new(&dir.path().join("db")).unwrap();
        (dir, durability)
    }

    #[test]
    fn one_sync_makes_everything_durable_that_was_written_before_it() {
        let (_dir, durability) = durability();
        let commits = [(); 3].map(|()| durability.record_commit());
        durability.wait_until_durable(commits[0]).unwrap();
        assert_eq!(durability.state().synced, 3);
        let late = durability.record_commit();
        assert_eq!(durability.state().synced, 3, "what came later is not promised");
        durability.wait_until_durable(late).unwrap();
        assert_eq!(durability.state().synced, 4);
    }

    #[test]
    fn many_threads_all_return_and_only_when_theirs_is_durable() {
        let (_dir, durability) = durability();
        let durability = Arc::new(durability);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let commit = durability.record_commit();
                        durability.wait_until_durable(commit).unwrap();
                        assert!(durability.state().synced >= commit.0);
                    }
                });
            }
        });
        assert_eq!(durability.state().synced, 800);
    }

    #[test]
    fn after_a_failed_sync_nothing_is_promised_any_more() {
        let (_dir, durability) = durability();
        durability.state().failed = Some(io::ErrorKind::StorageFull);
        let commit = durability.record_commit();
        assert!(durability.wait_until_durable(commit).is_err());
        assert!(durability.wait_until_durable(commit).is_err());
    }
}
