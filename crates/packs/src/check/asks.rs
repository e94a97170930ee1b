//! Pages and questions: ids, the order conditions may look back on, prefill and class.

use std::collections::BTreeMap;

use super::{satisfy, typed, unique};
use crate::{
    defect::{Code, Defects, Span, suggest},
    expr::{Declared as _, Expr, Ty},
    field::{Field, FieldKind, Prefill},
    pack::{Audience, Pack},
    scope::{Position, Scope},
};

pub(super) fn check(pack: &Pack, scope: &Scope, defects: &mut Defects) {
    unique(
        "page",
        pack.pages.iter().map(|page| (page.id.as_str(), page.at)),
        defects,
    );
    unique(
        "question",
        all_fields(pack).map(|field| (field.id.as_str(), field.at)),
        defects,
    );
    for (place, page) in pack.pages.iter().enumerate() {
        if let Some(when) = &page.when {
            typed(when, &Ty::Bool, scope, defects);
            asked_before(
                when,
                Position {
                    page: place,
                    field: 0,
                },
                scope,
                defects,
            );
            satisfy::check(&[when], "the page is never shown", scope, defects);
        }
        for (field_place, field) in page.fields.iter().enumerate() {
            let position = Position {
                page: place,
                field: field_place,
            };
            question(field, position, scope, defects);
            if let Some(when) = &field.when {
                let both: Vec<&Expr> = page.when.iter().chain([when]).collect();
                satisfy::check(&both, "the question is never asked", scope, defects);
            }
        }
    }
    asked_twice(pack, defects);
    for field in all_fields(pack) {
        if let Some(prefill) = &field.prefill {
            check_prefill(pack, field, prefill, defects);
        }
        class(field, defects);
    }
}

/// Questions of all pages and groups.
pub(crate) fn all_fields(pack: &Pack) -> impl Iterator<Item = &Field> {
    pack.fields().flat_map(|field| {
        let inner = match &field.kind {
            FieldKind::Group { fields, .. } => fields.as_slice(),
            _ => &[],
        };
        std::iter::once(field).chain(inner)
    })
}

fn question(field: &Field, position: Position, scope: &Scope, defects: &mut Defects) {
    let on_page = Position {
        page: position.page + 1,
        field: 0,
    };
    if let Some(when) = &field.when {
        typed(when, &Ty::Bool, scope, defects);
        asked_before(when, position, scope, defects);
    }
    for must in &field.must {
        typed(&must.rule, &Ty::Bool, scope, defects);
        asked_before(&must.rule, on_page, scope, defects);
    }
    let FieldKind::Group { fields, .. } = &field.kind else {
        return;
    };
    for (place, inner) in fields.iter().enumerate() {
        let inside = scope.inside(&field.id);
        if let Some(when) = &inner.when {
            typed(when, &Ty::Bool, &inside, defects);
            asked_before(when, position, scope, defects);
            let later: Vec<&str> = fields
                .iter()
                .skip(place)
                .map(|one| one.id.as_str())
                .collect();
            for (name, at) in when.names() {
                if later.contains(&name.as_str()) {
                    asked_later(&name, at, defects);
                }
            }
        }
        for must in &inner.must {
            typed(&must.rule, &Ty::Bool, &inside, defects);
            asked_before(&must.rule, on_page, scope, defects);
        }
    }
}

/// Everything `rule` mentions must be asked before `position`.
fn asked_before(rule: &Expr, position: Position, scope: &Scope, defects: &mut Defects) {
    for (name, at) in rule.names() {
        if scope
            .position_of(&name)
            .is_some_and(|asked| asked >= position)
            && scope.ty(&name).is_some()
        {
            asked_later(&name, at, defects);
        }
    }
}

fn asked_later(name: &str, at: Span, defects: &mut Defects) {
    let wrong = format!("`{name}` is not known yet when this is decided");
    let mend = "Mention only what is asked earlier, or move the question";
    defects.add(Code::AskedLater, at, wrong, mend);
}

/// A known fact is asked for once (WCAG 2.2, 3.3.7 Redundant Entry).
fn asked_twice(pack: &Pack, defects: &mut Defects) {
    let mut seen: BTreeMap<&str, &Field> = BTreeMap::new();
    for field in pack.fields() {
        let Some(prefill) = &field.prefill else {
            continue;
        };
        match seen.get(prefill.source.as_str()) {
            // Two questions that exclude each other may ask for the same fact.
            Some(first) if first.when.is_none() && field.when.is_none() => {
                let wrong = format!("`{}` already asks for {}", first.id, prefill.source);
                defects.add(
                    Code::AskedTwice,
                    prefill.at,
                    wrong,
                    "Ask once and use that answer; about another person, remove `prefill`: it holds what \
                     is known of the applicant",
                );
            }
            Some(_) => {}
            None => {
                seen.insert(&prefill.source, field);
            }
        }
    }
}

/// Facts a question can be filled from, with the types they fit.
pub(crate) const PREFILL: [(&str, &[&str]); 18] = [
    ("profile.idNo", &["hkid", "text"]),
    ("profile.enName", &["person_name", "text"]),
    ("profile.chName", &["person_name_zh", "text"]),
    ("profile.birthDate", &["date"]),
    ("profile.gender", &["choice"]),
    ("eme.maritalStatus", &["choice", "text"]),
    ("eme.educationLevel", &["choice", "text"]),
    ("eme.homeTelNumber", &["phone_hk"]),
    ("eme.officeTelNumber", &["phone_hk"]),
    ("eme.mobileNumber", &["phone_hk"]),
    ("eme.emailAddress", &["email"]),
    ("eme.residentialAddress", &["address_hk"]),
    ("eme.postalAddress", &["address_hk"]),
    ("eme.addressDocFile", &["file"]),
    ("corp.ubi", &["business_number"]),
    ("corp.crn", &["company_number"]),
    ("corp.engName", &["text"]),
    ("corp.chiName", &["text"]),
];
/// What a known fact may be, where a choice is filled from it.
const PREFILL_IDS: [(&str, &[&str]); 3] = [
    ("profile.gender", &["m", "f"]),
    (
        "eme.maritalStatus",
        &["single", "married", "divorced", "widowed"],
    ),
    (
        "eme.educationLevel",
        &[
            "primary",
            "lower_secondary",
            "upper_secondary",
            "post_secondary",
            "degree",
            "postgraduate",
        ],
    ),
];
const PREFILL_CORP_ADDRESS: (&str, &[&str]) = ("corp.engAddress", &["address_hk", "long_text"]);

fn check_prefill(pack: &Pack, field: &Field, prefill: &Prefill, defects: &mut Defects) {
    let source = prefill.source.as_str();
    let kind = field.kind.code();
    let known = || PREFILL.iter().chain([&PREFILL_CORP_ADDRESS]);
    if let Some((_, kinds)) = known().find(|(name, _)| *name == source) {
        if !kinds.contains(&kind) {
            let wrong = format!("{source} cannot fill a question of type {kind}");
            let mend = format!("Use type {}", kinds.join(" or "));
            defects.add(Code::PrefillType, prefill.at, wrong, mend);
        }
        choices_of(field, prefill, defects);
    } else if is_wallet(source) {
        if matches!(kind, "file" | "group" | "declaration") {
            let wrong = format!("a credential cannot fill a question of type {kind}");
            defects.add(Code::PrefillType, prefill.at, wrong, "Remove `prefill`");
        }
    } else {
        let wrong = format!("there is no known fact `{source}`");
        let mend = match suggest(source, known().map(|(name, _)| *name)) {
            hint if hint.starts_with("Did") => hint,
            _ => "Use profile.…, eme.…, corp.… or wallet.<credential>.<claim> as packs/README.md lists them"
                .to_owned(),
        };
        defects.add(Code::UnknownReference, prefill.at, wrong, mend);
        return;
    }
    if source.starts_with("corp.") && !pack.audience.contains(&Audience::Company) {
        let wrong = format!("{source} is known of companies, which are not in the audience");
        defects.add(
            Code::PrefillType,
            prefill.at,
            wrong,
            "Add `company` to `audience`",
        );
    }
    if prefill.locked && !source.starts_with("profile.") && !source.starts_with("corp.") {
        let wrong = format!("{source} is what the person said, so it cannot be locked");
        defects.add(
            Code::LockedWithoutProof,
            prefill.at,
            wrong,
            "Remove `locked`",
        );
    }
}

/// A choice that lacks what the known fact may be would stay empty for some people.
fn choices_of(field: &Field, prefill: &Prefill, defects: &mut Defects) {
    let FieldKind::Choice { options } = &field.kind else {
        return;
    };
    let given = PREFILL_IDS
        .iter()
        .find(|(source, _)| *source == prefill.source);
    for id in given.map_or(&[][..], |(_, ids)| ids) {
        if !options.iter().any(|choice| choice.id == *id) {
            let wrong = format!("{} may be `{id}`, which the list lacks", prefill.source);
            let mend = format!("Add a choice with the id `{id}`");
            defects.add(Code::PrefillType, prefill.at, wrong, mend);
        }
    }
}

/// `wallet.<credential>.<claim>`.
pub(crate) fn is_wallet(source: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    source
        .strip_prefix("wallet.")
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(credential, claim)| part(credential) && part(claim))
}

fn class(field: &Field, defects: &mut Defects) {
    let floor = field.kind.class_floor();
    if field.class < floor {
        let wrong = format!(
            "an answer of type {} is at least {}, not {}",
            field.kind.code(),
            floor.code(),
            field.class.code()
        );
        defects.add(
            Code::ClassTooWeak,
            field.at,
            wrong,
            format!("Write class: {}", floor.code()),
        );
    }
}
