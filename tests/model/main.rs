//! A model of the world around the protocol, and what a search of it shows.
//!
//! [`rbgv::flow::state_machine::step`] decides, purely, what is written and what is sent. Here is the
//! rest of the world, as small as it can be and as bad as it may be: a ledger that keeps the row and
//! nothing else (`row_key`), and may forget its last commits; a driver that can die at any moment, or be
//! suspended until another one has adopted the attempt; a network that loses, delays and
//! repeats (`world`, `moves`, `deeds`); and a service in the variants that its documentation leaves
//! open (`server`). In every world that can be reached, `checks` asks whether a promise is broken.
//!
//! `one_item` searches everything that can happen to one item; `several_items` plays random
//! schedules for several that share a key; `rules` holds mistakes that they must find, and `limits`
//! gives up one assumption at a time and must find the second bill. `docs/architecture.md` holds the
//! stories that are found there, and the drawing of the phases; both are compared with what the
//! search meets today.

#![expect(clippy::print_stdout, reason = "what was searched is part of a test's result")]

mod checks;
mod deeds;
mod limits;
mod moves;
mod one_item;
mod row_key;
mod rules;
mod search;
mod server;
mod several_items;
mod tell;
mod world;
