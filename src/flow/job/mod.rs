//! TODO

pub(crate) mod collect;
pub(crate) mod driver;
pub(crate) mod effects;
pub(crate) mod follow;
pub(crate) mod lost_create;
pub(crate) mod manual_review;
pub(crate) mod orphans;
pub(crate) mod part_file;
pub(crate) mod start_evidence;
pub(crate) mod upload;
pub(crate) mod wait;
