//! Any text may arrive as a sealed body, or be registered as the certificate that keys are sealed to.
#![no_main]

use trust::envelope::{ContentKey, SealingCertificate};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(key) = ContentKey::from_bytes(&[7; 32]) {
            let _ = key.open(text);
        }
        let _ = SealingCertificate::from_pem(text);
    }
    let body = trust::base64url::encode_standard(bytes);
    let pem = format!("-----BEGIN CERTIFICATE-----{body}-----END CERTIFICATE-----");
    let _ = SealingCertificate::from_pem(&pem);
});
