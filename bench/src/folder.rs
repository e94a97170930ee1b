//! Where a measurement keeps its files.

use std::path::PathBuf;

use anyhow::Context as _;

/// A folder on the disk the build is on (a temporary folder may be memory), gone afterwards.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let beside = std::env::current_exe()?;
        let beside = beside.parent().context("the program is in a folder")?;
        let folder = beside.join(format!("bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over is in the build folder and harmless.
        std::fs::remove_dir_all(&self.0).ok();
    }
}
