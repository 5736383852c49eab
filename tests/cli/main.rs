//! The binary, driven as users drive it, against the sandbox.

#[path = "../support/mod.rs"]
mod support;

mod artefacts;
mod commands;
mod kill;
mod output;
mod real;
mod recipes;
mod run;
mod secrets;
mod settings;
