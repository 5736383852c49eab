//! Checks of the machine: proxies, disk, terminal.

use std::path::Path;

use super::check::Check;
use crate::env::{Env, PROXY_VARS};
use crate::model::secret::redact_url;
use crate::output::formats::amounts;

/// Less free disk space than this is a problem: a few outputs fill it.
const MIN_FREE_BYTES: u64 = 1_000_000_000;

/// The proxy variables, and `HTTP_PROXY`, which is not used.
fn proxy_vars() -> impl Iterator<Item = &'static str> {
    PROXY_VARS.into_iter().chain(["HTTP_PROXY"])
}

pub(crate) fn proxies(env: &Env) -> Check {
    let set: Vec<String> = proxy_vars()
        .filter_map(|name| Some((name, env.var(name)?)))
        .map(|(name, value)| {
            let value = if value.contains("://") { redact_url(value) } else { hidden_user(value) };
            // A CGI program sets HTTP_PROXY from a request header.
            let ignored = if name == "HTTP_PROXY" { " (ignored; use http_proxy)" } else { "" };
            format!("{name}={value}{ignored}")
        })
        .collect();
    if set.is_empty() {
        return Check::good("proxies", "none");
    }
    Check::note("proxies", set.join(", "))
}

/// Removes user and password from a proxy address without scheme.
fn hidden_user(value: &str) -> String {
    value.rsplit_once('@').map_or(value, |(_, host)| host).to_owned()
}

/// Free space for outputs and the ledger.
pub(crate) fn disk(env: &Env, state_dir: Option<&Path>) -> Vec<Check> {
    let mut directories = vec![("current directory", env.current_dir.as_path())];
    directories.extend(state_dir.map(|directory| ("ledger", directory)));
    directories.into_iter().map(|(name, path)| free_space(name, path)).collect()
}

fn free_space(name: &str, path: &Path) -> Check {
    let there = path.ancestors().find(|path| path.exists()).unwrap_or(path);
    let says = |free: u64| format!("{} free ({name}, {})", amounts::bytes(free), path.display());
    match rustix::fs::statvfs(there) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            if free < MIN_FREE_BYTES {
                Check::finding("disk", says(free), "free some space, or use another disk")
            } else {
                Check::good("disk", says(free))
            }
        }
        Err(error) => Check::finding(
            "disk",
            format!("{}: {error}", there.display()),
            "check that the directory exists and can be read",
        ),
    }
}

pub(crate) fn terminal(env: &Env) -> Check {
    let terminal = env.terminal;
    let name = |there: bool| if there { "terminal" } else { "not a terminal" };
    let size = terminal
        .size
        .map_or_else(|| "size unknown".to_owned(), |(columns, rows)| format!("{columns}x{rows}"));
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env.var(name));
    let says = format!(
        "stdin: {}, stdout: {}, stderr: {}, {size}, TERM {}, locale {}",
        name(terminal.stdin),
        name(terminal.stdout),
        name(terminal.stderr),
        env.var("TERM").unwrap_or("not set"),
        locale.unwrap_or("not set")
    );
    Check::note("terminal", says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_proxies_are_not_told() {
        assert_eq!(hidden_user("u:p@proxy:3128"), "proxy:3128");
        assert_eq!(hidden_user("proxy:3128"), "proxy:3128");
    }
}
