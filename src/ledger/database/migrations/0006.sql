-- Table and column names in the terms that the code and the documents use.

DROP INDEX tasks_by_job;
DROP INDEX tasks_in_flight;
DROP INDEX tasks_owned;
DROP INDEX tasks_under_way;
DROP INDEX tasks_in_trouble;
DROP INDEX tasks_by_starter;
DROP INDEX entries_queue;
DROP INDEX entries_by_task;
DROP INDEX entries_by_output;
DROP INDEX transitions_by_task;
DROP INDEX deliveries_by_job;

ALTER TABLE owners RENAME TO processes;

ALTER TABLE pricings RENAME COLUMN answer TO response;
ALTER TABLE pricings RENAME COLUMN seen_at TO fetched_at;

ALTER TABLE batches RENAME COLUMN key_print TO key_fingerprint;
ALTER TABLE batches RENAME COLUMN conduct TO run_options;
ALTER TABLE batches RENAME COLUMN planned TO plan_complete;
ALTER TABLE batches RENAME COLUMN made_at TO created_at;
ALTER TABLE batches RENAME COLUMN ended_at TO finished_at;

ALTER TABLE tasks RENAME TO attempts;
ALTER TABLE attempts RENAME COLUMN item_key TO content_key;
ALTER TABLE attempts RENAME COLUMN attempt TO number;
ALTER TABLE attempts RENAME COLUMN correlation TO correlation_id;
ALTER TABLE attempts RENAME COLUMN key_print TO key_fingerprint;
ALTER TABLE attempts RENAME COLUMN is_url TO source_is_url;
ALTER TABLE attempts RENAME COLUMN started_by TO started_by_batch;
-- The job's state at the service makes way for the attempt's own.
ALTER TABLE attempts RENAME COLUMN status TO job_status;
ALTER TABLE attempts RENAME COLUMN phase TO status;
ALTER TABLE attempts RENAME COLUMN draft TO draft_observation;
ALTER TABLE attempts RENAME COLUMN creates TO create_count;
ALTER TABLE attempts RENAME COLUMN starts TO start_count;
ALTER TABLE attempts RENAME COLUMN reuploads TO reupload_count;
ALTER TABLE attempts RENAME COLUMN orphans TO orphan_count;
ALTER TABLE attempts RENAME COLUMN sent_boot TO sent_boot_ms;
ALTER TABLE attempts RENAME COLUMN url_reused TO upload_reused;
ALTER TABLE attempts RENAME COLUMN seconds TO output_seconds;
ALTER TABLE attempts RENAME COLUMN made_at TO created_at;
ALTER TABLE attempts RENAME COLUMN changed_at TO updated_at;
ALTER TABLE attempts RENAME COLUMN asked TO rerun_reason;

ALTER TABLE entries RENAME TO batch_inputs;
ALTER TABLE batch_inputs RENAME COLUMN task TO attempt;
ALTER TABLE batch_inputs RENAME COLUMN rank TO duration_ms;
ALTER TABLE batch_inputs RENAME COLUMN out_sha256 TO output_sha256;
ALTER TABLE batch_inputs RENAME COLUMN out_size TO output_size;

ALTER TABLE transitions RENAME TO attempt_log;
ALTER TABLE attempt_log RENAME COLUMN task TO attempt;
ALTER TABLE attempt_log RENAME COLUMN phase TO status;

ALTER TABLE uploads RENAME COLUMN key_print TO key_fingerprint;
ALTER TABLE uploads RENAME COLUMN sent_at TO uploaded_at;

-- draft_support: unknown, supported, unsupported.
ALTER TABLE keys RENAME COLUMN key_print TO key_fingerprint;
ALTER TABLE keys RENAME COLUMN drafts TO draft_support;
ALTER TABLE keys RENAME COLUMN bills TO billing_visibility;
UPDATE keys SET draft_support = 'supported' WHERE draft_support = 'honoured';
UPDATE keys SET draft_support = 'unsupported' WHERE draft_support = 'ignored';

-- The column `name` held the same word in every row.
CREATE TABLE rate_limits (
    scope   TEXT PRIMARY KEY,
    boot_id TEXT NOT NULL,
    state   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO rate_limits (scope, boot_id, state)
    SELECT scope, boot_id, state FROM limiters WHERE name = 'state';
DROP TABLE limiters;

ALTER TABLE deliveries RENAME COLUMN number TO seq;
ALTER TABLE deliveries RENAME COLUMN says_final TO reports_final;

CREATE INDEX attempts_by_job ON attempts (job) WHERE job IS NOT NULL;
-- Jobs that occupy the key's slots at the service.
CREATE INDEX attempts_in_flight ON attempts (key_fingerprint, status)
    WHERE status IN ('start_sent', 'start_doubt', 'start_refused', 'running');
CREATE INDEX attempts_owned ON attempts (owner) WHERE owner IS NOT NULL;
-- Rows that `status` lists.
CREATE INDEX attempts_open ON attempts (id)
    WHERE status NOT IN ('completed', 'failed', 'planned');
CREATE INDEX attempts_failed ON attempts (id)
    WHERE status IN ('failed', 'needs_review', 'halted');
-- Cost of what a batch has started.
CREATE INDEX attempts_by_starter
    ON attempts (started_by_batch, start_count, draft_observation, estimate)
    WHERE started_by_batch IS NOT NULL;
CREATE INDEX batch_inputs_queue ON batch_inputs (batch, state, duration_ms DESC, id);
CREATE INDEX batch_inputs_by_attempt ON batch_inputs (attempt);
CREATE INDEX batch_inputs_by_output ON batch_inputs (output_sha256)
    WHERE output_sha256 IS NOT NULL;
CREATE INDEX attempt_log_by_attempt ON attempt_log (attempt, id);
CREATE INDEX deliveries_by_job ON deliveries (job) WHERE reports_final = 1;
