//! The proof that the rows of a table neither overlap nor leave a case out. Each input's domain is cut
//! where any row begins or ends; the cut pieces are walked input by input, keeping only the rows that
//! still hold. A piece with no row left is a gap, a pair of rows that share a piece in every input an
//! overlap; both are told with a concrete case.

use super::{Cell, Condition, Domain, Row, Table};
use crate::defect::{Code, Defects};

/// Pieces looked at before giving up.
const PIECES: usize = 200_000;
/// Gaps told per table: the rest show when these are mended.
const GAPS_TOLD: usize = 3;

/// Reports overlaps and gaps. `domains` has one entry per input.
pub(crate) fn prove(table: &Table, domains: &[Domain], defects: &mut Defects) {
    let rows: Vec<(&Row, &[Cell])> = table
        .rows
        .iter()
        .filter_map(|row| match &row.condition {
            Condition::Cells(cells) => Some((row, cells.as_slice())),
            _ => None,
        })
        .collect();
    if rows.len() != table.rows.len() || domains.len() != table.inputs.len() {
        return;
    }
    overlaps(table, domains, &rows, defects);
    let mut walk = Walk {
        table,
        domains,
        defects,
        left: PIECES,
        told: 0,
    };
    let cells: Vec<&[Cell]> = rows.iter().map(|(_, cells)| *cells).collect();
    walk.gaps(&cells, &mut Vec::new());
}

fn overlaps(table: &Table, domains: &[Domain], rows: &[(&Row, &[Cell])], defects: &mut Defects) {
    for (place, (row, cells)) in rows.iter().enumerate() {
        for (earlier, others) in rows.iter().take(place) {
            let shared: Option<Vec<String>> = domains
                .iter()
                .enumerate()
                .map(|(input, domain)| domain.shared(cells.get(input)?, others.get(input)?))
                .collect();
            let Some(shared) = shared else { continue };
            let case = told(table, &shared);
            let wrong = format!(
                "this row and the row on line {} both hold for {case}",
                earlier.at.line
            );
            defects.add(
                Code::TableOverlap,
                row.at,
                wrong,
                "Narrow one of the two rows",
            );
            break;
        }
    }
}

fn told(table: &Table, case: &[String]) -> String {
    if case.is_empty() {
        return "every case".to_owned();
    }
    let parts: Vec<String> = table
        .inputs
        .iter()
        .zip(case)
        .map(|(input, value)| format!("{} = {value}", input.value))
        .collect();
    parts.join(", ")
}

struct Walk<'w> {
    table: &'w Table,
    domains: &'w [Domain],
    defects: &'w mut Defects,
    left: usize,
    told: usize,
}

impl Walk<'_> {
    fn gaps(&mut self, rows: &[&[Cell]], case: &mut Vec<String>) {
        if self.told >= GAPS_TOLD || self.left == 0 {
            return;
        }
        self.left -= 1;
        if self.left == 0 {
            let wrong = format!("the table has more than {PIECES} pieces, too many to prove");
            let mend = "Split it into two lines or use fewer inputs";
            self.defects
                .add(Code::TableTooLarge, self.table.at, wrong, mend);
            return;
        }
        if rows.is_empty() {
            self.gap(case);
            return;
        }
        let input = case.len();
        let Some(domain) = self.domains.get(input) else {
            return;
        };
        let cells: Vec<&Cell> = rows.iter().filter_map(|row| row.get(input)).collect();
        for piece in domain.pieces(&cells) {
            let holding: Vec<&[Cell]> = rows
                .iter()
                .copied()
                .filter(|row| row.get(input).is_some_and(|cell| piece.is_in(cell)))
                .collect();
            case.push(piece.shown(domain));
            self.gaps(&holding, case);
            case.pop();
        }
    }

    fn gap(&mut self, case: &[String]) {
        self.told += 1;
        let case = told(self.table, case);
        let wrong = format!("no row holds for {case}");
        let mend = "Add a row for it, with an amount or with `refuse` and the reason";
        self.defects.add(Code::TableGap, self.table.at, wrong, mend);
    }
}

/// A part of a domain that no row cuts.
enum Piece {
    Range { from: Option<i64>, to: Option<i64> },
    Id(String),
    Truth(bool),
}

impl Piece {
    fn is_in(&self, cell: &Cell) -> bool {
        match (cell, self) {
            (Cell::Any, _) => true,
            (
                Cell::Range { from, to },
                Self::Range {
                    from: start,
                    to: end,
                },
            ) => {
                from.is_none_or(|from| start.is_some_and(|start| from <= start))
                    && to.is_none_or(|to| end.is_some_and(|end| end <= to))
            }
            (Cell::OneOf(ids), Self::Id(id)) => ids.contains(id),
            (Cell::Is(wanted), Self::Truth(truth)) => wanted == truth,
            _ => false,
        }
    }

    /// One value of the piece.
    fn shown(&self, domain: &Domain) -> String {
        match self {
            Self::Range { from, to } => domain.column().show(from.or(*to).unwrap_or_default()),
            Self::Id(id) => id.clone(),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

impl Domain {
    fn bounds(&self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::Int { from, to } | Self::Money { from, to } => (*from, *to),
            Self::Date | Self::Choice(_) | Self::Bool => (None, None),
        }
    }

    fn pieces(&self, cells: &[&Cell]) -> Vec<Piece> {
        match self {
            Self::Choice(ids) => ids.iter().cloned().map(Piece::Id).collect(),
            Self::Bool => vec![Piece::Truth(true), Piece::Truth(false)],
            Self::Int { .. } | Self::Money { .. } | Self::Date => {
                let (least, most) = self.bounds();
                ranges(cells, least, most)
            }
        }
    }

    /// A value both cells hold for, if there is one.
    fn shared(&self, one: &Cell, other: &Cell) -> Option<String> {
        let cells = [one, other];
        self.pieces(&cells)
            .into_iter()
            .find(|piece| cells.iter().all(|cell| piece.is_in(cell)))
            .map(|piece| piece.shown(self))
    }
}

/// Cuts `least..=most` before every start and after every end.
fn ranges(cells: &[&Cell], least: Option<i64>, most: Option<i64>) -> Vec<Piece> {
    let inside =
        |cut: &i64| least.is_none_or(|least| least < *cut) && most.is_none_or(|most| *cut <= most);
    let mut cuts: Vec<i64> = cells
        .iter()
        .filter_map(|cell| match cell {
            Cell::Range { from, to } => Some([*from, to.and_then(|to| to.checked_add(1))]),
            _ => None,
        })
        .flatten()
        .flatten()
        .filter(inside)
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut pieces = Vec::with_capacity(cuts.len() + 1);
    let mut from = least;
    for cut in cuts {
        pieces.push(Piece::Range {
            from,
            to: cut.checked_sub(1),
        });
        from = Some(cut);
    }
    pieces.push(Piece::Range { from, to: most });
    pieces
}
