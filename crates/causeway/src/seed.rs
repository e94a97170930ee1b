//! What a first start puts in: the packs of the binary, and for a demonstration its people.

mod programme;

use kernel::Actor;

use crate::System;

/// The service packs in the binary, by file name.
pub static PACKS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/packs.rs"));

/// Publishes every pack of the binary that is not published yet. Returns how many were new.
///
/// # Errors
/// A pack is refused, or a published version was changed without a new version number.
pub async fn publish_packs(system: &System) -> anyhow::Result<usize> {
    let actor = Actor::system("causeway");
    Ok(system.services.publish_new(&actor, PACKS).await?)
}

/// Puts in the invented people, companies and officers of the demonstration. Safe to repeat.
///
/// # Errors
/// The store fails.
pub async fn seed_demo(system: &System) -> anyhow::Result<()> {
    let vault = system.keys.vault();
    identity::demo::seed(&system.store, &vault).await?;
    identity::provider::demo::seed(&system.store, &vault).await?;
    Ok(())
}

/// Sets the invented dates of the demonstration's programme board, once.
///
/// # Errors
/// The store fails.
pub async fn seed_programme(system: &System) -> anyhow::Result<()> {
    programme::seed(system).await
}
