//! Prints the JSON Schema of the pack format: what `packs/pack.schema.json` must be.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(packs::pack_schema_text().as_bytes())
}
