//! The browser's side of an approval: sign-in on the portal and on the desk, the waiting page with
//! the QR code and the four digits, and what is shown for each outcome. Works without a script: the
//! waiting page then reloads itself.

mod answer;
mod passkey;
mod qr;
mod session;
mod waiting;

use kernel::Lang;
use web::{Access, Asset, Bundle, Rate, Routes, Value, ctx};

use crate::{Country, Identity};

pub use session::{act_for, ask_in, binding};
pub(crate) use session::{ask_drawn_in, mandate_words};

/// Templates, words and pictures of identity.
pub static BUNDLE: Bundle = Bundle {
    area: "identity",
    templates: &[
        (
            "identity/waiting.html",
            include_str!("../templates/waiting.html"),
        ),
        (
            "identity/status.html",
            include_str!("../templates/status.html"),
        ),
        (
            "identity/outcome.html",
            include_str!("../templates/outcome.html"),
        ),
        (
            "identity/sign_out.html",
            include_str!("../templates/sign_out.html"),
        ),
        (
            "identity/acting.html",
            include_str!("../templates/acting.html"),
        ),
        (
            "identity/answer.html",
            include_str!("../templates/answer.html"),
        ),
        (
            "identity/passkey_refused.html",
            include_str!("../templates/passkey_refused.html"),
        ),
        (
            "identity/connect.html",
            include_str!("../templates/connect.html"),
        ),
        (
            "identity/connect_refused.html",
            include_str!("../templates/connect_refused.html"),
        ),
        (
            "identity/connect_out.html",
            include_str!("../templates/connect_out.html"),
        ),
        ("identity/wire.html", include_str!("../templates/wire.html")),
        (
            "identity/wire_company.html",
            include_str!("../templates/wire_company.html"),
        ),
        (
            "identity/connections.html",
            include_str!("../templates/connections.html"),
        ),
    ],
    messages: include_str!("../messages.yaml"),
    assets: &[
        Asset {
            name: "identity/identity.css",
            bytes: include_bytes!("../assets/identity.css"),
        },
        Asset {
            name: "identity/passkey.js",
            bytes: include_bytes!("../assets/passkey.js"),
        },
    ],
};

/// The countries that issue passports, as a list to choose from.
#[must_use]
pub fn countries(lang: Lang) -> Vec<Value> {
    let all = Country::all().iter();
    all.map(|(code, name)| ctx! { value => code.as_str(), words => name.get(lang) })
        .collect()
}

/// Any signed-in person, resident or staff.
const SIGNED_IN: Access = Access::Roles(&kernel::Role::ALL);

pub(crate) fn routes() -> Routes<Identity> {
    Routes::new()
        // Whoever begins here is nobody yet, and hundreds may share an address; what each leaves behind is
        // one row, swept within minutes.
        .get("/{lang}/sign-in", Access::Public, waiting::sign_in)
        .get(
            "/{lang}/desk/sign-in",
            Access::Public,
            waiting::desk_sign_in,
        )
        .get("/{lang}/approvals/{id}", Access::Public, waiting::show)
        .extension(web::Extension::PostsAway)
        .get("/{lang}/approvals/{id}/live", Access::Public, waiting::live)
        .post(
            "/{lang}/approvals/{id}/cancel",
            Access::Public,
            waiting::cancel,
        )
        .get(
            "/{lang}/approvals/{id}/passkey",
            Access::Public,
            answer::show,
        )
        .post(
            "/{lang}/approvals/{id}/passkey",
            Access::Public,
            answer::answer,
        )
        .rate(Rate::Attempt)
        .json(
            &axum::http::Method::POST,
            passkey::CHALLENGE,
            Access::Public,
            web::operation::<passkey::PasskeyAsk, passkey::PasskeyChallenge>(
                "Ask for a passkey of this site",
            )
            .standard("W3C Web Authentication Level 3, section 5.1.10"),
            passkey::challenge,
        )
        .rate(Rate::Post)
        .get("/{lang}/sign-out", Access::Public, session::sign_out_page)
        .post("/{lang}/sign-out", Access::Public, session::sign_out)
        .get("/{lang}/acting", SIGNED_IN, session::acting)
        .post("/{lang}/acting", SIGNED_IN, session::act)
}
