//! What changed between two versions for the people who apply, as facts that a page puts into words. Not
//! what an author would call a change: how the desk works, where things stand in the file and what only
//! authors read is counted and no more.

use kernel::Text;

use super::{Change, ChangeClass, diff, fields::rules, let_shape, table_shape};
use crate::{
    field::{Field, FieldKind},
    pack::{Amount, DepartmentCheck, FeeLine, LetValue, Level, Pack, Period, Promise, words},
    table::RowResult,
};

words! {
    /// What of a service changed.
    About {
        Name = "name",
        Summary = "summary",
        Who = "who",
        Next = "next",
        Owner = "owner",
        Audience = "audience",
        SignIn = "sign_in",
        Signature = "signature",
        Time = "time",
        Fee = "fee",
        Question = "question",
        Document = "document",
        Choice = "choice",
        Rule = "rule",
        Check = "check",
        Decision = "decision",
        Licence = "licence",
        Letter = "letter",
        Appeal = "appeal",
        Keeping = "keeping",
        Law = "law",
        /// One application at a time.
        Live = "live",
        /// How the department collects the fee itself.
        FeeElsewhere = "fee_elsewhere",
    }
}

words! {
    /// How it changed.
    Turn {
        New = "new",
        Gone = "gone",
        /// From one thing to another.
        Changed = "changed",
        /// A question must be answered now.
        Required = "required",
        /// A question may stay unanswered now.
        Optional = "optional",
        /// It applies in other cases than before.
        Condition = "condition",
        /// Other answers are taken than before.
        Bounds = "bounds",
        /// It is filled from another record than before, or no longer.
        Filled = "filled",
    }
}

/// A fact before or after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Words(Text),
    /// The least and the most.
    Cents(i64, i64),
    /// An amount that follows from the answers.
    Formula,
    /// `None`: no time is promised.
    Promise(Option<Promise>),
    Level(Level),
    Period(Period),
    /// A code that the reader has words for: an audience, a department.
    Code(String),
}

/// One change for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainChange {
    pub about: About,
    pub turn: Turn,
    /// What it is called: the question, the line of the fee, the rule in its own words.
    pub subject: Option<Text>,
    pub before: Option<Told>,
    pub after: Option<Told>,
}

/// What changed for people, in the order in which they meet it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plain {
    pub changes: Vec<PlainChange>,
    /// Changes that applicants do not meet: how the desk works, wording of hints, sources.
    pub others: usize,
}

/// The changes from `old` to `new` for people.
#[must_use]
pub fn plain(old: &Pack, new: &Pack) -> Plain {
    let mut found = Plain::default();
    found.head(old, new);
    found.fees(old, new);
    found.questions(old, new);
    found.rules(old, new);
    found.outcome(old, new);
    let is_untold = |one: &Change| match one.path.as_str() {
        "promise.none" | "issue.kind" => true,
        "keep" => old.keep.records == new.keep.records,
        // The same rule about an answer, said in other words.
        path if path.ends_with(".must") => one.class == ChangeClass::TextOnly,
        path => !is_met(path),
    };
    found.others = diff(old, new).iter().filter(|one| is_untold(one)).count();
    found
}

/// Whether people meet what stands at this path, so that [`Plain::changes`] tells of it.
fn is_met(path: &str) -> bool {
    const HEADS: [&str; 18] = [
        "service",
        "name",
        "summary",
        "who_can_apply",
        "what_happens_next",
        "owner",
        "audience",
        "promise",
        "keep",
        "identity",
        "legal",
        "fields",
        "eligibility",
        "fee",
        "checks",
        "issue",
        "letters",
        "pages",
    ];
    let head = path.split('.').next().unwrap_or_default();
    // Hints, titles of pages and how a letter is worded are read, but change nothing.
    let is_wording = path.ends_with(".hint")
        || path.ends_with(".intro")
        || path.ends_with(".title")
        || path.ends_with(".body")
        || head == "pages"
        || path.starts_with("issue.claims")
        || path.starts_with("issue.number")
        || path.ends_with(".class");
    HEADS.contains(&head) && !is_wording
}

impl Plain {
    fn add(&mut self, about: About, turn: Turn, subject: Option<&Text>) {
        self.changes.push(PlainChange {
            about,
            turn,
            subject: subject.cloned(),
            before: None,
            after: None,
        });
    }

    /// From one thing to another, where the two differ.
    fn turned(
        &mut self,
        about: About,
        subject: Option<&Text>,
        sides: (Option<Told>, Option<Told>),
    ) {
        let (before, after) = sides;
        if before == after {
            return;
        }
        let turn = match (&before, &after) {
            (None, _) => Turn::New,
            (_, None) => Turn::Gone,
            _ => Turn::Changed,
        };
        self.changes.push(PlainChange {
            about,
            turn,
            subject: subject.cloned(),
            before,
            after,
        });
    }

    fn worded(&mut self, about: About, before: &Text, after: &Text) {
        let told = |text: &Text| Some(Told::Words(text.clone()));
        self.turned(about, None, (told(before), told(after)));
    }

    fn head(&mut self, old: &Pack, new: &Pack) {
        self.worded(About::Name, &old.name, &new.name);
        self.worded(About::Summary, &old.summary, &new.summary);
        self.worded(About::Who, &old.who_can_apply, &new.who_can_apply);
        for one in new
            .audience
            .iter()
            .filter(|one| !old.audience.contains(one))
        {
            let code = Some(Told::Code(one.code().to_owned()));
            self.turned(About::Audience, None, (None, code));
        }
        for one in old
            .audience
            .iter()
            .filter(|one| !new.audience.contains(one))
        {
            let code = Some(Told::Code(one.code().to_owned()));
            self.turned(About::Audience, None, (code, None));
        }
        let owner = |pack: &Pack| Some(Told::Code(pack.owner.clone()));
        self.turned(About::Owner, None, (owner(old), owner(new)));
        let promise = |pack: &Pack| Some(Told::Promise(pack.promise));
        self.turned(About::Time, None, (promise(old), promise(new)));
        let level = |pack: &Pack| Some(Told::Level(pack.identity.level));
        self.turned(About::SignIn, None, (level(old), level(new)));
        match (old.identity.sign, new.identity.sign) {
            (false, true) => self.add(About::Signature, Turn::New, None),
            (true, false) => self.add(About::Signature, Turn::Gone, None),
            _ => {}
        }
        let live = |pack: &Pack| pack.identity.one_live_application_per.is_some();
        match (live(old), live(new)) {
            (false, true) => self.add(About::Live, Turn::New, None),
            (true, false) => self.add(About::Live, Turn::Gone, None),
            _ => {}
        }
    }

    fn fees(&mut self, old: &Pack, new: &Pack) {
        let told = |text: &Option<Text>| text.clone().map(Told::Words);
        let elsewhere = (told(&old.fee_elsewhere), told(&new.fee_elsewhere));
        self.turned(About::FeeElsewhere, None, elsewhere);
        for line in &new.fee {
            let Some(before) = old.fee.iter().find(|one| one.id == line.id) else {
                for (label, told) in prices(line) {
                    self.turned(About::Fee, Some(&label), (None, Some(told)));
                }
                continue;
            };
            let count = self.changes.len();
            let (from, to) = (prices(before), prices(line));
            for (label, told) in &to {
                let was = from.iter().find(|(one, _)| one == label);
                let was = was.map(|(_, told)| told.clone());
                self.turned(About::Fee, Some(label), (was, Some(told.clone())));
            }
            for (label, told) in from
                .iter()
                .filter(|(one, _)| to.iter().all(|(to, _)| to != one))
            {
                self.turned(About::Fee, Some(label), (Some(told.clone()), None));
            }
            // The amounts stand, but what they follow from does not.
            if self.changes.len() == count && fee_shape(before) != fee_shape(line) {
                self.add(About::Fee, Turn::Condition, Some(&line.label));
            }
        }
        for line in old
            .fee
            .iter()
            .filter(|one| new.fee.iter().all(|to| to.id != one.id))
        {
            for (label, told) in prices(line) {
                self.turned(About::Fee, Some(&label), (Some(told), None));
            }
        }
    }

    fn questions(&mut self, old: &Pack, new: &Pack) {
        let (before, after) = (asked(old), asked(new));
        for (path, field) in &after {
            match before.iter().find(|(known, _)| known == path) {
                Some((_, was)) => self.question(was, field),
                None => self.add(about(field), Turn::New, Some(&field.label)),
            }
        }
        for (path, field) in &before {
            if after.iter().all(|(known, _)| known != path) {
                self.add(about(field), Turn::Gone, Some(&field.label));
            }
        }
    }

    fn question(&mut self, old: &Field, new: &Field) {
        let about = about(new);
        let label = Some(&new.label);
        if old.label != new.label {
            let sides = [&old.label, &new.label].map(|text| Some(Told::Words(text.clone())));
            let [before, after] = sides;
            self.turned(about, None, (before, after));
        }
        match (old.required, new.required) {
            (false, true) => self.add(about, Turn::Required, label),
            (true, false) => self.add(about, Turn::Optional, label),
            _ => {}
        }
        if old.when != new.when {
            self.add(about, Turn::Condition, label);
        }
        let is_taken_otherwise = old.kind.code() != new.kind.code()
            || rules(old) != rules(new)
            || super::fields::bounds(&old.kind) != super::fields::bounds(&new.kind);
        if is_taken_otherwise {
            self.add(about, Turn::Bounds, label);
        }
        if super::fields::prefill(old) != super::fields::prefill(new) {
            self.add(about, Turn::Filled, label);
        }
        for choice in new.kind.options() {
            let told = |text: &Text| Some(Told::Words(text.clone()));
            let before = old.kind.options().iter().find(|one| one.id == choice.id);
            let before = before.and_then(|one| told(&one.label));
            self.turned(About::Choice, label, (before, told(&choice.label)));
        }
        let gone = old.kind.options().iter();
        for choice in gone.filter(|one| new.kind.options().iter().all(|to| to.id != one.id)) {
            let before = Some(Told::Words(choice.label.clone()));
            self.turned(About::Choice, label, (before, None));
        }
    }

    fn rules(&mut self, old: &Pack, new: &Pack) {
        for rule in &new.eligibility {
            match old.eligibility.iter().find(|one| one.id == rule.id) {
                None => self.add(About::Rule, Turn::New, Some(&rule.say)),
                Some(was) if was.rule != rule.rule || was.if_not != rule.if_not => {
                    self.add(About::Rule, Turn::Condition, Some(&rule.say));
                }
                Some(was) if was.say != rule.say => {
                    let told = |text: &Text| Some(Told::Words(text.clone()));
                    self.turned(About::Rule, None, (told(&was.say), told(&rule.say)));
                }
                Some(_) => {}
            }
        }
        for rule in &old.eligibility {
            if new.eligibility.iter().all(|one| one.id != rule.id) {
                self.add(About::Rule, Turn::Gone, Some(&rule.say));
            }
        }
        let told = |check: &DepartmentCheck| Told::Code(check.department.clone());
        for check in &new.checks {
            let before = old.checks.iter().find(|one| one.id == check.id).map(told);
            self.turned(
                About::Check,
                Some(&check.record),
                (before, Some(told(check))),
            );
        }
        for check in &old.checks {
            if new.checks.iter().all(|one| one.id != check.id) {
                self.turned(About::Check, Some(&check.record), (Some(told(check)), None));
            }
        }
    }

    fn outcome(&mut self, old: &Pack, new: &Pack) {
        let is_ruled = |pack: &Pack| pack.case.states.iter().any(|state| state.auto.is_some());
        match (is_ruled(old), is_ruled(new)) {
            (false, true) => self.add(About::Decision, Turn::New, None),
            (true, false) => self.add(About::Decision, Turn::Gone, None),
            _ => {}
        }
        let next = |pack: &Pack| pack.what_happens_next.clone().map(Told::Words);
        self.turned(About::Next, None, (next(old), next(new)));
        let title = |pack: &Pack| {
            pack.issue
                .as_ref()
                .map(|one| Told::Words(one.title.clone()))
        };
        self.turned(About::Licence, None, (title(old), title(new)));
        if let (Some(before), Some(after)) = (&old.issue, &new.issue)
            && (&before.valid_from, &before.valid_until) != (&after.valid_from, &after.valid_until)
        {
            self.add(About::Licence, Turn::Condition, Some(&after.title));
        }
        for letter in &new.letters {
            if old.letter_text(&letter.id).is_none() {
                self.add(About::Letter, Turn::New, Some(&letter.title));
            }
        }
        for letter in &old.letters {
            if new.letter_text(&letter.id).is_none() {
                self.add(About::Letter, Turn::Gone, Some(&letter.title));
            }
        }
        let appeal = |pack: &Pack| {
            pack.appeal
                .as_ref()
                .map(|one| Told::Words(one.body.clone()))
        };
        self.turned(About::Appeal, None, (appeal(old), appeal(new)));
        let within = |pack: &Pack| pack.appeal.as_ref().and_then(|one| one.within_days);
        if appeal(old) == appeal(new) && within(old) != within(new) {
            self.add(About::Appeal, Turn::Condition, None);
        }
        let kept = |pack: &Pack| Some(Told::Period(pack.keep.records));
        self.turned(About::Keeping, None, (kept(old), kept(new)));
        if old.legal != new.legal {
            self.add(About::Law, Turn::Changed, None);
        }
    }
}

const fn about(field: &Field) -> About {
    match field.kind {
        FieldKind::File { .. } => About::Document,
        _ => About::Question,
    }
}

/// Every question with its path, those inside groups after their group.
fn asked(pack: &Pack) -> Vec<(String, &Field)> {
    let mut all = Vec::new();
    for field in pack.fields() {
        all.push((field.id.clone(), field));
        if let FieldKind::Group { fields, .. } = &field.kind {
            let inner = fields.iter();
            all.extend(inner.map(|one| (format!("{}.{}", field.id, one.id), one)));
        }
    }
    all
}

/// What a line of the fee comes to, by label: one for each labelled row of its table, else one.
fn prices(line: &FeeLine) -> Vec<(Text, Told)> {
    let exactly = |cents: Option<i64>| cents.map_or(Told::Formula, |one| Told::Cents(one, one));
    let table = match &line.amount {
        Amount::Cents(expr) => return vec![(line.label.clone(), exactly(expr.as_number()))],
        Amount::Table(table) => table,
    };
    let values = table.rows.iter().filter_map(|row| match &row.result {
        RowResult::Value(expr) => Some((row.label.as_ref(), expr.as_number())),
        RowResult::Refuse(_) => None,
    });
    if table.rows.iter().any(|row| row.label.is_some()) {
        return values
            .map(|(label, cents)| (label.unwrap_or(&line.label).clone(), exactly(cents)))
            .collect();
    }
    let amounts: Option<Vec<i64>> = values.map(|(_, cents)| cents).collect();
    let amounts = amounts.unwrap_or_default();
    let told = match (amounts.iter().min(), amounts.iter().max()) {
        (Some(low), Some(high)) => Told::Cents(*low, *high),
        _ => Told::Formula,
    };
    vec![(line.label.clone(), told)]
}

fn fee_shape(line: &FeeLine) -> String {
    let when = line.when.as_ref().map_or("", |when| when.source());
    match &line.amount {
        Amount::Cents(expr) => format!("{when} {}", let_shape(&LetValue::Expr(expr.clone()))),
        Amount::Table(table) => format!("{when} {}", table_shape(table)),
    }
}
