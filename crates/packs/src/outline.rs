//! A pack as an outline for people: what `pack preview` shows to a service owner before publishing.

use std::fmt::Write as _;

use kernel::{Lang, Money, Text};

use crate::{
    chart::{Clock, State},
    expr::Expr,
    field::{Field, FieldKind},
    pack::{Amount, IfNot, Pack},
    table::{Cell, Column, Condition, RowResult, Table},
};

/// Markdown: the questions in order with their conditions, the fee, the rules and the chart.
#[must_use]
pub fn outline(pack: &Pack, lang: Lang) -> String {
    let mut out = Outline {
        text: String::new(),
        lang,
    };
    out.head(pack);
    out.pages(pack);
    out.rules(pack);
    out.fee(pack);
    out.chart(pack);
    out.text
}

struct Outline {
    text: String,
    lang: Lang,
}

impl Outline {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn words<'t>(&self, text: &'t Text) -> &'t str {
        text.get(self.lang)
    }

    /// The words of the outline itself.
    fn say(&self, en: &'static str, tc: &'static str) -> String {
        Text::new(en, tc).get(self.lang).to_owned()
    }

    fn head(&mut self, pack: &Pack) {
        let name = self.words(&pack.name).to_owned();
        self.line(&format!("# {name}"));
        let summary = self.words(&pack.summary).to_owned();
        self.line(&format!("\n{summary}\n"));
        let version = self.say("version", "版本");
        let promise = self.promise(pack);
        let line = format!(
            "{} · {} · {version} {} · {promise}",
            pack.service, pack.owner, pack.version
        );
        self.line(&line);
    }

    fn promise(&self, pack: &Pack) -> String {
        let Some(promise) = pack.promise else {
            let why = pack.no_promise.as_ref().map(|why| self.words(why));
            let none = self.say("no time is promised", "沒有承諾處理時間");
            return why.map_or(none, str::to_owned);
        };
        let days = if promise.working {
            self.say("working days", "個工作天")
        } else {
            self.say("days", "天")
        };
        let within = self.say("answer within", "回覆時間");
        format!("{within} {} {days}", promise.days)
    }

    fn pages(&mut self, pack: &Pack) {
        for (place, page) in (1..).zip(&pack.pages) {
            let title = self.words(&page.title).to_owned();
            let when = self.condition(page.when.as_ref());
            self.line(&format!("\n## {place}. {title}{when}\n"));
            for field in &page.fields {
                self.field(field, "");
            }
        }
    }

    fn field(&mut self, field: &Field, indent: &str) {
        let label = self.words(&field.label).to_owned();
        let optional = if field.required {
            String::new()
        } else {
            format!(" ({})", self.say("optional", "非必填"))
        };
        let prefill = field
            .prefill
            .as_ref()
            .map(|prefill| format!(" ← {}", prefill.source));
        let when = self.condition(field.when.as_ref());
        let line = format!(
            "{indent}- {label}{optional} `{}` {}{}{when}",
            field.id,
            field.kind.code(),
            prefill.unwrap_or_default()
        );
        self.line(&line);
        for choice in field.kind.options() {
            let label = self.words(&choice.label).to_owned();
            self.line(&format!("{indent}  - {label} `{}`", choice.id));
        }
        for must in &field.must {
            let say = self.words(&must.say).to_owned();
            self.line(&format!("{indent}  - `{}` → {say}", must.rule.source()));
        }
        if let FieldKind::Group { fields, .. } = &field.kind {
            for inner in fields {
                self.field(inner, &format!("{indent}  "));
            }
        }
    }

    fn condition(&self, when: Option<&Expr>) -> String {
        when.map(|when| format!(" — {} `{}`", self.say("when", "當"), when.source()))
            .unwrap_or_default()
    }

    fn rules(&mut self, pack: &Pack) {
        if pack.eligibility.is_empty() {
            return;
        }
        let title = self.say("Who may apply", "申請資格");
        self.line(&format!("\n## {title}\n"));
        for rule in &pack.eligibility {
            let otherwise = match rule.if_not {
                IfNot::Refuse => self.say("otherwise refused", "否則不接受申請"),
                IfNot::Warn => self.say("otherwise a warning", "否則提示"),
            };
            let say = self.words(&rule.say).to_owned();
            self.line(&format!("- `{}` — {otherwise}: {say}", rule.rule.source()));
        }
    }

    fn fee(&mut self, pack: &Pack) {
        let title = self.say("Fee", "費用");
        self.line(&format!("\n## {title}\n"));
        if let Some(elsewhere) = &pack.fee_elsewhere {
            let elsewhere = self.words(elsewhere).to_owned();
            return self.line(&format!("- {elsewhere}"));
        }
        if pack.is_free() {
            let free = self.say("Free", "免費");
            return self.line(&format!("- {free}"));
        }
        for line in &pack.fee {
            let label = self.words(&line.label).to_owned();
            let when = self.condition(line.when.as_ref());
            match &line.amount {
                Amount::Cents(expr) => self.line(&format!("- {label}: {}{when}", amount(expr))),
                Amount::Table(table) => {
                    self.line(&format!("- {label}{when}"));
                    self.table(pack, table);
                }
            }
        }
    }

    fn table(&mut self, pack: &Pack, table: &Table) {
        for row in &table.rows {
            let condition = match &row.condition {
                Condition::Cells(cells) => table
                    .inputs
                    .iter()
                    .zip(cells)
                    .zip(&table.columns)
                    .filter(|((_, cell), _)| **cell != Cell::Any)
                    .map(|((input, cell), column)| {
                        let field = pack.field(&input.value);
                        let name =
                            field.map_or(input.value.as_str(), |field| self.words(&field.label));
                        format!("{name}: {}", self.shown(cell, *column, field))
                    })
                    .collect::<Vec<_>>()
                    .join(", "),
                Condition::When(rule) => format!("`{}`", rule.source()),
                Condition::Otherwise => self.say("otherwise", "其他情況"),
            };
            let result = match &row.result {
                RowResult::Value(expr) => amount(expr),
                RowResult::Refuse(why) => self.words(why).to_owned(),
            };
            self.line(&format!("  - {condition}: {result}"));
        }
    }

    /// A cell in the words of its question.
    fn shown(&self, cell: &Cell, column: Column, field: Option<&Field>) -> String {
        let end = |end: &Option<i64>| end.map(|end| column.show(end)).unwrap_or_default();
        match cell {
            Cell::Any => self.say("any", "任何"),
            Cell::Is(true) => self.say("yes", "是"),
            Cell::Is(false) => self.say("no", "否"),
            Cell::OneOf(ids) => {
                let options = field.map_or(&[][..], |field| field.kind.options());
                let name = |id: &String| -> String {
                    let choice = options.iter().find(|choice| choice.id == *id);
                    choice
                        .map_or(id.as_str(), |choice| self.words(&choice.label))
                        .to_owned()
                };
                ids.iter().map(name).collect::<Vec<_>>().join(" | ")
            }
            Cell::Range { from, to } if from == to => end(from),
            Cell::Range { from, to } => format!("{}..{}", end(from), end(to)),
        }
    }

    fn chart(&mut self, pack: &Pack) {
        let title = self.say("How a case goes", "個案流程");
        self.line(&format!("\n## {title}\n\n```mermaid\nstateDiagram-v2"));
        let _ = writeln!(self.text, "  [*] --> {}", pack.case.start.value);
        for state in &pack.case.states {
            self.state(state);
        }
        self.line("```");
    }

    fn state(&mut self, state: &State) {
        let label = self.words(&state.label).to_owned();
        let stopped = if state.clock == Clock::Stopped {
            " ⏸"
        } else {
            ""
        };
        let _ = writeln!(self.text, "  {} : {label}{stopped}", state.id);
        for action in &state.actions {
            let label = self.words(&action.label).to_owned();
            let _ = writeln!(
                self.text,
                "  {} --> {} : {label}",
                state.id, action.to.value
            );
        }
        for timer in &state.after {
            let unit = if timer.wait.working { "wd" } else { "d" };
            let days = timer.wait.days;
            let _ = writeln!(
                self.text,
                "  {} --> {} : ⏱ {days} {unit}",
                state.id, timer.go.value
            );
        }
        if state.is_final() {
            let _ = writeln!(self.text, "  {} --> [*]", state.id);
        }
    }
}

/// An amount as people read it; a formula stays as it is written.
fn amount(expr: &Expr) -> String {
    expr.as_number().map_or_else(
        || format!("`{}`", expr.source()),
        |cents| Money::from_cents(cents).to_string(),
    )
}
