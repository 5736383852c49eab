//! Which files are read.

use super::*;

#[test]
fn a_named_file_is_read_and_no_other() {
    let machine = Machine::new()
        .user("[profiles.a]\n")
        .project("[profiles.b]\n")
        .file("work/deep/er/own.toml", "[profiles.c]\n")
        .var("RBGV_CONFIG", "own.toml");
    let settings = machine.settings();
    assert_eq!(settings.profile.name, "c");
    assert_eq!(settings.files, [machine.path("work/deep/er/own.toml")]);

    let machine = machine.var("RBGV_CONFIG", "absent.toml");
    assert!(machine.refusal().contains("no such file"));
    let mut machine = machine;
    machine.config = Some(machine.path("config/config.toml"));
    assert_eq!(machine.settings().profile.name, "a");
}

#[test]
fn a_file_is_read_as_any_editor_writes_it() {
    let text = "default_profile = \"a\"\n[profiles.a]\nenvironment = \"staging\"\n";
    let write = |bytes: &[u8]| {
        let machine = Machine::new().user("");
        std::fs::write(machine.path("config/config.toml"), bytes).unwrap();
        machine
    };
    let marked = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(write(marked.as_bytes()).settings().profile.name, "a");
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for utf16 in [units.clone(), [b"\xff\xfe".to_vec(), units].concat()] {
        let message = write(&utf16).refusal();
        assert!(message.contains("UTF-16") && message.contains("iconv"), "{message}");
    }
    let message = write(b"a = \"\0\"").refusal();
    assert!(message.contains("binary") && message.len() < 200, "{message}");
}

#[test]
fn the_nearest_project_file_counts_alone() {
    let machine = Machine::new()
        .project("[defaults]\nmodel = \"pro\"\n")
        .file("work/deep/rbgv.toml", "[defaults]\nformat = \"gif\"\n");
    let settings = machine.settings();
    assert_eq!(settings.files, [machine.path("work/deep/rbgv.toml")]);
    assert_eq!(settings.defaults.model, ModelName::Original);
}

#[test]
fn what_cannot_be_read_is_no_missing_file() {
    let machine = Machine::new();
    std::fs::create_dir(machine.path("config/config.toml")).unwrap();
    assert!(machine.refusal().contains("cannot be read"));

    let machine = Machine::new();
    std::fs::write(machine.path("config/config.toml"), b"a = \"\xff\"").unwrap();
    assert!(machine.refusal().contains("not UTF-8"));

    let long = "#".repeat(1024 * 1024 + 1);
    assert!(Machine::new().user(&long).refusal().contains("1 MiB"));
}

#[test]
fn a_picture_is_looked_for_beside_the_file_that_names_it() {
    let machine = Machine::new()
        .project("[defaults]\nbackground = \"./wall.png\"\n")
        .file("work/wall.png", "a picture");
    let expected = Background::ImageFile(machine.path("work/wall.png"));
    assert_eq!(machine.settings().defaults.background, expected);
}

#[test]
fn a_machine_without_a_home_needs_a_state_directory() {
    let vars = BTreeMap::new();
    let sources = |vars| SettingsSources {
        vars,
        current_dir: Path::new("/"),
        config_dir: None,
        state_dir: None,
        profile: None,
        config: None,
    };
    let failure = Settings::resolve(&sources(&vars)).unwrap_err();
    assert!(failure.why.contains("RBGV_STATE_DIR"));
    let given = [("RBGV_STATE_DIR".to_owned(), "var/x".to_owned())].into();
    assert_eq!(Settings::resolve(&sources(&given)).unwrap().state_dir, Path::new("/var/x"));
}
