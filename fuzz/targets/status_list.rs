//! A status list of any bytes, and reading any index of it.
#![no_main]

use credentials::status_list::StatusList;

libfuzzer_sys::fuzz_target!(|input: (u32, &[u8])| {
    let (index, bytes) = input;
    if let Ok(list) = StatusList::inflate(bytes) {
        let _ = list.get(index);
    }
});
