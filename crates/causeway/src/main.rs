//! The Causeway binary.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Requests are many small allocations on several threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    causeway::cli::run()
}
