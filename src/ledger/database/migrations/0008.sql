-- The condition in the words of the statement, which PostgreSQL understands too.
DROP INDEX deliveries_by_job;
CREATE INDEX deliveries_by_job ON deliveries (job) WHERE reports_final;

-- What a shared ledger has to know of the machines that use it. In a file they stay empty.
ALTER TABLE processes ADD COLUMN machine TEXT;
ALTER TABLE processes ADD COLUMN machine_name TEXT;
ALTER TABLE processes ADD COLUMN lease_until INTEGER;
ALTER TABLE batches ADD COLUMN machine TEXT;
ALTER TABLE batches ADD COLUMN machine_name TEXT;
ALTER TABLE keys ADD COLUMN reconciled_with TEXT;
