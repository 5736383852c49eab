//! Group commit of limits: over a network a transaction takes many times as long as a change, and many
//! calls change the same rows.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::model::Failure;
use crate::model::limits::{CallLimits, LimitsChange};

/// Changes of limits that wait for an earlier one of the same rows are saved together, in the order in
/// which they came.
#[derive(Default)]
pub(crate) struct GroupedChanges(Mutex<HashMap<String, Arc<ChangeGroup>>>);

#[derive(Default)]
struct ChangeGroup {
    state: Mutex<GroupState>,
    saved: Condvar,
}

#[derive(Default)]
struct GroupState {
    waiting: Vec<Arc<WaitingChange>>,
    is_saving: bool,
}

struct WaitingChange {
    change: Mutex<LimitsChange>,
    saved: OnceLock<Result<(), Failure>>,
}

impl GroupedChanges {
    /// Returns when `change` is saved. `save` gets what makes the changes of all that wait.
    pub(crate) fn save(
        &self,
        name: &str,
        change: LimitsChange,
        save: impl FnOnce(&mut dyn FnMut(&mut CallLimits)) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let group = Arc::clone(lock(&self.0).entry(name.to_owned()).or_default());
        let own = WaitingChange { change: Mutex::new(change), saved: OnceLock::new() };
        let own = Arc::new(own);
        let mut state = lock(&group.state);
        state.waiting.push(Arc::clone(&own));
        while state.is_saving && own.saved.get().is_none() {
            state = group.saved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(saved) = own.saved.get() {
            return saved.clone();
        }
        state.is_saving = true;
        let all = std::mem::take(&mut state.waiting);
        drop(state);
        let _saving = Saving(&group);
        let saved = save(&mut |limits| all.iter().for_each(|one| lock(&one.change)(limits)));
        for one in &all {
            // Each is saved once.
            let _ = one.saved.set(saved.clone());
        }
        saved
    }
}

/// Lets the next one save when it is dropped.
struct Saving<'a>(&'a ChangeGroup);

impl Drop for Saving<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).is_saving = false;
        self.0.saved.notify_all();
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn add_one() -> LimitsChange {
        Box::new(|limits| limits.host.flaps += 1)
    }

    #[test]
    fn changes_that_wait_for_another_are_saved_together() {
        let changes = GroupedChanges::default();
        let state = Mutex::new(CallLimits::default());
        let saved = Mutex::new(Vec::new());
        let save = |all: &mut dyn FnMut(&mut CallLimits)| {
            all(&mut lock(&state));
            lock(&saved).push(lock(&state).host.flaps);
            Ok(())
        };
        let (began, begins) = mpsc::channel();
        let (go, goes) = mpsc::channel();
        std::thread::scope(|scope| {
            let first: LimitsChange = Box::new(move |limits| {
                limits.host.flaps += 1;
                began.send(()).unwrap();
                goes.recv().unwrap();
            });
            scope.spawn(|| changes.save("rows", first, save));
            begins.recv().unwrap();
            for _ in 0..20 {
                scope.spawn(|| changes.save("rows", add_one(), save));
            }
            let group = Arc::clone(&lock(&changes.0)["rows"]);
            while lock(&group.state).waiting.len() < 20 {
                std::thread::yield_now();
            }
            go.send(()).unwrap();
        });
        assert_eq!(*lock(&saved), [1, 21]);
    }

    #[test]
    fn a_failure_is_that_of_all_in_the_group_and_of_no_others() {
        let changes = GroupedChanges::default();
        let failed =
            changes.save("rows", add_one(), |_| Err(Failure::local("saving", &"no space")));
        assert_eq!(failed.unwrap_err().what, "saving");
        let mut kept = CallLimits::default();
        let saved = changes.save("rows", add_one(), |all| {
            all(&mut kept);
            Ok(())
        });
        assert!(saved.is_ok());
        assert_eq!(kept.host.flaps, 1, "the failed one is not made up for");
    }
}
