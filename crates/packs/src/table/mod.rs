//! Decision tables: rows of conditions, each with a result. Rows made of cells are proved to cover
//! every case exactly once (see [`proof`]); rows made of expressions are tried in order and end with
//! an `otherwise`.

mod eval;
mod proof;

use kernel::Text;

use crate::{
    defect::{At, Span},
    expr::Expr,
};

pub(crate) use eval::{Picked, pick};
pub(crate) use proof::prove;

/// Rows of one table.
pub(crate) const TABLE_ROWS: usize = 300;
/// Columns of one table.
pub(crate) const TABLE_INPUTS: usize = 6;

#[derive(Debug, Clone)]
pub struct Table {
    /// Questions or lets, as columns.
    pub inputs: Vec<At<String>>,
    /// What the numbers in the cells of each input are.
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    pub(crate) at: Span,
}

#[derive(Debug, Clone)]
pub struct Row {
    pub condition: Condition,
    pub result: RowResult,
    /// In place of the line's label.
    pub label: Option<Text>,
    pub(crate) at: Span,
}

#[derive(Debug, Clone)]
pub enum Condition {
    /// One cell per input, in the order of [`Table::inputs`].
    Cells(Vec<Cell>),
    When(Expr),
    Otherwise,
}

#[derive(Debug, Clone)]
pub enum RowResult {
    Value(Expr),
    /// This case cannot be done online, and why.
    Refuse(Text),
}

/// What one input must be. Numbers, money (cents) and dates (days after 1970-01-01) are ranges with
/// both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Any,
    Range { from: Option<i64>, to: Option<i64> },
    OneOf(Vec<String>),
    Is(bool),
}

/// What the numbers of [`Cell::Range`] count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Number,
    /// Cents.
    Money,
    /// Days after 1970-01-01.
    Date,
}

impl Column {
    /// A bound as an author writes it.
    #[must_use]
    pub fn show(self, bound: i64) -> String {
        match self {
            Self::Number => bound.to_string(),
            Self::Money => kernel::Money::from_cents(bound).plain(),
            Self::Date => kernel::Date::new(1970, 1, 1)
                .map(|epoch| epoch.plus_days(bound).to_string())
                .unwrap_or_default(),
        }
    }
}

impl Domain {
    pub(crate) const fn column(&self) -> Column {
        match self {
            Self::Money { .. } => Column::Money,
            Self::Date => Column::Date,
            Self::Int { .. } | Self::Choice(_) | Self::Bool => Column::Number,
        }
    }
}

/// The type of an input, which says how its cells are read and what must be covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Domain {
    Int { from: Option<i64>, to: Option<i64> },
    Money { from: Option<i64>, to: Option<i64> },
    Date,
    Choice(Vec<String>),
    Bool,
}

#[cfg(test)]
mod tests;
