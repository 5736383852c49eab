//! Changes to a configuration file. `atomic_write` reads and replaces the file; `add_profile` appends
//! a profile, and `rotate_key` changes a profile's key.

pub(crate) mod add_profile;
mod atomic_write;
pub(crate) mod rotate_key;
