//! The webhook receiver: a small server that verifies deliveries, acknowledges them quickly, and
//! hands them to its caller.
//!
//! The only part of the program that strangers can reach, and therefore a module of its own: it
//! reads bytes, verifies them with [`crate::client::webhook`], and asks the ledger whether they are
//! new. It has no access to keys, jobs or the terminal.
//!
//! Reading order: `server` (one request), `connection_limit` (connections limited in number and
//! time), `delivery_log` (the `--keep` file).

mod connection_limit;
mod delivery_log;
mod server;

pub use self::delivery_log::DeliveryLog;
pub use self::server::{
    REASONS, ReceivedDelivery, ReceivedEvent, RejectionLimit, TOO_MANY_CONNECTIONS, WebhookServer,
    serve,
};
