//! A supervisor hands out many cases at once: each on its own, with what became of it, and a way back
//! for those that moved. A case somebody touched meanwhile stays where it is.

use identity::Officer;
use kernel::Id;

use crate::{
    Error, Services,
    applicant::Clerk,
    case::{BULK_CASES, Case},
    deciding::hand_in,
    desk::{Hand, seen_in},
    reference::Reference,
};

/// What became of one case that was to be handed out.
#[derive(Debug)]
pub struct Handed {
    pub case: Id<Case>,
    /// `None` when the supervisor may not see the case.
    pub reference: Option<Reference>,
    /// Who held it before.
    pub before: Option<Id<Officer>>,
    /// The revision it has now; taking it back asks for this one.
    pub revision: i64,
    pub outcome: Result<(), Error>,
}

/// A case as it was handed out, for the way back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TakeBack {
    pub case: Id<Case>,
    pub before: Option<Id<Officer>>,
    pub revision: i64,
}

impl Services {
    /// Hands each case to `to`; one that cannot be handed out does not hold up the others.
    ///
    /// # Errors
    /// [`Error::WrongRole`] when this officer is no supervisor or the other does not exist;
    /// [`Error::NoSuchCase`] past [`BULK_CASES`].
    pub async fn hand_out(
        &self,
        clerk: &Clerk,
        cases: Vec<Id<Case>>,
        to: Id<Officer>,
    ) -> Result<Vec<Handed>, Error> {
        guard_bulk(clerk, cases.len())?;
        let officer = identity::find_officer(self.store(), to)
            .await?
            .ok_or(Error::WrongRole)?;
        let to = Clerk::of(&officer);
        let mut handed = Vec::with_capacity(cases.len());
        for case in cases {
            handed.push(
                self.hand_one(clerk, case, &Hand::Assign(to.clone()))
                    .await?,
            );
        }
        Ok(handed)
    }

    /// Gives cases back to whom they were with before, where nothing happened to them since.
    ///
    /// # Errors
    /// As [`Services::hand_out`]; [`Error::CaseMoved`] is told per case.
    pub async fn take_back(
        &self,
        clerk: &Clerk,
        cases: Vec<TakeBack>,
    ) -> Result<Vec<Handed>, Error> {
        guard_bulk(clerk, cases.len())?;
        let mut handed = Vec::with_capacity(cases.len());
        for one in cases {
            let hand = match one.before {
                None => Hand::Release,
                Some(before) => {
                    let officer = identity::find_officer(self.store(), before).await?;
                    officer.map_or(Hand::Release, |officer| Hand::Assign(Clerk::of(&officer)))
                }
            };
            let now = self.seen_now(clerk, one.case).await?;
            handed.push(match now {
                Some(case) if case.revision != one.revision => Handed {
                    case: one.case,
                    reference: Some(case.reference),
                    before: case.assignee,
                    revision: case.revision,
                    outcome: Err(Error::CaseMoved),
                },
                _ => self.hand_one(clerk, one.case, &hand).await?,
            });
        }
        Ok(handed)
    }

    async fn seen_now(&self, clerk: &Clerk, id: Id<Case>) -> Result<Option<Case>, Error> {
        let (services, who) = (self.clone(), clerk.clone());
        self.store()
            .read(move |db| {
                let (services, who) = (services.clone(), who.clone());
                async move { Ok(seen_in(&services, &db, &who, id).await.ok()) }
            })
            .await
            .map(|found| found.map(|(case, _)| case))
    }

    async fn hand_one(&self, clerk: &Clerk, id: Id<Case>, hand: &Hand) -> Result<Handed, Error> {
        let before = self.seen_now(clerk, id).await?;
        let (services, who, hand) = (self.clone(), clerk.clone(), hand.clone());
        let outcome = self
            .store()
            .write(&clerk.actor(), move |tx| {
                let (services, who, hand) = (services.clone(), who.clone(), hand.clone());
                async move { hand_in(&services, &tx, (&who, id), &hand).await }
            })
            .await;
        // What is wrong with one case is told; what is wrong with the store stops the rest.
        if let Err(error @ Error::Store(_)) = outcome {
            return Err(error);
        }
        let moved = i64::from(outcome.is_ok());
        Ok(Handed {
            case: id,
            reference: before.as_ref().map(|case| case.reference.clone()),
            before: before.as_ref().and_then(|case| case.assignee),
            revision: before.map_or(0, |case| case.revision + moved),
            outcome,
        })
    }
}

fn guard_bulk(clerk: &Clerk, cases: usize) -> Result<(), Error> {
    if !clerk.is_supervisor() {
        return Err(Error::WrongRole);
    }
    if cases == 0 || cases > BULK_CASES {
        return Err(Error::NoSuchCase);
    }
    Ok(())
}
