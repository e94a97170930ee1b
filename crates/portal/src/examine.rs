//! Who signed this document, what, when, and was it changed? Anybody may ask; nothing is kept.

use axum::extract::State;
use identity::signing::{EXAMINED_BYTES, Examined, Examinee, Finding, examine};
use serde_json::Value as Json;
use trust::{Attested, cms::Word};
use web::{Access, Form, Outcome, Page, Routes, Value, Visit, ctx};

use crate::Portal;

/// Room for two files and the form around them.
const BODY_BYTES: usize = 2 * EXAMINED_BYTES + 64 * 1024;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/verify/document", Access::Public, page)
        .post("/{lang}/verify/document", Access::Public, check)
        .body_bytes(BODY_BYTES)
}

async fn page(visit: Visit) -> Page {
    show(&visit, None, None)
}

async fn check(State(portal): State<Portal>, visit: Visit, form: Form) -> Outcome<Page> {
    let Some(file) = form.file("document") else {
        return Ok(show(&visit, None, Some("portal.examine.none")));
    };
    let content = form.file("content").map(|file| file.bytes.to_vec());
    let notary = portal.signing.notary();
    let found = examine(notary, &portal.store, file.bytes.to_vec(), content).await;
    match found {
        Ok(examined) => Ok(show(&visit, Some((&file.file_name, &examined)), None)),
        Err(identity::Error::Pdf(why)) => {
            let key = format!("portal.sign.refused.{}", why.code());
            Ok(show(&visit, None, Some(&key)))
        }
        Err(identity::Error::Malformed("content")) => {
            Ok(show(&visit, None, Some("portal.examine.content.none")))
        }
        Err(identity::Error::Malformed(_)) => {
            Ok(show(&visit, None, Some("portal.examine.unknown")))
        }
        Err(error) => Err(error.into()),
    }
}

fn show(visit: &Visit, found: Option<(&String, &Examined)>, error: Option<&str>) -> Page {
    let error = error.map(|key| visit.t(key)).unwrap_or_default();
    let errors: Vec<Value> = (!error.is_empty())
        .then(|| ctx! { field => "document", words => error.clone() })
        .into_iter()
        .collect();
    let result = found.map(|(name, examined)| {
        let kind = match examined.subject {
            Examinee::Pdf => "portal.examine.kind.pdf",
            Examinee::Message => "portal.examine.kind.message",
            Examinee::Data => "portal.examine.kind.data",
            Examinee::Attestation => "portal.examine.kind.attestation",
        };
        let findings: Vec<Value> = examined
            .findings
            .iter()
            .map(|one| finding(visit, one))
            .collect();
        let vouched: Vec<Value> = examined
            .attested
            .iter()
            .flat_map(|one| vouched(one, |key| visit.t(key)))
            .map(|(label, value)| ctx! { label, value })
            .collect();
        ctx! { name, kind => visit.t(kind), findings, vouched }
    });
    visit.page("portal/examine.html", ctx! { result, error, errors })
}

/// What an attestation says, as labels and values in the words of `say`.
#[must_use]
pub fn vouched(attested: &Attested, say: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let claim = |path: &str| {
        let mut parts = path.split('.');
        let first = attested.claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    };
    let text = |path: &str| match claim(path)? {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let joined = |paths: &[&str]| {
        let words: Vec<String> = paths.iter().filter_map(|path| text(path)).collect();
        words.join(" ")
    };
    // A code that a later version adds is shown as it is.
    let named = |code: &str| match code {
        "RP" => say("portal.company.role.responsible"),
        "ADM" => say("portal.company.role.administrator"),
        "AR" => say("portal.company.role.representative"),
        "USR" => say("portal.company.role.user"),
        "user_access" => say("portal.examine.vouched.access"),
        "user_companychop" => say("portal.examine.vouched.chop"),
        "chop" => say("portal.examine.chop"),
        "personal" => say("portal.examine.vouched.personal"),
        other => other.to_owned(),
    };
    let held = claim("authority.privileges").and_then(Json::as_array);
    let right: Vec<String> = claim("authority.role")
        .into_iter()
        .chain(held.into_iter().flatten())
        .filter_map(Json::as_str)
        .map(named)
        .collect();
    let company = |at: &str| {
        let paths = ["name", "name_zh", "ubi"].map(|one| format!("{at}.{one}"));
        joined(&paths.each_ref().map(String::as_str))
    };
    let lines = [
        ("signer", joined(&["signer.name", "signer.name_zh"])),
        ("company", company("company")),
        ("authority", right.join(" · ")),
        ("through", company("authority.through")),
        (
            "capacity",
            text("capacity")
                .map(|code| named(&code))
                .unwrap_or_default(),
        ),
        ("documents", joined(&["document_count", "documents_sha256"])),
        ("certificate", joined(&["certificate_sha256"])),
        ("completes", joined(&["completes_certificate_sha256"])),
        ("audience", attested.audience.clone()),
        ("request", attested.request.clone()),
    ];
    lines
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .map(|(name, words)| (say(&format!("portal.examine.vouched.{name}")), words))
        .collect()
}

fn finding(visit: &Visit, one: &Finding) -> Value {
    let judged = &one.judgement;
    let code = judged.word.code();
    let who = judged.who.as_ref().map(|who| {
        ctx! {
            name => who.name,
            chinese => who.chinese,
            number => who.serial,
            is_seal => who.organisation.is_some() && who.registered.is_none(),
            registered => who.registered,
            certificate => who.certificate,
        }
    });
    let light = match judged.word {
        Word::Good => "green",
        Word::Untrusted | Word::Expired | Word::Unreadable => "amber",
        _ => "red",
    };
    ctx! {
        light,
        title => visit.t(&format!("portal.examine.word.{code}")),
        advice => visit.t(&format!("portal.examine.advice.{code}")),
        who,
        stamped => judged.stamped,
        claimed => judged.claimed,
        reason => one.reason,
        level => judged.level.code(),
    }
}
