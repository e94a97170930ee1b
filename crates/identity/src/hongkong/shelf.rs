//! What a client sees of the documents a company keeps: how many of which kind, and in full those it was
//! handed or brought itself.
//!
//! Invariants: it learns the name of no other; the mandate is asked in the write that gives a content out.

use std::collections::BTreeMap;

use ::store::{Read, Write};
use kernel::{Actor, Id, Time};
use serde_json::{Map, Value, json};
use trust::base64url;

use super::{
    HongKong,
    caller::Call,
    corporation,
    documents::{WORD_CHARS, holder_of, kind_of, sent, size},
    holder::Representative,
    reply::Fault,
    word::Word,
};
use crate::{
    Error,
    store::{company::note, wallet as tables, wallet_share as shares},
    wallet::{Document, DocumentKind, DocumentState, Share},
};

/// Documents of one page, and when nothing is said.
const PAGE_MAX: usize = 50;
const PAGE: usize = 20;

/// A document as it travels, without its content.
pub(super) fn entry(document: &Document, client: &str, until: Option<Time>) -> Value {
    let bringer = document.client.as_ref();
    let source = match (&document.seal, bringer) {
        (Some(_), _) => "department",
        (None, Some(_)) => "application",
        (None, None) => "company",
    };
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("documentID", json!(document.id));
    put("documentType", json!(document.kind));
    put("documentName", json!(document.name));
    put("fileName", json!(document.file_name));
    put("contentType", json!(document.media_type));
    put("fileSize", json!(document.size));
    put(
        "fileHash",
        json!(base64url::encode_standard(document.sha256)),
    );
    put("source", json!(source));
    put(
        "isOwn",
        json!(bringer.is_some_and(|one| one.client == client)),
    );
    put("addedAt", json!(document.added.micros() / 1_000));
    if let Some(seal) = &document.seal {
        put("sealedBy", json!(seal.by));
    }
    if let Some(day) = document.issued {
        put("issueDate", json!(sent(day)));
    }
    if let Some(day) = document.expires {
        put("expiryDate", json!(sent(day)));
    }
    if let Some(until) = until {
        put("sharedUntil", json!(until.micros() / 1_000));
    }
    Value::Object(fields)
}

/// A document this client may know of, with the hand-over it knows it by.
struct Visible {
    document: Document,
    share: Option<Share>,
}

async fn visible_in(
    db: &Read,
    hk: &HongKong,
    (who, client): (&Representative, &str),
) -> Result<(Vec<Visible>, BTreeMap<DocumentKind, usize>), Error> {
    let company = who.mandate.company.id;
    let vault = hk.identity().vault();
    let all = tables::documents_in(db, vault, company, DocumentState::Held).await?;
    let handed = shares::live_in(db, (who.token.person, company), client).await?;
    let mut counts = BTreeMap::new();
    for one in &all {
        *counts.entry(one.kind).or_insert(0) += 1;
    }
    let visible = all.into_iter().filter_map(|document| {
        let share = handed
            .iter()
            .find(|one| one.document == document.id)
            .cloned();
        let is_own = document
            .client
            .as_ref()
            .is_some_and(|own| own.client == client);
        (share.is_some() || is_own).then_some(Visible { document, share })
    });
    Ok((visible.collect(), counts))
}

/// How many documents of which kind there are, and which of them this client may fetch.
pub(crate) async fn list(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let who = holder_of(hk, call).await?;
    let fields = &call.fields;
    let kind = match fields.optional("documentType", WORD_CHARS)? {
        Some(kind) => Some(kind_of(kind, "documentType")?),
        None => None,
    };
    let after: Option<Id<Document>> = match fields.optional("cursor", WORD_CHARS)? {
        Some(id) => Some(id.parse().map_err(|_| Word::Invalid.of("cursor"))?),
        None => None,
    };
    let rows = match size(fields, "pageSize", PAGE_MAX)? {
        0 => PAGE,
        rows => rows,
    };
    let (own, client, holder) = (hk.clone(), call.client.clone(), who.clone());
    let (visible, counts) = hk
        .store()
        .write(&Actor::system("hongkong"), move |tx| {
            let (hk, client, who) = (own.clone(), client.clone(), holder.clone());
            async move {
                stand_in(&tx, &who, client.id()).await?;
                let found = visible_in(&tx, &hk, (&who, client.id())).await?;
                let detail = json!({
                    "person": who.token.person, "client": client.id(), "reader": client.name,
                });
                let company = who.mandate.company.id;
                note(&tx, company, "company.documents_listed", detail).await?;
                Ok::<_, Fault>(found)
            }
        })
        .await?;
    let counts: Vec<Value> = counts
        .into_iter()
        .map(|(kind, count)| json!({ "documentType": kind, "count": count }))
        .collect();
    // Newest first, and ids grow with time.
    let mut rest = visible
        .into_iter()
        .filter(|one| kind.is_none_or(|kind| one.document.kind == kind))
        .filter(|one| after.is_none_or(|after| one.document.id < after));
    let page: Vec<Visible> = rest.by_ref().take(rows).collect();
    let next = rest.next().and(page.last()).map(|last| last.document.id);
    let documents: Vec<Value> = page
        .iter()
        .map(|one| {
            let until = one.share.as_ref().map(|share| share.until);
            entry(&one.document, call.client.id(), until)
        })
        .collect();
    Ok(json!({ "documentTypes": counts, "documents": documents, "nextCursor": next }))
}

/// Who left since the call came in is told nothing.
async fn stand_in(tx: &Write, who: &Representative, client: &str) -> Result<(), Fault> {
    let acting = (who.token.person, who.mandate.company.id);
    let standing = corporation::standing_in(tx, acting, client).await?;
    standing.ok_or(Word::Token)?;
    Ok(())
}

/// One document with its content, for a client it was handed to, or that brought it.
pub(crate) async fn detail(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let who = holder_of(hk, call).await?;
    let wanted = call.fields.need("documentID", WORD_CHARS)?;
    let id: Id<Document> = wanted.parse().map_err(|_| Word::Invalid.of("documentID"))?;
    let (own, client, holder) = (hk.clone(), call.client.clone(), who.clone());
    let (found, sealed) = hk
        .store()
        .write(&Actor::system("hongkong"), move |tx| {
            let (hk, client, who) = (own.clone(), client.clone(), holder.clone());
            async move {
                stand_in(&tx, &who, client.id()).await?;
                let (all, _) = visible_in(&tx, &hk, (&who, client.id())).await?;
                let found = all.into_iter().find(|one| one.document.id == id);
                let found = found.ok_or(Word::DocumentGone)?;
                let sealed = tables::content_in(&tx, id).await?;
                if let Some(share) = &found.share {
                    shares::fetched_in(&tx, share.id).await?;
                }
                let detail = json!({
                    "document": id, "person": who.token.person, "client": client.id(),
                    "reader": client.name, "document_kind": found.document.kind,
                });
                let company = who.mandate.company.id;
                note(&tx, company, "company.document_fetched", detail).await?;
                Ok::<_, Fault>((found, sealed))
            }
        })
        .await?;
    let vault = hk.identity().vault();
    let bytes = tables::open_content(vault, &found.document, sealed)?;
    let until = found.share.as_ref().map(|share| share.until);
    let mut answer = entry(&found.document, call.client.id(), until);
    if let Some(fields) = answer.as_object_mut() {
        let content = base64url::encode_standard(&bytes);
        fields.insert("fileContent".to_owned(), json!(content));
    }
    Ok(answer)
}
