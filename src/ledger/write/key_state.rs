//! Facts about a key and its service: reusable uploads, behaviour of drafts, visibility of bills,
//! prices.

use strum::{EnumString, IntoStaticStr};

use crate::ledger::database::value::params;
use crate::ledger::rows::ids::{ApiKeyId, BatchId};
use crate::ledger::{Ledger, LedgerError};
use crate::model::{JobId, Pricing};

/// How the service treats jobs that are created as drafts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum DraftSupport {
    /// No draft of this key was observed, or not long enough.
    #[default]
    Unknown,
    /// A draft came back as `created`, or did not run by itself while it was watched.
    Supported,
    /// The service ran a job that was created as a draft.
    Unsupported,
}

impl DraftSupport {
    fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Whether the service shows a bill as soon as a job is started, whatever its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum BillingVisibility {
    /// No started job of this key was observed in a status that drafts have, too.
    #[default]
    Unknown,
    /// Every such job had a bill.
    Shown,
    /// One such job had no bill.
    Hidden,
}

impl BillingVisibility {
    fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Ledger {
    fn key_column(&self, key: &ApiKeyId, column: &str) -> Result<Option<String>, LedgerError> {
        let sql = format!("SELECT {column} FROM keys WHERE origin = ?1 AND key_fingerprint = ?2");
        self.query_opt(&sql, params![key.origin, key.fingerprint])
    }

    pub fn billing_visibility(&self, key: &ApiKeyId) -> Result<BillingVisibility, LedgerError> {
        let word = self.key_column(key, "billing_visibility")?;
        Ok(word.and_then(|word| word.parse().ok()).unwrap_or_default())
    }

    /// `Hidden` is permanent.
    pub fn record_billing_visibility(
        &self,
        key: &ApiKeyId,
        bills: BillingVisibility,
    ) -> Result<(), LedgerError> {
        let now = self.now();
        self.execute(
            "INSERT INTO keys (origin, key_fingerprint, billing_visibility, first_at)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (origin, key_fingerprint) DO UPDATE SET billing_visibility = ?3
                 WHERE keys.billing_visibility <> 'hidden'",
            params![key.origin, key.fingerprint, bills.as_str(), now],
        )
        .map(drop)
    }

    pub fn draft_support(&self, key: &ApiKeyId) -> Result<DraftSupport, LedgerError> {
        let word = self.key_column(key, "draft_support")?;
        Ok(word.and_then(|word| word.parse().ok()).unwrap_or_default())
    }

    pub fn record_draft_support(
        &self,
        key: &ApiKeyId,
        drafts: DraftSupport,
    ) -> Result<(), LedgerError> {
        let now = self.now();
        self.execute(
            "INSERT INTO keys (origin, key_fingerprint, draft_support, first_at)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (origin, key_fingerprint) DO UPDATE SET draft_support = ?3",
            params![key.origin, key.fingerprint, drafts.as_str(), now],
        )
        .map(drop)
    }

    /// Whether any key was used with this service before.
    pub fn has_used_service(&self, key: &ApiKeyId) -> Result<bool, LedgerError> {
        self.query_row("SELECT EXISTS (SELECT 1 FROM keys WHERE origin = ?1)", params![key.origin])
    }

    /// Assigns jobs of a lost ledger to attempts of `batch` that have sent nothing, and records
    /// that the service is known. `jobs` holds content keys and jobs. Returns the number of
    /// attempts changed.
    pub fn adopt_jobs(
        &self,
        key: &ApiKeyId,
        batch: BatchId,
        jobs: &[(String, JobId)],
    ) -> Result<usize, LedgerError> {
        let now = self.now();
        self.write(|tx| {
            tx.lock("plan");
            tx.queue(
                "INSERT INTO keys (origin, key_fingerprint, first_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (origin, key_fingerprint) DO NOTHING",
                params![key.origin, key.fingerprint, now],
            )?;
            let adopt = |(input, job): &(String, JobId)| {
                tx.execute(
                    "UPDATE attempts SET job = ?3, key_fingerprint = ?4, status = 'running',
                     draft_observation = 'started'
                     WHERE content_key = ?2 AND status = 'planned' AND job IS NULL
                       AND create_count = 0
                       AND id IN (SELECT attempt FROM batch_inputs WHERE batch = ?1)",
                    params![batch, input, job, key.fingerprint],
                )
            };
            jobs.iter().map(adopt).sum()
        })
    }

    /// URL of an earlier upload of these bytes with this key.
    pub fn find_upload(&self, key: &ApiKeyId, sha256: &str) -> Result<Option<String>, LedgerError> {
        self.query_opt(
            "SELECT video_url FROM uploads
             WHERE origin = ?1 AND key_fingerprint = ?2 AND sha256 = ?3",
            params![key.origin, key.fingerprint, sha256],
        )
    }

    pub fn record_upload(
        &self,
        key: &ApiKeyId,
        sha256: &str,
        url: &str,
    ) -> Result<(), LedgerError> {
        let now = self.now();
        self.execute(
            "INSERT INTO uploads (origin, key_fingerprint, sha256, video_url, uploaded_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (origin, key_fingerprint, sha256) DO UPDATE
                 SET video_url = ?4, uploaded_at = ?5",
            params![key.origin, key.fingerprint, sha256, url, now],
        )
        .map(drop)
    }

    /// Called when the service no longer knows the upload.
    pub fn delete_upload(&self, key: &ApiKeyId, sha256: &str) -> Result<(), LedgerError> {
        self.execute(
            "DELETE FROM uploads WHERE origin = ?1 AND key_fingerprint = ?2 AND sha256 = ?3",
            params![key.origin, key.fingerprint, sha256],
        )
        .map(drop)
    }

    /// Records a response with prices and returns its row id. Equal responses share one row.
    pub fn record_pricing(&self, origin: &str, pricing: &Pricing) -> Result<i64, LedgerError> {
        let now = self.now();
        let answer = pricing.raw.to_string();
        self.write(|tx| {
            tx.lock("pricings");
            let known = tx.query_opt(
                "SELECT id FROM pricings WHERE origin = ?1 AND response = ?2
                 ORDER BY id DESC LIMIT 1",
                params![origin, answer],
            )?;
            if let Some(id) = known {
                return Ok(id);
            }
            tx.query_row(
                "INSERT INTO pricings (origin, fetched_at, response) VALUES (?1, ?2, ?3)
                 RETURNING id",
                params![origin, now, answer],
            )
        })
    }
}
