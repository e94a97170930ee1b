//! Any text may be read as an expression of a pack.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = packs::expression_parses(text);
});
