//! Packs in a directory: the only place of this crate that reads files.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use crate::{
    defect::{Code, Defect, Span},
    pack::Pack,
    siblings::Siblings,
    yaml::PACK_BYTES,
};

/// The text of one pack file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackFile {
    /// The file's name, `td-full-driving-licence-renewal.yaml`.
    pub name: String,
    pub text: String,
}

/// The `*.yaml` files directly inside `dir`, by name.
///
/// # Errors
/// The directory or a file cannot be read.
pub fn read_dir(dir: &Path) -> io::Result<Vec<PackFile>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let is_pack = path
            .extension()
            .is_some_and(|extension| extension == "yaml");
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if is_pack && path.is_file() {
            let text = read_bounded(&path)?;
            found.push(PackFile {
                name: name.to_owned(),
                text,
            });
        }
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

/// A file's text, cut one byte beyond what a pack may hold: the checker then tells that it is too
/// large without the whole of it having been read.
fn read_bounded(path: &Path) -> io::Result<String> {
    let most = u64::try_from(PACK_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// Loads every pack of a directory.
///
/// # Errors
/// Every defect of every pack; a directory that cannot be read is a defect too.
pub fn load_dir(dir: &Path) -> Result<Vec<Pack>, Vec<Defect>> {
    collect(dir, Pack::read)
}

/// Every defect of every pack in a directory, golden journeys included.
#[must_use]
pub fn check_dir(dir: &Path) -> Vec<Defect> {
    let siblings = Siblings::of(&read_dir(dir).unwrap_or_default());
    collect(dir, |name, text| {
        match Pack::check_among(name, text, &siblings) {
            defects if defects.is_empty() => Ok(()),
            defects => Err(defects),
        }
    })
    .err()
    .unwrap_or_default()
}

/// Every defect of one pack, which stands among the others of its directory.
///
/// # Errors
/// The file cannot be read.
pub fn check_file(path: &Path) -> io::Result<Vec<Defect>> {
    let text = read_bounded(path)?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let files = read_dir(dir.unwrap_or(Path::new("."))).unwrap_or_default();
    let name = path.display().to_string();
    Ok(Pack::check_among(&name, &text, &Siblings::of(&files)))
}

fn collect<T>(
    dir: &Path,
    read: impl Fn(&str, &str) -> Result<T, Vec<Defect>>,
) -> Result<Vec<T>, Vec<Defect>> {
    let files = read_dir(dir).map_err(|error| {
        vec![Defect {
            file: dir.display().to_string(),
            span: Span { line: 1, column: 1 },
            code: Code::YamlSyntax,
            wrong: format!("the directory cannot be read: {error}"),
            mend: "Give the path of a directory of packs".to_owned(),
        }]
    })?;
    let mut packs = Vec::with_capacity(files.len());
    let mut defects = Vec::new();
    for file in files {
        let path = dir.join(&file.name);
        match read(&path.display().to_string(), &file.text) {
            Ok(pack) => packs.push(pack),
            Err(found) => defects.extend(found),
        }
    }
    if defects.is_empty() {
        Ok(packs)
    } else {
        Err(defects)
    }
}
