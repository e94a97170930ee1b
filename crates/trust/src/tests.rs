//! Each test states a rule of keys, seals, signatures or the log.

mod attest;
mod documents;
mod envelope;
mod evidence;
mod foreign;
mod keys;
mod openssl;
mod signatures;
mod tokens;

use kernel::{Env, Time};

store::check_tests!([&crate::MIGRATIONS], crate::statements());

fn env() -> Env {
    Env::fake(Time::from_seconds(1_790_000_000), 7).0
}
