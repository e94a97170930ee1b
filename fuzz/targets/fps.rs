//! Any text may stand in an FPS code; what is understood is written the same way again.
#![no_main]

use payments::fps::FpsCode;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(code) = FpsCode::parse(text)
        && let Ok(written) = code.encode()
    {
        assert_eq!(FpsCode::parse(&written), Ok(code));
    }
});
