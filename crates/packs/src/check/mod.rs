//! The checks across a pack, after it was read: references, types, order, charts, letters. Each
//! function tells all it finds; none stops at the first.

pub(crate) mod asks;
mod chart;
mod departments;
mod letters;
mod satisfy;
mod tries;

use std::collections::BTreeMap;

use crate::{
    defect::{Code, Defects, Span},
    expr::{Declared, Expr, Ty, type_of},
    pack::{Amount, Applicant, Audience, Pack},
    scope::Scope,
};

/// Runs every check except the golden journeys.
pub(crate) fn check(pack: &Pack, scope: &Scope, defects: &mut Defects) {
    asks::check(pack, scope, defects);
    rules(pack, scope, defects);
    chart::check(pack, scope, defects);
    letters::check(pack, scope, defects);
    unused_lets(pack, defects);
    issue(pack, scope, defects);
    rest(pack, defects);
    tries::check(pack, defects);
}

/// The expression must have the type `wanted`.
fn typed(expr: &Expr, wanted: &Ty, declared: &dyn Declared, defects: &mut Defects) {
    let found = type_of(expr, declared, defects);
    if found != *wanted && found != Ty::Wrong {
        let wrong = format!("this must be {}, it is {}", wanted.noun(), found.noun());
        let mend = match (&found, wanted) {
            (Ty::List(_), Ty::Bool) => "Write size(x) > 0 to ask whether there are any",
            (_, Ty::Bool) => "Compare it with something",
            _ => "Change the expression",
        };
        defects.add(Code::TypeMismatch, expr.at, wrong, mend);
    }
}

/// Ids of one kind, each once.
fn unique<'i>(what: &str, ids: impl IntoIterator<Item = (&'i str, Span)>, defects: &mut Defects) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for (id, at) in ids {
        if let Some(first) = seen.get(id) {
            let wrong = format!(
                "the {what} `{id}` is already declared on line {}",
                first.line
            );
            defects.add(Code::IdTwice, at, wrong, "Give one of them another id");
        } else {
            seen.insert(id, at);
        }
    }
}

fn rules(pack: &Pack, scope: &Scope, defects: &mut Defects) {
    unique(
        "rule",
        pack.eligibility
            .iter()
            .map(|rule| (rule.id.as_str(), rule.at)),
        defects,
    );
    for rule in &pack.eligibility {
        typed(&rule.rule, &Ty::Bool, scope, defects);
        may_stay_open(&rule.rule, "the rule", scope, defects);
        satisfy::check(
            &[&rule.rule],
            "nobody could ever be eligible",
            scope,
            defects,
        );
    }
    unique(
        "line of the fee",
        pack.fee.iter().map(|line| (line.id.as_str(), line.at)),
        defects,
    );
    for line in &pack.fee {
        if let Some(when) = &line.when {
            typed(when, &Ty::Bool, scope, defects);
            satisfy::check(&[when], "the line is never charged", scope, defects);
        }
        if let Amount::Cents(cents) = &line.amount {
            may_stay_open(cents, "the amount", scope, defects);
        }
    }
}

/// What rests on a question that may stay unanswered might never be decided.
fn may_stay_open(expr: &Expr, what: &str, scope: &Scope, defects: &mut Defects) {
    for (name, at) in expr.names() {
        let guarded = expr.source().contains(&format!("has({name})"));
        if !scope.is_required(&name) && !guarded {
            let wrong = format!("{what} rests on `{name}`, which may stay unanswered");
            let mend = format!("Make the question required, or ask has({name}) first");
            defects.add(Code::TableInput, at, wrong, mend);
        }
    }
}

/// A let that nothing mentions is a rule somebody believes to be in force.
fn unused_lets(pack: &Pack, defects: &mut Defects) {
    // What could not be read may be what mentions it.
    let unread = [
        Code::ExpressionSyntax,
        Code::ExpressionTooLarge,
        Code::BadPattern,
        Code::UnknownName,
        Code::TypeMismatch,
        Code::TableCell,
        Code::MissingKey,
    ];
    if defects.has_any(&unread) {
        return;
    }
    let mentioned = pack.mentioned();
    for one in pack
        .lets
        .iter()
        .filter(|one| !mentioned.contains(&one.name))
    {
        let wrong = format!("the let `{}` is never used", one.name);
        defects.add(Code::Unused, one.at, wrong, "Use it or remove it");
    }
}

fn issue(pack: &Pack, scope: &Scope, defects: &mut Defects) {
    let Some(issue) = &pack.issue else {
        for state in pack.case.states.iter().filter(|state| state.issue) {
            let wrong = format!(
                "the state `{}` issues something the pack does not describe",
                state.id
            );
            defects.add(
                Code::UnknownReference,
                state.at,
                wrong,
                "Add `issue:` to the pack",
            );
        }
        return;
    };
    for expr in issue.valid_from.iter().chain(&issue.valid_until) {
        typed(expr, &Ty::Date, scope, defects);
    }
    for claim in &issue.claims {
        type_of(&claim.value, scope, defects);
    }
    if !pack.case.states.iter().any(|state| state.issue) {
        let mend = "Add `issue: true` to the approved state";
        defects.add(
            Code::Unused,
            issue.at,
            "no state issues the credential",
            mend,
        );
    }
}

fn rest(pack: &Pack, defects: &mut Defects) {
    if !departments::CODES.contains(&pack.owner.as_str()) && !pack.owner.is_empty() {
        let wrong = format!("there is no department `{}`", pack.owner);
        let mend = crate::defect::suggest(&pack.owner, departments::CODES);
        defects.add(Code::UnknownReference, pack.owner_at, wrong, mend);
    }
    unique(
        "check",
        pack.checks
            .iter()
            .map(|check| (check.id.as_str(), check.at)),
        defects,
    );
    for check in &pack.checks {
        let code = check.department.as_str();
        if !departments::CODES.contains(&code) && code != departments::OUTSIDE && !code.is_empty() {
            let wrong = format!("there is no department `{code}`");
            let mend = crate::defect::suggest(code, departments::CODES);
            defects.add(Code::UnknownReference, check.at, wrong, mend);
        }
    }
    for name in pack.duplicates.iter().flatten() {
        if pack.field(&name.value).is_none() && !pack.flawed_names.contains(&name.value) {
            let wrong = format!(
                "duplicates are looked for by `{}`, which is not asked",
                name.value
            );
            let mend =
                crate::defect::suggest(&name.value, pack.fields().map(|field| field.id.as_str()));
            defects.add(Code::UnknownReference, name.span, wrong, mend);
        }
    }
    let per_company = pack.identity.one_live_application_per == Some(Applicant::Company);
    if per_company && !pack.audience.contains(&Audience::Company) {
        let wrong = "one application per company, but companies are not in the audience";
        let mend = "Add `company` to `audience`, or write `person`";
        defects.add(Code::WrongValue, pack.owner_at, wrong, mend);
    }
    let records = pack.keep.records.longest_days();
    if records > 0 && pack.keep.drafts.longest_days() > records {
        let wrong = "drafts are kept longer than records";
        defects.add(
            Code::RetentionTooLong,
            pack.keep_at,
            wrong,
            "Shorten `drafts`",
        );
    }
}
