//! The recipes of `docs/batches.md`, typed as they are.

use std::process::Command;

use crate::support::{Home, RBGV, Ran, Sandbox};

/// The text of a recipe.
fn recipe(name: &str) -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/batches.md");
    let page = std::fs::read_to_string(page).unwrap();
    let from =
        page.find(&format!("# recipe: {name}\n")).unwrap_or_else(|| panic!("no recipe {name}"));
    page[from..].split("\n```").next().unwrap().to_owned()
}

/// A home with clips, and a shell in which `rbgv` is on the path.
fn shell(sandbox: &Sandbox) -> (Home, Command) {
    let home = Home::with(sandbox);
    home.variant("clips/one.mp4", 1);
    home.variant("clips/two and a half.mp4", 2);
    home.variant("clips/three.mp4", 3);
    home.variant("clips/IMG_1.mp4", 4);
    home.variant("clips/IMG_1.MOV", 5);
    home.variant("clips/cam1/0001.mp4", 6);
    home.variant("clips/cam2/0001.mp4", 7);
    std::fs::create_dir(home.work().join("published")).unwrap();
    let bin = std::path::Path::new(RBGV).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    let base = home.keyed(sandbox);
    for (name, value) in base.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.env("PATH", path).current_dir(home.work());
    (home, command)
}

fn outputs(home: &Home, below: &str) -> usize {
    home.files()
        .iter()
        .filter(|name| name.starts_with(below) && name.ends_with("-nobg.webm"))
        .count()
}

#[test]
fn recipes_for_the_shell_do_what_they_say() {
    for (name, number) in [("find", 6), ("xargs", 6), ("while", 5), ("cron", 5)] {
        let sandbox = Sandbox::quick();
        let (home, mut command) = shell(&sandbox);
        Ran::of(command.args(["-c", &recipe(name)])).ends_with(0);
        assert_eq!(outputs(&home, "done/"), number, "{name}");
        assert_eq!(sandbox.audit().bills(), number, "{name}");
        if name == "while" {
            assert_eq!(outputs(&home, "published/"), number);
        }
    }
}

#[test]
fn the_recipe_for_make_does_what_it_says() {
    let sandbox = Sandbox::quick();
    let (home, mut command) = shell(&sandbox);
    std::fs::write(home.work().join("Makefile"), recipe("make")).unwrap();
    std::fs::create_dir(home.work().join("done")).unwrap();
    Ran::of(command.args(["-c", "make done/one-nobg.webm done/three-nobg.webm"])).ends_with(0);
    assert_eq!(outputs(&home, "done/"), 2);
}

#[test]
fn a_long_list_is_planned_in_little_memory() {
    // Mostly names that lead nowhere: the plan is what is measured, not the work.
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let mut list = String::new();
    for n in 0..20_000 {
        list += &format!("missing/clip-{n}.mp4\n");
    }
    std::fs::write(home.work().join("list"), list).unwrap();
    home.clip("a.mp4");
    let ran = home
        .run(&sandbox, &["run", "-q", "a.mp4", "--from-file", "list", "-o", "out/"])
        .ends_with(1);
    assert_eq!(ran.lines().len(), 1);
    let status = home.run(&sandbox, &["status", "--json"]).ends_with(0);
    assert_eq!(status.json()[0]["batches"][0]["rejected"], 20_000);
}
