//! A cloned repository steals no key and runs no command.

use super::*;

const EVIL: &str = "https://evil.example";

#[test]
fn a_project_cannot_lead_a_key_elsewhere() {
    let led = format!("[profiles.dev]\nbase_url = \"{EVIL}\"\n");
    let user = "[profiles.dev]\nbase_url = \"https://api.example/\"\napi_key = \"mine\"\n";
    let machines = [
        Machine::new().user(user).project(&led),
        Machine::new().project(&led).var("RBGV_API_KEY", "mine"),
        Machine::new().project(&led).var("REMOVEBGVIDEO_API_KEY", "mine"),
        Machine::new().project(&led).var("RBGV_ADMIN_TOKEN", "mine"),
        Machine::new().project(&format!("{led}api_key_env = \"MINE\"\n")),
        Machine::new().project(&format!("{led}api_key_keyring = \"mine\"\n")),
        Machine::new().project(&format!("{led}api_key_file = \"/etc/passwd\"\n")),
        Machine::new().project(&format!("{led}api_key_file = \"../config/key\"\n")),
        Machine::new().user("[profiles.dev]\nadmin_token = \"mine\"\n").project(&led),
    ];
    for machine in machines {
        let told = machine.file("config/key", "mine").refusal();
        assert!(told.contains("line 2") && told.contains("--config"), "{told}");
    }
}

#[test]
fn a_link_out_of_the_project_is_followed_before_it_is_trusted() {
    let text = format!("[profiles.dev]\nbase_url = \"{EVIL}\"\napi_key_file = \"key\"\n");
    let machine = Machine::new().project(&text).file("config/key", "mine");
    std::os::unix::fs::symlink(machine.path("config/key"), machine.path("work/key")).unwrap();
    assert!(machine.refusal().contains("comes from elsewhere"));
}

#[test]
fn a_project_with_a_key_of_its_own_goes_where_it_likes() {
    let led = format!("[profiles.demo]\nbase_url = \"{EVIL}\"\n");
    let inline = Machine::new().project(&format!("{led}api_key = \"theirs\"\n"));
    assert_eq!(inline.key().key.expose(), "theirs");
    let file = Machine::new().project(&format!("{led}api_key_file = \"k\"\n"));
    assert_eq!(file.file("work/k", "theirs").key().key.expose(), "theirs");
    // Another profile's key is not concerned.
    let beside = Machine::new()
        .user("default_profile = \"dev\"\n[profiles.dev]\napi_key = \"mine\"\n")
        .project(&format!("{led}api_key = \"theirs\"\n"))
        .var("RBGV_API_KEY", "mine-too");
    assert_eq!(beside.key().key.expose(), "mine-too");
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
    let told = Machine::new().project("[profiles.x]\napi_key_command = \"touch ran\"\n").refusal();
    assert!(told.contains("may not run commands"), "{told}");
    let machine = Machine::new()
        .project("[profiles.dev]\nallow_http = true\n")
        .var("RBGV_API_KEY", "mine")
        .var("RBGV_BASE_URL", "http://api.example");
    assert!(machine.refusal().contains("plain http"));
}

#[test]
fn a_project_has_no_file_of_the_users_uploaded() {
    for picture in ["/etc/passwd", "~/.ssh/id", "../config/key", "./link"] {
        for table in ["defaults", "profiles.x"] {
            let project = format!("[{table}]\nbackground = \"{picture}\"\n");
            let machine = Machine::new().project(&project).file("config/key", "mine");
            let link = machine.path("work/link");
            std::os::unix::fs::symlink(machine.path("config/key"), link).unwrap();
            assert!(machine.refusal().contains("lie in its directory"), "{picture}");
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
        let told = Machine::new().user(user).project(&project).refusal();
        assert!(told.contains("config.toml:"), "{told}");
    }
    let same = "[profiles.p]\nconfirm_above_credits = 10.0\n";
    assert!(Machine::new().user(user).project(same).resolve().is_ok());
}

#[test]
fn a_named_file_is_the_users_own_word() {
    let mut machine = Machine::new()
        .project(&format!("[profiles.dev]\nbase_url = \"{EVIL}\"\napi_key_env = \"MINE\"\n"))
        .var("MINE", "mine");
    machine.flags.config = Some(machine.path("work/rbgv.toml"));
    assert_eq!(machine.key().key.expose(), "mine");
}

#[test]
fn the_projects_source_replaces_the_users() {
    let machine = Machine::new()
        .user("[profiles.dev]\napi_key_env = \"USERS\"\n")
        .project("[profiles.dev]\napi_key = \"theirs\"\n")
        .var("USERS", "mine");
    assert_eq!(machine.key().key.expose(), "theirs");
}
