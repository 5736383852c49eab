//! The database file: `access` (permissions), `schema` and its migrations, and `group_commit` (one sync
//! for many commits).

pub(crate) mod access;
pub(crate) mod group_commit;
pub(crate) mod schema;
