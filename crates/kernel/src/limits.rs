//! Limits that more than one crate must agree on. A limit of one crate stands beside what it limits.

/// Items on one page of any list.
pub const PAGE_ITEMS: usize = 25;
/// Characters in a one-line answer.
pub const LINE_CHARS: usize = 200;
/// Characters in a long answer.
pub const LONG_TEXT_CHARS: usize = 4_000;
/// Bytes of a form post without files.
pub const FORM_BYTES: usize = 256 * 1024;
/// Bytes of one uploaded file.
pub const UPLOAD_BYTES: usize = 10 * 1024 * 1024;
/// Largest amount a demand may ask for: HK$100 million.
pub const MONEY_MAX_CENTS: i64 = 10_000_000_000;
