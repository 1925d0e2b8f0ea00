#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| harda::fuzzing::run("declared", bytes));
