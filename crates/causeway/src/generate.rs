//! Documents made from the program, so that they cannot disagree with it.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Context as _;
use kernel::Env;

use crate::{System, config::Config};

/// Writes every generated document below `dir`, by its path in the repository.
///
/// # Errors
/// A file cannot be written, or the system cannot be put together.
pub(crate) async fn write(dir: &Path) -> anyhow::Result<()> {
    let scratch = dir.join("scratch");
    let mut config = Config::default();
    config.store.data_dir.clone_from(&scratch);
    config.server.demo = true;
    let system = System::open(&config, Env::system()).await?;
    let routes = system.routes();
    let version = env!("CARGO_PKG_VERSION");
    let openapi = serde_json::to_string_pretty(&routes.openapi("Causeway", version))?;
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Config))?;
    put(dir, "docs/openapi.json", &format!("{openapi}\n"))?;
    put(dir, "docs/access-matrix.txt", &matrix(&routes))?;
    put(dir, "docs/config.schema.json", &format!("{schema}\n"))?;
    put(dir, "causeway.example.toml", &example()?)?;
    put(dir, "docs/errors.md", &errors())?;
    put(dir, "packs/pack.schema.json", &packs::pack_schema_text())?;
    fs::remove_dir_all(&scratch).context("cannot remove the scratch data")?;
    Ok(())
}

fn put(dir: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = dir.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Who may use which route: one line each, sorted.
fn matrix(routes: &web::Routes) -> String {
    let mut lines: Vec<String> = routes
        .table()
        .into_iter()
        .map(|row| format!("{:<7}{:<64}{}", row.method, row.path, row.access))
        .collect();
    lines.sort();
    let mut text =
        String::from("# Method, path, who may use it. Written by `cargo xtask generate`.\n");
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// Every error people can meet: code, status, what happened, what to do.
fn errors() -> String {
    let mut text = String::from(
        "# Errors\n\nWhat people and programs can meet, by code. Written by `cargo xtask generate`.\n\n\
         | code | status | what happened | what to do |\n|---|---|---|---|\n",
    );
    for one in crate::explanations::all() {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            one.code, one.status, one.title.en, one.advice.en
        );
    }
    text
}

/// Every key with its default.
fn example() -> anyhow::Result<String> {
    let defaults = toml::to_string_pretty(&Config::default())?;
    Ok(format!(
        "# Every key of Causeway's configuration with its default. docs/config.schema.json says what\n\
         # each one means. Variables such as CAUSEWAY__SERVER__LISTEN override the file.\n\n{defaults}"
    ))
}
