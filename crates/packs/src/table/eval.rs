//! Picking the row of a table.

use super::{Cell, Condition, Row, Table};
use crate::expr::{Names, Val, evaluate};

/// The outcome of looking for a row.
pub(crate) enum Picked<'t> {
    Row(&'t Row),
    /// An input has no answer yet.
    Unknown,
}

/// The one row whose cells hold, or the first whose expression is true.
pub(crate) fn pick<'t>(table: &'t Table, names: &dyn Names) -> Picked<'t> {
    let inputs: Vec<Val> = table
        .inputs
        .iter()
        .map(|input| names.value(&input.value))
        .collect();
    let mut undecided = false;
    for row in &table.rows {
        let truth = match &row.condition {
            Condition::Cells(cells) => cells_hold(cells, &inputs),
            Condition::When(rule) => evaluate(&rule.root, names).truth(),
            Condition::Otherwise => Some(true),
        };
        match (truth, &row.condition) {
            (Some(true), Condition::Cells(_)) => return Picked::Row(row),
            (Some(true), _) if !undecided => return Picked::Row(row),
            (None, _) => undecided = true,
            _ => {}
        }
    }
    Picked::Unknown
}

fn cells_hold(cells: &[Cell], inputs: &[Val]) -> Option<bool> {
    let mut truth = Some(true);
    for (cell, input) in cells.iter().zip(inputs) {
        match holds(cell, input) {
            Some(false) => return Some(false),
            None => truth = None,
            Some(true) => {}
        }
    }
    truth
}

fn holds(cell: &Cell, input: &Val) -> Option<bool> {
    Some(match (cell, input) {
        (Cell::Any, _) => true,
        (Cell::Range { from, to }, Val::Int(number) | Val::Money(number)) => {
            from.is_none_or(|from| from <= *number) && to.is_none_or(|to| *number <= to)
        }
        (Cell::Range { from, to }, Val::Date(date)) => {
            let day = date.days_since_epoch();
            from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to)
        }
        (Cell::OneOf(ids), Val::Text(id)) => ids.contains(id),
        (Cell::Is(wanted), Val::Bool(truth)) => wanted == truth,
        _ => return None,
    })
}
