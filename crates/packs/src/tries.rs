//! Golden journeys: examples in the pack that must come true.

use std::collections::BTreeSet;

use kernel::{Date, Lang};

use crate::{
    defect::{At, Span},
    expr::{Names as _, Val, evaluate},
    known::{Facts, Known},
    letter::{CaseFacts, Written},
    pack::{Amount, FeeLine, Pack},
    quote::FeeError,
    scope::mentions,
    table::{Picked, pick},
    value::Answers,
    yaml::{Kind, Node},
};

/// The step of `take` that lets the first timer of a state run out.
const WAIT: &str = "wait";

/// One example.
#[derive(Debug, Clone)]
pub struct Try {
    pub name: String,
    pub today: Date,
    pub given: Answers,
    /// Actions on the case after it is submitted, in order.
    pub take: Vec<At<String>>,
    pub then: Then,
    pub(crate) at: Span,
}

/// What must come true; `None` is not compared.
#[derive(Debug, Clone, Default)]
pub struct Then {
    pub pages: Option<At<Vec<String>>>,
    pub complete: Option<At<bool>>,
    /// Cents.
    pub fee: Option<At<i64>>,
    pub eligible: Option<At<bool>>,
    pub refused_by: Option<At<String>>,
    pub warned_by: Option<At<String>>,
    pub error_at: Option<At<String>>,
    pub state: Option<At<String>>,
    pub valid_until: Option<At<Date>>,
    /// Values of lets, as written.
    pub(crate) lets: Vec<(String, Node)>,
}

impl Try {
    /// Whether the example is of an application that can be submitted.
    pub(crate) fn goes_well(&self) -> bool {
        let then = &self.then;
        let is_eligible = then
            .eligible
            .as_ref()
            .is_some_and(|eligible| eligible.value);
        is_eligible || then.fee.is_some() || !self.take.is_empty()
    }
}

/// What `refused_by` calls a row of the fee that says `refuse`.
pub(crate) const BY_FEE: &str = "fee";

/// One example that did not come true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The name of the try.
    pub name: String,
    pub at: Span,
    pub wrong: String,
}

impl Pack {
    /// Follows every golden journey; empty when all came true.
    #[must_use]
    pub fn run_tries(&self) -> Vec<Failure> {
        self.tries
            .iter()
            .flat_map(|one| Run::new(self, one).compare())
            .collect()
    }
}

impl Pack {
    /// What no golden journey shows: pages, rules that never say no, lines and rows of the fee, states.
    /// Advice, not a defect; told by path (`eligibility.too_late`).
    #[must_use]
    pub fn untried(&self) -> Vec<String> {
        let mut tried: BTreeSet<String> = BTreeSet::new();
        for one in &self.tries {
            let facts = Facts::on(one.today);
            let journey = self.journey(&one.given, &facts);
            tried.extend(
                journey
                    .pages
                    .iter()
                    .map(|view| format!("pages.{}", view.page.id)),
            );
            let found = self.eligibility(&one.given, &facts);
            let said = found.refused.iter().chain(&found.warned);
            tried.extend(said.map(|rule| format!("eligibility.{}", rule.id)));
            tried.extend(self.fee_places(&journey.answers, &facts));
            let (states, _) = Run::new(self, one).way();
            tried.extend(states.iter().map(|state| format!("case.states.{state}")));
        }
        let rows = self.fee.iter().flat_map(|line| match &line.amount {
            Amount::Cents(_) => vec![format!("fee.{}", line.id)],
            Amount::Table(table) => (1..=table.rows.len())
                .map(|row| format!("fee.{}.row {row}", line.id))
                .collect(),
        });
        let pages = self.pages.iter().map(|page| format!("pages.{}", page.id));
        let rules = self
            .eligibility
            .iter()
            .map(|rule| format!("eligibility.{}", rule.id));
        let states = self
            .case
            .states
            .iter()
            .map(|state| format!("case.states.{}", state.id));
        pages
            .chain(rules)
            .chain(rows)
            .chain(states)
            .filter(|path| !tried.contains(path))
            .collect()
    }

    /// The lines and rows that apply.
    fn fee_places(&self, clean: &Answers, facts: &Facts<'_>) -> Vec<String> {
        let known = Known::new(self, clean, facts);
        let applies = |line: &&FeeLine| {
            let when = line.when.as_ref();
            when.is_none_or(|when| evaluate(&when.root, &known).truth() == Some(true))
        };
        let place = |line: &FeeLine| match &line.amount {
            Amount::Cents(_) => Some(format!("fee.{}", line.id)),
            Amount::Table(table) => match pick(table, &known) {
                Picked::Row(row) => {
                    let place = table.rows.iter().position(|one| std::ptr::eq(one, row))?;
                    Some(format!("fee.{}.row {}", line.id, place + 1))
                }
                Picked::Unknown => None,
            },
        };
        self.fee.iter().filter(applies).filter_map(place).collect()
    }
}

/// A letter as a golden journey fills it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleLetter {
    /// The state that sends it.
    pub state: String,
    /// The golden journey that comes there first; `None`: none does, and the letter is not filled.
    pub journey: Option<String>,
    pub written: Written,
}

impl Pack {
    /// Every letter, filled from the first golden journey that reaches the state which sends it.
    #[must_use]
    pub fn sample_letters(&self, lang: Lang) -> Vec<SampleLetter> {
        let sent = self.case.states.iter().filter_map(|state| {
            let letter = &state.letter.as_ref()?.value;
            let one = self.tries.iter().find(|one| {
                let (states, _) = Run::new(self, one).way();
                states.contains(&state.id)
            });
            let empty = Answers::new();
            let given = one.map_or(&empty, |one| &one.given);
            let facts = Facts::on(one.or(self.tries.first())?.today);
            let case = self.sample_case((given, state.issue), &facts);
            Some(SampleLetter {
                state: state.id.clone(),
                journey: one.map(|one| one.name.clone()),
                written: self.letter(letter, lang, (given, &case), &facts)?,
            })
        });
        sent.collect()
    }

    /// What a letter tells of a case that was submitted and decided on one day.
    fn sample_case(&self, (given, issues): (&Answers, bool), facts: &Facts<'_>) -> CaseFacts {
        let issued = self.issue(given, facts, 1).ok().filter(|_| issues);
        let due = self.promise.map(|promise| {
            let days = i64::from(promise.days);
            if promise.working {
                (facts.working_days_after)(facts.today, days)
            } else {
                facts.today.plus_days(days)
            }
        });
        CaseFacts {
            reference: "REF-0000-0000".to_owned(),
            submitted_on: Some(facts.today),
            due_on: due,
            decided_on: Some(facts.today),
            reason: Some("…".to_owned()),
            fee_total: self
                .fee(given, facts)
                .map(|quote| quote.total)
                .unwrap_or_default(),
            issue_number: issued.as_ref().map(|issued| issued.number.clone()),
            issue_valid_from: issued.as_ref().map(|issued| issued.valid_from),
            issue_valid_until: issued.and_then(|issued| issued.valid_until),
        }
    }
}

struct Run<'r> {
    pack: &'r Pack,
    one: &'r Try,
    facts: Facts<'static>,
    failures: Vec<Failure>,
}

impl<'r> Run<'r> {
    const fn new(pack: &'r Pack, one: &'r Try) -> Self {
        Self {
            pack,
            one,
            facts: Facts::on(one.today),
            failures: Vec::new(),
        }
    }

    fn fail(&mut self, at: Span, wrong: String) {
        self.failures.push(Failure {
            name: self.one.name.clone(),
            at,
            wrong,
        });
    }

    fn same(&mut self, what: &str, wanted: &At<String>, found: &str) {
        if wanted.value != found {
            self.fail(
                wanted.span,
                format!("{what} is {found}, not {}", wanted.value),
            );
        }
    }

    fn compare(mut self) -> Vec<Failure> {
        self.pages();
        self.errors();
        self.eligible();
        self.fee();
        self.state();
        self.valid_until();
        self.lets();
        self.failures
    }

    fn pages(&mut self) {
        let journey = self.pack.journey(&self.one.given, &self.facts);
        if let Some(pages) = &self.one.then.pages {
            let found: Vec<&str> = journey
                .pages
                .iter()
                .map(|view| view.page.id.as_str())
                .collect();
            if pages.value != found {
                let wrong = format!(
                    "the pages are [{}], not [{}]",
                    found.join(", "),
                    pages.value.join(", ")
                );
                self.fail(pages.span, wrong);
            }
        }
        for (id, _) in self
            .one
            .given
            .iter()
            .filter(|(id, _)| !journey.answers.has(id))
        {
            self.fail(
                self.one.at,
                format!("`{id}` is given, but these answers hide it"),
            );
        }
        if let Some(complete) = &self.one.then.complete
            && complete.value != journey.is_complete()
        {
            let missing = journey.pages.iter().flat_map(|view| &view.errors);
            let missing: Vec<String> = missing
                .map(|error| format!("{}: {}", error.path, error.message.en))
                .collect();
            let wrong = if missing.is_empty() {
                "nothing is missing".to_owned()
            } else {
                format!("something is missing ({})", missing.join("; "))
            };
            self.fail(complete.span, wrong);
        }
    }

    fn errors(&mut self) {
        let Some(wanted) = &self.one.then.error_at else {
            return;
        };
        let errors = self.pack.check_all(&self.one.given, &self.facts);
        if !errors.iter().any(|error| error.path == wanted.value) {
            let paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
            let wrong = format!(
                "`{}` is taken; errors are at [{}]",
                wanted.value,
                paths.join(", ")
            );
            self.fail(wanted.span, wrong);
        }
    }

    fn eligible(&mut self) {
        let found = self.pack.eligibility(&self.one.given, &self.facts);
        let names = |rules: &[&crate::pack::EligibilityRule]| -> String {
            let ids: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
            if ids.is_empty() {
                "nothing".to_owned()
            } else {
                ids.join(", ")
            }
        };
        let then = &self.one.then;
        let refusals = self.refusals();
        if let Some(eligible) = &then.eligible
            && eligible.value != refusals.is_empty()
        {
            let wrong = match refusals.join(", ") {
                by if by.is_empty() => "the person is refused by nothing".to_owned(),
                by => format!("the person is refused by {by}{}", self.saw(&refusals)),
            };
            self.fail(eligible.span, wrong);
        }
        let held = |rules: &[&crate::pack::EligibilityRule], id: &str| {
            rules.iter().any(|rule| rule.id == id)
        };
        if let Some(id) = then
            .refused_by
            .as_ref()
            .filter(|id| !refusals.contains(&id.value))
        {
            let saw = self.saw(std::slice::from_ref(&id.value));
            let by = names(&found.refused);
            self.fail(id.span, format!("the person is refused by {by}{saw}"));
        }
        if let Some(id) = then
            .warned_by
            .as_ref()
            .filter(|id| !held(&found.warned, &id.value))
        {
            let saw = self.saw(std::slice::from_ref(&id.value));
            let by = names(&found.warned);
            self.fail(id.span, format!("the person is warned by {by}{saw}"));
        }
    }

    /// What refuses the application: rules of eligibility, or [`BY_FEE`].
    fn refusals(&self) -> Vec<String> {
        let found = self.pack.eligibility(&self.one.given, &self.facts);
        let rules = found.refused.iter().map(|rule| rule.id.clone());
        let fee = self.is_refused_by_fee().then(|| BY_FEE.to_owned());
        rules.chain(fee).collect()
    }

    /// What the rules with these ids saw: ` (window: licence_from = 2027-01-01)`.
    fn saw(&self, rules: &[String]) -> String {
        let clean = self.pack.journey(&self.one.given, &self.facts).answers;
        let known = Known::new(self.pack, &clean, &self.facts);
        let seen = self.pack.eligibility.iter().filter_map(|rule| {
            let names: BTreeSet<String> = mentions(&rule.rule).into_iter().collect();
            let values: Vec<String> = names
                .iter()
                .map(|name| format!("{name} = {}", written(&known.value(name))))
                .collect();
            let is_meant = rules.contains(&rule.id) && !values.is_empty();
            is_meant.then(|| format!("{}: {}", rule.id, values.join(", ")))
        });
        let seen: Vec<String> = seen.collect();
        if seen.is_empty() {
            return String::new();
        }
        format!(" ({})", seen.join("; "))
    }

    fn is_refused_by_fee(&self) -> bool {
        let quote = self.pack.fee(&self.one.given, &self.facts);
        matches!(quote, Err(FeeError::Refused(_)))
    }

    fn fee(&mut self) {
        let Some(wanted) = &self.one.then.fee else {
            return;
        };
        match self.pack.fee(&self.one.given, &self.facts) {
            Ok(quote) if quote.total.cents() == wanted.value => {}
            Ok(quote) => {
                let lines = quote
                    .lines
                    .iter()
                    .map(|line| format!("{} {}", line.id, line.amount.cents()));
                let lines: Vec<String> = lines.collect();
                let wrong = format!("the fee is {} ({})", quote.total.cents(), lines.join(" + "));
                self.fail(wanted.span, format!("{wrong}, not {}", wanted.value));
            }
            Err(error) => self.fail(wanted.span, error.to_string()),
        }
    }

    /// Where the platform's own actions lead from `at`.
    fn automatic(&self, mut at: String) -> String {
        for _ in 0..self.pack.case.states.len() {
            let action = self.pack.auto_action(&at, &self.one.given, &self.facts);
            let state = self.pack.case.state(&at);
            match action.and_then(|action| state?.action(action)) {
                Some(action) => at.clone_from(&action.to.value),
                None => break,
            }
        }
        at
    }

    /// Where one step of `take` leads from `at`: an action somebody may take, or [`WAIT`].
    fn step(&self, at: &str, step: &str) -> Option<String> {
        let chart = &self.pack.case;
        let state = chart.state(at)?;
        if let Some(action) = state.action(step) {
            let when = action.when.as_ref();
            let holds = self.pack.action_holds(when, &self.one.given, &self.facts);
            let to = chart.state(&action.to.value)?;
            return (holds && !action.by.is_empty()).then(|| self.automatic(to.id.clone()));
        }
        let timer = state.after.first().filter(|_| step == WAIT)?;
        Some(self.automatic(timer.go.value.clone()))
    }

    /// The states on the way of `take`, and the step that could not be taken.
    fn way(&self) -> (Vec<String>, Option<&'r At<String>>) {
        let start = self.pack.case.start.value.clone();
        let mut states = vec![start.clone(), self.automatic(start)];
        for take in &self.one.take {
            let at = states.last().cloned().unwrap_or_default();
            match self.step(&at, &take.value) {
                Some(next) => states.push(next),
                None => return (states, Some(take)),
            }
        }
        (states, None)
    }

    fn state(&mut self) {
        let wanted = self.one.then.state.as_ref();
        let refusals = self.refusals();
        if let (Some(step), false) = (self.one.take.first().or(wanted), refusals.is_empty()) {
            let (by, saw) = (refusals.join(", "), self.saw(&refusals));
            let wrong =
                format!("this application is refused by {by} and could not be submitted{saw}");
            return self.fail(step.span, wrong);
        }
        let (states, stuck) = self.way();
        let at = states.last().cloned().unwrap_or_default();
        if let Some(take) = stuck {
            let step = &take.value;
            let wrong = format!("the action `{step}` cannot be taken in the state `{at}`");
            self.fail(take.span, wrong);
        } else if let Some(wanted) = &self.one.then.state {
            self.same("the state", wanted, &at);
        }
    }

    fn valid_until(&mut self) {
        let Some(wanted) = &self.one.then.valid_until else {
            return;
        };
        match self.pack.validity(&self.one.given, &self.facts) {
            Ok((_, until)) if until == Some(wanted.value) => {}
            Ok((_, until)) => {
                let found = until.map_or("never".to_owned(), |date| date.to_string());
                self.fail(
                    wanted.span,
                    format!("the credential ends {found}, not {}", wanted.value),
                );
            }
            Err(error) => self.fail(wanted.span, error.to_string()),
        }
    }

    fn lets(&mut self) {
        let clean = self.pack.journey(&self.one.given, &self.facts).answers;
        let facts = self.facts;
        let known = Known::new(self.pack, &clean, &facts);
        for (name, node) in &self.one.then.lets {
            let found = written(&known.value(name));
            let Kind::Scalar { text, .. } = &node.kind else {
                continue;
            };
            if found != *text && !same_money(&known.value(name), text) {
                self.fail(node.span, format!("`{name}` is {found}, not {text}"));
            }
        }
    }
}

fn same_money(value: &Val, text: &str) -> bool {
    matches!(value, Val::Money(cents)
        if text.parse() == Ok(kernel::Money::from_cents(*cents)))
}

/// A value as packs write it: money in dollars.
fn written(value: &Val) -> String {
    match value {
        Val::Bool(truth) => truth.to_string(),
        Val::Int(number) => number.to_string(),
        Val::Money(cents) => kernel::Money::from_cents(*cents).plain(),
        Val::Date(date) => date.to_string(),
        Val::Text(text) => text.clone(),
        Val::List(items) => format!("{} items", items.len()),
        Val::Address(_) | Val::Item(_) | Val::Unknown => "unknown".to_owned(),
    }
}
