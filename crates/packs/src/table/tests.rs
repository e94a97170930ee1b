//! The proof against brute force: on small domains every case can be tried.

use proptest::prelude::*;

use super::{Cell, Condition, Domain, Picked, Row, RowResult, Table, pick, prove};
use crate::{
    defect::{At, Code, Defects, Span},
    expr::{Expr, Names, Val},
};

const NUMBERS: i64 = 8;

#[derive(Debug, Clone)]
struct Case {
    number: i64,
    id: &'static str,
    truth: bool,
}

impl Names for Case {
    fn value(&self, name: &str) -> Val {
        match name {
            "number" => Val::Int(self.number),
            "id" => Val::Text(self.id.to_owned()),
            _ => Val::Bool(self.truth),
        }
    }
    fn today(&self) -> kernel::Date {
        kernel::Date::new(2026, 11, 22).unwrap()
    }
    fn working_days_after(&self, date: kernel::Date, _: i64) -> kernel::Date {
        date
    }
}

fn cases() -> impl Iterator<Item = Case> {
    (0..NUMBERS).flat_map(|number| {
        ["a", "b", "c"].into_iter().flat_map(move |id| {
            [true, false]
                .into_iter()
                .map(move |truth| Case { number, id, truth })
        })
    })
}

fn table(rows: Vec<Vec<Cell>>) -> Table {
    let input = |name: &str| At::new(name.to_owned(), Span::default());
    let row = |(place, cells)| Row {
        condition: Condition::Cells(cells),
        result: RowResult::Value(Expr::parse("1", Span::default()).unwrap()),
        label: None,
        at: Span {
            line: place,
            column: 1,
        },
    };
    Table {
        inputs: vec![input("number"), input("id"), input("truth")],
        columns: vec![super::Column::Number; 3],
        rows: (1..).zip(rows).map(row).collect(),
        at: Span::default(),
    }
}

fn domains() -> Vec<Domain> {
    vec![
        Domain::Int {
            from: Some(0),
            to: Some(NUMBERS - 1),
        },
        Domain::Choice(["a", "b", "c"].map(str::to_owned).to_vec()),
        Domain::Bool,
    ]
}

fn cell() -> impl Strategy<Value = Vec<Cell>> {
    let end = || proptest::option::of(0..NUMBERS);
    let range = (end(), end()).prop_map(|(a, b)| match (a, b) {
        (Some(a), Some(b)) => Cell::Range {
            from: Some(a.min(b)),
            to: Some(a.max(b)),
        },
        (None, None) => Cell::Any,
        (from, to) => Cell::Range { from, to },
    });
    let ids = proptest::sample::subsequence(vec!["a", "b", "c"], 0..=3).prop_map(|ids| {
        if ids.is_empty() {
            Cell::Any
        } else {
            Cell::OneOf(ids.into_iter().map(str::to_owned).collect())
        }
    });
    let truth = prop_oneof![Just(Cell::Any), any::<bool>().prop_map(Cell::Is)];
    (range, ids, truth).prop_map(|(range, ids, truth)| vec![range, ids, truth])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_proof_finds_a_gap_or_overlap_exactly_when_a_case_shows_one(
        rows in proptest::collection::vec(cell(), 1..6)
    ) {
        let table = table(rows);
        let mut defects = Defects::new("x");
        prove(&table, &domains(), &mut defects);
        let told = defects.into_sorted();
        let has = |code: Code| told.iter().any(|defect| defect.code == code);
        let holding = |case: &Case| {
            table.rows.iter().filter(|row| {
                let alone = Table { rows: vec![(*row).clone()], ..table.clone() };
                matches!(pick(&alone, case), Picked::Row(_))
            }).count()
        };
        prop_assert_eq!(has(Code::TableGap), cases().any(|case| holding(&case) == 0));
        prop_assert_eq!(has(Code::TableOverlap), cases().any(|case| holding(&case) > 1));
    }
}

#[test]
fn an_unbounded_number_must_be_covered_to_both_ends() {
    let covers = |from, to| {
        let table = table(vec![vec![Cell::Range { from, to }, Cell::Any, Cell::Any]]);
        let mut defects = Defects::new("x");
        let domains = vec![
            Domain::Int {
                from: None,
                to: None,
            },
            Domain::Bool,
            Domain::Bool,
        ];
        prove(&table, &domains, &mut defects);
        defects
            .into_sorted()
            .iter()
            .map(|defect| defect.wrong.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(covers(None, None), Vec::<String>::new());
    assert_eq!(covers(Some(0), None), ["no row holds for number = -1"]);
    assert_eq!(covers(None, Some(9)), ["no row holds for number = 10"]);
}
