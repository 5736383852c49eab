#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rbgv::fuzz::run("store", bytes));
