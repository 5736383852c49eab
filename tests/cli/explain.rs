//! `rbgv explain`: offline, and independent of the configuration.

use crate::support::Home;

#[test]
fn codes_are_explained_without_network_key_or_configuration() {
    let home = Home::new();
    std::fs::write(home.path("config/rbgv/config.toml"), "this is no TOML").unwrap();
    let text = home.run_alone(&["explain", "needs_review"]).ends_with(0).stdout;
    assert!(text.contains("--accept"), "{text}");
    let json = home.run_alone(&["explain", "HTTP", "429", "--json"]).ends_with(0);
    assert_eq!(json.json()[0][0]["sort"], "http_status");
    let all = home.run_alone(&["explain"]).ends_with(0).stdout;
    assert!(all.contains("insufficient_credits") && all.contains("130"), "{all}");
    home.run_alone(&["explain", "\"Processing", "failed\""]).ends_with(0);
    home.run_alone(&["explain", "wrong_signature"]).ends_with(0);
    home.run_alone(&["explain", "418"]).ends_with(2).says("next: rbgv explain\n");
    home.run_alone(&["explain", "insuficient_credits"])
        .ends_with(2)
        .says("rbgv explain insufficient_credits");
}
