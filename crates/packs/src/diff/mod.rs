//! What changed between two versions of a pack, and what that means for drafts and cases of the older
//! one.

mod fields;
mod plain;

use std::collections::BTreeMap;

use kernel::Text;
pub use plain::{About, Plain, PlainChange, Told, Turn, plain};

use crate::{
    chart::State,
    letter::places,
    pack::{Amount, LetValue, Level, Pack, words},
    table::{Condition, RowResult, Table},
};

words! {
    /// What a change asks for, the gravest last.
    ChangeClass {
        /// Only words: every draft and case may go on.
        TextOnly = "text_only",
        /// New drafts differ; older answers and cases still make sense.
        Compatible = "compatible",
        /// Older answers or cases do not fit: they stay with their version, or a table says how they
        /// move.
        NeedsMigration = "needs_migration",
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub class: ChangeClass,
    /// `pages.licence.expiry.required`.
    pub path: String,
    /// A sentence without its full stop.
    pub what: String,
}

/// The changes from `old` to `new`, in the order of the pack.
#[must_use]
pub fn diff(old: &Pack, new: &Pack) -> Vec<Change> {
    let mut found = Changes::default();
    found.head(old, new);
    found.pages(old, new);
    found.rules(old, new);
    found.chart(old, new);
    found.letters(old, new);
    found.issue(old, new);
    found.list
}

/// The gravest class among `changes`; `None` when nothing changed.
#[must_use]
pub fn gravest(changes: &[Change]) -> Option<ChangeClass> {
    changes.iter().map(|change| change.class).max()
}

#[derive(Default)]
struct Changes {
    list: Vec<Change>,
}

impl Changes {
    fn add(&mut self, class: ChangeClass, path: impl Into<String>, what: impl Into<String>) {
        self.list.push(Change {
            class,
            path: path.into(),
            what: what.into(),
        });
    }

    fn text(&mut self, path: impl Into<String>, old: &Text, new: &Text) {
        if old != new {
            self.add(ChangeClass::TextOnly, path, "the words changed");
        }
    }

    /// Anything that is shown by its words, compared by them.
    fn same<T: PartialEq>(&mut self, class: ChangeClass, path: &str, sides: (&T, &T), what: &str) {
        if sides.0 != sides.1 {
            self.add(class, path, what);
        }
    }

    fn head(&mut self, old: &Pack, new: &Pack) {
        use ChangeClass::{Compatible, NeedsMigration};
        let service = (&old.service, &new.service);
        self.same(NeedsMigration, "service", service, "it is another service");
        self.head_words(old, new);
        let owner = (&old.owner, &new.owner);
        self.same(Compatible, "owner", owner, "another department owns it");
        let audience = (&old.audience, &new.audience);
        self.same(Compatible, "audience", audience, "the audience changed");
        let promise = (&old.promise, &new.promise);
        self.same(Compatible, "promise", promise, "the promised time changed");
        let (before, after) = (&old.no_promise, &new.no_promise);
        self.same(
            ChangeClass::TextOnly,
            "promise.none",
            (before, after),
            "the words changed",
        );
        let keep = (&old.keep, &new.keep);
        self.same(Compatible, "keep", keep, "the time things are kept changed");
        if old.identity != new.identity {
            let raised = old.identity.level == Level::Basic && new.identity.level == Level::Plus;
            let class = if raised { NeedsMigration } else { Compatible };
            self.add(class, "identity", "the sign-in asked for changed");
        }
    }

    fn head_words(&mut self, old: &Pack, new: &Pack) {
        use ChangeClass::TextOnly;
        self.text("name", &old.name, &new.name);
        self.text("summary", &old.summary, &new.summary);
        self.text("who_can_apply", &old.who_can_apply, &new.who_can_apply);
        let next = (&old.what_happens_next, &new.what_happens_next);
        self.same(TextOnly, "what_happens_next", next, "the words changed");
        let keywords = (&old.keywords, &new.keywords);
        self.same(TextOnly, "keywords", keywords, "the words changed");
        let sources = (&old.sources, &new.sources);
        self.same(TextOnly, "sources", sources, "the sources changed");
        for (path, old, new) in [
            ("legal", &old.legal, &new.legal),
            ("forms", &old.forms, &new.forms),
        ] {
            self.same(TextOnly, path, (old, new), "the references changed");
        }
        let notes = (&old.notes, &new.notes);
        self.same(TextOnly, "notes", notes, "the notes changed");
    }

    fn rules(&mut self, old: &Pack, new: &Pack) {
        let lets = |pack: &Pack| -> BTreeMap<String, String> {
            pack.lets
                .iter()
                .map(|one| (one.name.clone(), let_shape(&one.value)))
                .collect()
        };
        self.keyed("let", &lets(old), &lets(new));
        let rules = |pack: &Pack| -> BTreeMap<String, String> {
            let shape = |rule: &crate::EligibilityRule| {
                format!("{} {}", rule.rule.source(), rule.if_not.code())
            };
            pack.eligibility
                .iter()
                .map(|rule| (rule.id.clone(), shape(rule)))
                .collect()
        };
        self.keyed("eligibility", &rules(old), &rules(new));
        for rule in &new.eligibility {
            if let Some(before) = old.eligibility.iter().find(|before| before.id == rule.id) {
                self.text(format!("eligibility.{}", rule.id), &before.say, &rule.say);
            }
        }
        let fees = |pack: &Pack| -> BTreeMap<String, String> {
            let shape = |line: &crate::FeeLine| {
                let when = line.when.as_ref().map_or("", |when| when.source());
                match &line.amount {
                    Amount::Cents(expr) => format!("{when} {}", expr.source()),
                    Amount::Table(table) => format!("{when} {}", table_shape(table)),
                }
            };
            pack.fee
                .iter()
                .map(|line| (line.id.clone(), shape(line)))
                .collect()
        };
        self.keyed("fee", &fees(old), &fees(new));
        let elsewhere = (&old.fee_elsewhere, &new.fee_elsewhere);
        let what = "how the department collects the fee changed";
        self.same(ChangeClass::Compatible, "fee.elsewhere", elsewhere, what);
        for line in &new.fee {
            if let Some(before) = old.fee.iter().find(|before| before.id == line.id) {
                self.text(format!("fee.{}", line.id), &before.label, &line.label);
            }
        }
        let checks = |pack: &Pack| -> BTreeMap<String, String> {
            pack.checks
                .iter()
                .map(|check| (check.id.clone(), check.department.clone()))
                .collect()
        };
        self.keyed("checks", &checks(old), &checks(new));
    }

    /// Parts that drafts and cases do not hold: a change is always compatible.
    fn keyed(
        &mut self,
        section: &str,
        old: &BTreeMap<String, String>,
        new: &BTreeMap<String, String>,
    ) {
        for (id, shape) in new {
            let what = match old.get(id) {
                None => "it is new",
                Some(before) if before != shape => "what it computes changed",
                Some(_) => continue,
            };
            self.add(ChangeClass::Compatible, format!("{section}.{id}"), what);
        }
        for id in old.keys().filter(|id| !new.contains_key(*id)) {
            self.add(
                ChangeClass::Compatible,
                format!("{section}.{id}"),
                "it is gone",
            );
        }
    }

    fn chart(&mut self, old: &Pack, new: &Pack) {
        use ChangeClass::{Compatible, NeedsMigration};
        let start = (&old.case.start.value, &new.case.start.value);
        self.same(
            Compatible,
            "case.start",
            start,
            "new cases start in another state",
        );
        for state in &old.case.states {
            let path = format!("case.states.{}", state.id);
            match new.case.state(&state.id) {
                None => {
                    let what = "the state is gone: older cases may be in it";
                    self.add(NeedsMigration, path, what);
                }
                Some(after) => {
                    self.text(format!("{path}.label"), &state.label, &after.label);
                    let what = "the outcome of the state changed";
                    self.same(
                        NeedsMigration,
                        &path,
                        (&state.outcome, &after.outcome),
                        what,
                    );
                    let what = "the ways out of the state changed";
                    self.same(
                        Compatible,
                        &path,
                        (&state_shape(state), &state_shape(after)),
                        what,
                    );
                }
            }
        }
        for state in new
            .case
            .states
            .iter()
            .filter(|state| old.case.state(&state.id).is_none())
        {
            self.add(
                Compatible,
                format!("case.states.{}", state.id),
                "the state is new",
            );
        }
    }

    fn letters(&mut self, old: &Pack, new: &Pack) {
        for letter in &new.letters {
            let path = format!("letters.{}", letter.id);
            let Some(before) = old.letter_text(&letter.id) else {
                self.add(ChangeClass::Compatible, path, "the letter is new");
                continue;
            };
            let set = |text: &Text| -> Vec<String> {
                let mut found: Vec<String> =
                    places(&text.en).into_iter().map(str::to_owned).collect();
                found.sort();
                found.dedup();
                found
            };
            if set(&before.body) == set(&letter.body) {
                self.text(format!("{path}.body"), &before.body, &letter.body);
            } else {
                self.add(
                    ChangeClass::Compatible,
                    format!("{path}.body"),
                    "the letter tells other facts",
                );
            }
            self.text(format!("{path}.title"), &before.title, &letter.title);
        }
        for letter in old
            .letters
            .iter()
            .filter(|letter| new.letter_text(&letter.id).is_none())
        {
            self.add(
                ChangeClass::Compatible,
                format!("letters.{}", letter.id),
                "the letter is gone",
            );
        }
    }

    fn issue(&mut self, old: &Pack, new: &Pack) {
        use ChangeClass::{Compatible, NeedsMigration};
        match (&old.issue, &new.issue) {
            (None, None) => {}
            (None, Some(_)) => self.add(Compatible, "issue", "the service issues a credential now"),
            (Some(_), None) => self.add(
                NeedsMigration,
                "issue",
                "the service issues nothing any more",
            ),
            (Some(before), Some(after)) => {
                let what = "another type of credential is issued";
                self.same(
                    NeedsMigration,
                    "issue.kind",
                    (&before.kind, &after.kind),
                    what,
                );
                self.text("issue.title", &before.title, &after.title);
                let number = (&before.number.value, &after.number.value);
                self.same(
                    Compatible,
                    "issue.number",
                    number,
                    "the number is made another way",
                );
                let validity =
                    |issue: &crate::Issue| (issue.valid_from.clone(), issue.valid_until.clone());
                let sides = (&validity(before), &validity(after));
                self.same(
                    Compatible,
                    "issue.valid_until",
                    sides,
                    "the validity changed",
                );
                let claims = |issue: &crate::Issue| -> BTreeMap<String, String> {
                    let claim = |claim: &crate::Claim| {
                        (claim.name.clone(), claim.value.source().to_owned())
                    };
                    issue.claims.iter().map(claim).collect()
                };
                let (before, after) = (claims(before), claims(after));
                for name in before.keys().filter(|name| !after.contains_key(*name)) {
                    let what = "the claim is gone: verifiers may ask for it";
                    self.add(NeedsMigration, format!("issue.claims.{name}"), what);
                }
                for (name, value) in &after {
                    if before.get(name) != Some(value) {
                        self.add(
                            Compatible,
                            format!("issue.claims.{name}"),
                            "the claim changed",
                        );
                    }
                }
            }
        }
    }
}

fn let_shape(value: &LetValue) -> String {
    match value {
        LetValue::Expr(expr) => expr.source().to_owned(),
        LetValue::Table(table) => table_shape(table),
    }
}

/// A table without its places in the file and its words.
fn table_shape(table: &Table) -> String {
    let inputs: Vec<&str> = table
        .inputs
        .iter()
        .map(|input| input.value.as_str())
        .collect();
    let rows: Vec<String> = table
        .rows
        .iter()
        .map(|row| {
            let condition = match &row.condition {
                Condition::Cells(cells) => format!("{cells:?}"),
                Condition::When(rule) => rule.source().to_owned(),
                Condition::Otherwise => "otherwise".to_owned(),
            };
            let result = match &row.result {
                RowResult::Value(expr) => expr.source(),
                RowResult::Refuse(_) => "refuse",
            };
            format!("{condition} {result}")
        })
        .collect();
    format!("{} {}", inputs.join(" "), rows.join("; "))
}

fn state_shape(state: &State) -> String {
    let roles = |roles: &[crate::At<String>]| -> String {
        let names: Vec<&str> = roles.iter().map(|role| role.value.as_str()).collect();
        names.join(",")
    };
    let actions: Vec<String> = state
        .actions
        .iter()
        .map(|action| {
            let when = action.when.as_ref().map_or("", |when| when.source());
            format!(
                "{}>{} {} {:?} {} {when}",
                action.id,
                action.to.value,
                roles(&action.by),
                action.reason,
                action.four_eyes
            )
        })
        .collect();
    let timers: Vec<String> = state
        .after
        .iter()
        .map(|timer| format!("{:?}>{} {}", timer.wait, timer.go.value, timer.owner.value))
        .collect();
    let auto = state
        .auto
        .as_ref()
        .map(|auto| (auto.when.source(), auto.take.value.as_str()));
    let letter = state.letter.as_ref().map(|letter| letter.value.as_str());
    format!(
        "{} {:?} {actions:?} {timers:?} {auto:?} {letter:?} {} {:?}",
        roles(&state.roles),
        state.clock,
        state.issue,
        state.refund
    )
}
