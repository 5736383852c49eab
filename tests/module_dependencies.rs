//! The structure of `src`, held by reading it: modules import one way, no circle joins two files, and
//! what only one module may do is done nowhere else.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::format_push_string,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "a test program: a failed unwrap is a failed test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which top-level modules each top-level module may name.
const MAY_NAME: [(&str, &[&str]); 14] = [
    ("model", &[]),
    ("media", &["model"]),
    ("client", &["model", "blocking"]),
    ("ledger", &["model", "blocking"]),
    ("settings", &["model"]),
    ("output", &["model"]),
    ("audit", &["model", "client", "ledger"]),
    ("store", &["model", "client", "media", "blocking"]),
    ("flow", &["model", "client", "store", "ledger", "media", "blocking"]),
    ("smoke", &["model", "client", "ledger", "media", "flow", "blocking"]),
    ("listen", &["model", "client", "ledger", "blocking"]),
    ("report", &["model", "ledger", "media", "output"]),
    ("sandbox", &["media"]),
    (
        "cli",
        &[
            "model", "settings", "flow", "smoke", "audit", "listen", "output", "sandbox", "client",
            "ledger", "media", "report", "env", "store", "blocking",
        ],
    ),
];

/// Text that is allowed in some files only.
const ONLY: [(&str, &[&str]); 8] = [
    ("reqwest::", &["client/transport", "sandbox/"]),
    ("object_store", &["store/"]),
    ("rusqlite", &["ledger/"]),
    ("std::env::", &["env.rs"]),
    ("println!", &["output/"]),
    ("eprintln!", &["output/"]),
    ("process::exit", &["cli/", "main.rs"]),
    ("indicatif::", &["output/"]),
];

type ModulePath = Vec<String>;
/// A source file without comments and unit tests.
struct Source {
    /// Below `src`.
    file: String,
    module: ModulePath,
    code: String,
}

fn rust_files(directory: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, all);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    rust_files(&root, &mut paths);
    paths.sort();
    assert!(paths.len() > 40, "the sources were found");
    let read = |path: PathBuf| {
        let file = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        if file.ends_with("/tests.rs") || file.contains("/tests/") {
            return None;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code: Vec<&str> =
            code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let name = file.strip_suffix(".rs").unwrap();
        let name = name.strip_suffix("/mod").unwrap_or(name);
        let module = match name {
            "lib" | "main" => Vec::new(),
            name => name.split('/').map(ToOwned::to_owned).collect(),
        };
        Some(Source { module, code: code.join("\n"), file })
    };
    paths.into_iter().filter_map(read).collect()
}

/// The paths of a `use` tree, each with the name that it is known by.
fn leaves(prefix: &[String], tree: &str) -> Vec<(ModulePath, String)> {
    let tree = tree.trim();
    if let Some((head, rest)) = tree.split_once('{') {
        let mut prefix = prefix.to_vec();
        prefix.extend(
            head.split("::")
                .filter(|part| !part.trim().is_empty())
                .map(str::trim)
                .map(str::to_owned),
        );
        let inner = &rest[..rest.rfind('}').unwrap()];
        let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
        for (at, letter) in inner.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    parts.push(&inner[from..at]);
                    from = at + 1;
                }
                _ => {}
            }
        }
        parts.push(&inner[from..]);
        let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
        return parts.flat_map(|part| leaves(&prefix, part)).collect();
    }
    let (path, alias) =
        tree.split_once(" as ").map_or((tree, None), |(path, as_)| (path, Some(as_)));
    let mut path: ModulePath =
        prefix.iter().cloned().chain(path.split("::").map(|part| part.trim().to_owned())).collect();
    if path.len() > 1 && path.last().is_some_and(|last| last == "self" || last == "*") {
        path.pop();
    }
    let name = alias.map_or_else(|| path.last().unwrap().clone(), |alias| alias.trim().to_owned());
    vec![(path, name)]
}

/// The `use` statements of a file: whether each is public, and what it imports.
type Imports = Vec<(bool, Vec<(ModulePath, String)>)>;

/// The `use` statements of a file, and the rest of its code.
fn imports(code: &str) -> (Imports, String) {
    let (mut all, mut rest, mut from) = (Vec::new(), String::new(), 0);
    for (at, _) in code.match_indices("use ").filter(|(at, _)| {
        let line = code[..*at].rfind('\n').map_or(0, |end| end + 1);
        ["", "pub", "pub(crate)"].contains(&code[line..*at].trim())
    }) {
        let Some(end) = code[at..].find(';') else { continue };
        let line = code[..at].rfind('\n').map_or(0, |end| end + 1);
        all.push((
            line < at && code[line..at].contains("pub"),
            leaves(&[], &code[at + 4..at + end]),
        ));
        rest.push_str(&code[from..line.max(from)]);
        from = at + end;
    }
    rest.push_str(&code[from..]);
    (all, rest)
}

/// Paths in code that begin with `crate`, `self` or `super`.
fn inline_paths(code: &str) -> Vec<ModulePath> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':';
    code.split(|letter| !is_word(letter))
        .filter(|word| ["crate::", "super::", "self::"].iter().any(|start| word.starts_with(start)))
        .map(|word| word.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect())
        .collect()
}

fn absolute(path: &[String], module: &[String]) -> Option<ModulePath> {
    let mut base = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => module.to_vec(),
        _ => return None,
    };
    let mut rest = path;
    if path[0] != "super" {
        rest = &path[1..];
    }
    while rest.first().is_some_and(|part| part == "super") {
        base.pop()?;
        rest = &rest[1..];
    }
    base.extend_from_slice(rest);
    Some(base)
}

struct Crate {
    /// The file of each module.
    files: BTreeMap<ModulePath, String>,
    /// What a module re-exports under a name.
    exports: BTreeMap<(ModulePath, String), ModulePath>,
}

impl Crate {
    fn read(sources: &[Source]) -> Self {
        let files = sources.iter().map(|source| (source.module.clone(), source.file.clone()));
        let mut this = Self { files: files.collect(), exports: BTreeMap::new() };
        for source in sources {
            for (is_public, leaves) in imports(&source.code).0 {
                for (path, name) in leaves.into_iter().filter(|_| is_public) {
                    if let Some(path) = this.absolute(&path, &source.module) {
                        this.exports.insert((source.module.clone(), name), path);
                    }
                }
            }
        }
        this
    }

    fn absolute(&self, path: &[String], module: &[String]) -> Option<ModulePath> {
        absolute(path, module).or_else(|| {
            let mut child = module.to_vec();
            child.push(path.first()?.clone());
            self.files.contains_key(&child).then(|| [module, path].concat())
        })
    }

    /// The file in which the item at `path` is defined, through re-exports.
    fn file_of(&self, path: &[String]) -> Option<&str> {
        let mut path = path.to_vec();
        for _ in 0..8 {
            let depth = (0..=path.len()).rev().find(|n| self.files.contains_key(&path[..*n]))?;
            let name = path.get(depth).cloned();
            let export = name.and_then(|name| self.exports.get(&(path[..depth].to_vec(), name)));
            match export {
                Some(target) => path = [target.as_slice(), &path[depth + 1..]].concat(),
                None => return self.files.get(&path[..depth]).map(String::as_str),
            }
        }
        None
    }

    /// The files that `source` imports from. A re-export in a `mod.rs` is not an import.
    fn imported(&self, source: &Source) -> BTreeSet<String> {
        let (imports, rest) = imports(&source.code);
        let mut paths = inline_paths(&rest);
        for (is_public, leaves) in imports {
            if !is_public || !source.file.ends_with("mod.rs") {
                paths.extend(leaves.into_iter().map(|(path, _)| path));
            }
        }
        paths
            .iter()
            .filter_map(|path| self.file_of(&self.absolute(path, &source.module)?))
            .filter(|file| *file != source.file)
            .map(ToOwned::to_owned)
            .collect()
    }
}

/// Removes files that import nothing, or are imported by nothing, of what is left, until only circles
/// and what joins them are left.
fn circles(mut graph: BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, BTreeSet<String>> {
    loop {
        let before = graph.len();
        let imported: BTreeSet<String> = graph.values().flatten().cloned().collect();
        graph.retain(|file, imports| !imports.is_empty() && imported.contains(file));
        let left: BTreeSet<String> = graph.keys().cloned().collect();
        for imports in graph.values_mut() {
            imports.retain(|file| left.contains(file));
        }
        if graph.len() == before {
            return graph;
        }
    }
}

fn top_level(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or_default()
}

#[test]
fn top_level_modules_import_one_way() {
    let mut wrong = Vec::new();
    for source in sources() {
        let module = top_level(&source.file);
        let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        for (at, _) in source.code.match_indices("crate::") {
            let named: String = source.code[at + "crate::".len()..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            let known = MAY_NAME.iter().any(|(name, _)| *name == named) || named == "env";
            if known && named != module && !allowed.contains(&named.as_str()) {
                wrong.push(format!("{} names crate::{named}", source.file));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_circle_joins_two_files() {
    let sources = sources();
    let this = Crate::read(&sources);
    let is_root = |file: &str| file == "lib.rs" || file == "main.rs";
    let graph: BTreeMap<String, BTreeSet<String>> = sources
        .iter()
        .filter(|source| !is_root(&source.file))
        .map(|source| (source.file.clone(), this.imported(source)))
        .collect();
    assert!(graph.values().flatten().count() > 500, "imports were found");
    let left = circles(graph);
    let shown: Vec<String> =
        left.iter().map(|(file, imports)| format!("{file} -> {imports:?}")).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn what_one_module_does_is_done_there_only() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (text, places) in ONLY {
            if source.code.contains(text)
                && !places.iter().any(|place| source.file.starts_with(place))
            {
                wrong.push(format!("{} has {text}", source.file));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_says_what_is_in_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for source in sources().iter().filter(|source| source.file.ends_with("mod.rs")) {
        let text = fs::read_to_string(root.join(&source.file)).unwrap();
        assert!(text.starts_with("//! ") && !text.starts_with("//! TODO"), "{}", source.file);
    }
}

/// `a/{b,c}` as `a/b` and `a/c`.
fn alternatives(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
    let (names, after) = rest.split_once('}').unwrap();
    names.split(',').flat_map(|name| alternatives(&format!("{before}{name}{after}"))).collect()
}

#[test]
fn modules_that_documents_name_exist() {
    let top_level: Vec<&str> = MAY_NAME.iter().map(|(name, _)| *name).collect();
    let (mut checked, mut missing) = (0, Vec::new());
    for entry in fs::read_dir("docs").unwrap() {
        let document = entry.unwrap().path();
        if document.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = fs::read_to_string(&document).unwrap();
        for quoted in text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)) {
            let path = quoted.strip_prefix("src/").unwrap_or(quoted);
            let is_module = path.chars().all(|c| c.is_ascii_lowercase() || "_/{},.".contains(c))
                && path.split_once('/').is_some_and(|(first, _)| top_level.contains(&first));
            if !is_module {
                continue;
            }
            for path in alternatives(path) {
                checked += 1;
                let file = Path::new("src").join(&path);
                if !file.exists() && !file.with_extension("rs").exists() {
                    missing.push(format!("{}: {path}", document.display()));
                }
            }
        }
    }
    assert_eq!(missing, [""; 0], "not in src");
    assert!(checked > 40, "only {checked} modules were found in the documents");
}
