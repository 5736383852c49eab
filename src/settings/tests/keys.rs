//! Where keys come from, and that they go nowhere else.

use super::*;

/// A profile with one more line.
fn with(line: &str) -> Machine {
    Machine::new().user(&format!("[profiles.dev]\n{line}\n"))
}

#[test]
fn each_source_gives_the_key() {
    let inline = with("api_key = \"planted\"").key();
    assert_eq!((inline.key.expose(), inline.warnings.len()), ("planted", 0));

    let variable = with("api_key_env = \"DEV\"").var("DEV", "planted").key();
    assert_eq!(variable.source, "variable DEV (profile dev)");
    assert_eq!(variable.key.expose(), "planted");

    let file = with("api_key_file = \"keys.d\"").file("config/keys.d", "planted\n").key();
    assert_eq!((file.key.expose(), file.warnings.len()), ("planted", 0));

    let command = with("api_key_command = \"echo ' planted '\"").key();
    assert_eq!(command.key.expose(), "planted");
    assert_eq!(command.source, "a command (profile dev)");
}

#[test]
fn a_key_is_read_as_editors_and_environment_files_write_it() {
    // (what is in the file, the key or a part of the message)
    let table: [(&[u8], Result<&str, &str>); 11] = [
        (b"planted\r\n", Ok("planted")),
        (b"\xef\xbb\xbfplanted\n", Ok("planted")),
        (b"\"planted\"\n", Ok("planted")),
        (b" 'planted' \n", Ok("planted")),
        (b"\"planted", Ok("\"planted")),
        (b"\xff\xfep\0l\0a\0n\0t\0e\0d\0", Err("UTF-16")),
        (b"p\0l\0a\0n\0t\0e\0d\0\n\0", Err("UTF-16")),
        (b"pla\0nted", Err("binary")),
        (b"RBGV_API_KEY=planted\n", Err("environment file, RBGV_API_KEY=")),
        (b"export REMOVEBGVIDEO_API_KEY=\"planted\"\n", Err("environment file")),
        (b"\"\"\n", Err("empty")),
    ];
    for (bytes, expected) in table {
        let machine = with("api_key_file = \"keys.d\"").file("config/keys.d", "");
        std::fs::write(machine.path("config/keys.d"), bytes).unwrap();
        match expected {
            Ok(key) => assert_eq!(machine.key().key.expose(), key),
            Err(why) => {
                let message = machine.no_key();
                assert!(message.contains(why) && !message.contains("planted"), "{message}");
            }
        }
    }
    let quoted = Machine::new().var("RBGV_API_KEY", "\"planted\"");
    assert_eq!(quoted.key().key.expose(), "planted", "as docker --env-file passes it");
    let machine = Machine::new().user("[profiles.dev]\n").var("RBGV_PROFILE", "'dev'");
    assert_eq!(machine.settings().profile.name, "dev");
}

#[test]
fn variables_stand_above_the_profile() {
    let machine = with("api_key = \"in-file\"").var("REMOVEBGVIDEO_API_KEY", "of-the-sdk");
    assert_eq!(machine.key().key.expose(), "of-the-sdk");
    let machine = machine.var("RBGV_API_KEY", "ours");
    assert_eq!(machine.key().source, "variable RBGV_API_KEY");
    let machine = machine.var("RBGV_API_KEY", "  ");
    assert_eq!(machine.key().key.expose(), "of-the-sdk");
}

#[test]
fn a_missing_key_says_how_to_give_one() {
    let message = Machine::new().no_key();
    for way in ["RBGV_API_KEY", "[profiles.default]", "--sandbox"] {
        assert!(message.contains(way), "{message}");
    }
    let message = Machine::new().user("[profiles.a]\n[profiles.b]\n").no_key();
    assert!(message.contains("--profile (a, b)"), "{message}");
    assert!(with("api_key_env = \"ABSENT\"").no_key().contains("ABSENT is not set"));
    assert!(with("api_key_file = \"absent\"").no_key().contains("cannot be read"));
    assert!(with("api_key_command = \"exit 4\"").no_key().contains("exit status: 4"));
    assert!(with("api_key_command = \"echo\"").no_key().contains("the key is empty"));
    assert!(with("api_key_command = \"echo a; echo b\"").no_key().contains("several lines"));
}

#[test]
fn a_key_that_others_can_read_is_warned_about() {
    let open = |path: PathBuf| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    };
    let machine = with("api_key = \"planted\"");
    open(machine.path("config/config.toml"));
    assert!(machine.settings().warnings[0].contains("chmod 600"));

    let machine = with("api_key_file = \"k\"").file("config/k", "planted");
    open(machine.path("config/config.toml"));
    assert!(machine.settings().warnings.is_empty());
    open(machine.path("config/k"));
    assert!(machine.key().warnings[0].contains("chmod 600"));
}

#[test]
fn one_key_in_two_environments_is_warned_about() {
    let text = "default_profile = \"dev\"\n\
                [profiles.dev]\napi_key_env = \"DEV\"\n\
                [profiles.prod]\nenvironment = \"prod\"\napi_key = \"planted\"\n\
                [profiles.more]\nenvironment = \"prod\"\napi_key = \"planted\"\n";
    let machine = Machine::new().user(text).var("DEV", "another");
    assert!(machine.settings().warnings.is_empty());
    let machine = machine.var("DEV", "planted");
    assert_eq!(machine.settings().warnings.len(), 2);
    let machine = machine.var("DEV", "another").var("RBGV_API_KEY", "planted");
    let warnings = machine.settings().warnings;
    assert!(warnings[0].contains("dev (dev)") && warnings[0].contains("(prod)"), "{warnings:?}");
}

#[test]
fn an_admin_token_is_optional_and_has_the_same_sources() {
    assert!(Machine::new().settings().admin_token().unwrap().is_none());
    let machine = with("admin_token_env = \"ADMIN\"").var("ADMIN", "planted");
    assert_eq!(machine.settings().admin_token().unwrap().unwrap().expose(), "planted");
    let machine = machine.var("RBGV_ADMIN_TOKEN", "above");
    assert_eq!(machine.settings().admin_token().unwrap().unwrap().expose(), "above");
}

#[test]
fn profiles_are_listed_with_what_costs_nothing_to_know() {
    let text = "default_profile = \"b\"\n[profiles.a]\napi_key = \"planted\"\n\
                [profiles.b]\napi_key_command = \"touch ran\"\n[profiles.c]\n";
    let machine = Machine::new().user(text);
    let settings = machine.settings();
    let listed = settings.profiles();
    let words: Vec<_> = listed
        .iter()
        .map(|p| (p.name.as_str(), p.key_source.as_str(), p.fingerprint.is_some(), p.active))
        .collect();
    assert_eq!(
        words,
        [
            ("a", "written in the file", true, false),
            ("b", "a command", false, true),
            ("c", "none", false, false)
        ]
    );
    assert!(!machine.path("work/deep/er/ran").exists());
}

#[test]
fn no_view_and_no_message_holds_a_key() {
    let secret = "sk-planted-0123456789";
    let broken = [
        format!("[profiles.a]\napi_key = \"{secret}\nx = 1\n"),
        format!("[profiles.a]\napi_key = \"{secret} and more\"\n"),
        format!("[profiles.a]\napi_key = [\"{secret}\"]\n"),
        format!("[profiles.a]\napi_key = {secret}\n"),
        format!("[profiles.a]\nbase_url = \"https://u:{secret}@x.example\"\n"),
    ];
    for text in broken {
        let message = Machine::new().user(&text).refusal();
        assert!(!message.contains(secret), "{message}");
    }
    let machine = with(&format!("api_key = \"{secret}\"")).var("RBGV_ADMIN_TOKEN", secret);
    let settings = machine.settings();
    let views = format!("{settings:?} {:?} {:?}", settings.show(), settings.profiles());
    assert!(!views.contains(secret), "{views}");
    let print = ApiKey::new(secret).fingerprint().to_string();
    assert!(origin(&settings, "profiles.dev.api_key").0.contains(&print));
}

#[test]
fn a_command_gets_no_secret_of_ours() {
    let user = "default_profile = \"a\"\n[profiles.a]\napi_key_command = \"env | tr -c '[:graph:]' ,\"\n\
                [profiles.b]\napi_key_env = \"B_KEY\"\nadmin_token_env = \"B_ADMIN\"\n";
    let machine = Machine::new()
        .user(user)
        .var("VAULT_ADDR", "kept")
        .var("B_KEY", "planted")
        .var("B_ADMIN", "planted")
        .var("RBGV_ADMIN_TOKEN", "planted")
        .var("RBGV_WEBHOOK_SECRET", "planted")
        .var("RBGV_SANDBOX_KEY", "planted");
    let seen = machine.key().key.expose().to_owned();
    assert!(seen.contains("VAULT_ADDR=kept") && !seen.contains("planted"), "{seen}");
    let vars = machine.var("RBGV_API_KEY", "planted").settings();
    assert!(vars.child_vars().values().all(|value| value != "planted"));
}
