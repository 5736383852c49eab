//! Model test.

mod checks;
mod deeds;
mod moves;
mod one_item;
mod row_key;
mod rules;
mod search;
mod server;
mod tell;
mod world;
