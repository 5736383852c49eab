//! TODO

pub(crate) mod add_profile;
pub(crate) mod rotate_key;
