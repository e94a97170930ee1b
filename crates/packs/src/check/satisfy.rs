//! Conditions that no answer can make true. Every combination of what the condition mentions is tried;
//! numbers and dates are tried at and beside the values they are compared with, which is exact as long
//! as they stand in plain comparisons. Conditions beyond that are left alone.

use std::collections::BTreeMap;

use kernel::Date;

use crate::{
    defect::{Code, Defects},
    expr::{Binary, Declared as _, Expr, ExprNode, Names, Term, Ty, Val, evaluate},
    scope::Scope,
    value::Answers,
};

/// Combinations tried.
const COMBINATIONS: usize = 20_000;

/// Reports when the conditions cannot all be true together.
pub(super) fn check(rules: &[&Expr], consequence: &str, scope: &Scope, defects: &mut Defects) {
    let Some(last) = rules.last() else { return };
    let Some(variables) = variables(rules, scope) else {
        return;
    };
    let combinations: usize = variables.values().map(Vec::len).product();
    if combinations > COMBINATIONS || can_hold(rules, &variables) {
        return;
    }
    let wrong = format!("no answer makes this true: {consequence}");
    defects.add(
        Code::NeverTrue,
        last.at,
        wrong,
        "Change the condition or remove what it guards",
    );
}

type Variables = BTreeMap<String, Vec<Val>>;

fn variables(rules: &[&Expr], scope: &Scope) -> Option<Variables> {
    let mut found = Variables::new();
    for rule in rules {
        collect(&rule.root, scope, &mut found)?;
    }
    for (name, values) in &mut found {
        match scope.ty(name)? {
            Ty::Bool => *values = vec![Val::Bool(true), Val::Bool(false)],
            Ty::Choice(ids) => *values = ids.iter().cloned().map(Val::Text).collect(),
            Ty::Int | Ty::Money | Ty::Date if !values.is_empty() => {}
            _ => return None,
        }
        // `!has(x)` is true of a question without an answer.
        values.push(Val::Unknown);
    }
    Some(found)
}

/// Notes every name and the values beside which it changes; `None` when the condition holds more than
/// plain comparisons.
fn collect(node: &ExprNode, scope: &Scope, found: &mut Variables) -> Option<()> {
    match &node.term {
        Term::Bool(_) => Some(()),
        Term::Name(name) => {
            matches!(scope.ty(name)?, Ty::Bool).then_some(())?;
            found.entry(name.clone()).or_default();
            Some(())
        }
        Term::Not(inner) => collect(inner, scope, found),
        Term::Has(inner) => match &inner.term {
            Term::Name(name) => {
                found.entry(name.clone()).or_default();
                Some(())
            }
            _ => None,
        },
        Term::Binary(Binary::And | Binary::Or, left, right) => {
            collect(left, scope, found)?;
            collect(right, scope, found)
        }
        Term::Binary(Binary::In, left, right) => {
            let (Term::Name(name), Term::List(_)) = (&left.term, &right.term) else {
                return None;
            };
            found.entry(name.clone()).or_default();
            matches!(scope.ty(name)?, Ty::Choice(_)).then_some(())
        }
        Term::Binary(
            Binary::Equal
            | Binary::NotEqual
            | Binary::Less
            | Binary::LessOrEqual
            | Binary::Greater
            | Binary::GreaterOrEqual,
            left,
            right,
        ) => {
            let (name, literal) = match (&left.term, &right.term) {
                (Term::Name(name), literal) | (literal, Term::Name(name)) => (name, literal),
                _ => return None,
            };
            let values = found.entry(name.clone()).or_default();
            match literal {
                Term::Text(_) | Term::Bool(_) => Some(()),
                Term::Int(number) => {
                    let beside = [number.checked_sub(1)?, *number, number.checked_add(1)?];
                    values.extend(beside.map(Val::Int));
                    Some(())
                }
                Term::Date(date) => {
                    values.extend([-1, 0, 1].map(|days| Val::Date(date.plus_days(days))));
                    Some(())
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn can_hold(rules: &[&Expr], variables: &Variables) -> bool {
    let names: Vec<(&str, &[Val])> = variables
        .iter()
        .map(|(name, values)| (name.as_str(), values.as_slice()))
        .collect();
    let mut places = vec![0_usize; names.len()];
    loop {
        let assigned = Assigned {
            names: &names,
            places: &places,
        };
        let holds = |rule: &&Expr| evaluate(&rule.root, &assigned).truth() == Some(true);
        if rules.iter().all(holds) {
            return true;
        }
        // Counts up like an odometer; ends when every wheel has turned over.
        let mut turned = false;
        for (place, (_, values)) in places.iter_mut().zip(&names) {
            *place += 1;
            if *place < values.len() {
                turned = true;
                break;
            }
            *place = 0;
        }
        if !turned {
            return false;
        }
    }
}

struct Assigned<'a> {
    names: &'a [(&'a str, &'a [Val])],
    places: &'a [usize],
}

impl Names for Assigned<'_> {
    fn value(&self, name: &str) -> Val {
        self.names
            .iter()
            .zip(self.places)
            .find(|((known, _), _)| *known == name)
            .and_then(|((_, values), place)| values.get(*place))
            .cloned()
            .unwrap_or(Val::Unknown)
    }

    fn today(&self) -> Date {
        // Conditions with functions are left alone, so the day is never asked for.
        kernel::Time::from_micros(0).date()
    }

    fn working_days_after(&self, date: Date, _days: i64) -> Date {
        date
    }

    fn of_item(&self, _item: &Answers, _name: &str) -> Val {
        Val::Unknown
    }
}
