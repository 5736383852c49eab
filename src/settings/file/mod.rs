//! Configuration files: found, parsed with line and column, and checked.
//!
//! Reading order: `schema` (known keys), `located_value` (a value and its place), `decode` (typed values
//! within bounds), `layer` (one file), `find` (which files), `project_policy` (what a project file may
//! do) and `project_consent` (the user's confirmation).

pub(crate) mod decode;
pub(crate) mod find;
pub(crate) mod layer;
pub(crate) mod located_value;
pub(crate) mod project_consent;
pub(crate) mod project_policy;
pub(crate) mod schema;
