//! What an application costs, whether it may be made, and what an approved one issues.

use kernel::{Date, Money, Text, limits};
use serde_json::{Map, Value as Json};

use crate::{
    expr::{Expr, Names as _, Val, evaluate},
    known::{Facts, Known},
    pack::{Amount, EligibilityRule, FeeLine, IfNot, Issue, LetValue, Pack},
    scope::{mentions, table_mentions},
    table::{Picked, RowResult, pick},
    value::{Answers, Value},
};

/// A fee for one application, as it is shown to the payer and frozen into the demand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeeQuote {
    /// The lines that apply, in the order of the pack. Empty: free.
    pub lines: Vec<QuotedLine>,
    pub total: Money,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotedLine {
    pub id: String,
    pub label: Text,
    pub amount: Money,
}

/// Why there is no fee.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeeError {
    /// Answers the fee rests on are missing.
    #[error("the fee line `{line}` waits for an answer to: {}", .fields.join(", "))]
    Unanswered {
        line: String,
        /// Ids of the questions.
        fields: Vec<String>,
    },
    /// The pack says that this case cannot be done online.
    #[error("this case cannot be done online")]
    Refused(Text),
    /// A negative line or a total beyond `limits::MONEY_MAX_CENTS`.
    #[error("the fee line `{0}` is not an amount that can be charged")]
    OutOfRange(String),
}

/// What the rules of eligibility say.
#[derive(Debug, Clone, Default)]
pub struct Eligibility<'p> {
    /// Rules that are false and refuse.
    pub refused: Vec<&'p EligibilityRule>,
    /// Rules that are false and warn.
    pub warned: Vec<&'p EligibilityRule>,
    /// Rules that rest on questions without an answer.
    pub open: Vec<&'p EligibilityRule>,
}

impl Eligibility<'_> {
    /// Whether nothing refuses (as far as the answers go).
    #[must_use]
    pub const fn is_eligible(&self) -> bool {
        self.refused.is_empty()
    }
}

/// What the credential says.
#[derive(Debug, Clone, PartialEq)]
pub struct Issued {
    /// Type of the credential, `driving_licence`.
    pub kind: String,
    pub title: Text,
    pub number: String,
    pub valid_from: Date,
    /// `None`: valid until revoked.
    pub valid_until: Option<Date>,
    /// Claims in the order of the pack; those without a value are left out.
    pub claims: Map<String, Json>,
}

/// Why a credential cannot be issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    #[error("this service issues nothing")]
    Nothing,
    #[error("`{0}` of the credential cannot be computed from these answers")]
    Unanswered(&'static str),
}

impl Pack {
    /// The fee for `answers` on `facts.today`.
    ///
    /// # Errors
    /// An answer is missing, or the pack refuses the case.
    pub fn fee(&self, answers: &Answers, facts: &Facts<'_>) -> Result<FeeQuote, FeeError> {
        let clean = self.journey(answers, facts).answers;
        let known = Known::new(self, &clean, facts);
        let mut quote = FeeQuote::default();
        for line in &self.fee {
            let unanswered = || self.unanswered(line, &clean);
            if let Some(when) = &line.when {
                match evaluate(&when.root, &known).truth() {
                    Some(true) => {}
                    Some(false) => continue,
                    None => return Err(unanswered()),
                }
            }
            let (expr, label) = match &line.amount {
                Amount::Cents(expr) => (expr, &line.label),
                Amount::Table(table) => match pick(table, &known) {
                    Picked::Unknown => return Err(unanswered()),
                    Picked::Row(row) => match &row.result {
                        RowResult::Refuse(why) => return Err(FeeError::Refused(why.clone())),
                        RowResult::Value(expr) => (expr, row.label.as_ref().unwrap_or(&line.label)),
                    },
                },
            };
            let cents = match evaluate(&expr.root, &known) {
                Val::Int(cents) | Val::Money(cents) => cents,
                _ => return Err(unanswered()),
            };
            let out_of_range = || FeeError::OutOfRange(line.id.clone());
            let amount = Money::from_cents(cents);
            let total = quote.total.plus(amount).filter(|_| cents >= 0);
            quote.total = total
                .filter(|total| total.cents() <= limits::MONEY_MAX_CENTS)
                .ok_or_else(out_of_range)?;
            quote.lines.push(QuotedLine {
                id: line.id.clone(),
                label: label.clone(),
                amount,
            });
        }
        Ok(quote)
    }

    /// The questions a line rests on that have no answer, lets followed.
    fn unanswered(&self, line: &FeeLine, answers: &Answers) -> FeeError {
        let mut names: Vec<String> = line.when.iter().flat_map(mentions).collect();
        match &line.amount {
            Amount::Cents(expr) => names.extend(mentions(expr)),
            Amount::Table(table) => names.extend(table_mentions(table)),
        }
        let mut fields: Vec<String> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(name) = names.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            if let Some(found) = self.lets.iter().find(|one| one.name == name) {
                match &found.value {
                    LetValue::Expr(expr) => names.extend(mentions(expr)),
                    LetValue::Table(table) => names.extend(table_mentions(table)),
                }
            } else if !answers.has(&name) {
                fields.push(name);
            }
        }
        fields.sort();
        FeeError::Unanswered {
            line: line.id.clone(),
            fields,
        }
    }

    /// What the rules of eligibility say about `answers`. Ask after every page: a person who cannot
    /// apply should learn it as early as the answers tell.
    #[must_use]
    pub fn eligibility(&self, answers: &Answers, facts: &Facts<'_>) -> Eligibility<'_> {
        let clean = self.journey(answers, facts).answers;
        let known = Known::new(self, &clean, facts);
        let mut found = Eligibility::default();
        for rule in &self.eligibility {
            match (evaluate(&rule.rule.root, &known).truth(), rule.if_not) {
                (Some(true), _) => {}
                (Some(false), IfNot::Refuse) => found.refused.push(rule),
                (Some(false), IfNot::Warn) => found.warned.push(rule),
                (None, _) => found.open.push(rule),
            }
        }
        found
    }

    /// Whether the condition of an action of the case holds; `true` when it has none.
    #[must_use]
    pub fn action_holds(&self, when: Option<&Expr>, answers: &Answers, facts: &Facts<'_>) -> bool {
        let Some(when) = when else { return true };
        let clean = self.journey(answers, facts).answers;
        evaluate(&when.root, &Known::new(self, &clean, facts)).truth() == Some(true)
    }

    /// The action the platform takes by itself in `state`, when the pack has a rule and it is true.
    #[must_use]
    pub fn auto_action(&self, state: &str, answers: &Answers, facts: &Facts<'_>) -> Option<&str> {
        let auto = self.case.state(state)?.auto.as_ref()?;
        self.action_holds(Some(&auto.when), answers, facts)
            .then_some(auto.take.value.as_str())
    }

    /// First and last day of the credential, before it is issued: for pages that tell what an
    /// application will give.
    ///
    /// # Errors
    /// The service issues nothing, or a date cannot be computed.
    pub fn validity(
        &self,
        answers: &Answers,
        facts: &Facts<'_>,
    ) -> Result<(Date, Option<Date>), IssueError> {
        let issue = self.issue.as_ref().ok_or(IssueError::Nothing)?;
        let clean = self.journey(answers, facts).answers;
        validity(issue, facts.today, &Known::new(self, &clean, facts))
    }

    /// The credential for an approved application. `facts.today` is the day of the decision; `sequence`
    /// is a number the caller gives out once per service.
    ///
    /// # Errors
    /// The service issues nothing, or a date cannot be computed.
    pub fn issue(
        &self,
        answers: &Answers,
        facts: &Facts<'_>,
        sequence: u64,
    ) -> Result<Issued, IssueError> {
        let issue = self.issue.as_ref().ok_or(IssueError::Nothing)?;
        let clean = self.journey(answers, facts).answers;
        let known = Known::new(self, &clean, facts);
        let (valid_from, valid_until) = validity(issue, facts.today, &known)?;
        let claims = issue.claims.iter().filter_map(|claim| {
            claim_json(&evaluate(&claim.value.root, &known)).map(|json| (claim.name.clone(), json))
        });
        let number =
            crate::letter::number(
                &issue.number.value,
                facts.today,
                sequence,
                &|name| match known.value(name) {
                    Val::Text(text) => Some(text),
                    _ => None,
                },
            );
        Ok(Issued {
            kind: issue.kind.clone(),
            title: issue.title.clone(),
            number: number.ok_or(IssueError::Unanswered("number"))?,
            valid_from,
            valid_until,
            claims: claims.collect(),
        })
    }
}

/// First and last day of a credential.
fn validity(
    issue: &Issue,
    today: Date,
    known: &Known<'_>,
) -> Result<(Date, Option<Date>), IssueError> {
    let date = |expr: &Expr, what: &'static str| match evaluate(&expr.root, known) {
        Val::Date(date) => Ok(date),
        _ => Err(IssueError::Unanswered(what)),
    };
    let from = match &issue.valid_from {
        Some(expr) => date(expr, "valid_from")?,
        None => today,
    };
    let until = match &issue.valid_until {
        Some(expr) => Some(date(expr, "valid_until")?),
        None => None,
    };
    Ok((from, until))
}

fn claim_json(value: &Val) -> Option<Json> {
    Some(match value {
        Val::Unknown => return None,
        Val::Bool(truth) => Json::from(*truth),
        Val::Int(number) | Val::Money(number) => Json::from(*number),
        Val::Date(date) => Json::from(date.to_string()),
        Val::Text(text) => Json::from(text.as_str()),
        Val::List(items) if items.is_empty() => return None,
        Val::List(items) => items.iter().filter_map(claim_json).collect(),
        Val::Address(address) => Value::Address(address.clone()).to_json(),
        Val::Item(item) => item.to_json(),
    })
}
