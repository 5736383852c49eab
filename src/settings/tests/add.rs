//! Adding a profile keeps what is there.

use super::*;

fn new(name: &str) -> NewProfile {
    NewProfile {
        name: name.to_owned(),
        base_url: None,
        environment: Environment::Dev,
        key: Some(SecretSource::Variable("DEV_KEY".to_owned())),
        make_default: false,
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn the_first_profile_makes_the_file() {
    let machine = Machine::new();
    let path = machine.path("config/deeper/config.toml");
    add_profile(&path, &NewProfile { make_default: true, ..new("dev") }).unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "default_profile = \"dev\"\n\n[profiles.dev]\nenvironment = \"dev\"\napi_key_env = \"DEV_KEY\"\n"
    );
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn what_the_file_says_stays_as_it_is() {
    let before =
        "# mine\n[profiles.old]   # kept\napi_key = \"planted\"\n\n[defaults]\nmodel = \"pro\"";
    let machine = Machine::new().user(before);
    let path = machine.settings().user_file.unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let added = NewProfile {
        base_url: Some("https://api.example".parse().unwrap()),
        environment: Environment::Prod,
        key: Some(SecretSource::Command("printf '%s' \"a\\b\"".to_owned())),
        make_default: true,
        ..new("next")
    };
    add_profile(&path, &added).unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().contains(before));
    assert_eq!(mode(&path), 0o600);
    let settings = machine.settings();
    assert_eq!(settings.profile.name, "next");
    assert_eq!(settings.profile.environment, Environment::Prod);
    assert_eq!(settings.profile.base_url.as_str(), "https://api.example/");
    assert_eq!(settings.api_key().unwrap().key.expose(), "a\\b");
    assert_eq!(settings.defaults.model, ModelName::Pro);
}

#[test]
fn every_kind_of_source_reads_back() {
    let sources = [
        (SecretSource::File("/keys/dev key".into()), "file /keys/dev key"),
        (SecretSource::Keyring("work/dev".into()), "keyring work/dev"),
        (SecretSource::Inline(ApiKey::new("planted")), "written in the file"),
        (SecretSource::Variable("DEV_KEY".into()), "variable DEV_KEY"),
    ];
    for (source, words) in sources {
        let machine = Machine::new();
        let path = machine.path("config/config.toml");
        add_profile(&path, &NewProfile { key: Some(source), ..new("dev") }).unwrap();
        assert_eq!(machine.settings().profiles()[0].key_source, words);
    }
}

#[test]
fn a_link_is_kept_and_its_target_replaced() {
    let machine = Machine::new().file("state/dotfile.toml", "# mine\n");
    let link = machine.path("config/config.toml");
    std::os::unix::fs::symlink(machine.path("state/dotfile.toml"), &link).unwrap();
    add_profile(&link, &new("dev")).unwrap();
    assert!(link.is_symlink());
    let text = std::fs::read_to_string(machine.path("state/dotfile.toml")).unwrap();
    assert!(text.starts_with("# mine\n") && text.contains("[profiles.dev]"), "{text}");
}

#[test]
fn what_cannot_be_added_changes_nothing() {
    let table = [
        ("[profiles.dev]\n", new("dev"), "already"),
        ("", new("sandbox"), "reserved"),
        ("", new("a b"), "letters"),
        ("profiles = { a = {} }\n", new("dev"), "by hand"),
        (
            "default_profile = \"a\"\n",
            NewProfile { make_default: true, ..new("dev") },
            ":1 already sets",
        ),
        (
            "",
            NewProfile { base_url: "http://api.example".parse().ok(), ..new("dev") },
            "unencrypted",
        ),
    ];
    for (before, profile, hint) in table {
        let machine = Machine::new().user(before);
        let path = machine.path("config/config.toml");
        let failure = add_profile(&path, &profile).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Configuration);
        assert!(failure.to_string().contains(hint), "{failure}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    }
}
