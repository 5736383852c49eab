//! TODO

pub(crate) mod decode;
pub(crate) mod find;
pub(crate) mod layer;
pub(crate) mod located_value;
pub(crate) mod project_consent;
pub(crate) mod project_policy;
pub(crate) mod schema;
