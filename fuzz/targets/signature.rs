//! Any text may arrive as a JWS, any bytes as a COSE_Sign1.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = trust::cose::Unverified::parse(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = trust::jws::Unverified::parse(text);
    }
});
