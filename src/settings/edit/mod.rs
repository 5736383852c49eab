//! Changes to a configuration file. `atomic_write` reads and replaces the file; `add_profile` appends
//! a profile, `rotate_key` changes a profile's key, `set_value` any other setting, and `edit_text` the whole
//! text.

pub(crate) mod add_profile;
mod atomic_write;
pub(crate) mod edit_text;
pub(crate) mod rotate_key;
pub(crate) mod set_value;
