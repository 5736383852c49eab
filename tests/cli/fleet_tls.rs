//! A shared ledger over TLS: whom the client trusts, and what it says if it does not.

use crate::postgres_server::PostgresServer;
use crate::smoke_tls::Authority;
use crate::support::{Home, Ran};

#[test]
fn the_server_of_a_shared_ledger_has_to_prove_who_it_is() {
    // Addresses of this machine that no other process has. The certificate is for the first.
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let (named, other) = (format!("127.77.{high}.{low}"), format!("127.78.{high}.{low}"));
    let Some(server) = PostgresServer::start_on(&format!("{named},{other}")) else { return };
    let (trusted, stranger) = (Authority::named("trusted"), Authority::named("stranger"));
    let home = Home::new();
    let written = |name: &str, content: &str| {
        std::fs::write(home.path(name), content).unwrap();
        home.path(name).to_str().unwrap().replace(' ', "%20")
    };
    let trusted_pem = written("trusted.pem", &trusted.certificate.pem());
    let stranger_pem = written("stranger.pem", &stranger.certificate.pem());
    let status = |host: &str, options: &str, trusted_by_machine: &str| {
        let mut command = home.command();
        command
            .env("RBGV_LEDGER", format!("postgres://rbgv@{host}/postgres?{options}"))
            .env("SSL_CERT_FILE", trusted_by_machine.replace("%20", " "))
            .arg("status");
        Ran::of(&mut command)
    };
    let own = |file: &str| format!("sslmode=verify-full&sslrootcert={file}");
    status(&named, &own(&trusted_pem), &stranger_pem)
        .ends_with(9)
        .says("it offers no TLS")
        .says("sslmode=disable");

    let (certificate, key) = trusted.certify(&named, 90);
    server.require_tls(&certificate.pem(), &key.serialize_pem());
    status(&named, &own(&trusted_pem), &stranger_pem).ends_with(0);
    for mode in ["prefer", "require", "verify-ca", "verify-full"] {
        status(&named, &format!("sslmode={mode}"), &trusted_pem).ends_with(0);
        status(&named, &format!("sslmode={mode}"), &stranger_pem)
            .ends_with(9)
            .says("this machine does not trust its issuer")
            .says("sslrootcert=FILE");
        status(&other, &format!("sslmode={mode}"), &trusted_pem)
            .ends_with(9)
            .says("it is for another host");
    }
    status(&named, &own(&stranger_pem), &trusted_pem).ends_with(9).says("does not trust");
    status(&named, "sslmode=disable", &trusted_pem).ends_with(9).says("add ?sslmode=require");
    status(&named, &own("/missing.pem"), &trusted_pem).ends_with(3).says("/missing.pem");
    let empty = written("empty.pem", "");
    status(&named, &own(&empty), &trusted_pem).ends_with(3).says("has no certificates");
}
