//! What is committed and made by the binary is what the binary makes today.

use std::path::{Path, PathBuf};

use crate::support::Home;

fn repository(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

const SHELLS: [(&str, &str); 5] = [
    ("bash", "rbgv.bash"),
    ("zsh", "_rbgv"),
    ("fish", "rbgv.fish"),
    ("powershell", "_rbgv.ps1"),
    ("elvish", "rbgv.elv"),
];

#[test]
fn completions_are_up_to_date() {
    let home = Home::new();
    for (shell, file) in SHELLS {
        let made = home.run_alone(&["completions", shell]).ends_with(0).stdout;
        let kept =
            std::fs::read_to_string(repository("completions").join(file)).unwrap_or_default();
        assert!(made == kept, "run: cargo run -- completions {shell} > completions/{file}");
    }
}

#[test]
fn manual_pages_are_up_to_date() {
    let home = Home::new();
    home.run_alone(&["man", "--dir", "man"]).ends_with(0);
    let mut made: Vec<_> = std::fs::read_dir(home.work().join("man"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    let mut kept: Vec<_> = std::fs::read_dir(repository("docs/man"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    made.sort();
    kept.sort();
    assert_eq!(made, kept, "run: cargo run -- man --dir docs/man");
    for name in made {
        let fresh = std::fs::read(home.work().join("man").join(&name)).unwrap();
        let old = std::fs::read(repository("docs/man").join(&name)).unwrap();
        assert!(fresh == old, "run: cargo run -- man --dir docs/man ({})", name.display());
    }
}
