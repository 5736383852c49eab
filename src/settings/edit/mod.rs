//! Changes to a configuration file. `config_file` reads, checks and replaces the file; `add_profile` appends
//! a profile, `rotate_key` changes a profile's key, and `set_value` any other setting.

pub(crate) mod add_profile;
pub(crate) mod config_file;
pub(crate) mod rotate_key;
pub(crate) mod set_value;
