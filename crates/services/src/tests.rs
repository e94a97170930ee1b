//! What the tests of this crate share: a small pack, people, and an installation on a test database.

mod acting;
mod applying;
mod deciding;
mod owning;
mod plain;
mod programme;
mod telling;
mod unpromised;
mod world;

use std::sync::Arc;

use packs::Pack;

use crate::Published;

/// A small service with everything the rules of this crate touch: a locked prefill, a file, a fee, a
/// signature, one live application, four eyes, a question to the applicant with a timer, a refund.
pub(crate) const PACK: &str = include_str!("tests/afcd-dog-licence.yaml");
pub(crate) const SERVICE: &str = "afcd-dog-licence";

pub(crate) fn published() -> Published {
    let pack = Pack::read("afcd-dog-licence.yaml", PACK).unwrap_or_else(|defects| {
        panic!(
            "{}",
            defects
                .iter()
                .map(|one| format!("{one}\n"))
                .collect::<String>()
        )
    });
    Published {
        version: i64::from(pack.version),
        pack: Arc::new(pack),
        published_at: kernel::Time::from_micros(0),
        cutoff: None,
    }
}

#[tokio::test]
async fn both_engines_prepare_every_statement_and_hold_the_same_tables() {
    let statements = crate::statements();
    let defects = store::check::statements(&world::OWNERS, &statements).await;
    assert!(defects.is_empty(), "{}", defects.join("\n"));
    let defects = store::check::shape(&world::OWNERS).await;
    assert!(defects.is_empty(), "{}", defects.join("\n"));
}
