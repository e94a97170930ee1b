//! A client as whoever approves it reads it: everything that would be in force, and beside it what is.

use std::collections::BTreeMap;

use identity::provider::{Registration, Scope};
use kernel::Lang;
use trust::ForeignKey;
use web::{Value, Visit, ctx};

use super::wire;

/// One line of the page: its label and its value.
type Row = (String, Vec<String>);

/// Every field of the client; where `before` is in force and says otherwise, that beside it.
pub(super) fn rows_of(
    visit: &Visit,
    (found, before): (&Registration, Option<&Registration>),
) -> Vec<Value> {
    let now = all_of(visit, found);
    let Some(before) = before else {
        let plain = now
            .into_iter()
            .map(|(label, lines)| ctx! { label, lines, is_changed => false });
        return plain.collect();
    };
    let mut was: BTreeMap<String, Vec<String>> = all_of(visit, before).into_iter().collect();
    let mut rows: Vec<Value> = now
        .into_iter()
        .map(|(label, lines)| {
            let was = was.remove(&label).unwrap_or_default();
            let is_changed = was != lines;
            ctx! { label, lines, was, is_changed }
        })
        .collect();
    // What the proposal leaves out altogether.
    rows.extend(was.into_iter().map(
        |(label, was)| ctx! { label, lines => Vec::<String>::new(), was, is_changed => true },
    ));
    rows
}

fn all_of(visit: &Visit, found: &Registration) -> Vec<Row> {
    let name = vec![found.name.get(Lang::En), found.name.get(Lang::Tc)];
    let mut rows = vec![(
        visit.t("desk.clients.name"),
        name.into_iter().map(str::to_owned).collect(),
    )];
    match &found.wire {
        Some(own) => rows.extend(wire::rows_of(visit, found, own)),
        None => rows.extend(openid_rows(visit, found)),
    }
    rows.push(yes_or_no(visit, "is_test", found.is_test));
    rows
}

fn yes_or_no(visit: &Visit, field: &str, is_so: bool) -> Row {
    let words = if is_so {
        "desk.clients.yes"
    } else {
        "desk.clients.no"
    };
    (
        visit.t(&format!("desk.clients.{field}")),
        vec![visit.t(words)],
    )
}

fn openid_rows(visit: &Visit, found: &Registration) -> Vec<Row> {
    let words = |area: &str, code: &str| {
        let short = code.rsplit(':').next().unwrap_or(code);
        visit.t(&format!("desk.clients.{area}.{short}"))
    };
    let grants = found.grants.iter().map(|one| words("grants", one.code()));
    let details = found.details.iter().map(|one| words("details", one.code()));
    let one = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    let secret = found.secret_digest.iter();
    let rows = [
        ("profile", vec![words("profile", found.profile.code())]),
        ("auth", vec![words("auth", found.auth.code())]),
        ("sender", vec![words("sender", found.sender.code())]),
        ("grants", grants.collect()),
        ("sector", vec![found.sector.clone()]),
        ("redirect_uris", found.redirect_uris.clone()),
        (
            "post_logout_redirect_uris",
            found.post_logout_redirect_uris.clone(),
        ),
        ("details", details.collect()),
        ("keys", names_of(&found.keys)),
        ("jwks_uri", one(&found.jwks_uri)),
        ("certificate_dns", one(&found.certificate_dns)),
        (
            "secret_print",
            secret.map(|print| format!("SHA-256 {print}")).collect(),
        ),
        (
            "id_token_enc",
            found
                .id_token_enc
                .iter()
                .map(|enc| enc.name().to_owned())
                .collect(),
        ),
        (
            "userinfo_enc",
            found
                .userinfo_enc
                .iter()
                .map(|enc| enc.name().to_owned())
                .collect(),
        ),
        ("backchannel_logout_uri", one(&found.backchannel_logout_uri)),
        ("ciba_notification_uri", one(&found.ciba_notification_uri)),
        ("resource", one(&found.resource)),
    ];
    let mut rows: Vec<Row> = rows
        .into_iter()
        .filter(|(_, lines)| lines.iter().any(|line| !line.is_empty()))
        .map(|(name, lines)| (visit.t(&format!("desk.clients.{name}")), lines))
        .collect();
    rows.push(yes_or_no(visit, "needs_dpop_nonce", found.needs_dpop_nonce));
    rows.push(yes_or_no(visit, "is_resource", found.is_resource));
    rows.push(yes_or_no(
        visit,
        "is_userinfo_signed",
        found.is_userinfo_signed,
    ));
    rows
}

/// Keys by id, kind, use and thumbprint (RFC 7638), so that somebody compares them by eye with what
/// their owner sent another way.
pub(super) fn names_of(keys: &[serde_json::Value]) -> Vec<String> {
    keys.iter()
        .map(|key| {
            let text = |name: &str| {
                key.get(name)
                    .and_then(|value| value.as_str())
                    .unwrap_or("–")
            };
            let print = ForeignKey::print_of(key).unwrap_or_else(|_| "–".to_owned());
            format!(
                "{} · {} · {} · {print}",
                text("kid"),
                text("kty"),
                text("use")
            )
        })
        .collect()
}

/// What is read and why; where `before` is in force, what is new, what has another purpose, what ends.
pub(super) fn purposes_of(
    visit: &Visit,
    (found, before): (&Registration, Option<&Registration>),
) -> Vec<Value> {
    let line = |scope: Scope, purpose, mark: Option<&str>| {
        ctx! {
            scope => scope.code(),
            words => visit.t(&format!("identity.scope.{}", scope.code())),
            purpose,
            mark => mark.map(|mark| visit.t(mark)),
        }
    };
    let mark = |scope, purpose: &kernel::Text| {
        let before = before?;
        match before.purpose_of(scope) {
            None => Some("desk.clients.scope.new"),
            Some(was) if was != purpose => Some("desk.clients.scope.changed"),
            Some(_) => None,
        }
    };
    let mut lines: Vec<Value> = found
        .scopes
        .iter()
        .map(|one| line(one.scope, &one.purpose, mark(one.scope, &one.purpose)))
        .collect();
    let ended = before.iter().flat_map(|one| &one.scopes);
    let ended = ended.filter(|one| found.purpose_of(one.scope).is_none());
    lines.extend(ended.map(|one| line(one.scope, &one.purpose, Some("desk.clients.scope.ended"))));
    lines
}
