//! The free check of a key: the service accepts it, or says why not.

use url::Url;

use super::key::KeyInput;
use crate::cli::context::AppContext;
use crate::client::{Client, RequestOptions};
use crate::model::{ExitClass, Failure, FailureKind};
use crate::output::formats::amounts;

/// What the service says about the account of the client's key.
///
/// # Errors
/// The service rejects the key, or cannot be reached.
pub(crate) async fn account(client: &Client) -> Result<String, Failure> {
    let usage = client.usage_summary(1, RequestOptions::plain()).await?;
    let mut words = vec!["accepted by the service".to_owned()];
    words.extend(usage.credits_used.map(|used| format!("used today: {}", amounts::credits(used))));
    words.extend(usage.credits_left.map(|left| format!("left: {}", amounts::credits(left))));
    Ok(words.join("; "))
}

/// [`account`] for a key that no profile has yet, at the address of the new profile `name`.
///
/// # Errors
/// As for [`account`], or the source of the key cannot be read.
pub(crate) async fn new_key(
    app: &AppContext,
    name: &str,
    base_url: &Url,
    input: &KeyInput,
) -> Result<String, Failure> {
    let key = match input {
        KeyInput::Named(source) => app.warned(app.settings.new_key_from(source, name)?),
        KeyInput::Itself(key) => key.clone(),
    };
    account(&app.probe_at(base_url.clone(), key)?).await
}

/// The failure of a check without a prompt, after which nothing is stored.
pub(crate) fn unchecked(failure: Failure) -> Failure {
    let next = match failure.kind.exit_class() {
        _ if failure.kind == FailureKind::Unauthorized => {
            "check the key in the dashboard of the service, or add --no-check to store it anyway"
        }
        ExitClass::Unavailable => "try again later, or add --no-check to store it unchecked",
        _ => "correct this, or add --no-check to store it unchecked",
    };
    failure.with_next(next)
}
