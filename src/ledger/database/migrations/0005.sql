-- Whether a job of the key shows a bill as soon as it is started: unknown, shown, hidden.
ALTER TABLE keys ADD COLUMN bills TEXT NOT NULL DEFAULT 'unknown';
