//! Files that anybody uploads to have them signed or checked.

#![no_main]

use kernel::Time;
use libfuzzer_sys::fuzz_target;
use paper::pdf::{Slot, prepare, signatures, validation};

fuzz_target!(|bytes: &[u8]| {
    let slot = Slot {
        sub_filter: "ETSI.CAdES.detached",
        name: "Somebody".to_owned(),
        reason: None,
        place: None,
        at: Time::from_seconds(1_795_399_200),
    };
    let _ = validation(bytes);
    let _ = signatures(bytes);
    if let Ok(prepared) = prepare(bytes, &slot) {
        let signed = prepared.fill(b"message").unwrap();
        assert!(signed.starts_with(bytes), "signing appends");
        let _ = signatures(&signed);
    }
});
