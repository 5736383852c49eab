//! Opening the ledger of the settings: a file in the state directory, or a shared one.

use crate::client::database_tls;
use crate::env::Env;
use crate::ledger::{Ledger, LedgerError, PostgresAddress, SharedLedger};
use crate::model::Failure;
use crate::settings::Settings;

/// The ledger of the profile, created if it does not exist.
pub(crate) fn open_ledger(settings: &Settings, env: &Env) -> Result<Ledger, Failure> {
    match shared_address(settings, env)? {
        Some(address) => connect_ledger(&address, true, settings, env),
        None => Ok(Ledger::open(&settings.state_dir, env.clock.clone())?),
    }
}

/// The address of a shared ledger, if the settings name one.
pub(crate) fn shared_address(
    settings: &Settings,
    env: &Env,
) -> Result<Option<PostgresAddress>, Failure> {
    let Some(secret) = settings.ledger()? else { return Ok(None) };
    env.sanitizer.add(secret.expose());
    let password = env.vars.get("PGPASSWORD").filter(|password| !password.is_empty());
    let address = PostgresAddress::parse(secret.expose(), password.map(String::as_str));
    let address = address.map_err(|why| {
        Failure::configuration("the address of the ledger", why)
            .with_next("use an address such as postgres://USER@HOST/DATABASE")
    })?;
    if let Some(password) = address.password() {
        env.sanitizer.add(&password);
    }
    Ok(Some(address))
}

/// The ledger at `address`, whose tables are created if wanted.
pub(crate) fn connect_ledger(
    address: &PostgresAddress,
    create: bool,
    settings: &Settings,
    env: &Env,
) -> Result<Ledger, Failure> {
    let tls = database_tls(address.root_certificates.as_deref()).map_err(|why| {
        Failure::configuration(format!("the ledger at {address}"), why)
            .with_next("check sslrootcert in RBGV_LEDGER or the profile")
    })?;
    let (directory, machine_name) = (settings.state_dir.as_path(), env.host_name.as_str());
    let shared = SharedLedger { address, tls, create, directory, machine_name };
    Ledger::connect(shared, &env.clock).map_err(|error| {
        let next = match &error {
            LedgerError::Server(_) | LedgerError::Postgres(_) => {
                Some("check that the server runs, and its address in RBGV_LEDGER or the profile")
            }
            LedgerError::Newer { .. } => Some("use the newer rbgv, or another database"),
            _ => None,
        };
        let failure = Failure { what: format!("the ledger at {address}"), ..error.into() };
        match next {
            Some(next) => failure.with_next(next),
            None => failure,
        }
    })
}
