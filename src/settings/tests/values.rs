//! Precedence, defaults, and mistakes in values.

use crate::model::{Timing, limits::LimitBounds};
use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[test]
fn without_any_file_the_defaults_hold() {
    let machine = Machine::new();
    let settings = machine.settings();
    assert_eq!(settings.profile.name, "default");
    assert_eq!(settings.profile.base_url.as_str(), "https://api.removebgvideo.com/");
    assert_eq!(settings.profile.timing, Timing::default());
    assert_eq!(settings.profile.limits, LimitBounds::default());
    assert_eq!(settings.profile.confirm_above_credits, None);
    assert_eq!(settings.defaults, OptionDefaults::default());
    assert_eq!(settings.state_dir, machine.path("state"));
    assert!(settings.files.is_empty() && settings.warnings.is_empty());
}

#[test]
fn the_defaults_are_those_of_the_design() {
    let timing = Timing::default();
    let table = [
        (timing.poll.first, 2_000),
        (timing.poll.max, 10_000),
        (timing.backoff_first, 1_000),
        (timing.backoff_max, 16_000),
        (timing.poll.floor, 250),
        (timing.settle, 120_000),
        (timing.retry_after_max, 300_000),
        (timing.outage_max, 600_000),
        (timing.breaker_cooldown, 15_000),
        (timing.connect_timeout, 10_000),
        (timing.idle_timeout, 60_000),
        (timing.wait_timeout, 7_200_000),
    ];
    for (wait, millis) in table {
        assert_eq!(wait, Duration::from_millis(millis));
    }
}

#[test]
fn each_source_stands_above_the_next() {
    let user = "default_profile = \"a\"\n[defaults]\nmodel = \"light\"\nformat = \"mov\"\n\
                [profiles.a]\napi_key_env = \"K\"\n[profiles.a.timing]\nsettle = \"3m\"\npoll_max = \"9s\"\n\
                [profiles.b]\nmodel = \"pro\"\n";
    let project = "[defaults]\nformat = \"gif\"\n[profiles.a.timing]\nsettle = \"4m\"\n";
    let machine = Machine::new().user(user).project(project);
    let settings = machine.settings();
    assert_eq!(settings.files.len(), 2);
    assert_eq!(settings.defaults.model, ModelName::Light);
    assert_eq!(settings.defaults.format, OutputFormat::Gif);
    assert_eq!(settings.profile.timing.settle, Duration::from_mins(4));
    assert_eq!(settings.profile.timing.poll.max, Duration::from_secs(9));
    let project_file = machine.path("work/rbgv.toml");
    assert_eq!(
        origin(&settings, "defaults.format"),
        ("gif".to_owned(), format!("{}:2", project_file.display()))
    );
    assert_eq!(origin(&settings, "defaults.background").1, "default");
    assert_eq!(origin(&settings, "profiles.a.timing.poll_first").1, "default");

    let machine = machine.var("RBGV_PROFILE", "b");
    let settings = machine.settings();
    assert_eq!(settings.profile.name, "b");
    assert_eq!(settings.defaults.model, ModelName::Pro);
    assert_eq!(origin(&settings, "profile").1, "variable RBGV_PROFILE");
    assert_eq!(origin(&settings, "profiles.b.model").0, "pro");

    let machine = machine.profile("a").var("RBGV_BASE_URL", "http://127.0.0.1:9/x");
    let settings = machine.settings();
    assert_eq!(origin(&settings, "profile"), ("a".into(), "flag --profile".into()));
    assert_eq!(settings.profile.base_url.as_str(), "http://127.0.0.1:9/x");
    assert_eq!(origin(&settings, "profiles.a.base_url").1, "variable RBGV_BASE_URL");
}

#[test]
fn mistakes_are_told_with_file_line_column_and_a_way_out() {
    let table = [
        ("default_profile = \n", "line 1, column 19", "not valid TOML"),
        ("\n[defaults]\nmodle = \"pro\"\n", "line 3, column 1", "did you mean `model`"),
        ("[defaults]\nmodel = \"best\"\n", "line 2, column 9", "original, light, pro, human"),
        ("[profiles.a.timing]\nsettle = 5\n", "line 2, column 10", "\"2s\""),
        ("[profiles.a.timing]\nsettle = \"5\"\n", "line 2, column 10", "\"250ms\""),
        ("[profiles.a.timing]\npoll_max = \"2d\"\n", "line 2", "use 10ms to 1h"),
        ("[profiles.a.timing]\npoll_max = \"1s\"\n", "line 2", "`poll_first` is above `poll_max`"),
        ("[profiles.a.limits]\nin_flight_max = 0\n", "line 2", "use 1 to 10000"),
        ("[profiles.a.limits]\nin_flight_max = -3\n", "line 2", "-3 is out of range"),
        ("[profiles.a.limits]\npoll_rate_max = nan\n", "line 2", "use 0.01 to 10000"),
        ("[profiles.a]\nenvironment = \"production\"\n", "line 2", "did you mean \"prod\""),
        ("[profiles.a]\nsettle = \"5s\"\n", "line 2", "[profiles.NAME.timing]"),
        ("[profiles.a]\nallow_http = \"yes\"\n", "line 2", "true or false"),
        ("[profiles.a]\nbase_url = [1]\n", "line 2", "not a list"),
        ("[profiles.a]\ntags = 3\n", "line 2", "[profiles.a.tags]"),
        ("[profiles.a]\nbase_url = \"http://x.example\"\n", "line 2", "allow_http"),
        ("[profiles.a]\nconfirm_above_credits = -1\n", "line 2", "use 0 or more"),
        ("[profiles.a]\nkey_created = \"soon\"\n", "line 2", "2026-01-31"),
        ("[profiles.sandbox]\n", "line 1, column 11", "reserved"),
        ("[profiles.\"a b\"]\n", "line 1", "letters, digits"),
        ("default_profile = \"prd\"\n[profiles.prod]\n", "line 1", "did you mean 'prod'"),
        ("require = \">=9\"\nnew_key = 1\n", "line 1", "requires rbgv >=9"),
        ("require = \"newest\"\n", "line 1", ">=0.1, <0.2"),
        ("[profiles.a]\napi_key_env = \"A\"\napi_key_file = \"b\"\n", "line 3", "keep one"),
    ];
    for (text, place, hint) in table {
        let machine = Machine::new().user(text);
        let message = machine.refusal();
        let path = machine.path("config/config.toml");
        assert!(message.starts_with(&path.display().to_string()), "{message}");
        assert!(message.contains(place) && message.contains(hint), "{text}\n{message}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in "([a-z_.=\"\\[\\]{}#\n 0-9üé-]|profiles|limits|= ){0,80}") {
        let path = Path::new("x.toml").into();
        let _ = crate::settings::file::layer::Layer::parse(&path, crate::settings::file::located_value::FileOrigin::User, &text);
    }

    #[test]
    fn a_slip_in_any_key_is_led_back_to_it(index in 0_usize..100, at in 1_usize..40) {
        let keys = crate::settings::file::schema::TIMING;
        let key = keys[index % keys.len()];
        let at = 1 + at % (key.len() - 1);
        let slip = format!("{}{}", &key[..at], &key[at + 1..]);
        let message = Machine::new().user(&format!("[profiles.a.timing]\n{slip} = \"1s\"\n")).refusal();
        prop_assert!(message.contains("did you mean"), "{}", message);
    }
}

#[test]
fn a_profile_that_is_not_there_is_led_to_one_that_is() {
    let machine = Machine::new().user("[profiles.dev]\n[profiles.prod]\n");
    assert_eq!(machine.settings().profile.name, "default");
    assert!(machine.profile("prdo").refusal().contains("did you mean 'prod'"));
    assert!(Machine::new().profile("sandbox").refusal().contains("--sandbox"));
    assert_eq!(Machine::new().user("[profiles.only]\n").settings().profile.name, "only");
}

#[test]
fn production_asks_by_itself() {
    let text = "[profiles.p]\nenvironment = \"prod\"\n";
    let settings = Machine::new().user(text).settings();
    assert_eq!(settings.profile.confirm_above_credits, Some(500.0));
}

#[test]
fn the_age_of_a_key_is_warned_about_in_time() {
    let text = "[profiles.p]\nkey_created = 2026-01-01\nkey_max_age = \"90d\"\n";
    let profile = Machine::new().user(text).settings().profile;
    let day = |day: i64| crate::model::Timestamp(1_767_225_600_000 + day * 86_400_000);
    assert_eq!(profile.key_created, Some(day(0)));
    assert_eq!(profile.key_age_warning(day(70)), None);
    assert!(profile.key_age_warning(day(80)).unwrap().contains("in 10 days"));
    assert!(profile.key_age_warning(day(95)).unwrap().contains("5 days ago"));
}

#[test]
fn a_short_settle_is_for_this_machine_only() {
    let text = "[profiles.p]\nbase_url = \"URL\"\n[profiles.p.timing]\nsettle = \"1s\"\n";
    let local = Machine::new().user(&text.replace("URL", "http://localhost:1"));
    assert!(local.settings().warnings.is_empty());
    let remote = Machine::new().user(&text.replace("URL", "https://api.example"));
    assert!(remote.settings().warnings[0].contains("billed twice"));
}

#[test]
fn the_sandbox_takes_nothing_from_the_machine() {
    let url: Url = "http://127.0.0.1:4040".parse().unwrap();
    let settings = Settings::for_sandbox(url, ApiKey::new("made-here"), "/tmp/x".into());
    assert_eq!(settings.profile.name, SANDBOX);
    assert_eq!(settings.api_key().unwrap().key.expose(), "made-here");
    assert!(settings.admin_token().unwrap().is_none());
    assert_eq!(settings.profile.timing.poll.first, Duration::from_millis(250));
    assert_eq!(settings.profiles().len(), 1);
    assert!(!format!("{settings:?}").contains("made-here"));
}
