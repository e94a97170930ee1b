//! Any text may be read as a service pack: the answer is a pack or defects, never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = packs::Pack::check("fuzz.yaml", text);
});
