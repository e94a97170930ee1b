//! The provider through the real router, driven by a relying party and a browser of a few lines each.
//! Tests that mirror a module of the OpenID conformance suite carry its name.

mod attacks;
mod behalf;
mod ciba;
mod clients;
mod consents;
mod documents;
mod fapi;
mod keysets;
mod limits;
mod oidc;
mod resources;
mod rp;
mod signing;
mod tokens;
mod wake;
mod world;

/// Declares tests on a fresh world each. What they hold is of the wire, so one engine is enough; the
/// rules of the store stand in `clients` and `tokens` on both.
macro_rules! modules {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident) $body:block)+) => {$(
        $(#[$meta])*
        #[test]
        fn $name() {
            ::store::testing::on_sqlite(&$crate::tests::OWNERS, |store, clock| async move {
                let mut world = $crate::provider::tests::world::World::new(&store, clock).await;
                let $world = &mut world;
                $body
            });
        }
    )+};
}
pub(crate) use modules;
