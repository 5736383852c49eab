//! Reads keys from the Secret Service, and stores them there. Built with the feature `keyring`.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error};

use crate::model::ApiKey;

/// Time for an answer of the keyring, which may ask the user to unlock it.
const TIMEOUT: Duration = Duration::from_mins(2);

/// The secret of `user` at `service`.
pub(crate) fn read(service: &str, user: &str) -> Result<String, String> {
    with_entry(open, service, user, keyring_core::Entry::get_password)
}

/// Stores `key` as the secret of `user` at `service`.
pub(crate) fn store(service: &str, user: &str, key: &ApiKey) -> Result<(), String> {
    let key = key.clone();
    with_entry(open, service, user, move |entry| entry.set_password(key.expose()))
}

fn open() -> keyring_core::Result<Arc<CredentialStore>> {
    let store: Arc<CredentialStore> = zbus_secret_service_keyring_store::Store::new()?;
    Ok(store)
}

/// Calls `work` with an entry of the store that `open` connects to, on a thread of its own: the store
/// runs its own runtime, which must not be entered from another one.
fn with_entry<T: Send + 'static>(
    open: impl FnOnce() -> keyring_core::Result<Arc<CredentialStore>> + Send + 'static,
    service: &str,
    user: &str,
    work: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
) -> Result<T, String> {
    let (sender, receiver) = mpsc::channel();
    let (owned_service, owned_user) = (service.to_owned(), user.to_owned());
    thread::spawn(move || {
        let done = || match open() {
            Ok(store) => store
                .build(&owned_service, &owned_user, None)
                .and_then(|entry| work(&entry))
                .map_err(|error| describe(&error, &owned_service, &owned_user)),
            Err(error) => Err(format!(
                "no keyring found ({error}); is a Secret Service such as GNOME Keyring or \
                 KWallet running? Without one, use api_key_env, api_key_file or \
                 api_key_command"
            )),
        };
        // Fails only after the timeout, when the receiver is gone.
        let _ = sender.send(done());
    });
    receiver
        .recv_timeout(TIMEOUT)
        .unwrap_or_else(|_| Err("the keyring did not answer; unlock it and try again".to_owned()))
}

/// The reason why there is no key, without what the keyring returned.
fn describe(error: &Error, service: &str, user: &str) -> String {
    match error {
        Error::NoEntry => format!(
            "the keyring holds nothing for {service}/{user}; store it with: \
             secret-tool store --label='{service} {user}' service {service} username {user}"
        ),
        Error::Ambiguous(_) => {
            format!("the keyring holds several secrets for {service}/{user}; remove all but one")
        }
        Error::NoStorageAccess(_) => {
            "the keyring is locked or refuses access; unlock it, and try again".to_owned()
        }
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            format!("the keyring entry {service}/{user} is not text")
        }
        other => format!("the keyring failed: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use keyring_core::mock;

    use super::*;

    #[test]
    fn a_stored_key_is_read_and_a_missing_one_explained() {
        let store = mock::Store::new().unwrap();
        let stored: Arc<CredentialStore> = store.clone();
        let open = |store: &Arc<CredentialStore>| {
            let store = Arc::clone(store);
            move || Ok(store)
        };
        let read = |user| with_entry(open(&stored), "rbgv", user, Entry::get_password);
        with_entry(open(&stored), "rbgv", "dev", |entry| entry.set_password("planted")).unwrap();
        assert_eq!(read("dev"), Ok("planted".to_owned()));
        let missing = read("prod").unwrap_err();
        assert!(missing.contains("secret-tool store"), "{missing}");
    }

    #[test]
    fn without_a_keyring_the_message_names_other_sources() {
        let none = || Err(Error::NoDefaultStore);
        let message = with_entry(none, "rbgv", "dev", Entry::get_password).unwrap_err();
        assert!(message.contains("api_key_env"), "{message}");
    }
}
