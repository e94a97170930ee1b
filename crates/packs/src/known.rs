//! What is known while a pack is followed: answers, today and the calendar.

use std::{cell::RefCell, collections::BTreeMap, fmt};

use kernel::Date;

use crate::{
    expr::{Names, Val, evaluate},
    field::{Field, FieldKind},
    pack::{LetValue, Pack},
    table::{Picked, RowResult, pick},
    value::Answers,
};

/// The world outside the answers. Everything a pack computes is a function of these and the answers,
/// so a test or an audit can repeat it.
#[derive(Clone, Copy)]
pub struct Facts<'f> {
    /// The day of asking, in Hong Kong.
    pub today: Date,
    /// The day `n` working days after a day (before it when `n` is negative).
    pub working_days_after: &'f (dyn Fn(Date, i64) -> Date + Send + Sync),
    /// Ids of questions whose present answers came from a verified source. The answer to a `locked`
    /// question among them cannot be changed by a form.
    pub verified: &'f [String],
}

impl fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts")
            .field("today", &self.today)
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

impl Facts<'static> {
    /// Facts on a day, counting Monday to Friday as working days: for tries, previews and tests. The
    /// services crate passes the calendar of General Holidays instead.
    #[must_use]
    pub const fn on(today: Date) -> Self {
        Self {
            today,
            working_days_after: &weekdays_after,
            verified: &[],
        }
    }
}

fn weekdays_after(date: Date, days: i64) -> Date {
    const SATURDAY: i8 = 6;
    let step = days.signum();
    let mut day = date;
    // The caller bounds `days` (see `Function::shift`); each turn moves one day.
    let mut left = days.unsigned_abs();
    while left > 0 {
        day = day.plus_days(step);
        if day.weekday() < SATURDAY {
            left -= 1;
        }
    }
    day
}

/// Names of a pack given answers. Lets are computed when first mentioned and kept.
pub(crate) struct Known<'k> {
    pack: &'k Pack,
    answers: &'k Answers,
    facts: &'k Facts<'k>,
    lets: RefCell<BTreeMap<&'k str, Val>>,
}

impl<'k> Known<'k> {
    pub(crate) const fn new(pack: &'k Pack, answers: &'k Answers, facts: &'k Facts<'k>) -> Self {
        Self {
            pack,
            answers,
            facts,
            lets: RefCell::new(BTreeMap::new()),
        }
    }

    fn a_let(&self, name: &str) -> Val {
        let Some(found) = self.pack.lets.iter().find(|one| one.name == name) else {
            return Val::Unknown;
        };
        if let Some(value) = self.lets.borrow().get(name) {
            return value.clone();
        }
        // Marks the let as being computed: a let that mentioned itself would be unknown, not endless.
        self.lets.borrow_mut().insert(&found.name, Val::Unknown);
        let value = match &found.value {
            LetValue::Expr(expr) => evaluate(&expr.root, self),
            LetValue::Table(table) => match pick(table, self) {
                Picked::Row(row) => match &row.result {
                    RowResult::Value(expr) => evaluate(&expr.root, self),
                    RowResult::Refuse(_) => Val::Unknown,
                },
                Picked::Unknown => Val::Unknown,
            },
        };
        self.lets.borrow_mut().insert(&found.name, value.clone());
        value
    }
}

impl Names for Known<'_> {
    fn value(&self, name: &str) -> Val {
        if let Some(value) = self.answers.get(name) {
            return Val::from(value);
        }
        match self.pack.field(name) {
            Some(field) => nothing(field),
            None => self.a_let(name),
        }
    }

    fn today(&self) -> Date {
        self.facts.today
    }

    fn working_days_after(&self, date: Date, days: i64) -> Date {
        (self.facts.working_days_after)(date, days)
    }

    fn of_item(&self, item: &Answers, name: &str) -> Val {
        if let Some(value) = item.get(name) {
            return Val::from(value);
        }
        // Ids are unique in a pack, also inside groups.
        let groups = self.pack.fields().filter_map(|field| match &field.kind {
            FieldKind::Group { fields, .. } => Some(fields),
            _ => None,
        });
        let inner = groups.flatten().find(|inner| inner.id == name);
        inner.map_or(Val::Unknown, nothing)
    }
}

/// What a question without an answer is: an empty list where answers are lists, unknown elsewhere.
fn nothing(field: &Field) -> Val {
    match field.kind {
        FieldKind::Choices { .. } | FieldKind::File { .. } | FieldKind::Group { .. } => {
            Val::List(Vec::new())
        }
        _ => Val::Unknown,
    }
}

/// Names inside one item of a group: its own questions first.
pub(crate) struct InItem<'i> {
    pub(crate) outer: &'i dyn Names,
    pub(crate) item: &'i Answers,
    pub(crate) fields: &'i [Field],
}

impl Names for InItem<'_> {
    fn value(&self, name: &str) -> Val {
        match self.fields.iter().find(|field| field.id == name) {
            Some(field) => self
                .item
                .get(name)
                .map_or_else(|| nothing(field), Val::from),
            None => self.outer.value(name),
        }
    }

    fn today(&self) -> Date {
        self.outer.today()
    }

    fn working_days_after(&self, date: Date, days: i64) -> Date {
        self.outer.working_days_after(date, days)
    }

    fn of_item(&self, item: &Answers, name: &str) -> Val {
        self.outer.of_item(item, name)
    }
}
