//! Puts the service packs of `packs/` into the binary, so that one file is the whole product.

use std::{env, fmt::Write as _, fs, path::PathBuf};

fn main() {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let packs = manifest.join("../../packs");
    println!("cargo::rerun-if-changed={}", packs.display());
    let mut files: Vec<PathBuf> = fs::read_dir(&packs)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|kind| kind == "yaml"))
        .collect();
    files.sort();
    let mut code = String::from("&[\n");
    for file in files {
        let (Some(name), Ok(full)) = (file.file_name(), file.canonicalize()) else {
            continue;
        };
        println!("cargo::rerun-if-changed={}", full.display());
        let _ = writeln!(
            code,
            "({:?}, include_str!({:?})),",
            name.to_string_lossy(),
            full
        );
    }
    code.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("packs.rs");
    if let Err(error) = fs::write(&out, code) {
        println!("cargo::error=cannot write {}: {error}", out.display());
    }
}
