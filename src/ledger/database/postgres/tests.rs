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
    let read = |tx: &Tx<'_>| tx.query_row("SELECT clock_epoch FROM ledger", &[]);
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

/// With a table `counter` of one number.
fn counting() -> Option<Postgres> {
    let postgres = connected()?;
    let create =
        |tx: &Tx<'_>| tx.execute("CREATE TABLE counter AS SELECT CAST(0 AS BIGINT) AS n", &[]);
    postgres.transact(TransactionMode::Write, create).unwrap();
    Some(postgres)
}

fn count(postgres: &Postgres) -> i64 {
    let read = |tx: &Tx<'_>| tx.query_row("SELECT n FROM counter", &[]);
    postgres.transact(TransactionMode::Read, read).unwrap()
}

#[test]
fn queued_statements_are_carried_out_in_order() {
    let Some(postgres) = counting() else { return };
    let seen = postgres.transact(TransactionMode::Write, |tx| {
        tx.queue("UPDATE counter SET n = n + ?1", params![3_i64])?;
        tx.queue("UPDATE counter SET n = n * ?1", params![5_i64])?;
        let seen: i64 = tx.query_row("SELECT n FROM counter", &[])?;
        tx.queue("UPDATE counter SET n = n + ?1", params![1_i64])?;
        Ok(seen)
    });
    assert_eq!((seen.unwrap(), count(&postgres)), (15, 16));
    // Without any statement that waits for its result.
    for mode in [TransactionMode::Write, TransactionMode::WriteRelaxed] {
        let add = |tx: &Tx<'_>| tx.queue("UPDATE counter SET n = n + 2", &[]);
        postgres.transact(mode, add).unwrap();
    }
    assert_eq!(count(&postgres), 20);
}

/// `COMMIT` succeeds even where it rolls back, so the error has to come from the queued statement.
#[test]
fn a_transaction_of_which_a_queued_statement_fails_is_an_error() {
    let Some(postgres) = counting() else { return };
    for (is_read_after, mode) in [
        (false, TransactionMode::Write),
        (true, TransactionMode::Write),
        (false, TransactionMode::WriteRelaxed),
    ] {
        let failed = postgres.transact(mode, |tx| {
            tx.execute("UPDATE counter SET n = n + 1", &[])?;
            tx.queue("UPDATE counter SET n = 1 / (n - n)", &[])?;
            if is_read_after {
                tx.query_row::<i64>("SELECT n FROM counter", &[])?;
            }
            Ok(())
        });
        let Err(LedgerError::Postgres(error)) = failed else { panic!("{failed:?}") };
        assert_eq!(error.code(), Some(&SqlState::DIVISION_BY_ZERO));
        assert_eq!(count(&postgres), 0, "nothing was written");
    }
}

/// What follows a lock in the same round trip must see what the holder of the lock committed.
#[test]
fn a_statement_after_a_lock_sees_what_was_committed_before_it() {
    let Some(postgres) = counting() else { return };
    let add = |tx: &Tx<'_>| {
        tx.lock("counter");
        let before: i64 = tx.query_row("SELECT n FROM counter", &[])?;
        tx.queue("UPDATE counter SET n = ?1", params![before + 1])
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    postgres.transact(TransactionMode::WriteRelaxed, add).unwrap();
                }
            });
        }
    });
    assert_eq!(count(&postgres), 100);
}

/// After a crash, the number of a transaction that was lost may be that of another one.
#[test]
fn a_transaction_that_a_crash_lost_is_known_although_its_number_is_given_again() {
    let Some(server) = crate::ledger::tests::postgres_server::PostgresServer::start() else {
        return;
    };
    let address = PostgresAddress::parse(&server.new_database(), None).unwrap();
    let clock = Arc::new(ManualClock::default());
    let postgres = Postgres::connect(&address, no_tls(), true, clock.clone()).unwrap();
    let add = |tx: &Tx<'_>| tx.execute("UPDATE ledger SET schema_version = schema_version", &[]);
    postgres.transact(TransactionMode::Write, add).unwrap();
    let session = postgres.take_session().unwrap();
    let durable = PostgresTransaction::new(&postgres, session, TransactionMode::Write);
    durable.execute("UPDATE ledger SET clock_epoch = clock_epoch", &[]).unwrap();
    let kept = durable.mark.borrow().clone().unwrap();
    durable.commit().unwrap();
    let session = postgres.take_session().unwrap();
    let open = PostgresTransaction::new(&postgres, session, TransactionMode::Write);
    open.query("SELECT 1", &[]).unwrap();
    let lost = open.mark.borrow().clone().unwrap();
    server.crash_and_restart();
    drop(open);
    let after = Postgres::connect(&address, no_tls(), true, clock).unwrap();
    assert!(!after.was_committed(&lost).unwrap(), "its number is in the future");
    while number_of_next(&after) <= lost.transaction {}
    assert!(!after.was_committed(&lost).unwrap(), "its number is that of another one");
    assert!(after.was_committed(&kept).unwrap());
    after.transact(TransactionMode::Read, |tx| tx.execute("CHECKPOINT", &[])).unwrap();
    after.transact(TransactionMode::Write, add).unwrap();
    after.transact(TransactionMode::Read, |tx| tx.execute("CHECKPOINT", &[])).unwrap();
    let unknown = after.was_committed(&lost);
    assert!(matches!(unknown, Err(LedgerError::CommitInDoubt)), "{unknown:?}");
}

/// The number of a transaction that is committed for it.
fn number_of_next(postgres: &Postgres) -> u64 {
    let number: String = postgres
        .transact(TransactionMode::Write, |tx| {
            tx.query_row("SELECT CAST(pg_current_xact_id() AS TEXT)", &[])
        })
        .unwrap();
    number.parse().unwrap()
}
