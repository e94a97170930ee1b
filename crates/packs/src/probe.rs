//! Applications made up to try a pack: whatever a person may answer, a complete application must have a
//! fee (or a refusal), a decision of every rule, and an approved one its dates. What the type checker
//! cannot see, such as an amount that rests on a question asked only of some, shows here.
//!
//! The answers are drawn from the values at which the pack's own rules change, in an order that is the
//! same on every run.

use std::collections::BTreeSet;

use kernel::{Date, Money};

use crate::{
    defect::{Code, Defects, Span},
    expr::{Expr, ExprNode, Names as _, Term, Val},
    field::{Field, FieldKind},
    known::{Facts, Known},
    letter::places,
    pack::Pack,
    quote::{FeeError, IssueError},
    table::{Cell, Column, Condition, RowResult, Table},
    value::{Address, Answers, DISTRICTS, FileAnswer, Value},
};

/// Applications made up for one pack.
const PROBES: u64 = 200;
/// Defects told: one example teaches enough.
const TOLD: usize = 3;
/// Ages in years at which rules of people change, beside those the pack names.
const AGES: [i64; 3] = [17, 40, 80];

pub(crate) fn probe(pack: &Pack, today: Date, defects: &mut Defects) {
    let facts = Facts::on(today);
    let mut told: BTreeSet<String> = BTreeSet::new();
    for answers in made_up(pack, today) {
        if !pack.broken_rules(&answers, &facts).is_empty() {
            continue;
        }
        for (at, what, mend) in pack.stuck(&answers, &facts) {
            if told.len() < TOLD && told.insert(what.clone()) {
                let example = example(pack, &answers);
                let wrong = format!("{what}, for example with {example}");
                defects.add(Code::Stuck, at, wrong, mend);
            }
        }
    }
}

/// The made-up applications as of a day, without answers to hidden questions.
pub(crate) fn made_up(pack: &Pack, today: Date) -> impl Iterator<Item = Answers> {
    let edges = Edges::of(pack, today);
    (0..PROBES).map(move |seed| {
        let mut draw = Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut answers = Answers::new();
        for field in pack.fields() {
            if field.required || draw.below(2) == 0 {
                answers.set(&field.id, edges.value(field, &mut draw));
            }
        }
        pack.journey(&answers, &Facts::on(today)).answers
    })
}

/// The answers that decide, short enough to read.
fn example(pack: &Pack, answers: &Answers) -> String {
    const SHOWN: usize = 8;
    let mentioned = pack.mentioned();
    let parts = answers.iter().filter(|(id, _)| mentioned.contains(*id));
    let parts: Vec<String> = parts
        .take(SHOWN)
        .map(|(id, value)| format!("{id} = {}", value.to_json()))
        .collect();
    parts.join(", ")
}

impl Pack {
    /// What a complete application cannot get past: where, what, how to mend it.
    fn stuck(&self, answers: &Answers, facts: &Facts<'_>) -> Vec<(Span, String, &'static str)> {
        let mut found = Vec::new();
        let eligibility = self.eligibility(answers, facts);
        if !eligibility.is_eligible() {
            return found;
        }
        for rule in &eligibility.open {
            let what = format!(
                "a complete application leaves the rule `{}` undecided",
                rule.id
            );
            let mend = "Ask has(x) first, or ask the question of everybody the rule is about";
            found.push((rule.at, what, mend));
        }
        match self.fee(answers, facts) {
            Ok(_) | Err(FeeError::Refused(_)) => {}
            Err(error) => {
                let at = match &error {
                    FeeError::Unanswered { line, .. } | FeeError::OutOfRange(line) => {
                        self.fee.iter().find(|one| one.id == *line)
                    }
                    FeeError::Refused(_) => None,
                };
                let what = format!("a complete application has no fee: {error}");
                let mend = "Cover the case: make the line conditional, or add a row";
                found.push((at.map_or(self.try_at, |line| line.at), what, mend));
            }
        }
        if let (Err(error @ IssueError::Unanswered(_)), Some(issue)) =
            (self.validity(answers, facts), &self.issue)
        {
            let what = format!("an approved application cannot be issued: {error}");
            found.push((issue.at, what, "Give the date for this case too"));
        }
        found.extend(self.empty_places(answers, facts));
        found
    }
}

impl Pack {
    /// Lets that letters mention and that a complete application leaves unknown.
    fn empty_places(
        &self,
        answers: &Answers,
        facts: &Facts<'_>,
    ) -> Vec<(Span, String, &'static str)> {
        let known = Known::new(self, answers, facts);
        let mut found = Vec::new();
        for letter in &self.letters {
            for place in places(&letter.body.en) {
                let is_let = self.lets.iter().any(|one| one.name == place);
                if is_let && known.value(place) == Val::Unknown {
                    let id = &letter.id;
                    let what = format!("the letter `{id}` would have nothing at {{{place}}}");
                    found.push((letter.at, what, "Give the let a value for this case too"));
                }
            }
        }
        found
    }
}

/// A small generator of numbers; the same on every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let count = u64::try_from(count.max(1)).unwrap_or(1);
        usize::try_from((self.0 >> 11) % count).unwrap_or_default()
    }

    fn pick<T: Clone>(&mut self, from: &[T], default: T) -> T {
        let place = self.below(from.len());
        from.get(place).cloned().unwrap_or(default)
    }
}

/// The values at and beside which the rules of a pack change.
struct Edges {
    numbers: Vec<i64>,
    money: Vec<i64>,
    dates: Vec<Date>,
    today: Date,
}

impl Edges {
    fn of(pack: &Pack, today: Date) -> Self {
        let mut found = Literals::default();
        for expr in pack.expressions() {
            found.node(&expr.root);
        }
        for table in pack.tables() {
            found.table(table);
        }
        let beside = |number: i64| [number.saturating_sub(1), number, number.saturating_add(1)];
        let numbers: Vec<i64> = found.numbers.iter().copied().flat_map(beside).collect();
        let money: Vec<i64> = found
            .money
            .iter()
            .chain(&found.numbers)
            .flat_map(|amount| [*amount, amount.saturating_mul(100)])
            .flat_map(beside)
            .filter(|amount| *amount >= 0)
            .collect();
        let years = found
            .numbers
            .iter()
            .copied()
            .filter(|years| (1..=120).contains(years))
            .chain(AGES);
        let births = years.flat_map(|years| {
            let birthday = today.plus_years(-years);
            [-1, 0, 1].map(|days| birthday.plus_days(days))
        });
        let near = [-400, -60, -1, 0, 1, 60, 400].map(|days| today.plus_days(days));
        let named = found
            .dates
            .iter()
            .flat_map(|date| [-1, 0, 1].map(|days| date.plus_days(days)));
        Self {
            numbers,
            money,
            dates: births.chain(near).chain(named).collect(),
            today,
        }
    }

    fn value(&self, field: &Field, draw: &mut Draw) -> Value {
        match &field.kind {
            FieldKind::Number { min, max, .. } => {
                Value::Int(within(draw.pick(&self.numbers, 1), *min, *max))
            }
            FieldKind::Money { min, max } => {
                let (min, max) = (min.map(Money::cents), max.map(Money::cents));
                let cents = within(draw.pick(&self.money, 10_000), min.or(Some(0)), max);
                Value::Money(Money::from_cents(cents))
            }
            FieldKind::Date => Value::Date(draw.pick(&self.dates, self.today)),
            FieldKind::YesNo => Value::Bool(draw.below(2) == 0),
            FieldKind::Declaration => Value::Bool(true),
            FieldKind::Choice { options } => {
                let ids: Vec<String> = options.iter().map(|choice| choice.id.clone()).collect();
                Value::Choice(draw.pick(&ids, String::new()))
            }
            FieldKind::Choices { options, max, .. } => {
                let start = draw.below(options.len());
                let most = usize::try_from(*max).unwrap_or(1).min(options.len());
                let count = 1 + draw.below(most);
                let ids = options.iter().cycle().skip(start).take(count);
                Value::Choices(ids.map(|choice| choice.id.clone()).collect())
            }
            FieldKind::AddressHk => {
                let ids: Vec<&str> = DISTRICTS.iter().map(|district| district.id).collect();
                let district = draw.pick(&ids, "north").to_owned();
                Value::Address(Address {
                    district,
                    street: "1 Road".to_owned(),
                    ..Address::default()
                })
            }
            FieldKind::File { min, max, .. } => {
                let (min, max) = (usize_of(*min), usize_of(*max));
                let count = min + draw.below(max.saturating_sub(min) + 1);
                Value::Files(vec![a_file(); count])
            }
            FieldKind::Group {
                fields, min, max, ..
            } => {
                let (min, max) = (usize_of(*min), usize_of(*max));
                let count = min + draw.below((max.saturating_sub(min) + 1).min(3));
                let item = |draw: &mut Draw| {
                    let mut item = Answers::new();
                    for inner in fields {
                        item.set(&inner.id, self.value(inner, draw));
                    }
                    item
                };
                Value::Items((0..count).map(|_| item(draw)).collect())
            }
            _ => Value::Text("X".to_owned()),
        }
    }
}

fn usize_of(count: u32) -> usize {
    usize::try_from(count).unwrap_or(1)
}

fn within(number: i64, min: Option<i64>, max: Option<i64>) -> i64 {
    let number = min.map_or(number, |min| number.max(min));
    max.map_or(number, |max| number.min(max))
}

fn a_file() -> FileAnswer {
    FileAnswer {
        id: "probe".to_owned(),
        name: "probe.pdf".to_owned(),
        kind: "pdf".to_owned(),
        bytes: 1,
        sha256: String::new(),
    }
}

#[derive(Default)]
struct Literals {
    numbers: BTreeSet<i64>,
    /// Cents.
    money: BTreeSet<i64>,
    dates: BTreeSet<Date>,
}

impl Literals {
    fn node(&mut self, node: &ExprNode) {
        node.each(&mut |node| match &node.term {
            Term::Int(number) => {
                self.numbers.insert(*number);
            }
            Term::Date(date) => {
                self.dates.insert(*date);
            }
            _ => {}
        });
    }

    fn table(&mut self, table: &Table) {
        for row in &table.rows {
            let Condition::Cells(cells) = &row.condition else {
                continue;
            };
            for (cell, column) in cells.iter().zip(&table.columns) {
                let Cell::Range { from, to } = cell else {
                    continue;
                };
                for bound in from.iter().chain(to) {
                    match column {
                        Column::Number => self.numbers.insert(*bound),
                        Column::Money => self.money.insert(*bound),
                        Column::Date => column
                            .show(*bound)
                            .parse()
                            .is_ok_and(|date| self.dates.insert(date)),
                    };
                }
            }
        }
    }
}

impl Pack {
    /// Every expression that decides something.
    fn expressions(&self) -> Vec<&Expr> {
        let mut found: Vec<&Expr> = self.rule_expressions();
        for table in self.tables() {
            for row in &table.rows {
                if let Condition::When(rule) = &row.condition {
                    found.push(rule);
                }
                if let RowResult::Value(value) = &row.result {
                    found.push(value);
                }
            }
        }
        found
    }
}
