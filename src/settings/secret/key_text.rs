//! The text of a key: read from a file, and checked before it is sent.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::model::ApiKey;
use crate::model::text::decoded;

use super::types::{MAX_SECRET_BYTES, SecretKind};
use crate::settings::file::find;

/// A warning when other users can read the file at `path`, which holds a secret.
pub(crate) fn file_warnings(path: &Path) -> Vec<String> {
    let shown = path.display();
    let warning =
        format!("other users can read {shown}, which holds a key; run: chmod 600 {shown}");
    if find::readable_by_others(path) { vec![warning] } else { Vec::new() }
}

/// `value` without enclosing quotes, which some tools keep from environment files.
pub(crate) fn unquoted(value: &str) -> &str {
    let value = value.trim();
    let within = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

/// A key that can be sent in a header, without the line break after it.
///
/// # Errors
/// Why it cannot be a key, without the key itself.
pub fn parse_key(raw: &str) -> Result<ApiKey, String> {
    let line = raw.trim_start_matches('\u{feff}').trim();
    let assigned = line.strip_prefix("export ").unwrap_or(line).split_once('=');
    if let Some((name, _)) = assigned
        && SecretKind::ALL.into_iter().any(|kind| kind.variables().contains(&name))
    {
        return Err(format!(
            "it is a line of an environment file, {name}=...; keep only the key there, or set the \
             variable {name} from that file"
        ));
    }
    let key = ApiKey::new(unquoted(line));
    if key.is_empty() {
        return Err("the key is empty".to_owned());
    }
    if key.expose().lines().count() > 1 {
        return Err("expected the key alone, found several lines".to_owned());
    }
    if !key.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the key contains white space or characters that no key has".to_owned());
    }
    Ok(key)
}

pub(crate) fn read_file(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| format!("the file {shown} cannot be read: {error}");
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_SECRET_BYTES {
        return Err(format!("the file {shown} is too large to be a key"));
    }
    decoded(bytes).map_err(|why| format!("the file {shown} {why}"))
}
