//! Faults below HTTP. `connection` ends connections without an answer, `body` damages and cuts bodies,
//! `throttle` limits their bandwidth, and `drain` reads unread request bodies before a connection is reused.

pub(crate) mod body;
pub(crate) mod connection;
pub(crate) mod drain;
pub(crate) mod throttle;
