//! Commands about this machine's configuration: `init` writes the first profile, `profile` adds and
//! changes others, `config` shows and edits the file, and `doctor` checks all of it.

pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod init;
pub(crate) mod profile;
