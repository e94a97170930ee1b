//! A walk through a pack as any applicant, without being one: the pages, rules, fee and outcome of the
//! real thing, computed and forgotten. Nothing here reads or writes a draft, a case or a person.

use std::{collections::BTreeMap, sync::Arc};

use kernel::{Date, Text, Time};
use packs::{Answers, Audience, Field, FieldKind, FileAnswer, Level, Pack, Value};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::{Error, Refusal, ReviewPage, Services, error::Problem, money::Fee, prefill, rules};

/// Who the walk pretends to be, and on which day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pretend {
    /// Signed in with a phone enrolled in person.
    pub is_plus: bool,
    pub born: Date,
    pub is_company: bool,
    /// Has let government fill in what it knows.
    pub has_profile: bool,
    pub today: Date,
}

/// A walk under way. Kept by the browser that makes it, never in a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Walk {
    pub pretend: Pretend,
    answers: Json,
    locked: BTreeMap<String, String>,
}

/// One page of a walk.
#[derive(Clone, Debug)]
pub struct WalkPage {
    pub answers: Answers,
    pub locked: BTreeMap<String, String>,
    /// What to mend; the answers that can be read are kept all the same.
    pub problems: Vec<Problem>,
    /// The page after this one; `None` at the end.
    pub next: Option<String>,
}

/// What the application would come to.
#[derive(Clone, Debug)]
pub struct WalkEnd {
    pub pages: Vec<ReviewPage>,
    pub problems: Vec<Problem>,
    pub refusals: Vec<Refusal>,
    pub warnings: Vec<Refusal>,
    /// `None` when an answer it rests on is missing.
    pub fee: Option<Fee>,
    /// The service asks for a stronger sign-in.
    pub is_level_too_low: bool,
    /// The service is not for such an applicant: people, or companies.
    pub is_not_for_them: bool,
    /// The state the case would stand in right after it is submitted.
    pub state: Text,
    /// Whether rules alone bring it there, without an officer.
    pub is_automatic: bool,
    /// `None` when no time is promised.
    pub due: Option<Time>,
    /// First and last day of the licence that an approval would give.
    pub validity: Option<(Date, Option<Date>)>,
}

impl Services {
    /// Begins a walk: with the facts government would know of such a person, if any.
    #[must_use]
    pub fn walk(&self, pack: &Pack, pretend: Pretend) -> Walk {
        let mut answers = Answers::new();
        let mut locked = BTreeMap::new();
        if pretend.has_profile {
            for field in pack.fields() {
                let Some(prefill) = &field.prefill else {
                    continue;
                };
                let source = prefill.source.as_str();
                let value = sample(source, &pretend).and_then(|json| prefill::typed(field, &json));
                if let Some(value) = value {
                    answers.set(field.id.clone(), value);
                    if prefill.locked && !source.starts_with("eme.") {
                        locked.insert(field.id.clone(), source.to_owned());
                    }
                }
            }
        }
        Walk {
            pretend,
            answers: answers.to_json(),
            locked,
        }
    }

    /// Where a walk stands: the answers so far, and what its page shows.
    ///
    /// # Errors
    /// [`Error::Data`] when the walk is of another pack.
    pub fn walk_answers(&self, pack: &Pack, walk: &Walk) -> Result<WalkPage, Error> {
        Ok(WalkPage {
            answers: rules::read_stored(pack, &walk.answers)?,
            locked: walk.locked.clone(),
            problems: Vec::new(),
            next: None,
        })
    }

    /// The page a walk is at: the first with something missing, or the first of all.
    ///
    /// # Errors
    /// As [`Services::walk_answers`].
    pub fn walk_first(&self, pack: &Pack, walk: &Walk) -> Result<Option<String>, Error> {
        let here = self.walk_answers(pack, walk)?;
        let today = self.on(walk.pretend.today, &walk.locked);
        Ok(today.ask(|facts| {
            let journey = pack.journey(&here.answers, facts);
            let first = journey.pages.first();
            first.map(|view| view.page.id.clone())
        }))
    }

    /// Takes a posted page into the walk.
    ///
    /// # Errors
    /// [`Error::NoSuchPage`], [`Error::Data`].
    pub fn walk_page(
        &self,
        pack: &Pack,
        walk: &mut Walk,
        (page, form): (&str, &[(String, String)]),
    ) -> Result<WalkPage, Error> {
        let before = rules::read_stored(pack, &walk.answers)?;
        let today = self.on(walk.pretend.today, &walk.locked);
        let before = with_samples(pack, page, before);
        let reading = rules::read_page(pack, &before, (page, form), &today)?;
        let answers = rules::visible(pack, &reading.answers, &today);
        let next = rules::page_after(pack, &answers, page, &today);
        walk.answers = answers.to_json();
        Ok(WalkPage {
            answers,
            locked: walk.locked.clone(),
            problems: reading.problems,
            next,
        })
    }

    /// What the application would come to with the answers so far.
    ///
    /// # Errors
    /// [`Error::Data`] when the walk is of another pack.
    pub fn walk_end(&self, pack: &Pack, walk: &Walk) -> Result<WalkEnd, Error> {
        let answers = rules::read_stored(pack, &walk.answers)?;
        let day = walk.pretend.today;
        let today = self.on(day, &walk.locked);
        let mut verdict = rules::eligibility(pack, &answers, &today);
        let fee = match rules::fee(pack, &answers, &today) {
            Ok(fee) => Some(fee),
            Err(Error::NotEligible(why)) => {
                verdict.refusals.extend(why);
                None
            }
            Err(_) => None,
        };
        let start = pack.case.start_state();
        let auto = start.and_then(|state| {
            let taken = today.ask(|facts| {
                pack.auto_action(&state.id, &answers, facts)
                    .map(str::to_owned)
            })?;
            pack.case.state(&state.action(&taken)?.to.value)
        });
        let state = auto
            .or(start)
            .map(|state| state.label.clone())
            .unwrap_or_default();
        let days = pack.promise.map_or(0, |promise| i64::from(promise.days));
        Ok(WalkEnd {
            pages: rules::review(pack, &answers, &walk.locked, &today),
            problems: rules::problems(pack, &answers, &today),
            refusals: verdict.refusals,
            warnings: verdict.warnings,
            fee,
            is_level_too_low: pack.identity.level == Level::Plus && !walk.pretend.is_plus,
            is_not_for_them: !is_for(pack, &walk.pretend),
            state,
            is_automatic: auto.is_some(),
            due: rules::due(self.calendar(), pack.promise, (day, days)),
            validity: today.ask(|facts| pack.validity(&answers, facts)).ok(),
        })
    }

    /// The pack as the catalogue holds it, for a walk.
    ///
    /// # Errors
    /// [`Error::NoSuchService`].
    pub fn pack_of_version(&self, service: &str, version: i64) -> Result<Arc<Pack>, Error> {
        self.pinned(service, version)
    }
}

fn is_for(pack: &Pack, pretend: &Pretend) -> bool {
    if pretend.is_company {
        pack.audience.contains(&Audience::Company)
    } else {
        pack.audience.iter().any(|one| *one != Audience::Company)
    }
}

/// A sample file in every file question of the page that has none: a walk sends nothing.
fn with_samples(pack: &Pack, page: &str, mut answers: Answers) -> Answers {
    let fields = pack.page(page).map_or(&[][..], |page| &page.fields[..]);
    for field in fields {
        if let FieldKind::File { kinds, min, .. } = &field.kind
            && !answers.has(&field.id)
        {
            let kind = kinds.first().map_or("pdf", |kind| kind.code());
            let files = (1..=(*min).max(1)).map(|number| sample_file(field, number, kind));
            answers.set(field.id.clone(), Value::Files(files.collect()));
        }
    }
    answers
}

fn sample_file(field: &Field, number: u32, kind: &str) -> FileAnswer {
    FileAnswer {
        id: format!("sample-{}-{number}", field.id),
        name: format!("sample-{number}.{kind}"),
        kind: kind.to_owned(),
        bytes: 1,
        sha256: "0".repeat(64),
    }
}

/// What a source would say of somebody who does not exist.
fn sample(source: &str, pretend: &Pretend) -> Option<Json> {
    let address = || {
        json!({
            "flat": "A", "floor": "1", "building": "Sample House",
            "street": "1 Sample Street", "district": "sha_tin",
        })
    };
    Some(match source {
        "profile.idNo" => json!("Q377020(2)"),
        "profile.enName" => json!("SAMPLE Siu Ming"),
        "profile.chName" => json!("樣本明"),
        "profile.birthDate" => json!(pretend.born.to_string()),
        "profile.gender" => json!("F"),
        "eme.mobileNumber" => json!("61230000"),
        "eme.homeTelNumber" | "eme.officeTelNumber" => json!("21230000"),
        "eme.emailAddress" => json!("sample@example.com"),
        "eme.residentialAddress" | "eme.postalAddress" => address(),
        "corp.ubi" if pretend.is_company => json!("99000018"),
        "corp.crn" if pretend.is_company => json!("0990001"),
        "corp.engName" if pretend.is_company => json!("Sample Company Limited"),
        "corp.chiName" if pretend.is_company => json!("樣本有限公司"),
        _ => return None,
    })
}
