//! What every test begins with, made once a process: a demonstration's data folder with packs published
//! and people seeded. A test gets a copy, because publishing and seeding take longer than most tests.

use std::{
    fs::{self, Permissions},
    path::{Path, PathBuf},
};

use tokio::sync::OnceCell;

use crate::{App, Knobs};

/// The seed of the folder that is copied. Tests count theirs from 0, so that no id is drawn twice.
const SEED: u64 = u64::MAX;

/// A file of the folder: its place there, its bytes, who may read it.
struct Kept(PathBuf, Vec<u8>, Permissions);

impl Kept {
    fn read(place: PathBuf, file: &Path) -> anyhow::Result<Self> {
        let permissions = fs::metadata(file)?.permissions();
        Ok(Self(place, fs::read(file)?, permissions))
    }

    fn write(&self, dir: &Path) -> anyhow::Result<()> {
        let Self(place, bytes, permissions) = self;
        let target = dir.join(place);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&target, bytes)?;
        Ok(fs::set_permissions(&target, permissions.clone())?)
    }
}

/// Fills `dir`, which does not exist yet.
pub(crate) async fn copy_to(dir: &Path) -> anyhow::Result<()> {
    static FILES: OnceCell<Vec<Kept>> = OnceCell::const_new();
    let files = FILES.get_or_try_init(|| made(dir)).await?;
    files.iter().try_for_each(|file| file.write(dir))
}

async fn made(beside: &Path) -> anyhow::Result<Vec<Kept>> {
    let knobs = Knobs {
        has_rate_limits: false,
        records_answers: false,
    };
    let app = App::open(beside.with_extension("prepared"), SEED, knobs).await?;
    let copy = app.dir.join("copy.db");
    app.system.store.backup(&copy, |_| ()).await?;
    let mut files = vec![Kept::read(PathBuf::from("causeway.db"), &copy)?];
    let keys = Path::new("keys");
    for entry in fs::read_dir(app.dir.join(keys))? {
        let entry = entry?;
        files.push(Kept::read(keys.join(entry.file_name()), &entry.path())?);
    }
    Ok(files)
}
