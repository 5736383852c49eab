//! Text without the names of the user's files and directories: known places by another name, and of
//! every other path nothing. Pure.

use std::path::Path;

use super::redact::is_between;

/// Directories that may be named, by other names.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<Place>);

/// A directory that may be named, by another name.
#[derive(Debug)]
struct Place {
    path: String,
    name: &'static str,
    /// Whether what lies in it is ours, and may be named too.
    ours: bool,
}

impl Places {
    /// Adds a directory with its other name; `ours`: whether what lies in it may be named.
    pub(super) fn add(&mut self, place: &Path, name: &'static str, ours: bool) {
        let path = place.to_string_lossy().trim_end_matches('/').to_owned();
        if path.len() > 1 {
            self.0.push(Place { path, name, ours });
            // One within another is looked for first.
            self.0.sort_by_key(|place| std::cmp::Reverse(place.path.len()));
        }
    }

    /// `text` without the names of the user's files and directories.
    pub(super) fn renamed(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let known = self.0.iter().find(|place| is_in(rest, &place.path));
            let begins = shown.chars().next_back().is_none_or(|c| is_between(c) || c == '=');
            let foreign = begins && is_path(rest);
            match known {
                Some(Place { path, name, ours: true }) => {
                    let inside = &rest[path.len()..];
                    let (inside, after) =
                        inside.split_at(inside.find(is_between).unwrap_or(inside.len()));
                    shown += name;
                    shown += inside;
                    rest = after;
                }
                Some(Place { path, name, ours: false }) => {
                    let inside = &rest[path.len()..];
                    let end = path_end(inside);
                    shown += name;
                    shown += if end > 1 { "/…" } else { "" };
                    shown += own_name(&inside[..end]);
                    rest = &inside[end..];
                }
                None if foreign => {
                    let end = path_end(rest);
                    shown += "(path)";
                    shown += own_name(&rest[..end]);
                    rest = &rest[end..];
                }
                None => {
                    shown.push(next);
                    rest = &rest[next.len_utf8()..];
                }
            }
        }
        shown
    }
}

/// Whether `text` begins with the path `place` or with one in it.
fn is_in(text: &str, place: &str) -> bool {
    text.strip_prefix(place)
        .is_some_and(|rest| rest.chars().next().is_none_or(|c| c == '/' || !is_of_name(c)))
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Whether `text` begins with a path of this machine; those of the service's calls are none.
fn is_path(text: &str) -> bool {
    let of_service = ["/v1/", "/api/", "/health"].iter().any(|start| text.starts_with(start));
    let named =
        |start| text.strip_prefix(start).is_some_and(|rest: &str| rest.starts_with(is_of_name));
    !of_service && (named("/") || named("~/"))
}

/// Where a path ends: names may hold blanks, so it goes on to what ends a part of a sentence.
fn path_end(text: &str) -> usize {
    let ends = |(at, c): (usize, char)| {
        let hard = matches!(c, '"' | '\'' | '`' | ',' | ';' | '(' | ')' | '<' | '>' | '\n');
        (hard || (c == ':' && text[at + 1..].starts_with(' '))).then_some(at)
    };
    text.char_indices().find_map(ends).unwrap_or(text.len())
}

/// The name of a file that every user has, with the line behind it; nothing for any other.
fn own_name(path: &str) -> &str {
    let known = ["/rbgv.toml", "/config.toml", "/ledger.sqlite3"];
    known.iter().find_map(|name| Some(&path[path.rfind(name)?..])).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_the_users_is_left() {
        let mut places = Places::default();
        places.add(Path::new("/home/jo"), "~", false);
        places.add(Path::new("/home/jo/state/"), "(state)", true);
        places.add(Path::new("/"), "(root)", false);
        for (text, expected) in [
            ("/home/jo/state/x: /home/jo/y", "(state)/x: ~/…"),
            ("/home/jo/My Clips/Jo Doe.mp4: no", "~/…: no"),
            ("(here, /home/jo)", "(here, ~)"),
            ("/home/jo/state/spool/a b", "(state)/spool/a b"),
            ("open /acme.mp4", "open (path)"),
            ("file=~/acme", "file=(path)"),
            ("/home/joanna/x", "(path)"),
            ("/srv/acme corp/rbgv.toml:4: no", "(path)/rbgv.toml:4: no"),
            ("read '/srv/acme/key file' now", "read '(path)' now"),
            ("GET /v1/jobs/j-1 and GET /health", "GET /v1/jobs/j-1 and GET /health"),
            ("https://api.example/a and 1/2", "https://api.example/a and 1/2"),
        ] {
            assert_eq!(places.renamed(text), expected);
        }
    }
}
