-- How the user asked for an attempt at an item that had one already: again, retry_failed. Only then
-- is a second bill of the item what it should be.
ALTER TABLE tasks ADD COLUMN asked TEXT;
