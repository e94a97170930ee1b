//! What a file is: its kind by its first bytes (never by its name or by what the browser says), a
//! safe name, and the state of its examination. Pure rules; the bytes are kept by `store::document`.

use kernel::limits;
use packs::FileKind;
use serde::{Deserialize, Serialize};

/// Characters of a file name that are kept.
pub(crate) const NAME_CHARS: usize = 100;
/// Files one application may hold in all.
pub(crate) const FILES_PER_APPLICATION: i64 = 60;
/// Bytes one application may hold in all.
pub(crate) const BYTES_PER_APPLICATION: i64 = 100 * 1024 * 1024;

/// The kind of `bytes` by their first ones. A Word document is a ZIP archive with a `word/` folder and
/// without macros; any other archive is no kind at all.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Option<FileKind> {
    let found = FileKind::ALL
        .iter()
        .copied()
        .find(|kind| kind.matches(bytes))?;
    let holds = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    let is_safe =
        found != FileKind::Docx || (holds(b"word/document.xml") && !holds(b"vbaProject.bin"));
    is_safe.then_some(found)
}

/// Where a received file stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanState {
    /// In quarantine, waiting for its examination.
    Received,
    /// Nobody examines files on this installation; officers see that.
    NotScanned,
    Clean,
    /// Kept away from everybody; its bytes are gone.
    Infected,
}

store::text_codes!(ScanState {
    Received => "received",
    NotScanned => "not_scanned",
    Clean => "clean",
    Infected => "infected",
});

/// Why a file is refused before it is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    #[error("the file is empty")]
    Empty,
    #[error("the file has {bytes} bytes and {most} are allowed")]
    TooLarge { bytes: usize, most: usize },
    #[error("the bytes are not one of the kinds asked for")]
    WrongKind { found: Option<FileKind> },
    #[error("{most} files are allowed here")]
    TooMany { most: i64 },
}

/// What a field accepts.
#[derive(Clone, Debug)]
pub(crate) struct Accepts {
    pub(crate) kinds: Vec<FileKind>,
    pub(crate) most_bytes: usize,
}

/// Checks size and kind.
///
/// # Errors
/// Says what is wrong with the file.
pub(crate) fn examine(bytes: &[u8], accepts: &Accepts) -> Result<FileKind, FileError> {
    let most = accepts.most_bytes.min(limits::UPLOAD_BYTES);
    if bytes.is_empty() {
        return Err(FileError::Empty);
    }
    if bytes.len() > most {
        return Err(FileError::TooLarge {
            bytes: bytes.len(),
            most,
        });
    }
    let found = sniff(bytes);
    match found {
        Some(kind) if accepts.kinds.contains(&kind) => Ok(kind),
        found => Err(FileError::WrongKind { found }),
    }
}

/// A name that is safe to show, to store and to send in a header: no path, no control characters, no
/// direction overrides, not too long, and the ending that its bytes deserve.
#[must_use]
pub fn safe_name(given: &str, kind: FileKind) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .map(|c| if "<>:\"|?*;%".contains(c) { '_' } else { c })
        .collect();
    let clean = clean.trim().trim_matches('.').trim();
    let stem = clean.rsplit_once('.').map_or(clean, |(stem, _)| stem);
    let stem: String = stem.trim().chars().take(NAME_CHARS).collect();
    let stem = if stem.is_empty() { "file" } else { &stem };
    let ending = match kind {
        FileKind::Jpeg => "jpg",
        other => other.code(),
    };
    format!("{stem}.{ending}")
}

/// Zero-width and bidirectional controls, by which `exe.gpj` reads as `jpg.exe`.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
