use super::*;
use crate::ledger::tests::{no_tls, server};
use crate::model::time::ManualClock;

fn connected() -> Option<Postgres> {
    let address = PostgresAddress::parse(&server()?.new_database(), None).unwrap();
    Some(Postgres::connect(&address, no_tls(), true, Arc::new(ManualClock::default())).unwrap())
}

/// A transaction that has written, and its mark.
fn written(postgres: &Postgres) -> (PostgresTransaction<'_>, TransactionMark) {
    let session = postgres.take_session().unwrap();
    let tx = PostgresTransaction::new(postgres, session, TransactionMode::Write);
    assert_eq!(tx.execute("UPDATE ledger SET clock_epoch = clock_epoch + 1", &[]).unwrap(), 1);
    let mark = tx.mark.take().unwrap();
    (tx, mark)
}

fn clock_epoch(postgres: &Postgres) -> i64 {
    let read = |tx: &Tx<'_>| tx.query_row("SELECT clock_epoch FROM ledger", [], |row| row.get(0));
    postgres.transact(TransactionMode::Read, read).unwrap()
}

#[test]
fn a_transaction_that_was_committed_is_known() {
    let Some(postgres) = connected() else { return };
    let (tx, mark) = written(&postgres);
    tx.commit().unwrap();
    assert!(postgres.was_committed(&mark).unwrap());
    assert_eq!(clock_epoch(&postgres), 1);
}

#[test]
fn a_transaction_that_was_rolled_back_is_known() {
    let Some(postgres) = connected() else { return };
    let (tx, mark) = written(&postgres);
    tx.roll_back();
    assert!(!postgres.was_committed(&mark).unwrap());
}

#[test]
fn a_transaction_that_has_not_ended_is_ended_before_it_is_repeated() {
    let Some(postgres) = connected() else { return };
    let (tx, mark) = written(&postgres);
    assert!(!postgres.was_committed(&mark).unwrap());
    assert!(tx.commit().is_err(), "it cannot be committed later");
    assert_eq!(clock_epoch(&postgres), 0);
}

#[test]
fn a_clock_that_was_set_ends_every_process_that_finds_it_out() {
    let Some(server) = server() else { return };
    let address = PostgresAddress::parse(&server.new_database(), None).unwrap();
    let clocks = [(); 2].map(|()| Arc::new(ManualClock::default()));
    let [one, other] = clocks.clone().map(|clock| {
        let postgres = Postgres::connect(&address, no_tls(), true, clock).unwrap();
        postgres.clock().unwrap();
        postgres.check_clock().unwrap();
        postgres
    });
    let boot_id = one.clock().unwrap().boot_id();
    // As if the server's clock had been set ten minutes back.
    clocks[0].advance(Duration::from_mins(10));
    assert!(matches!(one.check_clock(), Err(LedgerError::Replaced)));
    assert!(matches!(one.transact(TransactionMode::Read, |_| Ok(())), Err(LedgerError::Replaced)));
    assert!(matches!(other.check_clock(), Err(LedgerError::Replaced)), "it reads the new epoch");
    let later = Postgres::connect(&address, no_tls(), true, clocks[1].clone()).unwrap();
    assert_eq!(clock_epoch(&later), 1, "it was counted once");
    assert_ne!(later.clock().unwrap().boot_id(), boot_id);
}
