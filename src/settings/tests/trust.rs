//! A cloned repository steals no key, runs no command and takes off no guard.

use super::*;

const EVIL: &str = "https://evil.example";

impl Machine {
    fn project_in_use(&self) -> Result<Option<Project>, Failure> {
        project(&SettingsSources {
            vars: &self.vars,
            current_dir: &self.path("work/deep/er"),
            config_dir: Some(&self.path("config")),
            state_dir: Some(&self.path("state")),
            profile: self.profile.as_deref(),
            config: self.config.as_deref(),
        })
    }

    fn confirm(&self) {
        let project = self.project_in_use().unwrap().unwrap();
        assert!(!project.is_confirmed());
        project.confirm().unwrap();
    }

    fn confirms_nothing(&self) {
        assert!(self.project_in_use().is_err(), "it is refused, confirmed or not");
    }
}

#[test]
fn a_project_cannot_lead_a_key_of_the_users_configuration_elsewhere() {
    let led = format!("[profiles.dev]\nbase_url = \"{EVIL}\"\n");
    let user = "[profiles.dev]\nbase_url = \"https://api.example/\"\n";
    for secret in ["api_key = \"mine\"", "api_key_env = \"MINE\"", "admin_token = \"mine\""] {
        let machine = Machine::new().user(&format!("{user}{secret}\n")).project(&led);
        let message = machine.refusal();
        assert!(message.contains("line 2") && message.contains("--config"), "{message}");
        machine.confirms_nothing();
    }
}

#[test]
fn a_host_key_or_secret_of_a_project_is_used_only_after_it_was_confirmed() {
    let led = format!("[profiles.dev]\nbase_url = \"{EVIL}\"\n");
    for secret in [
        "",
        "api_key = \"theirs\"\n",
        "api_key_env = \"MINE\"\n",
        "api_key_file = \"k\"\n",
        "api_key_file = \"../config/key\"\n",
    ] {
        let machine = Machine::new()
            .project(&format!("{led}{secret}"))
            .file("work/k", "theirs")
            .file("config/key", "mine")
            .var("MINE", "mine")
            .var("RBGV_API_KEY", "mine");
        let message = machine.refusal();
        assert!(message.contains("not confirmed") && message.contains(EVIL), "{message}");
        machine.confirm();
        assert_eq!(machine.settings().profile.base_url.as_str(), format!("{EVIL}/"));
    }
    for secret in [
        "api_key = \"theirs\"",
        "admin_token_env = \"MINE\"",
        "webhook_secret_file = \"k\"",
        "next_key_keyring = \"mine\"",
        "allow_http = true",
    ] {
        let machine = Machine::new().project(&format!("[profiles.dev]\n{secret}\n"));
        assert!(machine.refusal().contains("not confirmed"), "{secret}");
        machine.confirm();
        assert!(machine.resolve().is_ok());
    }
}

#[test]
fn a_confirmation_is_for_one_directory_and_content() {
    let text = format!("[profiles.dev]\nbase_url = \"{EVIL}\"\n");
    let machine = Machine::new().project(&text);
    machine.confirm();
    assert!(machine.resolve().is_ok());
    // Elsewhere, the same content is another file.
    let machine = machine.file("work/deep/rbgv.toml", &text);
    assert!(machine.refusal().contains("deep/rbgv.toml"));
    std::fs::remove_file(machine.path("work/deep/rbgv.toml")).unwrap();
    assert!(machine.resolve().is_ok());
    let machine = machine.project(&format!("{text}# changed\n"));
    assert!(machine.refusal().contains("not confirmed"));
    let machine = machine.project(&text);
    assert!(machine.resolve().is_ok(), "confirmed before");
    // A record that others could have written is none.
    let folder = machine.path("state/confirmed");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    assert!(machine.refusal().contains("not confirmed"));
}

#[test]
fn what_the_users_own_configuration_has_needs_no_confirmation() {
    let user = "[profiles.dev]\nbase_url = \"https://api.example\"\napi_key_env = \"MINE\"\n";
    for project in
        ["[profiles.dev]\napi_key_env = \"MINE\"\n", "[defaults]\nmodel = \"pro\"\n", user]
    {
        let machine = Machine::new().user(user).project(project).var("MINE", "mine");
        assert_eq!(machine.key().key.expose(), "mine");
    }
}

#[test]
fn a_project_file_that_others_can_change_is_refused() {
    let machine = Machine::new().project("[defaults]\nmodel = \"pro\"\n");
    let file = machine.path("work/rbgv.toml");
    for mode in [0o620, 0o602, 0o666] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(machine.refusal().contains("chmod go-w"), "{mode:o}");
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(machine.resolve().is_ok());
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&file, Some(65_534), None).unwrap();
        assert!(machine.refusal().contains("belongs to another user"));
        std::fs::remove_file(&file).unwrap();
        let elsewhere = machine.path("config/other.toml");
        std::fs::write(&elsewhere, "").unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
        std::os::unix::fs::lchown(&file, Some(65_534), None).unwrap();
        assert!(machine.refusal().contains("belongs to another user"));
    }
    std::fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    assert!(machine.refusal().contains("not a regular file"));
}

#[test]
fn a_key_of_a_profile_goes_only_to_the_host_that_the_profile_names() {
    let user = "[profiles.dev]\nbase_url = \"https://api.example\"\napi_key_env = \"MINE\"\n\
                next_key_env = \"MINE\"\nadmin_token_env = \"MINE\"\n";
    let machine =
        |address: &str| Machine::new().user(user).var("MINE", "mine").var("RBGV_BASE_URL", address);
    let same = machine("https://API.example/path");
    assert_eq!(same.key().key.expose(), "mine");
    for address in ["http://127.0.0.1:9", "https://api.example:444", "https://evil.example"] {
        let settings = machine(address).settings();
        let message = settings.api_key().unwrap_err().to_string();
        assert!(message.contains("https://api.example, and RBGV_BASE_URL"), "{message}");
        assert!(message.contains("RBGV_API_KEY"), "{message}");
        assert!(settings.next_key().is_err());
        assert!(settings.admin_token().is_err());
        let given = machine(address).var("RBGV_API_KEY", "theirs");
        assert_eq!(given.key().key.expose(), "theirs");
    }
    // A profile that names no host has the vendor's.
    let bare = Machine::new().user("[profiles.dev]\napi_key_env = \"MINE\"\n").var("MINE", "mine");
    assert_eq!(bare.key().key.expose(), "mine");
    assert!(bare.var("RBGV_BASE_URL", "http://127.0.0.1:9").no_key().contains("not sent"));
}

#[test]
fn the_same_address_in_other_words_leads_nowhere() {
    let user = "[profiles.dev]\nbase_url = \"https://api.example\"\napi_key = \"mine\"\n";
    let project = "[profiles.dev]\nbase_url = \"https://API.example:443/\"\n";
    assert_eq!(Machine::new().user(user).project(project).key().key.expose(), "mine");
    let vendor = "[profiles.dev]\nbase_url = \"https://api.removebgvideo.com\"\n";
    Machine::new().project(vendor).var("RBGV_API_KEY", "mine").key();
}

#[test]
fn a_variable_for_the_address_takes_it_out_of_the_projects_hands() {
    let machine = Machine::new()
        .project(&format!("[profiles.dev]\nbase_url = \"{EVIL}\"\n"))
        .var("RBGV_API_KEY", "mine")
        .var("RBGV_BASE_URL", "http://127.0.0.1:7");
    assert_eq!(machine.settings().profile.base_url.as_str(), "http://127.0.0.1:7/");
}

#[test]
fn a_project_runs_no_command_and_opens_no_http() {
    let message =
        Machine::new().project("[profiles.x]\napi_key_command = \"touch ran\"\n").refusal();
    assert!(message.contains("may not run commands"), "{message}");
    let machine = Machine::new()
        .project("[profiles.dev]\nallow_http = true\n")
        .var("RBGV_API_KEY", "mine")
        .var("RBGV_BASE_URL", "http://api.example");
    assert!(machine.refusal().contains("plain http"), "not confirmed");
}

#[test]
fn a_project_has_no_file_of_the_users_uploaded() {
    for picture in ["/etc/passwd", "~/.ssh/id", "../config/key", "./link"] {
        for table in ["defaults", "profiles.x"] {
            let project = format!("[{table}]\nbackground = \"{picture}\"\n");
            let machine = Machine::new().project(&project).file("config/key", "mine");
            let link = machine.path("work/link");
            std::os::unix::fs::symlink(machine.path("config/key"), link).unwrap();
            assert!(machine.refusal().contains("in its own directory"), "{picture}");
        }
    }
    let named = Machine::new().project("[defaults]\nbackground = \"green\"\n");
    assert!(named.resolve().is_ok());
}

#[test]
fn a_project_takes_no_guard_off() {
    let user = "[profiles.p]\nenvironment = \"prod\"\nconfirm_above_credits = 10\n";
    for line in ["environment = \"dev\"", "confirm_above_credits = 1000000"] {
        let project = format!("[profiles.p]\n{line}\n");
        let message = Machine::new().user(user).project(&project).refusal();
        assert!(message.contains("config.toml:"), "{message}");
    }
    for same in ["confirm_above_credits = 10.0", "confirm_above_credits = 5"] {
        let project = format!("[profiles.p]\n{same}\n");
        assert!(Machine::new().user(user).project(&project).resolve().is_ok(), "{same}");
    }
}

#[test]
fn a_guard_that_holds_by_default_is_one_too() {
    let user = "[profiles.p]\nenvironment = \"prod\"\n";
    for (table, line) in [
        ("", "confirm_above_credits = 501"),
        (".timing", "settle = \"10s\""),
        (".timing", "breaker_cooldown = \"1ms\""),
        (".limits", "in_flight_max = 65"),
        (".limits", "concurrency = 17"),
        (".limits", "submission_rate_max = 50.5"),
        (".limits", "poll_rate_max = 21.0"),
    ] {
        let project = format!("[profiles.p{table}]\n{line}\n");
        let message = Machine::new().user(user).project(&project).refusal();
        assert!(message.contains("by default") && message.contains("line 2"), "{line}: {message}");
        // Nor for a profile that only the project has.
        if !line.starts_with("confirm") {
            assert!(Machine::new().project(&project).refusal().contains("by default"), "{line}");
        }
    }
    let careful = "[profiles.p]\nconfirm_above_credits = 499\n[profiles.p.timing]\nsettle = \"3m\"\n\
                   [profiles.p.limits]\nin_flight_max = 3\n";
    let settings = Machine::new().user(user).project(careful).settings();
    assert_eq!(settings.profile.confirm_above_credits, Some(499.0));
    assert_eq!(settings.profile.limits.in_flight_max, 3);
}

#[test]
fn a_profile_that_only_the_project_has_does_not_replace_a_careful_one() {
    let user = "[profiles.p]\nenvironment = \"prod\"\n";
    let project = "default_profile = \"q\"\n[profiles.q]\nmodel = \"pro\"\n";
    let message = Machine::new().user(user).project(project).refusal();
    assert!(
        message.contains("`environment` of profile p") && message.contains("line 1"),
        "{message}"
    );
    let careful = format!("{project}environment = \"prod\"\n");
    assert!(Machine::new().user(user).project(&careful).resolve().is_ok());
    // One that the user chooses by name is their choice.
    assert!(Machine::new().user(user).project(project).profile("q").resolve().is_ok());
}

#[test]
fn a_named_file_is_the_users_own_word() {
    let mut machine = Machine::new()
        .project(&format!("[profiles.dev]\nbase_url = \"{EVIL}\"\napi_key_env = \"MINE\"\n"))
        .var("MINE", "mine");
    machine.config = Some(machine.path("work/rbgv.toml"));
    assert_eq!(machine.key().key.expose(), "mine");
}

#[test]
fn the_projects_source_replaces_the_users() {
    let machine = Machine::new()
        .user("[profiles.dev]\napi_key_env = \"USERS\"\n")
        .project("[profiles.dev]\napi_key = \"theirs\"\n")
        .var("USERS", "mine");
    machine.confirm();
    assert_eq!(machine.key().key.expose(), "theirs");
}
