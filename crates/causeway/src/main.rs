//! The Causeway binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    causeway::cli::run()
}
