//! One module for each command, with its arguments; none imports another. Start with `run`, which
//! goes all the way; `upload`, `status`, `fetch`, `resume`, `logs`, `report` and `open` are about its
//! jobs. `init`, `keys`, `profile`, `config`, `usage`, `listen` and `trigger` are about the account and
//! the service, `smoke_test` and `doctor` check both. `standalone` holds those that need no
//! configuration.

pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod fetch;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod listen;
pub(crate) mod logs;
pub(crate) mod open;
pub(crate) mod profile;
pub(crate) mod report;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod smoke_test;
pub(crate) mod standalone;
pub(crate) mod status;
pub(crate) mod trigger;
pub(crate) mod upload;
pub(crate) mod usage;
