//! Any text may arrive as a JWS, any bytes as a COSE_Sign1.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = trust::cose::Unverified::parse(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = trust::jws::Unverified::parse(text);
        if let Ok(foreign) = trust::jws::Unverified::parse_foreign(text) {
            let _ = foreign.carried_foreign_key();
        }
        let _ = trust::PeerCertificate::from_header(text);
        if let Ok(jwk) = serde_json::from_str(text) {
            let _ = trust::ForeignKey::from_jwk(&jwk);
            let _ = trust::jwe::ReaderKey::from_jwk(&jwk);
        }
    }
});
