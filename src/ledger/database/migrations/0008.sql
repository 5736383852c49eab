-- The condition in the words of the statement, which PostgreSQL understands too.
DROP INDEX deliveries_by_job;
CREATE INDEX deliveries_by_job ON deliveries (job) WHERE reports_final;
