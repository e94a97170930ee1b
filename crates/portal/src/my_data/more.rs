//! What is held beside the account and its dealings: earlier values, applications let in, signatures with
//! their evidence, ways back in that officers gave.

use identity::{FieldKey, OwnSigning, Person, provider::Scope};
use kernel::Id;
use web::{Outcome, Visit};

use super::{Item, Section, Told, at, code};
use crate::{Portal, profile};

/// Requests to sign that are told, the latest first.
const SIGNINGS: usize = 100;

/// What fields held before.
pub(super) async fn versions(portal: &Portal, visit: &Visit, who: Id<Person>) -> Outcome<Section> {
    let mut items = Vec::new();
    for key in FieldKey::ALL {
        let vault = portal.identity.vault();
        for one in identity::field_versions(&portal.store, vault, who, *key).await? {
            let value = one.value.as_ref();
            let words = value.map(|value| profile::words(visit, *key, value).join(", "));
            items.push(Item(vec![
                ("field", visit.t(&format!("app.field.{key}")).into()),
                ("value", words.unwrap_or_default().into()),
                ("source", code("portal.data.source.", one.source.code())),
                ("until", at(one.changed)),
            ]));
        }
    }
    Ok(Section::of("versions", items))
}

/// Applications that the person signs in to, OpenID clients and those of the Hong Kong wire form.
pub(super) async fn connections(
    portal: &Portal,
    visit: &Visit,
    who: Id<Person>,
) -> Outcome<Section> {
    let mut items = Vec::new();
    for one in identity::provider::connections_of(&portal.store, who).await? {
        let record = identity::provider::find_client(&portal.store, &one.client).await?;
        let found = record.and_then(|record| record.registration);
        let name = found.map(|found| found.name.get(visit.lang()).to_owned());
        let reads = one.scopes.iter().filter(|scope| **scope != Scope::Openid);
        let reads: Vec<String> = reads
            .map(|scope| visit.t(&format!("identity.scope.{}", scope.code())))
            .collect();
        let mut resources = Vec::new();
        for uri in &one.resources {
            let name = identity::provider::resource_name(&portal.store, uri).await?;
            resources.push(name.map_or_else(
                || uri.clone(),
                |name| format!("{} – {uri}", name.get(visit.lang())),
            ));
        }
        items.push(Item(vec![
            ("name", name.unwrap_or(one.client).into()),
            ("field", reads.join(", ").into()),
            ("resource", resources.join(", ").into()),
            ("since", at(one.granted)),
            ("until", at(one.expires)),
        ]));
    }
    Ok(Section::of("connections", items))
}

/// What the person was asked to sign, and what proves each signature.
pub(super) async fn signings(portal: &Portal, visit: &Visit, who: Id<Person>) -> Outcome<Section> {
    let most = i64::try_from(SIGNINGS + 1).unwrap_or(i64::MAX);
    let vault = portal.identity.vault();
    let mut found = identity::signings_of(&portal.store, vault, (who, most)).await?;
    let is_cut = found.len() > SIGNINGS;
    found.truncate(SIGNINGS);
    let items = found.into_iter().map(|one| signing(visit, one)).collect();
    Ok(Section::cut("signings", items, is_cut))
}

fn signing(visit: &Visit, one: OwnSigning) -> Item {
    let request = one.request;
    let mut parts = vec![
        (
            "department",
            request.department.get(visit.lang()).to_owned().into(),
        ),
        (
            "service",
            request.service.get(visit.lang()).to_owned().into(),
        ),
        ("time", at(request.created)),
    ];
    for item in one.items {
        let fingerprint = trust::digest::hex(&item.digest);
        parts.push((
            "document",
            format!("{} – SHA-256 {fingerprint}", item.name).into(),
        ));
    }
    if let Some(signed) = request.signed {
        parts.push(("signed", at(signed)));
    }
    if let Some(evidence) = one.evidence {
        parts.extend([
            ("certificate", Told::Bytes(evidence.certificate)),
            ("chain", Told::Bytes(evidence.chain)),
            ("status_answer", Told::Bytes(evidence.status_answer)),
            ("time_stamp", Told::Bytes(evidence.time_stamp)),
            (
                "approval",
                Told::Bytes(evidence.approval.proof().into_bytes()),
            ),
        ]);
    }
    Item(parts)
}

/// Ways back in that officers gave at a counter.
pub(super) async fn recoveries(
    portal: &Portal,
    visit: &Visit,
    who: Id<Person>,
) -> Outcome<Section> {
    let vault = portal.identity.vault();
    let found = identity::recoveries_of(&portal.store, vault, who).await?;
    let items = found.into_iter().map(|one| {
        let shown = visit.t(&format!("desk.recovery.shown.{}", one.shown));
        Item(vec![
            ("what", shown.into()),
            ("reason", one.reason.into()),
            ("state", code("portal.data.recovery.", one.state.code())),
            ("time", at(one.created)),
        ])
    });
    Ok(Section::of("recoveries", items.collect()))
}
