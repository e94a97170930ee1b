//! Golden journeys: what they mention exists, and there are enough of them.

use super::unique;
use crate::{
    defect::{At, Code, Defects, suggest},
    pack::{FeeLine, IfNot, Pack},
    tries::{BY_FEE, Try},
};

/// Journeys a pack needs at least.
const TRIES: usize = 2;

pub(super) fn check(pack: &Pack, defects: &mut Defects) {
    if pack.tries.len() < TRIES && defects.is_empty() {
        let wrong = format!(
            "the pack has {} of the {TRIES} golden journeys it needs",
            pack.tries.len()
        );
        let mend = "Add one that goes well and one that does not";
        defects.add(Code::TooFewTries, pack.try_at, wrong, mend);
    }
    unique(
        "try",
        pack.tries.iter().map(|one| (one.name.as_str(), one.at)),
        defects,
    );
    for one in &pack.tries {
        references(pack, one, defects);
    }
}

fn references(pack: &Pack, one: &Try, defects: &mut Defects) {
    let then = &one.then;
    if let Some(pages) = &then.pages {
        for id in pages.value.iter().filter(|id| pack.page(id).is_none()) {
            let mend = suggest(id, pack.pages.iter().map(|page| page.id.as_str()));
            let wrong = format!("there is no page `{id}`");
            defects.add(Code::UnknownReference, pages.span, wrong, mend);
        }
    }
    let mut rule = |name: Option<&At<String>>, kind: IfNot| {
        let Some(name) = name else { return };
        let rules = pack.eligibility.iter().filter(|rule| rule.if_not == kind);
        let mut ids: Vec<&str> = rules.map(|rule| rule.id.as_str()).collect();
        if kind == IfNot::Refuse && pack.fee.iter().any(FeeLine::may_refuse) {
            ids.push(BY_FEE);
        }
        if !ids.contains(&name.value.as_str()) && !pack.flawed_names.contains(&name.value) {
            let wrong = format!("no rule `{}` would {} anybody", name.value, kind.code());
            defects.add(
                Code::UnknownReference,
                name.span,
                wrong,
                suggest(&name.value, ids),
            );
        }
    };
    rule(then.refused_by.as_ref(), IfNot::Refuse);
    rule(then.warned_by.as_ref(), IfNot::Warn);
    if let Some(state) = &then.state
        && pack.case.state(&state.value).is_none()
    {
        let mend = suggest(
            &state.value,
            pack.case.states.iter().map(|state| state.id.as_str()),
        );
        let wrong = format!("there is no state `{}`", state.value);
        defects.add(Code::UnknownReference, state.span, wrong, mend);
    }
    for (name, node) in &then.lets {
        if !pack.lets.iter().any(|one| one.name == *name) {
            let mend = suggest(name, pack.lets.iter().map(|one| one.name.as_str()));
            let wrong = format!("there is no let `{name}`");
            defects.add(Code::UnknownName, node.span, wrong, mend);
        }
    }
}
