//! Receiving webhooks: a small server that believes nothing it cannot verify, answers fast, and
//! hands what it took to whoever started it.
//!
//! A room of its own, because it is the only part of the program that strangers can reach: what it
//! may do is take bytes, ask [`crate::client::webhook`] whether to believe them, and ask the ledger
//! whether they came before. It knows no keys, no jobs and no terminal.
//!
//! - `server`: from a request to an answer
//! - `guard`: connections, bounded in number and time
//! - `stored`: deliveries in a file, as they came

mod connection_limit;
mod delivery_log;
mod server;

pub use self::delivery_log::DeliveryLog;
pub use self::server::{
    REASONS, ReceivedDelivery, ReceivedEvent, RemarkLimit, TOO_MANY_CONNECTIONS, WebhookServer,
    serve,
};
