//! The Causeway binary.
fn main() {}
