//! The type checker. Every defect of an expression is reported where it stands; a part with a defect
//! has the type [`Ty::Wrong`], which agrees with everything, so that one mistake is told once.

use std::rc::Rc;

use super::{Binary, Expr, Fold, Function, Node, Over, Term};
use crate::defect::{Code, Defects, suggest};

/// The type of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ty {
    Bool,
    Int,
    Money,
    Date,
    Text,
    /// One id out of a list.
    Choice(Rc<[String]>),
    /// A text literal: a choice when compared with one, a text otherwise.
    Literal(String),
    List(Box<Ty>),
    Address,
    /// One item of the group with this id.
    Item(String),
    Wrong,
}

impl Ty {
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Bool => "yes or no",
            Self::Int => "a whole number",
            Self::Money => "money",
            Self::Date => "a date",
            Self::Text | Self::Literal(_) => "a text",
            Self::Choice(_) => "a choice",
            Self::List(_) => "a list",
            Self::Address => "an address",
            Self::Item(_) => "an item of a group",
            Self::Wrong => "unknown",
        }
    }

    /// A literal that stands alone is a text.
    pub(crate) fn settled(self) -> Self {
        match self {
            Self::Literal(_) => Self::Text,
            other => other,
        }
    }

    const fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong)
    }
}

/// What an expression may mention.
pub(crate) trait Declared {
    fn ty(&self, name: &str) -> Option<Ty>;
    fn names(&self) -> Vec<String>;
    fn ty_in_group(&self, group: &str, name: &str) -> Option<Ty>;
    fn names_in_group(&self, group: &str) -> Vec<String>;
}

/// The type of `expr`; its defects go to `defects`.
pub(crate) fn type_of(expr: &Expr, declared: &dyn Declared, defects: &mut Defects) -> Ty {
    let mut checker = Checker {
        expr,
        declared,
        defects,
        locals: Vec::new(),
    };
    checker.ty(&expr.root).settled()
}

struct Checker<'c> {
    expr: &'c Expr,
    declared: &'c dyn Declared,
    defects: &'c mut Defects,
    locals: Vec<(&'c str, Ty)>,
}

impl<'c> Checker<'c> {
    fn wrong(
        &mut self,
        node: &Node,
        code: Code,
        wrong: impl Into<String>,
        mend: impl Into<String>,
    ) -> Ty {
        let at = self.expr.place(node.offset);
        self.defects.add(code, at, wrong, mend);
        Ty::Wrong
    }

    fn ty(&mut self, node: &'c Node) -> Ty {
        match &node.term {
            Term::Int(_) => Ty::Int,
            Term::Text(text) => Ty::Literal(text.clone()),
            Term::Bool(_) => Ty::Bool,
            Term::Date(_) => Ty::Date,
            Term::Name(name) => self.name(node, name),
            Term::List(items) => self.list(node, items),
            Term::Member(inner, part) => self.member(node, inner, part),
            Term::Not(inner) => {
                self.needs(inner, &Ty::Bool, "`!` needs");
                Ty::Bool
            }
            Term::Negate(inner) => match self.ty(inner) {
                ty @ (Ty::Int | Ty::Money | Ty::Wrong) => ty,
                other => self.wrong(
                    inner,
                    Code::TypeMismatch,
                    format!("`-` needs a number, this is {}", other.noun()),
                    "Use a number or money",
                ),
            },
            Term::Binary(operator, left, right) => self.binary(node, *operator, (left, right)),
            Term::Choose(test, yes, no) => {
                self.needs(test, &Ty::Bool, "the part before `?` must be");
                let (yes_ty, no_ty) = (self.ty(yes), self.ty(no));
                self.join(node, yes_ty, no_ty)
            }
            Term::Call(function, arguments) => self.call(node, *function, arguments),
            Term::Matches(inner, _) => {
                self.needs(inner, &Ty::Text, "matches( ) needs");
                Ty::Bool
            }
            Term::Has(inner) => {
                if !matches!(inner.term, Term::Name(_) | Term::Member(..)) {
                    let mend = "Write has(x) with the id of a question";
                    self.wrong(inner, Code::TypeMismatch, "has( ) takes a name", mend);
                }
                self.ty(inner);
                Ty::Bool
            }
            Term::Over(over) => self.over(node, over),
        }
    }

    fn name(&mut self, node: &Node, name: &str) -> Ty {
        if let Some((_, ty)) = self.locals.iter().rev().find(|(local, _)| *local == name) {
            return ty.clone();
        }
        if let Some(ty) = self.declared.ty(name) {
            return ty;
        }
        let names = self.declared.names();
        let mend = match name {
            "today" => "Write today()".to_owned(),
            _ => suggest(name, names.iter().map(String::as_str)),
        };
        self.wrong(
            node,
            Code::UnknownName,
            format!("`{name}` is no question or let of this service"),
            mend,
        )
    }

    fn member(&mut self, node: &Node, inner: &'c Node, part: &str) -> Ty {
        let (found, known) = match self.ty(inner) {
            Ty::Wrong => return Ty::Wrong,
            Ty::Item(group) => (
                self.declared.ty_in_group(&group, part),
                self.declared.names_in_group(&group),
            ),
            Ty::Address => (
                address_part(part),
                ["district", "area", "building", "estate", "street"]
                    .map(str::to_owned)
                    .to_vec(),
            ),
            other => {
                let wrong = format!("{} has no parts", other.noun());
                let mend = "Only addresses and items of groups have parts";
                return self.wrong(node, Code::TypeMismatch, wrong, mend);
            }
        };
        found.unwrap_or_else(|| {
            let mend = suggest(part, known.iter().map(String::as_str));
            self.wrong(
                node,
                Code::UnknownName,
                format!("there is no part `{part}`"),
                mend,
            )
        })
    }

    fn needs(&mut self, node: &'c Node, wanted: &Ty, why: &str) {
        let found = self.ty(node);
        if !fits(&found, wanted) {
            let wrong = format!("{why} {}, this is {}", wanted.noun(), found.noun());
            let mend = match (&found, wanted) {
                (Ty::List(_), Ty::Bool) => "Write size(x) > 0 to ask whether there are any",
                (Ty::Choice(_), Ty::Bool) => "Compare it with an id of its list",
                _ => "Change the expression",
            };
            self.wrong(node, Code::TypeMismatch, wrong, mend);
        }
    }

    fn list(&mut self, node: &Node, items: &'c [Node]) -> Ty {
        let mut found: Option<Ty> = None;
        for item in items {
            let ty = self.ty(item).settled();
            found = Some(match found {
                None => ty,
                Some(before) => self.join(item, before, ty),
            });
        }
        match found {
            Some(ty) => Ty::List(Box::new(ty)),
            None => self.wrong(
                node,
                Code::TypeMismatch,
                "the list is empty",
                "Put values into it",
            ),
        }
    }

    fn join(&mut self, node: &Node, left: Ty, right: Ty) -> Ty {
        match (left, right) {
            (Ty::Wrong, _) | (_, Ty::Wrong) => Ty::Wrong,
            (Ty::Literal(_) | Ty::Text, Ty::Literal(_) | Ty::Text) => Ty::Text,
            (Ty::Choice(_), Ty::Choice(_) | Ty::Text | Ty::Literal(_))
            | (Ty::Text | Ty::Literal(_), Ty::Choice(_)) => Ty::Text,
            (left, right) if left == right => left,
            (left, right) => {
                let wrong = format!("one side is {}, the other {}", left.noun(), right.noun());
                self.wrong(
                    node,
                    Code::TypeMismatch,
                    wrong,
                    mismatch_mend(&left, &right),
                )
            }
        }
    }

    fn binary(&mut self, node: &Node, operator: Binary, sides: (&'c Node, &'c Node)) -> Ty {
        let (left, right) = sides;
        match operator {
            Binary::And | Binary::Or => {
                let why = format!("`{}` needs", operator.symbol());
                self.needs(left, &Ty::Bool, &why);
                self.needs(right, &Ty::Bool, &why);
                Ty::Bool
            }
            Binary::In => {
                self.within(left, right);
                Ty::Bool
            }
            Binary::Equal | Binary::NotEqual => {
                let (a, b) = (self.ty(left), self.ty(right));
                self.comparable(sides, &a, &b, operator);
                Ty::Bool
            }
            Binary::Less | Binary::LessOrEqual | Binary::Greater | Binary::GreaterOrEqual => {
                let (a, b) = (self.ty(left), self.ty(right));
                let ordered = |ty: &Ty| matches!(ty, Ty::Int | Ty::Money | Ty::Date | Ty::Wrong);
                if ordered(&a) && ordered(&b) {
                    self.comparable(sides, &a, &b, operator);
                } else {
                    let odd = if ordered(&a) { &b } else { &a };
                    let wrong = format!(
                        "`{}` orders numbers, money and dates, this is {}",
                        operator.symbol(),
                        odd.noun()
                    );
                    self.wrong(node, Code::TypeMismatch, wrong, "Use `==` or `in`");
                }
                Ty::Bool
            }
            Binary::Plus | Binary::Minus | Binary::Times => {
                let (a, b) = (self.ty(left), self.ty(right));
                self.arithmetic(node, operator, a, b)
            }
        }
    }

    fn arithmetic(&mut self, node: &Node, operator: Binary, left: Ty, right: Ty) -> Ty {
        match (operator, left.settled(), right.settled()) {
            (_, Ty::Wrong, _) | (_, _, Ty::Wrong) => Ty::Wrong,
            (_, Ty::Int, Ty::Int) => Ty::Int,
            (Binary::Plus | Binary::Minus, Ty::Money, Ty::Money)
            | (Binary::Times, Ty::Money, Ty::Int)
            | (Binary::Times, Ty::Int, Ty::Money) => Ty::Money,
            (Binary::Plus, Ty::Text, Ty::Text | Ty::Choice(_))
            | (Binary::Plus, Ty::Choice(_), Ty::Text) => Ty::Text,
            (_, left, right) => {
                let wrong = format!(
                    "`{}` cannot join {} and {}",
                    operator.symbol(),
                    left.noun(),
                    right.noun()
                );
                let mend = if left == Ty::Date || right == Ty::Date {
                    "Use plus_days, plus_months, plus_years or days_between".to_owned()
                } else {
                    mismatch_mend(&left, &right)
                };
                self.wrong(node, Code::TypeMismatch, wrong, mend)
            }
        }
    }

    fn comparable(&mut self, sides: (&Node, &Node), left: &Ty, right: &Ty, operator: Binary) {
        match (left, right) {
            (Ty::Choice(ids), Ty::Literal(id)) => self.id_of(sides.1, ids, id),
            (Ty::Literal(id), Ty::Choice(ids)) => self.id_of(sides.0, ids, id),
            (Ty::Choice(one), Ty::Choice(other)) => {
                if !one.iter().any(|id| other.contains(id)) {
                    let mend = "Compare choices of the same list";
                    self.wrong(
                        sides.1,
                        Code::TypeMismatch,
                        "the two lists share no id, so this never holds",
                        mend,
                    );
                }
            }
            (Ty::List(_) | Ty::Address | Ty::Item(_), _)
            | (_, Ty::List(_) | Ty::Address | Ty::Item(_)) => {
                let odd = if matches!(left, Ty::List(_) | Ty::Address | Ty::Item(_)) {
                    left
                } else {
                    right
                };
                let wrong = format!("`{}` does not compare {}", operator.symbol(), odd.noun());
                let mend = "Use `'id' in list`, size(list), or a part such as address.district";
                self.wrong(sides.0, Code::TypeMismatch, wrong, mend);
            }
            (left, right) if fits(left, right) || fits(right, left) => {}
            (left, right) => {
                let wrong = format!(
                    "`{}` compares {} with {}",
                    operator.symbol(),
                    left.noun(),
                    right.noun()
                );
                self.wrong(
                    sides.1,
                    Code::TypeMismatch,
                    wrong,
                    mismatch_mend(left, right),
                );
            }
        }
    }

    fn id_of(&mut self, node: &Node, ids: &[String], id: &str) {
        if !ids.iter().any(|known| known == id) {
            let mend = suggest(id, ids.iter().map(String::as_str));
            self.wrong(
                node,
                Code::UnknownReference,
                format!("`{id}` is not in the list of this choice"),
                mend,
            );
        }
    }

    /// `x in ['a', 'b']` or `'a' in choices`.
    fn within(&mut self, left: &'c Node, right: &'c Node) {
        let item = self.ty(left);
        if let Term::List(items) = &right.term {
            for other in items {
                let ty = self.ty(other);
                self.comparable((left, other), &item, &ty, Binary::In);
            }
            return;
        }
        match self.ty(right) {
            Ty::Wrong => {}
            Ty::List(element) => self.comparable((left, right), &item, &element, Binary::In),
            other => {
                let wrong = format!("`in` needs a list on its right, this is {}", other.noun());
                self.wrong(
                    right,
                    Code::TypeMismatch,
                    wrong,
                    "Write x in ['a', 'b'] or 'a' in a_list",
                );
            }
        }
    }

    fn over(&mut self, node: &Node, over: &'c Over) -> Ty {
        let element = match self.ty(&over.items) {
            Ty::List(element) => *element,
            Ty::Wrong => Ty::Wrong,
            other => {
                let wrong = format!("only lists have items, this is {}", other.noun());
                self.wrong(
                    &over.items,
                    Code::TypeMismatch,
                    wrong,
                    "Use the id of a group",
                )
            }
        };
        if self.declared.ty(&over.variable).is_some() {
            let wrong = format!("`{}` is also the id of a question", over.variable);
            self.wrong(node, Code::IdTwice, wrong, "Give the item another name");
        }
        self.locals.push((&over.variable, element));
        let body = self.ty(&over.body);
        self.locals.pop();
        let (wanted, result) = match over.fold {
            Fold::Exists | Fold::All => (Ty::Bool, Ty::Bool),
            Fold::Count => (Ty::Bool, Ty::Int),
            Fold::Sum => match body {
                Ty::Money => return Ty::Money,
                _ => (Ty::Int, Ty::Int),
            },
        };
        if !fits(&body, &wanted) {
            let wrong = format!(
                "the rule for each item must be {}, this is {}",
                wanted.noun(),
                body.noun()
            );
            self.wrong(&over.body, Code::TypeMismatch, wrong, "Change the rule");
        }
        result
    }

    fn call(&mut self, node: &'c Node, function: Function, arguments: &'c [Node]) -> Ty {
        use Function as F;
        let types: Vec<Ty> = arguments
            .iter()
            .map(|argument| self.ty(argument).settled())
            .collect();
        if types.iter().any(Ty::is_wrong) {
            return Ty::Wrong;
        }
        let found = match (function, types.as_slice()) {
            (F::Today, []) => Some(Ty::Date),
            (F::Size, [Ty::List(_) | Ty::Text]) => Some(Ty::Int),
            (F::Dollars | F::Cents, [Ty::Int]) => Some(Ty::Money),
            (F::Year | F::Month | F::Day, [Ty::Date]) => Some(Ty::Int),
            (F::IsWorkingDay, [Ty::Date]) => Some(Ty::Bool),
            (
                F::AgeOn
                | F::DaysBetween
                | F::MonthsBetween
                | F::YearsBetween
                | F::MonthsBegun
                | F::YearsBegun,
                [Ty::Date, Ty::Date],
            ) => Some(Ty::Int),
            (
                F::PlusDays | F::PlusMonths | F::PlusYears | F::PlusWorkingDays,
                [Ty::Date, Ty::Int],
            ) => Some(Ty::Date),
            (F::Min | F::Max, [left @ (Ty::Int | Ty::Money | Ty::Date), right])
                if left == right =>
            {
                Some(left.clone())
            }
            (
                F::DivUp | F::DivDown | F::RoundHalfUp | F::ProrataDays,
                [amount @ (Ty::Int | Ty::Money), Ty::Int],
            ) => Some(amount.clone()),
            (F::StartsWith | F::EndsWith | F::Contains, [Ty::Text, Ty::Text]) => Some(Ty::Bool),
            _ => None,
        };
        found.unwrap_or_else(|| {
            let given: Vec<&str> = types.iter().map(Ty::noun).collect();
            let wrong = format!(
                "{}( ) does not take {}",
                function.name(),
                given.join(" and ")
            );
            self.wrong(
                node,
                Code::TypeMismatch,
                wrong,
                format!("Write {}", function.usage()),
            )
        })
    }
}

/// Whether a value of type `found` may stand where `wanted` is asked for.
pub(crate) fn fits(found: &Ty, wanted: &Ty) -> bool {
    match (found, wanted) {
        (Ty::Wrong, _) | (_, Ty::Wrong) => true,
        (Ty::Literal(_) | Ty::Text | Ty::Choice(_), Ty::Text | Ty::Literal(_)) => true,
        (Ty::Choice(one), Ty::Choice(other)) => one == other,
        (found, wanted) => found == wanted,
    }
}

fn address_part(part: &str) -> Option<Ty> {
    use crate::value::{AREAS, Address, DISTRICTS};
    match part {
        "district" => Some(Ty::Choice(
            DISTRICTS
                .iter()
                .map(|district| district.id.to_owned())
                .collect(),
        )),
        "area" => Some(Ty::Choice(
            AREAS.iter().map(|(id, ..)| (*id).to_owned()).collect(),
        )),
        part => Address::PARTS.contains(&part).then_some(Ty::Text),
    }
}

fn mismatch_mend(left: &Ty, right: &Ty) -> String {
    match (left, right) {
        (Ty::Money, Ty::Int) | (Ty::Int, Ty::Money) => {
            "Write the amount as dollars(10770) or cents(50)"
        }
        (Ty::Choice(_), Ty::Int) | (Ty::Int, Ty::Choice(_)) => {
            "Ids of choices are texts: write '1'"
        }
        (Ty::Date, Ty::Text | Ty::Literal(_)) | (Ty::Text | Ty::Literal(_), Ty::Date) => {
            "Write the date as date('2026-11-22')"
        }
        (Ty::Bool, Ty::Literal(_) | Ty::Text) => {
            "A yes/no question is true or false by itself: write `x` or `!x`"
        }
        _ => "Make both sides the same type",
    }
    .to_owned()
}
