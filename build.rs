//! Passes the target triple on to `rbgv version`.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a build script reads its environment and answers on standard output"
)]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=RBGV_TARGET={}", std::env::var("TARGET").unwrap_or_default());
}
