//! A credential with any claims and any disclosures. The issuer's key signs whatever comes, because
//! a fuzzer that stops at the signature tests nothing behind it.
#![no_main]

use std::sync::LazyLock;

use credentials::sd_jwt;
use trust::{SigningKey, jws::Signer};

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_scalar([7; 32]).expect("7…7 is a scalar of P-256"));

libfuzzer_sys::fuzz_target!(|input: (&str, Vec<&str>, &str)| {
    let (payload, disclosures, unsigned) = input;
    let find_key = |_: &trust::jws::Header| Some(KEY.public().clone());
    let _ = sd_jwt::verify(unsigned, &find_key);
    if let Ok(token) = Signer::new(&KEY, sd_jwt::TYPE).sign_bytes(payload.as_bytes()) {
        let disclosures: String = disclosures
            .iter()
            .map(|text| format!("{}~", trust::base64url::encode(text)))
            .collect();
        let _ = sd_jwt::verify(&format!("{token}~{disclosures}"), &find_key);
    }
});
