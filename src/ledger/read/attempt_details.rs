//! Details of an attempt, and the search for attempts by job, input or request id.

use std::path::Path;

use super::batch_record::AttemptRecord;
use super::status::steps_of;
use crate::ledger::database::Tx;
use crate::ledger::database::value::{FromRow, Row, params};
use crate::ledger::rows::batch::{BatchInput, SELECT_INPUT};
use crate::ledger::rows::columns::encode;
use crate::ledger::rows::ids::AttemptId;
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Failure, Timestamp};

#[derive(Debug, Clone)]
pub struct AttemptDetails {
    pub record: AttemptRecord,
    /// Inputs that it was created for, oldest first.
    pub inputs: Vec<BatchInput>,
    /// Webhooks about its job, in order of receipt.
    pub webhooks: Vec<ReceivedWebhook>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedWebhook {
    pub at: Timestamp,
    pub event: String,
    /// Delivery id of the service.
    pub id: String,
    pub handled: bool,
}

impl FromRow for ReceivedWebhook {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        Ok(Self {
            at: row.get("received_at")?,
            event: row.get("event")?,
            id: row.get("id")?,
            handled: row.get("handled")?,
        })
    }
}

/// What attempts are searched by.
struct SearchTerm<'a> {
    word: &'a str,
    path: &'a Path,
    /// Maximum number of attempts.
    limit: u32,
}

type Lookup = fn(&Tx<'_>, &SearchTerm<'_>) -> Result<Vec<AttemptId>, LedgerError>;

/// Lookups of attempts, newest first. The most specific comes first, and the first that finds any
/// decides.
const LOOKUPS: [Lookup; 5] =
    [find_by_id, find_by_path, find_by_request, find_by_failed_request, find_by_file_name];

impl Ledger {
    /// Attempts that match `word`: a job, a correlation id, an input or an output (`path`, or its
    /// name as given), or a request id. The newest `limit`, oldest first.
    pub fn find_attempts(
        &self,
        word: &str,
        path: &Path,
        limit: u32,
    ) -> Result<Vec<AttemptId>, LedgerError> {
        let term = SearchTerm { word, path, limit };
        self.read(|tx| {
            for lookup in LOOKUPS {
                let mut found = lookup(tx, &term)?;
                if !found.is_empty() {
                    found.reverse();
                    return Ok(found);
                }
            }
            Ok(Vec::new())
        })
    }

    pub fn attempt_details(&self, id: AttemptId) -> Result<AttemptDetails, LedgerError> {
        self.read(|tx| {
            let found = self.attempt_records(tx, "id = ?1", params![id])?;
            let record = found.into_iter().next().ok_or(LedgerError::NoRow)?;
            let sql = format!("{SELECT_INPUT} WHERE attempt = ?1 ORDER BY id");
            Ok(AttemptDetails {
                record: AttemptRecord { steps: steps_of(tx, id)?, ..record },
                inputs: tx.query(&sql, params![id])?,
                webhooks: webhooks_of(tx, id)?,
            })
        })
    }
}

/// By job or correlation id.
fn find_by_id(tx: &Tx<'_>, term: &SearchTerm<'_>) -> Result<Vec<AttemptId>, LedgerError> {
    tx.query(
        "SELECT id FROM attempts WHERE job = ?1 OR correlation_id = ?1 ORDER BY id DESC LIMIT ?2",
        params![term.word, term.limit],
    )
}

/// By an input or output.
fn find_by_path(tx: &Tx<'_>, term: &SearchTerm<'_>) -> Result<Vec<AttemptId>, LedgerError> {
    tx.query(
        "SELECT id FROM attempts WHERE id IN (
             SELECT attempt FROM batch_inputs
             WHERE attempt IS NOT NULL AND (name = ?1 OR target = ?2)
             UNION SELECT id FROM attempts WHERE source = ?2 OR source = ?3)
         ORDER BY id DESC LIMIT ?4",
        params![term.word, term.path, term.word.as_bytes().to_vec(), term.limit],
    )
}

/// By the request id of a step.
fn find_by_request(tx: &Tx<'_>, term: &SearchTerm<'_>) -> Result<Vec<AttemptId>, LedgerError> {
    tx.query(
        "SELECT id FROM attempts
         WHERE id IN (SELECT attempt FROM attempt_log WHERE request_id = ?1)
         ORDER BY id DESC LIMIT ?2",
        params![term.word, term.limit],
    )
}

/// By the request id of the failure.
fn find_by_failed_request(
    tx: &Tx<'_>,
    term: &SearchTerm<'_>,
) -> Result<Vec<AttemptId>, LedgerError> {
    // `replace` tells whether the text contains the word, in any SQL and whatever its letters are.
    let candidates: Vec<(AttemptId, String)> = tx.query(
        "SELECT id, failure FROM attempts
         WHERE failure <> replace(failure, CAST(?1 AS TEXT), '') ORDER BY id DESC",
        params![encode(&term.word)?.trim_matches('"')],
    )?;
    let has_request = |json: &str| {
        serde_json::from_str::<Failure>(json)
            .is_ok_and(|failure| failure.request_id.as_deref() == Some(term.word))
    };
    let found = candidates.into_iter().filter(|(_, failure)| has_request(failure));
    Ok(found.map(|(id, _)| id).take(term.limit as usize).collect())
}

/// By the file name of an input, without its directory.
fn find_by_file_name(tx: &Tx<'_>, term: &SearchTerm<'_>) -> Result<Vec<AttemptId>, LedgerError> {
    tx.query(
        "SELECT id FROM attempts WHERE id IN (
             SELECT attempt FROM batch_inputs
             WHERE attempt IS NOT NULL
               AND substr(name, length(name) - length(CAST(?1 AS TEXT)))
                   = '/' || CAST(?1 AS TEXT))
         ORDER BY id DESC LIMIT ?2",
        params![term.word, term.limit],
    )
}

fn webhooks_of(tx: &Tx<'_>, id: AttemptId) -> Result<Vec<ReceivedWebhook>, LedgerError> {
    tx.query(
        "SELECT received_at, event, deliveries.id AS id, handled_at IS NOT NULL AS handled
         FROM deliveries
         JOIN attempts ON attempts.job = deliveries.job AND attempts.origin = deliveries.origin
         WHERE attempts.id = ?1 ORDER BY seq",
        params![id],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::AttemptStatus;
    use crate::ledger::StepAction;
    use crate::ledger::tests::{batch, claimed, input, open, placed};
    use crate::model::{Failure, FailureKind, JobId};

    crate::ledger::tests::on_postgres!(an_attempt_is_found_by_every_name_that_people_have_for_it);

    #[test]
    fn an_attempt_is_found_by_every_name_that_people_have_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        let owner = ledger.register_process("p").unwrap();
        let batch = batch(&ledger);
        let (_, other, _) = placed(&ledger, batch, input("k0", "/out/other", "c0"));
        let (_, id, _) = placed(&ledger, batch, input("k1", "/out/a", "c1"));
        let mut attempt = claimed(&ledger, &owner, id);
        attempt.state.job = Some(JobId("j-1".into()));
        attempt.state.status = AttemptStatus::Draft;
        ledger.commit(&owner, &attempt, &StepAction::Draft.into(), Some("r-1")).unwrap();
        let mut failure = Failure::new(FailureKind::JobFailed, "job", "no subject");
        failure.request_id = Some("r-2".into());
        attempt.state.failure = Some(failure);
        attempt.state.status = AttemptStatus::Failed;
        ledger.commit(&owner, &attempt, &StepAction::Finish.into(), None).unwrap();

        let found =
            |word: &str| ledger.find_attempts(word, &Path::new("/here").join(word), 10).unwrap();
        for word in ["j-1", "c1", "/out/a", "r-1", "r-2", "a"] {
            assert_eq!(found(word), [id], "{word}");
        }
        assert_eq!(found("/in/a.mp4"), [other, id], "both are made of one file");
        assert_eq!(ledger.find_attempts("x", Path::new("/in/a.mp4"), 1).unwrap(), [id]);
        assert_eq!(found("nothing"), []);

        let history = ledger.attempt_details(id).unwrap();
        assert_eq!(history.record.steps.len(), 2);
        assert_eq!(history.inputs[0].name, "/out/a");
        assert_eq!(
            (history.record.charged, history.record.finished_at),
            (None, Some(Timestamp(1_000)))
        );
    }
}
