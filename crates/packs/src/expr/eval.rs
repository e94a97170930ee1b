//! Evaluation over three-valued answers. `&&` and `||` follow Kleene; everything else is unknown when
//! a part is unknown. A type-checked expression never meets a value of the wrong type; if one is
//! evaluated unchecked the result is unknown.

use std::cmp::Ordering;

use kernel::Date;

use super::{Binary, Fold, Node, Over, Term};
use crate::value::{Address, Answers, Value};

/// Characters of a text that an expression may build.
const TEXT_CHARS: usize = 10_000;

/// A value while computing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Val {
    Unknown,
    Bool(bool),
    Int(i64),
    /// Cents.
    Money(i64),
    Date(Date),
    Text(String),
    List(Vec<Val>),
    Address(Address),
    Item(Answers),
}

/// What names stand for.
pub(crate) trait Names {
    fn value(&self, name: &str) -> Val;
    fn today(&self) -> Date;
    fn working_days_after(&self, date: Date, days: i64) -> Date;
    /// A question of one item of a group.
    fn of_item(&self, item: &Answers, name: &str) -> Val {
        item.get(name).map_or(Val::Unknown, Val::from)
    }
}

impl From<&Value> for Val {
    fn from(value: &Value) -> Self {
        match value {
            Value::Text(text) | Value::Choice(text) => Self::Text(text.clone()),
            Value::Int(number) => Self::Int(*number),
            Value::Money(money) => Self::Money(money.cents()),
            Value::Date(date) => Self::Date(*date),
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Choices(ids) => Self::List(ids.iter().cloned().map(Self::Text).collect()),
            Value::Address(address) => Self::Address(address.clone()),
            Value::Files(files) => Self::List(
                files
                    .iter()
                    .map(|file| Self::Text(file.name.clone()))
                    .collect(),
            ),
            Value::Items(items) => Self::List(items.iter().cloned().map(Self::Item).collect()),
        }
    }
}

impl Val {
    /// `Some` when the truth is known.
    pub(crate) const fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    fn is_known(&self) -> bool {
        *self != Self::Unknown
    }
}

/// Computes `node`.
pub(crate) fn evaluate(node: &Node, names: &dyn Names) -> Val {
    Machine {
        names,
        locals: Vec::new(),
    }
    .run(node)
}

struct Machine<'n> {
    names: &'n dyn Names,
    locals: Vec<(&'n str, Val)>,
}

impl<'n> Machine<'n> {
    fn run(&mut self, node: &'n Node) -> Val {
        match &node.term {
            Term::Int(number) => Val::Int(*number),
            Term::Text(text) => Val::Text(text.clone()),
            Term::Bool(truth) => Val::Bool(*truth),
            Term::Date(date) => Val::Date(*date),
            Term::Name(name) => self.name(name),
            Term::List(nodes) => Val::List(nodes.iter().map(|node| self.run(node)).collect()),
            Term::Member(inner, part) => {
                let inner = self.run(inner);
                self.member(&inner, part)
            }
            Term::Not(inner) => self
                .run(inner)
                .truth()
                .map_or(Val::Unknown, |truth| Val::Bool(!truth)),
            Term::Negate(inner) => negate(&self.run(inner)),
            Term::Binary(Binary::And, left, right) => self.kleene(left, right, false),
            Term::Binary(Binary::Or, left, right) => self.kleene(left, right, true),
            Term::Binary(operator, left, right) => {
                let (left, right) = (self.run(left), self.run(right));
                binary(*operator, left, right)
            }
            Term::Choose(test, yes, no) => match self.run(test).truth() {
                Some(true) => self.run(yes),
                Some(false) => self.run(no),
                None => Val::Unknown,
            },
            Term::Call(function, nodes) => {
                let values: Vec<Val> = nodes.iter().map(|node| self.run(node)).collect();
                if values.iter().all(Val::is_known) {
                    function.apply(&values, self.names)
                } else {
                    Val::Unknown
                }
            }
            Term::Matches(inner, pattern) => match self.run(inner) {
                Val::Text(text) => Val::Bool(pattern.is_match(&text)),
                _ => Val::Unknown,
            },
            Term::Has(inner) => Val::Bool(match self.run(inner) {
                Val::Unknown => false,
                Val::List(items) => !items.is_empty(),
                _ => true,
            }),
            Term::Over(over) => self.over(over),
        }
    }

    fn name(&self, name: &str) -> Val {
        let local = self.locals.iter().rev().find(|(local, _)| *local == name);
        local.map_or_else(|| self.names.value(name), |(_, value)| value.clone())
    }

    fn member(&self, inner: &Val, part: &str) -> Val {
        match inner {
            Val::Item(item) => self.names.of_item(item, part),
            Val::Address(address) if part == "area" => address
                .area()
                .map_or(Val::Unknown, |area| Val::Text(area.to_owned())),
            Val::Address(address) => match address.part(part) {
                Some("") | None => Val::Unknown,
                Some(text) => Val::Text(text.to_owned()),
            },
            _ => Val::Unknown,
        }
    }

    /// `&&` when `decisive` is false, `||` when it is true.
    fn kleene(&mut self, left: &'n Node, right: &'n Node, decisive: bool) -> Val {
        let left = self.run(left).truth();
        if left == Some(decisive) {
            return Val::Bool(decisive);
        }
        match (left, self.run(right).truth()) {
            (_, Some(right)) if right == decisive => Val::Bool(decisive),
            (Some(_), Some(_)) => Val::Bool(!decisive),
            _ => Val::Unknown,
        }
    }

    fn over(&mut self, over: &'n Over) -> Val {
        let Val::List(items) = self.run(&over.items) else {
            return Val::Unknown;
        };
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            self.locals.push((&over.variable, item));
            found.push(self.run(&over.body));
            self.locals.pop();
        }
        match over.fold {
            Fold::Exists => decide(&found, true),
            Fold::All => decide(&found, false),
            Fold::Count => count(&found),
            Fold::Sum => sum(found),
        }
    }
}

fn decide(found: &[Val], decisive: bool) -> Val {
    if found.contains(&Val::Bool(decisive)) {
        Val::Bool(decisive)
    } else if found.iter().all(Val::is_known) {
        Val::Bool(!decisive)
    } else {
        Val::Unknown
    }
}

fn count(found: &[Val]) -> Val {
    if !found.iter().all(Val::is_known) {
        return Val::Unknown;
    }
    let count = found
        .iter()
        .filter(|value| **value == Val::Bool(true))
        .count();
    i64::try_from(count).map_or(Val::Unknown, Val::Int)
}

/// The sum of no items is the number nought; [`binary`] lets it be added to money.
fn sum(found: Vec<Val>) -> Val {
    found
        .into_iter()
        .reduce(|total, value| binary(Binary::Plus, total, value))
        .unwrap_or(Val::Int(0))
}

fn negate(value: &Val) -> Val {
    match value {
        Val::Int(number) => number.checked_neg().map_or(Val::Unknown, Val::Int),
        Val::Money(cents) => cents.checked_neg().map_or(Val::Unknown, Val::Money),
        _ => Val::Unknown,
    }
}

fn binary(operator: Binary, left: Val, right: Val) -> Val {
    let found = match operator {
        Binary::Equal => compare(&left, &right).map(|order| Val::Bool(order.is_eq())),
        Binary::NotEqual => compare(&left, &right).map(|order| Val::Bool(order.is_ne())),
        Binary::Less => compare(&left, &right).map(|order| Val::Bool(order.is_lt())),
        Binary::LessOrEqual => compare(&left, &right).map(|order| Val::Bool(order.is_le())),
        Binary::Greater => compare(&left, &right).map(|order| Val::Bool(order.is_gt())),
        Binary::GreaterOrEqual => compare(&left, &right).map(|order| Val::Bool(order.is_ge())),
        Binary::In => within(&left, &right),
        Binary::Plus => plus(left, right),
        Binary::Minus => arithmetic(&left, &right, i64::checked_sub),
        Binary::Times => times(&left, &right),
        Binary::And | Binary::Or => None,
    };
    found.unwrap_or(Val::Unknown)
}

fn compare(left: &Val, right: &Val) -> Option<Ordering> {
    Some(match (left, right) {
        (Val::Bool(left), Val::Bool(right)) => left.cmp(right),
        (Val::Int(left), Val::Int(right)) | (Val::Money(left), Val::Money(right)) => {
            left.cmp(right)
        }
        // A sum over no items is an integer nought even where the items hold money.
        (Val::Int(0), Val::Money(right)) => 0.cmp(right),
        (Val::Money(left), Val::Int(0)) => left.cmp(&0),
        (Val::Date(left), Val::Date(right)) => left.cmp(right),
        (Val::Text(left), Val::Text(right)) => left.cmp(right),
        _ => return None,
    })
}

fn within(item: &Val, list: &Val) -> Option<Val> {
    let Val::List(items) = list else {
        return None;
    };
    let found: Vec<Val> = items
        .iter()
        .map(|other| binary(Binary::Equal, item.clone(), other.clone()))
        .collect();
    item.is_known().then(|| decide(&found, true))
}

fn plus(left: Val, right: Val) -> Option<Val> {
    match (left, right) {
        (Val::Text(mut left), Val::Text(right)) => {
            left.push_str(&right);
            (left.chars().count() <= TEXT_CHARS).then_some(Val::Text(left))
        }
        (left, right) => arithmetic(&left, &right, i64::checked_add),
    }
}

fn arithmetic(left: &Val, right: &Val, apply: fn(i64, i64) -> Option<i64>) -> Option<Val> {
    Some(match (left, right) {
        (Val::Int(left), Val::Int(right)) => Val::Int(apply(*left, *right)?),
        (Val::Money(left), Val::Money(right)) => Val::Money(apply(*left, *right)?),
        (Val::Int(0), Val::Money(right)) => Val::Money(apply(0, *right)?),
        (Val::Money(left), Val::Int(0)) => Val::Money(*left),
        _ => return None,
    })
}

fn times(left: &Val, right: &Val) -> Option<Val> {
    Some(match (left, right) {
        (Val::Int(left), Val::Int(right)) => Val::Int(left.checked_mul(*right)?),
        (Val::Money(amount), Val::Int(by)) | (Val::Int(by), Val::Money(amount)) => {
            Val::Money(amount.checked_mul(*by)?)
        }
        _ => return None,
    })
}
