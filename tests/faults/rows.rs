//! Every row of `docs/faults.md` names tests, and every test that it names is there.

use std::collections::BTreeSet;
use std::path::Path;

fn tests_below(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_below(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for (at, _) in text.match_indices("fn ") {
                let name: String = text[at + 3..]
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                found.insert(name);
            }
        }
    }
}

#[test]
fn every_row_is_held_by_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    tests_below(&root.join("tests"), &mut found);
    tests_below(&root.join("src"), &mut found);
    let page = std::fs::read_to_string(root.join("docs/faults.md")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| {
            line.starts_with("| ") && line[2..].starts_with(|c: char| c.is_ascii_digit())
        })
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    assert!(rows.len() >= 48, "every row is numbered");
    for (number, row) in (1..).zip(&rows) {
        assert_eq!(row[0], number.to_string(), "rows keep their numbers");
        let names: Vec<&str> = row[3].split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            assert!(
                row[3].starts_with("not yet:"),
                "row {number} names a test, or why there is none"
            );
        }
        for name in names {
            assert!(found.contains(name), "row {number} names {name}, which does not exist");
        }
    }
    // The rows without a number, of hostile neighbours.
    let others = page.lines().filter(|line| {
        line.starts_with("| ")
            && !line[2..].starts_with(|c: char| c.is_ascii_digit() || c == '#')
            && !line.starts_with("| fault |")
    });
    let mut seen = 0;
    for row in others {
        seen += 1;
        let held_by = row.trim_matches(['|', ' ']).rsplit(" | ").next().unwrap();
        let names: Vec<&str> = held_by.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "it names a test: {row}");
        for name in names {
            assert!(found.contains(name), "{name} does not exist: {row}");
        }
    }
    assert!(seen > 0);
}
