//! What was seen of a key and its service: uploads that can be used again, how drafts behave,
//! prices.

use rusqlite::{OptionalExtension as _, params};
use strum::{EnumString, IntoStaticStr};

use super::batches::BatchId;
use crate::ledger::{Ledger, LedgerError};
use crate::model::{Fingerprint, JobId, Pricing};

/// A key at a service. The key itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiKeyId {
    /// Scheme, host and port of the API.
    pub origin: String,
    /// Of the key.
    pub fingerprint: Fingerprint,
}

/// How the service treats jobs that are made as drafts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum DraftSupport {
    /// No draft of this key has been seen, or not for long enough.
    #[default]
    Unknown,
    /// They stay drafts until they are started: one came back as `created`, or did not run by itself
    /// while it was watched.
    Honoured,
    /// The service ran a job that was asked for as a draft.
    Ignored,
}

impl DraftSupport {
    fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Whether the service shows a bill as soon as a job of a key is started, whatever its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum BillingVisibility {
    /// No started job of this key has been seen in a state that drafts have, too.
    #[default]
    Unknown,
    /// Every one that was seen had a bill.
    Shown,
    /// One had none.
    Hidden,
}

impl BillingVisibility {
    fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Ledger {
    /// Whether bills of this key's started jobs are shown, as far as seen.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn bills(&self, key: &ApiKeyId) -> Result<BillingVisibility, LedgerError> {
        self.read(|db| {
            let word: Option<String> = db
                .query_row(
                    "SELECT bills FROM keys WHERE origin = ?1 AND key_print = ?2",
                    params![key.origin, key.fingerprint.0],
                    |row| row.get(0),
                )
                .optional()?;
            Ok(word.and_then(|word| word.parse().ok()).unwrap_or_default())
        })
    }

    /// Remembers whether a started job of this key had a bill. One without is not forgotten.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn learn_bills(&self, key: &ApiKeyId, bills: BillingVisibility) -> Result<(), LedgerError> {
        let now = self.wall();
        self.write(|tx| {
            tx.execute(
                "INSERT INTO keys (origin, key_print, bills, first_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (origin, key_print) DO UPDATE SET bills = ?3 WHERE bills <> 'hidden'",
                params![key.origin, key.fingerprint.0, bills.as_str(), now],
            )?;
            Ok(())
        })
    }

    /// How drafts of this key behave, as far as seen.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn drafts(&self, key: &ApiKeyId) -> Result<DraftSupport, LedgerError> {
        self.read(|db| {
            let word: Option<String> = db
                .query_row(
                    "SELECT drafts FROM keys WHERE origin = ?1 AND key_print = ?2",
                    params![key.origin, key.fingerprint.0],
                    |row| row.get(0),
                )
                .optional()?;
            Ok(word.and_then(|word| word.parse().ok()).unwrap_or_default())
        })
    }

    /// Remembers how a draft of this key came back.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn learn_drafts(&self, key: &ApiKeyId, drafts: DraftSupport) -> Result<(), LedgerError> {
        let now = self.wall();
        self.write(|tx| {
            tx.execute(
                "INSERT INTO keys (origin, key_print, drafts, first_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (origin, key_print) DO UPDATE SET drafts = ?3",
                params![key.origin, key.fingerprint.0, drafts.as_str(), now],
            )?;
            Ok(())
        })
    }

    /// Whether any key was ever used here with the key's service.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn knows_service(&self, key: &ApiKeyId) -> Result<bool, LedgerError> {
        self.read(|db| {
            Ok(db.query_row(
                "SELECT EXISTS (SELECT 1 FROM keys WHERE origin = ?1)",
                [&key.origin],
                |row| row.get(0),
            )?)
        })
    }

    /// Gives attempts of `batch` that have sent nothing the jobs that were made for their items
    /// before this ledger was, and remembers that the service is known from now on. Answers how many
    /// attempts have a job now.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn adopt_jobs(
        &self,
        key: &ApiKeyId,
        batch: BatchId,
        jobs: &[(String, JobId)],
    ) -> Result<usize, LedgerError> {
        let now = self.wall();
        self.write(|tx| {
            tx.execute(
                "INSERT OR IGNORE INTO keys (origin, key_print, first_at) VALUES (?1, ?2, ?3)",
                params![key.origin, key.fingerprint.0, now],
            )?;
            let mut adopt = tx.prepare_cached(
                "UPDATE tasks SET job = ?3, key_print = ?4, phase = 'running', draft = 'started'
                 WHERE item_key = ?2 AND phase = 'planned' AND job IS NULL AND creates = 0
                   AND id IN (SELECT task FROM entries WHERE batch = ?1)",
            )?;
            let adopt = |(input, job): &(String, JobId)| {
                adopt.execute(params![batch.0, input, job.0, key.fingerprint.0])
            };
            Ok(jobs.iter().map(adopt).sum::<Result<usize, _>>()?)
        })
    }

    /// Where the service has these bytes, if they were sent with this key before.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn known_upload(
        &self,
        key: &ApiKeyId,
        sha256: &str,
    ) -> Result<Option<String>, LedgerError> {
        self.read(|db| {
            Ok(db
                .query_row(
                    "SELECT video_url FROM uploads
                     WHERE origin = ?1 AND key_print = ?2 AND sha256 = ?3",
                    params![key.origin, key.fingerprint.0, sha256],
                    |row| row.get(0),
                )
                .optional()?)
        })
    }

    /// Remembers where the service has these bytes.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn remember_upload(
        &self,
        key: &ApiKeyId,
        sha256: &str,
        url: &str,
    ) -> Result<(), LedgerError> {
        let now = self.wall();
        self.write(|tx| {
            tx.execute(
                "INSERT INTO uploads (origin, key_print, sha256, video_url, sent_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (origin, key_print, sha256) DO UPDATE SET video_url = ?4, sent_at = ?5",
                params![key.origin, key.fingerprint.0, sha256, url, now],
            )?;
            Ok(())
        })
    }

    /// The service does not know this upload any more.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn forget_upload(&self, key: &ApiKeyId, sha256: &str) -> Result<(), LedgerError> {
        self.write(|tx| {
            tx.execute(
                "DELETE FROM uploads WHERE origin = ?1 AND key_print = ?2 AND sha256 = ?3",
                params![key.origin, key.fingerprint.0, sha256],
            )?;
            Ok(())
        })
    }

    /// Keeps the prices that estimates are made with and returns their number. Equal answers are
    /// kept once.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn remember_pricing(&self, origin: &str, pricing: &Pricing) -> Result<i64, LedgerError> {
        let now = self.wall();
        let answer = pricing.raw.to_string();
        self.write(|tx| {
            let known = tx
                .query_row(
                    "SELECT id FROM pricings WHERE origin = ?1 AND answer = ?2
                     ORDER BY id DESC LIMIT 1",
                    params![origin, answer],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(id) = known {
                return Ok(id);
            }
            tx.execute(
                "INSERT INTO pricings (origin, seen_at, answer) VALUES (?1, ?2, ?3)",
                params![origin, now, answer],
            )?;
            Ok(tx.last_insert_rowid())
        })
    }
}
