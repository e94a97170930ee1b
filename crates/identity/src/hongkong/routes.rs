//! The paths of the wire form.

use web::{Access, Method, Rate, Routes, operation};

use super::{HongKong, key, reply::KeyReply};

/// The standard these endpoints speak, as OpenAPI names it.
const STANDARD: &str = "the wire form of the iAM Smart interface";

/// The routes of the wire form.
#[must_use]
pub fn routes(hk: &HongKong) -> Routes {
    keys().with_state(hk)
}

/// A call with an empty body.
type Nothing = ();

fn keys() -> Routes<HongKong> {
    Routes::new()
        .json(
            &Method::POST,
            "/api/v1/security/getKey",
            Access::Public,
            operation::<Nothing, KeyReply>("The content key in force").standard(STANDARD),
            key::get,
        )
        .rate(Rate::Any)
        .json(
            &Method::POST,
            "/api/v1/security/revokeKey",
            Access::Public,
            operation::<Nothing, KeyReply>("Take the content key back").standard(STANDARD),
            key::revoke,
        )
        .rate(Rate::Any)
}
