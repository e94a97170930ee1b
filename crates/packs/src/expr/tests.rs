//! The language: what expressions mean, what is refused.

use std::collections::BTreeMap;

use kernel::Date;
use proptest::prelude::*;

use super::{Declared, Expr, Names, Ty, Val, evaluate, type_of};
use crate::{
    defect::{Code, Defects, Span},
    value::{Answers, Value},
};

struct World(BTreeMap<&'static str, Val>);

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn world() -> World {
    let mut item = Answers::new();
    item.set("kind", Value::Choice("a".to_owned()));
    item.set("amount", Value::Money(kernel::Money::from_cents(150)));
    let mut other = Answers::new();
    other.set("kind", Value::Choice("b".to_owned()));
    other.set("amount", Value::Money(kernel::Money::from_cents(50)));
    World(BTreeMap::from([
        ("n", Val::Int(7)),
        ("m", Val::Money(1_050)),
        ("d", Val::Date(day("2026-01-31"))),
        ("yes", Val::Bool(true)),
        ("no", Val::Bool(false)),
        ("word", Val::Text("hello".to_owned())),
        ("pick", Val::Text("a".to_owned())),
        ("picks", Val::List(vec![Val::Text("a".to_owned())])),
        ("none", Val::List(Vec::new())),
        ("items", Val::List(vec![Val::Item(item), Val::Item(other)])),
        (
            "home",
            Val::Address(crate::Address {
                district: "north".to_owned(),
                ..crate::Address::default()
            }),
        ),
    ]))
}

impl Names for World {
    fn value(&self, name: &str) -> Val {
        self.0.get(name).cloned().unwrap_or(Val::Unknown)
    }
    fn today(&self) -> Date {
        day("2026-11-22")
    }
    fn working_days_after(&self, date: Date, days: i64) -> Date {
        date.plus_days(days)
    }
}

impl Declared for World {
    fn ty(&self, name: &str) -> Option<Ty> {
        let choice = || Ty::Choice(["a".to_owned(), "b".to_owned()].into());
        Some(match name {
            "n" | "u" => Ty::Int,
            "m" => Ty::Money,
            "d" => Ty::Date,
            "yes" | "no" | "ub" => Ty::Bool,
            "word" => Ty::Text,
            "pick" => choice(),
            "picks" | "none" => Ty::List(Box::new(choice())),
            "items" => Ty::List(Box::new(Ty::Item("items".to_owned()))),
            "home" => Ty::Address,
            _ => return None,
        })
    }
    fn names(&self) -> Vec<String> {
        [
            "n", "u", "m", "d", "yes", "no", "ub", "word", "pick", "picks",
        ]
        .map(str::to_owned)
        .to_vec()
    }
    fn ty_in_group(&self, _: &str, name: &str) -> Option<Ty> {
        match name {
            "kind" => Some(Ty::Choice(["a".to_owned(), "b".to_owned()].into())),
            "amount" => Some(Ty::Money),
            _ => None,
        }
    }
    fn names_in_group(&self, _: &str) -> Vec<String> {
        vec!["kind".to_owned(), "amount".to_owned()]
    }
}

fn run(source: &str) -> Val {
    let expr =
        Expr::parse(source, Span::default()).unwrap_or_else(|flaw| panic!("{source}: {flaw:?}"));
    let mut defects = Defects::new("x");
    type_of(&expr, &world(), &mut defects);
    let told: Vec<String> = defects
        .into_sorted()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(told.is_empty(), "{source}: {told:?}");
    evaluate(&expr.root, &world())
}

/// Expressions and their truth in [`world`].
const TRUTHS: &[(&str, bool)] = &[
    ("1 + 2 * 3 == 7", true),
    ("(1 + 2) * 3 == 9", true),
    ("10 - 2 - 3 == 5", true),
    ("-n + 7 == 0", true),
    ("n > 6 && n < 8", true),
    ("(n >= 7) == yes", true),
    ("no || n != 7", false),
    ("!no && !(n == 8)", true),
    ("yes ? n == 7 : no", true),
    ("no ? no : yes ? yes : no", true),
    (
        "pick in ['a', 'b'] && 'a' in picks && !('b' in picks)",
        true,
    ),
    ("pick == 'b' || pick != 'a'", false),
    ("n in [1, 7]", true),
    ("has(n) && !has(u) && !has(none) && has(items)", true),
    (
        "size(items) == 2 && size(none) == 0 && size(word) == 5",
        true,
    ),
    (
        "items.exists(i, i.kind == 'a') && !items.all(i, i.kind == 'a')",
        true,
    ),
    ("items.count(i, i.amount > cents(100)) == 1", true),
    ("items.sum(i, i.amount) == dollars(2)", true),
    ("none.all(x, x == 'a') && !none.exists(x, x == 'a')", true),
    (
        "m == cents(1050) && m * 2 == dollars(21) && m - cents(50) == dollars(10)",
        true,
    ),
    ("word + ' you' == \"hello you\"", true),
    (
        "starts_with(word, 'he') && ends_with(word, 'lo') && contains(word, 'ell')",
        true,
    ),
    ("matches(word, 'h.*o') && !matches(word, 'ell')", true),
    (
        "home.district == 'north' && home.area == 'new_territories' && !has(home.flat)",
        true,
    ),
    ("d < today() && d == date('2026-01-31')", true),
    (
        "plus_months(d, 1) == date('2026-02-28') && plus_days(d, -31) == date('2025-12-31')",
        true,
    ),
    (
        "plus_years(date('2024-02-29'), 1) == date('2025-02-28')",
        true,
    ),
    ("age_on(date('2008-02-29'), date('2026-02-28')) == 17", true),
    ("age_on(date('2008-02-29'), date('2026-03-01')) == 18", true),
    (
        "days_between(d, today()) == 295 && days_between(today(), d) == -295",
        true,
    ),
    (
        "months_between(d, date('2026-02-28')) == 1 && months_between(d, date('2026-03-30')) == 1",
        true,
    ),
    (
        "years_between(date('2000-06-15'), date('2026-06-14')) == 25",
        true,
    ),
    (
        "years_begun(date('2027-01-01'), date('2034-05-10')) == 8",
        true,
    ),
    (
        "years_begun(d, plus_years(d, 3)) == 3 && years_begun(d, d) == 0",
        true,
    ),
    (
        "months_begun(d, plus_days(plus_months(d, 2), 1)) == 3",
        true,
    ),
    ("year(d) == 2026 && month(d) == 1 && day(d) == 31", true),
    (
        "min(n, 3) == 3 && max(m, dollars(1)) == m && min(d, today()) == d",
        true,
    ),
    (
        "div_up(7, 2) == 4 && div_down(7, 2) == 3 && round_half_up(7, 2) == 4",
        true,
    ),
    (
        "div_up(-7, 2) == -3 && div_down(-7, 2) == -4 && round_half_up(-7, 2) == -3",
        true,
    ),
    (
        "prorata_days(3800, 365) == 3800 && prorata_days(3800, 2686) == 27964",
        true,
    ),
    ("plus_working_days(d, 2) == plus_days(d, 2)", true),
];

#[test]
fn expressions_mean_what_cel_means() {
    for (source, truth) in TRUTHS {
        assert_eq!(run(source), Val::Bool(*truth), "{source}");
    }
}

#[test]
fn unanswered_is_unknown_except_where_the_rest_decides() {
    for (source, value) in [
        ("u + 1", Val::Unknown),
        ("u == u", Val::Unknown),
        ("ub && no", Val::Bool(false)),
        ("no && ub", Val::Bool(false)),
        ("ub && yes", Val::Unknown),
        ("ub || yes", Val::Bool(true)),
        ("yes || ub", Val::Bool(true)),
        ("ub || no", Val::Unknown),
        ("!ub", Val::Unknown),
        ("ub ? 1 : 1", Val::Unknown),
        ("has(u) ? u : 5", Val::Int(5)),
        ("u in [1, 2]", Val::Unknown),
        ("7 in [n, u]", Val::Bool(true)),
        ("8 in [n, u]", Val::Unknown),
        ("size(picks) > u", Val::Unknown),
    ] {
        assert_eq!(run(source), value, "{source}");
    }
}

#[test]
fn what_cannot_be_computed_is_unknown() {
    for source in [
        "9223372036854775807 + 1",
        "9223372036854775807 * 2",
        "div_up(1, 0)",
        "div_down(n, n - 7)",
        "plus_days(d, 99999999999)",
        "plus_years(d, 999999)",
        "dollars(9223372036854775807)",
    ] {
        assert_eq!(run(source), Val::Unknown, "{source}");
    }
}

#[test]
fn mistakes_are_told_where_they_stand() {
    for (source, code, column) in [
        ("nn > 1", Code::UnknownName, 0),
        ("n > 1 && wrod == 'x'", Code::UnknownName, 9),
        ("n == 'x'", Code::TypeMismatch, 5),
        ("n == m", Code::TypeMismatch, 5),
        ("pick == 'c'", Code::UnknownReference, 8),
        ("pick in ['a', 'c']", Code::UnknownReference, 14),
        ("n && yes", Code::TypeMismatch, 0),
        ("d + 1 == d", Code::TypeMismatch, 0),
        ("word > 'a'", Code::TypeMismatch, 0),
        ("picks == 'a'", Code::TypeMismatch, 0),
        ("home == 'x'", Code::TypeMismatch, 0),
        ("home.planet == 'x'", Code::UnknownName, 0),
        ("items.exists(i, i.size == 1)", Code::UnknownName, 16),
        ("items.exists(n, yes)", Code::IdTwice, 0),
        ("items.all(i, 1)", Code::TypeMismatch, 13),
        ("age_on(n, d) == 1", Code::TypeMismatch, 0),
        ("yes ? 1 : d", Code::TypeMismatch, 0),
        ("has(n + 1)", Code::TypeMismatch, 4),
        ("-d == d", Code::TypeMismatch, 1),
    ] {
        let expr = Expr::parse(source, Span { line: 1, column: 0 }).unwrap();
        let mut defects = Defects::new("x");
        type_of(&expr, &world(), &mut defects);
        let found = defects.into_sorted();
        assert_eq!(found.len(), 1, "{source}: {found:?}");
        assert_eq!(
            (found[0].code, found[0].span.column),
            (code, column),
            "{source}: {}",
            found[0]
        );
    }
}

#[test]
fn what_is_no_expression_is_refused_with_a_place() {
    for (source, offset) in [
        ("", 0),
        ("1 +", 2),
        ("1 2", 2),
        ("n = 1", 2),
        ("a & b", 2),
        ("1 < 2 < 3", 6),
        ("(1", 1),
        ("f(1)", 0),
        ("today(1)", 0),
        ("date('2026-02-30')", 0),
        ("date(n)", 0),
        ("matches(word, word)", 14),
        ("items.map(i, i)", 6),
        ("1.5 > 1", 0),
        ("'open", 0),
        ("n / 2", 2),
        ("null == n", 0),
        ("n and n", 2),
        ("a.1", 2),
        ("99999999999999999999", 0),
    ] {
        let flaw = Expr::parse(source, Span::default()).unwrap_err();
        assert_eq!(flaw.offset, offset, "{source}: {flaw:?}");
        assert!(!flaw.wrong.is_empty() && !flaw.mend.is_empty());
    }
}

proptest! {
    #[test]
    fn any_text_parses_or_tells(source in "\\PC{0,80}") {
        let _ = Expr::parse(&source, Span::default());
    }

    #[test]
    fn any_expression_evaluates_even_unchecked(
        source in "([a-z]{1,5}|[0-9]{1,19}|'[a-z]'|&&|\\|\\||==|<=|[-+*!?:().,<>\\[\\]]| in | ){0,30}"
    ) {
        if let Ok(expr) = Expr::parse(&source, Span::default()) {
            let mut defects = Defects::new("x");
            type_of(&expr, &world(), &mut defects);
            evaluate(&expr.root, &world());
        }
    }

    #[test]
    fn dividing_rounds_as_it_says(amount in -1_000_000_000_i64..1_000_000_000, by in 1_i64..10_000) {
        let number = |source: &str| match run(&source.replace('A', &amount.to_string()).replace('B', &by.to_string())) {
            Val::Int(number) => number,
            other => panic!("{other:?}"),
        };
        let (up, down, near) = (number("div_up(A, B)"), number("div_down(A, B)"), number("round_half_up(A, B)"));
        prop_assert!(down * by <= amount && amount < (down + 1) * by);
        prop_assert!((up - 1) * by < amount && amount <= up * by);
        prop_assert!(2 * (near * by - amount) <= by && 2 * (amount - near * by) < by);
    }

    #[test]
    fn units_begun_reach_the_end_and_not_before(start in 0_i64..40_000, length in 1_i64..20_000) {
        let epoch = day("1950-01-01");
        let (from, to) = (epoch.plus_days(start), epoch.plus_days(start + length));
        for (unit, plus) in [("years", Date::plus_years as fn(Date, i64) -> Date), ("months", Date::plus_months)] {
            let number = |name: &str| match run(&format!("{unit}_{name}(date('{from}'), date('{to}'))")) {
                Val::Int(number) => number,
                other => panic!("{other:?}"),
            };
            let (begun, between) = (number("begun"), number("between"));
            prop_assert!(plus(from, begun) >= to && plus(from, begun - 1) < to);
            prop_assert!(plus(from, between) <= to && begun - between <= 1);
        }
    }

    #[test]
    fn kleene_and_or_agree_with_every_way_the_unknown_may_turn_out(
        shape in 0_usize..6, a in 0_u8..3, b in 0_u8..3, c in 0_u8..3,
    ) {
        let shapes = ["A && B || C", "A || B && C", "!(A && B) || C", "(A || B) && (B || C)", "A && !B && C", "!A || !(B || C)"];
        let values = [a, b, c];
        let value = |values: [u8; 3]| {
            let names = ["no", "yes", "ub"];
            let source = shapes[shape]
                .replace('A', names[usize::from(values[0])])
                .replace('B', names[usize::from(values[1])])
                .replace('C', names[usize::from(values[2])]);
            run(&source)
        };
        if let Val::Bool(known) = value(values) {
            for bits in 0_u8..8 {
                let resolve = |place: usize| if values[place] == 2 { bits >> place & 1 } else { values[place] };
                prop_assert_eq!(value([resolve(0), resolve(1), resolve(2)]), Val::Bool(known));
            }
        }
    }
}
