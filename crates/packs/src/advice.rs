//! Advice to an author: what is no defect, yet may not be meant. Rules that nothing breaks, services
//! that nobody can use, and what no golden journey shows. Told beside the defects by `pack check`.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Date;

use crate::{
    field::{Field, FieldKind},
    journey::must_path,
    known::Facts,
    pack::Pack,
    probe::made_up,
    quote::FeeError,
    value::Answers,
};

/// Places told in one piece of advice.
const SHOWN: usize = 12;

impl Pack {
    /// What an author may want to look at; `today` is the day on which it is asked, because a scheme
    /// whose time is over was right once.
    #[must_use]
    pub fn advice(&self, today: Date) -> Vec<String> {
        let Some(then) = self.tries.first().map(|one| one.today) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let (past, now) = (self.met(then, None), self.met(today, Some(today)));
        match (past.is_shut(), now.is_shut()) {
            (true, _) => found.push(format!(
                "nobody can use this service: every application that was made up is refused by {}",
                past.refusing()
            )),
            (false, true) => found.push(format!(
                "nobody can use this service on {today}: every application that was made up is refused by \
                 {}; say on its page that its time is over",
                now.refusing()
            )),
            (false, false) => {}
        }
        let unbroken: Vec<String> = self
            .rules_told()
            .into_iter()
            .filter(|rule| !past.broken.contains(rule) && !now.broken.contains(rule))
            .collect();
        if !unbroken.is_empty() {
            found.push(format!(
                "broken by no golden journey and no made-up application: {}; a rule may say less than you \
                 mean (matches() covers the whole text)",
                some(&unbroken)
            ));
        }
        let untried = self.untried();
        if !untried.is_empty() {
            found.push(format!(
                "not shown by any golden journey: {}",
                some(&untried)
            ));
        }
        found
    }

    /// What applications made up for a day meet, and golden journeys on theirs or on the one given.
    fn met(&self, made: Date, tried: Option<Date>) -> Met {
        let mut met = Met::default();
        for answers in made_up(self, made) {
            self.meet((&answers, true), &Facts::on(made), &mut met);
        }
        for one in &self.tries {
            let facts = Facts::on(tried.unwrap_or(one.today));
            let journey = self.journey(&one.given, &facts);
            // A journey may leave out what nobody doubts; what it expects tells that it is whole.
            let is_whole = journey.is_complete() || one.goes_well();
            self.meet((&journey.answers, is_whole), &facts, &mut met);
        }
        met
    }

    fn meet(&self, (answers, is_whole): (&Answers, bool), facts: &Facts<'_>, met: &mut Met) {
        let broken = self.broken_rules(answers, facts);
        let refused = self.unheld(answers, facts);
        met.broken.extend(refused.iter().cloned());
        if broken.is_empty() && is_whole {
            let by_fee = matches!(self.fee(answers, facts), Err(FeeError::Refused(_)));
            if by_fee || !self.eligibility(answers, facts).is_eligible() {
                let by_fee = by_fee.then(|| "the fee".to_owned());
                for by in refused.into_iter().chain(by_fee) {
                    *met.refusing.entry(by).or_default() += 1;
                }
            } else {
                met.is_open_to_some = true;
            }
        }
        met.broken.extend(broken);
    }

    /// Rules of eligibility that are false.
    fn unheld(&self, answers: &Answers, facts: &Facts<'_>) -> Vec<String> {
        let found = self.eligibility(answers, facts);
        let rules = found.refused.iter().chain(&found.warned);
        rules
            .map(|rule| format!("eligibility.{}", rule.id))
            .collect()
    }

    /// Every rule that can be broken.
    fn rules_told(&self) -> Vec<String> {
        let of = |field: &Field| -> Vec<String> {
            (1..=field.must.len())
                .map(|place| must_path(field, place))
                .collect()
        };
        let fields = self.fields().flat_map(|field| {
            let inner = match &field.kind {
                FieldKind::Group { fields, .. } => fields.as_slice(),
                _ => &[],
            };
            std::iter::once(field).chain(inner).flat_map(of)
        });
        let rules = self.eligibility.iter();
        let rules = rules.map(|rule| format!("eligibility.{}", rule.id));
        fields.chain(rules).collect()
    }
}

#[derive(Default)]
struct Met {
    broken: BTreeSet<String>,
    /// What refused, and how often.
    refusing: BTreeMap<String, usize>,
    is_open_to_some: bool,
}

impl Met {
    /// Whether all who were met were refused; that nobody was met tells nothing.
    fn is_shut(&self) -> bool {
        !self.is_open_to_some && !self.refusing.is_empty()
    }

    /// What refuses, the most frequent first.
    fn refusing(&self) -> String {
        let mut by: Vec<(&String, &usize)> = self.refusing.iter().collect();
        by.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        some(&by.into_iter().map(|(by, _)| by.clone()).collect::<Vec<_>>())
    }
}

/// The first few, and how many more there are.
fn some(places: &[String]) -> String {
    let shown: Vec<&str> = places.iter().take(SHOWN).map(String::as_str).collect();
    match places.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
