//! Signed messages, signed data, time-stamp and status requests: whatever an outsider sends as DER.

#![no_main]

use std::sync::OnceLock;

use kernel::{Env, Time};
use libfuzzer_sys::fuzz_target;
use trust::{
    KeyStore, Notary,
    cms::{Evidence, Word, judge},
    jades,
};

fuzz_target!(|bytes: &[u8]| {
    static NOTARY: OnceLock<Notary> = OnceLock::new();
    let notary = NOTARY.get_or_init(|| {
        let env = Env::fake(Time::from_seconds(1_795_399_200), 1).0;
        Notary::new(KeyStore::in_memory(&env).unwrap(), "http://localhost")
    });
    let evidence = Evidence {
        anchors: notary.anchors(),
        answers: vec![bytes.to_vec()],
        lists: vec![bytes.to_vec()],
    };
    let now = notary.env().now();
    assert_ne!(judge(bytes, &[7; 32], &evidence, now).word, Word::Good);
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert_ne!(jades::judge(text, &evidence, now).judgement.word, Word::Good);
    }
    let _ = notary.time_stamp(bytes).unwrap();
});
