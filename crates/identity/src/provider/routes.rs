//! The provider's endpoints. Those that clients call carry their own proof; those that people see are
//! pages like any other.

use kernel::Role;
use utoipa::ToSchema;
use web::{Access, Method, Rate, Routes, operation};

use super::{
    Provider, authorize, ciba, connect, connections, introspect, logout, metadata, par,
    refusal::RefusalBody, revoke, token, userinfo,
};

/// Bytes of a client's request; a request object is the largest part of one.
const BODY_BYTES: usize = 64 * 1024;
/// Any signed-in resident.
const RESIDENT: Access = Access::Roles(&[Role::Resident]);

/// The parameters of a client's request, as the standard names them.
#[derive(Debug, ToSchema)]
pub(crate) struct ClientForm {
    #[expect(dead_code, reason = "declares the form; Params reads it")]
    client_id: Option<String>,
}

/// The routes of the provider.
#[must_use]
pub fn routes(provider: &Provider) -> Routes {
    pages()
        .merge(documents())
        .merge(client_routes())
        .merge(token_routes())
        .merge(resource_routes())
        .with_state(provider)
}

fn pages() -> Routes<Provider> {
    Routes::new()
        .get(authorize::PATH, Access::Public, authorize::arrive)
        .json(
            &Method::POST,
            authorize::PATH,
            Access::Public,
            operation::<ClientForm, ()>("An authorization request in a body")
                .answers::<()>(303)
                .takes_form()
                .standard("OpenID Connect Core 3.1.2.1"),
            authorize::posted,
        )
        .body_bytes(BODY_BYTES)
        .rate(Rate::Any)
        .get("/{lang}/connect/{id}", Access::Public, connect::show)
        .extension(web::Extension::PostsAway)
        .post("/{lang}/connect/{id}", Access::Public, connect::decide)
        .extension(web::Extension::PostsAway)
        .get(logout::PATH, Access::Public, logout::leave)
        .extension(web::Extension::PostsAway)
        .json(
            &Method::POST,
            logout::PATH,
            Access::Public,
            operation::<ClientForm, ()>("A logout request in a body")
                .answers::<()>(303)
                .takes_form()
                .standard("OpenID Connect RP-Initiated Logout"),
            logout::posted,
        )
        .body_bytes(BODY_BYTES)
        .rate(Rate::Any)
        .post("/{lang}/connect-out", Access::Public, logout::confirm)
        .get("/{lang}/connections", RESIDENT, connections::list)
        .post("/{lang}/connections", RESIDENT, connections::withdraw)
}

fn documents() -> Routes<Provider> {
    let get = &Method::GET;
    let described = || {
        operation::<(), metadata::Metadata>("What this provider can do")
            .standard("OpenID Connect Discovery 1.0, RFC 8414")
    };
    Routes::new()
        .json(
            get,
            "/.well-known/openid-configuration",
            Access::Public,
            described(),
            metadata::metadata,
        )
        .json(
            get,
            "/.well-known/oauth-authorization-server",
            Access::Public,
            described(),
            metadata::metadata,
        )
        .json(
            get,
            metadata::JWKS,
            Access::Public,
            operation::<(), metadata::KeySet>("Keys that verify our tokens").standard("RFC 7517"),
            metadata::jwks,
        )
}

fn client_routes() -> Routes<Provider> {
    let post = &Method::POST;
    Routes::new()
        .json(
            post,
            par::PATH,
            Access::Public,
            operation::<ClientForm, ()>("Push an authorization request")
                .answers::<par::Pushed>(201)
                .answers::<RefusalBody>(400)
                .answers::<RefusalBody>(401)
                .takes_form()
                .standard("RFC 9126"),
            par::push,
        )
        .body_bytes(BODY_BYTES)
        .rate(Rate::Caller)
        .json(
            post,
            token::PATH,
            Access::Public,
            operation::<ClientForm, token::Tokens>("Get tokens")
                .answers::<RefusalBody>(400)
                .answers::<RefusalBody>(401)
                .takes_form()
                .standard("RFC 6749, RFC 9449, RFC 8693, CIBA Core 1.0"),
            token::token,
        )
        .body_bytes(BODY_BYTES)
        .rate(Rate::Caller)
        .json(
            post,
            ciba::PATH,
            Access::Public,
            operation::<ClientForm, ciba::Acknowledged>("Ask a person on their phone")
                .answers::<RefusalBody>(400)
                .answers::<RefusalBody>(401)
                .takes_form()
                .standard("CIBA Core 1.0"),
            ciba::authorize,
        )
        .body_bytes(BODY_BYTES)
        .rate(Rate::Caller)
        .json(
            post,
            ciba::WITHDRAW,
            Access::Public,
            operation::<ClientForm, ciba::Withdrawn>("Withdraw what a person was asked")
                .answers::<RefusalBody>(400)
                .answers::<RefusalBody>(401)
                .takes_form(),
            ciba::withdraw,
        )
        .body_bytes(BODY_BYTES)
        .rate(Rate::Caller)
}

fn token_routes() -> Routes<Provider> {
    let post = &Method::POST;
    Routes::new()
        .json(
            post,
            introspect::PATH,
            Access::Public,
            operation::<ClientForm, introspect::Introspected>("What a token is good for")
                .answers::<RefusalBody>(400)
                .answers::<RefusalBody>(401)
                .answers::<RefusalBody>(403)
                .takes_form()
                .standard("RFC 7662, RFC 9701"),
            introspect::introspect,
        )
        .body_bytes(BODY_BYTES)
        .rate(Rate::Caller)
        .json(
            post,
            revoke::PATH,
            Access::Public,
            operation::<ClientForm, ()>("Revoke a token")
                .answers::<RefusalBody>(400)
                .answers::<RefusalBody>(401)
                .takes_form()
                .standard("RFC 7009"),
            revoke::revoke,
        )
        .body_bytes(BODY_BYTES)
        .rate(Rate::Caller)
}

fn resource_routes() -> Routes<Provider> {
    let described = || {
        operation::<(), userinfo::UserInfo>("What the client may know of the person")
            .answers::<RefusalBody>(401)
            .standard("OpenID Connect Core 5.3")
    };
    Routes::new()
        .json(
            &Method::GET,
            userinfo::PATH,
            Access::Public,
            described(),
            userinfo::get,
        )
        .rate(Rate::Caller)
        .json(
            &Method::POST,
            userinfo::PATH,
            Access::Public,
            operation::<ClientForm, userinfo::UserInfo>("What the client may know of the person")
                .answers::<RefusalBody>(401)
                .takes_form()
                .standard("OpenID Connect Core 5.3, RFC 6750 2.2"),
            userinfo::post,
        )
        .body_bytes(BODY_BYTES)
        .rate(Rate::Caller)
}
