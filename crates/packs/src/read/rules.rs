//! Lets, eligibility, fees and the tables they use. Lets are typed as they are read, because the cells
//! of a table are read by the type of their column.

use std::collections::BTreeSet;

use kernel::Text;

use super::{Object, Reader, word_pairs};
use crate::{
    defect::{At, Code, suggest},
    expr::{Declared as _, Expr, Ty, type_of},
    pack::{Amount, EligibilityRule, FeeLine, IfNot, Let, LetValue, ServiceKind},
    scope::{Scope, mentions, table_mentions},
    table::{
        Cell, Column, Condition, Domain, Row, RowResult, TABLE_INPUTS, TABLE_ROWS, Table, prove,
    },
    yaml::{Kind, Node},
};

pub(crate) const ELIGIBILITY_KEYS: [&str; 4] = ["id", "rule", "say", "if_not"];
/// Keys of a fee that the department collects itself.
pub(crate) const ELSEWHERE_KEYS: [&str; 1] = ["elsewhere"];
pub(crate) const FEE_KEYS: [&str; 5] = ["id", "label", "when", "cents", "table"];
pub(crate) const TABLE_KEYS: [&str; 2] = ["inputs", "rows"];
/// Keys of a row beside its inputs and its result.
pub(crate) const ROW_KEYS: [&str; 4] = ["when", "otherwise", "label", "refuse"];
const MOST_LETS: usize = 60;
/// The fee of a service that costs nothing.
const FREE: &str = "free";

impl Reader<'_> {
    pub(super) fn lets(&mut self, object: Object<'_>, scope: &mut Scope) -> Vec<Let> {
        let Some(map) = object.get("let").and_then(|node| self.map(node, "let")) else {
            return Vec::new();
        };
        if map.entries().len() > MOST_LETS {
            let wrong = format!("the pack names more than {MOST_LETS} values");
            self.defects
                .add(Code::TooLarge, map.span, wrong, "Join some of them");
        }
        let mut found = Vec::new();
        for (key, node) in map.entries().iter().take(MOST_LETS) {
            self.check_id(&key.text, key.span, "a let");
            if scope.has(&key.text) {
                let wrong = format!("`{}` is already the id of a question or let", key.text);
                self.defects.add(
                    Code::IdTwice,
                    key.span,
                    wrong,
                    "Give one of them another id",
                );
                continue;
            }
            match self.let_value(node, scope) {
                Some((value, ty)) => {
                    let names = match &value {
                        LetValue::Expr(expr) => mentions(expr),
                        LetValue::Table(table) => table_mentions(table),
                    };
                    scope.add_let(&key.text, ty, &names);
                    found.push(Let {
                        name: key.text.clone(),
                        value,
                        at: key.span,
                    });
                }
                None => scope.add_wrong(&key.text),
            }
        }
        found
    }

    fn let_value(&mut self, node: &Node, scope: &Scope) -> Option<(LetValue, Ty)> {
        if !matches!(node.kind, Kind::Map(_)) {
            let expr = self.expr(node, "the let")?;
            let ty = type_of(&expr, scope, self.defects);
            return Some((LetValue::Expr(expr), ty));
        }
        let object = self.object(node, "a let", &["table"])?;
        let table = self.need(object, "table")?;
        let (table, ty) = self.table(table, "value", scope)?;
        Some((LetValue::Table(table), ty))
    }

    pub(super) fn eligibility(
        &mut self,
        object: Object<'_>,
        flawed: &mut BTreeSet<String>,
    ) -> Vec<EligibilityRule> {
        let items = object
            .get("eligibility")
            .map_or(&[][..], |node| self.list(node, "eligibility"));
        items
            .iter()
            .filter_map(|item| {
                let rule = self.object(item, "a rule of eligibility", &ELIGIBILITY_KEYS)?;
                let id = self
                    .need(rule, "id")
                    .and_then(|node| self.id(node, "a rule"));
                let say = self.need_text(rule, "say");
                let if_not = rule
                    .get("if_not")
                    .and_then(|node| self.word(node, "if_not", word_pairs!(IfNot)))
                    .unwrap_or(IfNot::Refuse);
                let rule = self
                    .need(rule, "rule")
                    .and_then(|node| self.expr(node, "rule"));
                if let (Some(id), None) = (&id, &rule) {
                    flawed.insert(id.clone());
                }
                Some(EligibilityRule {
                    rule: rule?,
                    id: id?,
                    say,
                    if_not,
                    at: item.span,
                })
            })
            .collect()
    }

    /// The lines of the fee, or how the department collects it itself.
    pub(super) fn fee(
        &mut self,
        object: Object<'_>,
        scope: &Scope,
    ) -> (Vec<FeeLine>, Option<Text>) {
        let none = (Vec::new(), None);
        let Some(node) = object.get("fee") else {
            self.fee_unsaid(object);
            return none;
        };
        if node.is_word(FREE) {
            return none;
        }
        if matches!(node.kind, Kind::Map(_)) {
            let elsewhere = self
                .object(node, "the fee", &ELSEWHERE_KEYS)
                .map(|fee| self.need_text(fee, "elsewhere"));
            return (Vec::new(), elsewhere);
        }
        let items = self.list(node, "fee");
        let lines = items
            .iter()
            .filter_map(|item| self.fee_line(item, scope))
            .collect();
        (lines, None)
    }

    /// What is not said would be shown as free of charge.
    fn fee_unsaid(&mut self, object: Object<'_>) {
        let charged = [ServiceKind::Licence, ServiceKind::Permit].map(ServiceKind::code);
        let kind = object.get("kind");
        if let Some(kind) = kind.filter(|node| charged.iter().any(|word| node.is_word(word))) {
            let wrong = "a licence or permit does not say what it costs";
            let mend = "Write `fee: free`, the lines of the fee, or `fee: { elsewhere: { en: …, tc: … } }` \
                        with how the department collects it";
            self.defects.add(Code::MissingKey, kind.span, wrong, mend);
        }
    }

    fn fee_line(&mut self, item: &Node, scope: &Scope) -> Option<FeeLine> {
        let line = self.object(item, "a line of the fee", &FEE_KEYS)?;
        let id = self
            .need(line, "id")
            .and_then(|node| self.id(node, "a line of the fee"));
        let label = self.need_text(line, "label");
        let when = self.get_expr(line, "when");
        let amount = match (line.get("cents"), line.get("table")) {
            (Some(node), None) => Amount::Cents(self.cents(node, scope)?),
            (None, Some(node)) => Amount::Table(self.table(node, "cents", scope)?.0),
            _ => {
                let wrong = "the line has no single amount";
                let mend = "Write `cents:` with a number or an expression, or `table:`";
                self.defects.add(Code::MissingKey, item.span, wrong, mend);
                return None;
            }
        };
        Some(FeeLine {
            id: id?,
            label,
            when,
            amount,
            at: item.span,
        })
    }

    fn cents(&mut self, node: &Node, scope: &Scope) -> Option<Expr> {
        let expr = self.expr(node, "cents")?;
        match type_of(&expr, scope, self.defects) {
            Ty::Int | Ty::Money | Ty::Wrong => {}
            other => {
                let wrong = format!("an amount must be cents or money, this is {}", other.noun());
                self.defects.add(
                    Code::TypeMismatch,
                    expr.at,
                    wrong,
                    "Write an expression of cents",
                );
            }
        }
        if let Some(cents) = expr.literal_int()
            && cents < 0
        {
            self.wrong(
                node.span,
                "a fee cannot be negative",
                "Write the amount to pay",
            );
        }
        Some(expr)
    }

    /// A table whose rows end in `result`, with the type of its results.
    fn table(&mut self, node: &Node, result: &str, scope: &Scope) -> Option<(Table, Ty)> {
        let object = self.object(node, "a table", &TABLE_KEYS)?;
        let inputs = object
            .get("inputs")
            .map(|node| self.strings(node, "inputs"))
            .unwrap_or_default();
        let domains = self.inputs(&inputs, scope);
        let items = self
            .need(object, "rows")
            .map_or(&[][..], |node| self.list(node, "rows"));
        if items.len() > TABLE_ROWS || inputs.len() > TABLE_INPUTS {
            let wrong =
                format!("the table has more than {TABLE_ROWS} rows or {TABLE_INPUTS} inputs");
            self.defects
                .add(Code::TableTooLarge, node.span, wrong, "Split it into two");
            return None;
        }
        let before = self.defects.len();
        let mut kind = Ty::Wrong;
        let mut rows = Vec::with_capacity(items.len());
        for item in items {
            let columns = Columns {
                inputs: &inputs,
                domains: &domains,
                result,
            };
            let Some((row, ty)) = self.row(item, &columns, scope) else {
                continue;
            };
            self.same_type(&row, &mut kind, ty);
            rows.push(row);
        }
        let column =
            |domain: &Option<Domain>| domain.as_ref().map_or(Column::Number, Domain::column);
        let table = Table {
            columns: domains.iter().map(column).collect(),
            inputs,
            rows,
            at: node.span,
        };
        if table.rows.len() == items.len() {
            self.order(&table);
        }
        let domains: Option<Vec<Domain>> = domains.into_iter().collect();
        if let (Some(domains), true) = (domains, self.defects.len() == before) {
            prove(&table, &domains, self.defects);
        }
        Some((table, kind))
    }

    fn inputs(&mut self, inputs: &[At<String>], scope: &Scope) -> Vec<Option<Domain>> {
        let mut found = Vec::with_capacity(inputs.len());
        for input in inputs {
            let domain = scope.domain(&input.value);
            match scope.ty(&input.value) {
                None => {
                    let names = scope.names();
                    let mend = suggest(&input.value, names.iter().map(String::as_str));
                    let wrong = format!("`{}` is no question or let of this service", input.value);
                    self.defects.add(Code::UnknownName, input.span, wrong, mend);
                }
                Some(ty) if domain.is_none() && ty != Ty::Wrong => {
                    let wrong = format!(
                        "`{}` is {}, which a table cannot take",
                        input.value,
                        ty.noun()
                    );
                    let mend =
                        "Use a number, money, date, choice or yes/no; or name a value under `let`";
                    self.defects.add(Code::TableInput, input.span, wrong, mend);
                }
                Some(_) if !scope.is_required(&input.value) => {
                    let wrong = format!(
                        "`{}` may stay unanswered, so a table cannot rest on it",
                        input.value
                    );
                    let mend =
                        "Make the question required, or name a default under `let`: has(x) ? x : 0";
                    self.defects.add(Code::TableInput, input.span, wrong, mend);
                }
                Some(_) => {}
            }
            found.push(domain);
        }
        found
    }

    fn row(&mut self, item: &Node, columns: &Columns<'_>, scope: &Scope) -> Option<(Row, Ty)> {
        let names = columns.inputs.iter().map(|input| input.value.as_str());
        let keys: Vec<&str> = names.chain(ROW_KEYS).chain([columns.result]).collect();
        let object = self.object(item, "a row", &keys)?;
        let condition = self.condition(object, columns, scope)?;
        let label = self.get_text(object, "label");
        let (result, ty) = match (object.get(columns.result), object.get("refuse")) {
            (Some(node), None) if columns.result == "cents" => {
                (RowResult::Value(self.cents(node, scope)?), Ty::Wrong)
            }
            (Some(node), None) => {
                let expr = self.expr(node, "value")?;
                let ty = type_of(&expr, scope, self.defects);
                (RowResult::Value(expr), ty)
            }
            (None, Some(node)) => (RowResult::Refuse(self.text(node, "refuse")?), Ty::Wrong),
            _ => {
                let wrong = format!("the row has no single `{}`", columns.result);
                let mend = format!("Write `{}:`, or `refuse:` with the reason", columns.result);
                self.defects.add(Code::MissingKey, item.span, wrong, mend);
                return None;
            }
        };
        Some((
            Row {
                condition,
                result,
                label,
                at: item.span,
            },
            ty,
        ))
    }

    fn condition(
        &mut self,
        object: Object<'_>,
        columns: &Columns<'_>,
        scope: &Scope,
    ) -> Option<Condition> {
        if let Some(node) = object.get("otherwise") {
            self.truth(node, "otherwise")?;
            return Some(Condition::Otherwise);
        }
        if let Some(node) = object.get("when") {
            let rule = self.expr(node, "when")?;
            self.needs_truth(&rule, scope);
            return Some(Condition::When(rule));
        }
        let mut cells = Vec::with_capacity(columns.inputs.len());
        for (input, domain) in columns.inputs.iter().zip(columns.domains) {
            let cell = match (object.get(&input.value), domain) {
                (None, _) => Some(Cell::Any),
                (Some(node), Some(domain)) => self.cell(node, domain),
                (Some(_), None) => None,
            };
            cells.push(cell);
        }
        cells
            .into_iter()
            .collect::<Option<Vec<_>>>()
            .map(Condition::Cells)
    }

    fn needs_truth(&mut self, rule: &Expr, scope: &Scope) {
        match type_of(rule, scope, self.defects) {
            Ty::Bool | Ty::Wrong => {}
            other => {
                let wrong = format!("a condition must be yes or no, this is {}", other.noun());
                self.defects.add(
                    Code::TypeMismatch,
                    rule.at,
                    wrong,
                    "Compare it with something",
                );
            }
        }
    }

    fn cell(&mut self, node: &Node, domain: &Domain) -> Option<Cell> {
        match domain {
            Domain::Bool => self.truth(node, "the cell").map(Cell::Is),
            Domain::Choice(known) => {
                let ids = match &node.kind {
                    Kind::List(_) => self.strings(node, "the cell"),
                    _ => self.at(node, "the cell").into_iter().collect(),
                };
                for id in &ids {
                    if !known.contains(&id.value) {
                        let mend = suggest(&id.value, known.iter().map(String::as_str));
                        let wrong = format!("`{}` is not in the list of this choice", id.value);
                        self.defects
                            .add(Code::UnknownReference, id.span, wrong, mend);
                    }
                }
                (!ids.is_empty()).then(|| Cell::OneOf(ids.into_iter().map(|id| id.value).collect()))
            }
            Domain::Int { .. } | Domain::Money { .. } | Domain::Date => self.range(node, domain),
        }
    }

    /// `12`, `1..100`, `..100`, `101..`.
    fn range(&mut self, node: &Node, domain: &Domain) -> Option<Cell> {
        let text = self.string(node, "the cell")?;
        let (from, to) = text.split_once("..").unwrap_or((&text, &text));
        let end = |part: &str| -> Option<Option<i64>> {
            match part.trim() {
                "" => Some(None),
                part => domain.parse(part).map(Some),
            }
        };
        let cell = match (end(from), end(to)) {
            (Some(None), Some(None)) | (None, _) | (_, None) => None,
            (Some(Some(from)), Some(Some(to))) if from > to => None,
            (Some(from), Some(to)) => Some(Cell::Range { from, to }),
        };
        if cell.is_none() {
            let wrong = format!("the cell `{text}` is no range of {}", domain.noun());
            let mend = format!("Write {}", domain.example());
            self.defects.add(Code::TableCell, node.span, wrong, mend);
        }
        cell
    }

    fn same_type(&mut self, row: &Row, kind: &mut Ty, ty: Ty) {
        let ty = match ty {
            // Choices of a table are used as texts: rows may name ids of several lists.
            Ty::Choice(_) => Ty::Text,
            other => other,
        };
        if *kind == Ty::Wrong {
            *kind = ty;
        } else if ty != Ty::Wrong && ty != *kind {
            let wrong = format!(
                "this row gives {}, rows above give {}",
                ty.noun(),
                kind.noun()
            );
            self.defects.add(
                Code::TypeMismatch,
                row.at,
                wrong,
                "Make all rows give the same type",
            );
        }
    }

    /// Rows of cells are proved; rows of expressions need an `otherwise` at the end, and only there.
    fn order(&mut self, table: &Table) {
        let last = table.rows.len().saturating_sub(1);
        let mut tried = false;
        for (place, row) in table.rows.iter().enumerate() {
            tried |= matches!(row.condition, Condition::When(_));
            if matches!(row.condition, Condition::Otherwise) && place != last {
                let wrong = "rows after `otherwise` are never reached";
                self.defects
                    .add(Code::TableOtherwise, row.at, wrong, "Move it to the end");
            }
        }
        let ends = table
            .rows
            .last()
            .is_some_and(|row| matches!(row.condition, Condition::Otherwise));
        if (tried || table.rows.is_empty()) && !ends {
            let at = table.rows.last().map_or(table.at, |row| row.at);
            let wrong = "conditions written as expressions may all be false";
            let mend = "End the table with a row `{ otherwise: true, … }`";
            self.defects.add(Code::TableOtherwise, at, wrong, mend);
        }
    }
}

struct Columns<'c> {
    inputs: &'c [At<String>],
    domains: &'c [Option<Domain>],
    result: &'c str,
}

impl Domain {
    fn parse(&self, text: &str) -> Option<i64> {
        match self {
            Self::Money { .. } => text.parse::<kernel::Money>().ok().map(kernel::Money::cents),
            Self::Date => text
                .parse::<kernel::Date>()
                .ok()
                .map(kernel::Date::days_since_epoch),
            _ => text.parse().ok(),
        }
    }

    const fn noun(&self) -> &'static str {
        match self {
            Self::Money { .. } => "money",
            Self::Date => "dates",
            _ => "whole numbers",
        }
    }

    const fn example(&self) -> &'static str {
        match self {
            Self::Money { .. } => "`..10770.50` (dollars), `100..200` or `100..`",
            Self::Date => "`2026-04-01..`, `..2026-03-31` or `2026-04-01..2026-12-31`",
            _ => "`12`, `1..100`, `..100` or `101..`",
        }
    }
}
