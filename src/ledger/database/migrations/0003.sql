-- What `status` shows, without reading the rows of everything that was ever done.
CREATE INDEX tasks_under_way ON tasks (id) WHERE phase NOT IN ('completed', 'failed', 'planned');
CREATE INDEX tasks_in_trouble ON tasks (id) WHERE phase IN ('failed', 'needs_review', 'halted');
-- What a batch has started, and what that costs.
CREATE INDEX tasks_by_starter ON tasks (started_by, starts, draft, estimate)
    WHERE started_by IS NOT NULL;
