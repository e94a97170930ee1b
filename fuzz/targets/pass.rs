//! A QR code with any text, and one whose issuer signed any claims.
#![no_main]

use std::io::Write as _;
use std::sync::LazyLock;

use credentials::{base45, pass};
use flate2::{Compression, write::ZlibEncoder};
use kernel::Time;
use trust::{SigningKey, cose};

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_scalar([7; 32]).expect("7…7 is a scalar of P-256"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let now = Time::from_seconds(1_795_000_000);
    let find_keys = |_: &[u8]| vec![KEY.public().clone()];
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = pass::read(text, &find_keys, now);
    }
    let shape = cose::Shape {
        typ: None,
        kid: Some(cose::short_kid(KEY.public())),
        tagged: false,
    };
    let Ok(structure) = cose::sign(&KEY, &shape, bytes.to_vec()) else {
        return;
    };
    for prefix in [pass::PAPER_PREFIX, pass::SCREEN_PREFIX] {
        let _ = pass::read(&format!("{prefix}{}", packed(&structure)), &find_keys, now);
        let _ = pass::read(&format!("{prefix}{}", packed(bytes)), &find_keys, now);
    }
});

fn packed(bytes: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("a Vec takes everything");
    base45::encode(&encoder.finish().expect("a Vec takes everything"))
}
