//! What an application has signed for a company, with a token that acts for it (RFC 9396 `act_for` with the
//! action `sign`): in person on its behalf, with its chop, or both, one after the other.
//!
//! Invariants: the company is that of the token and of nothing in the request; a chop completes a
//! signature that the same application asked for; powers and limits are the signing room's to judge.

use kernel::{Id, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    detail::{Action, Detail},
    refusal::{Fault, Refusal, Word},
};
use crate::{
    Capacity, Error, MemberRole, Person, SigningRequest, SigningRoom, Warrant,
    signing::{ForCompany, Named, OnBehalf, Part},
    store::{member, signing as tables},
};

/// In whose name, and what it binds the company to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigningBehalf {
    /// `personal`: the person, for what the company does; `chop`: the company.
    capacity: Capacity,
    /// What the documents bind the company to, in cents of a Hong Kong dollar. Whoever has a limit of money
    /// signs only what says it.
    #[serde(default)]
    amount_cents: Option<u32>,
    /// Whether a chop is to follow this personal signature.
    #[serde(default)]
    chop_follows: bool,
    /// The id of the personal signature over the same documents that this chop completes.
    #[serde(default)]
    completes: Option<String>,
}

/// By what right somebody signed for a company, at that moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SigningRight {
    company: SigningCompany,
    role: MemberRole,
    may_access: bool,
    may_chop: bool,
    /// The firm by which they acted; none for the company's own people.
    firm: Option<SigningCompany>,
}

/// A company or firm as it was named when somebody signed.
#[derive(Debug, Serialize, ToSchema)]
struct SigningCompany {
    name_en: String,
    name_zh: Option<String>,
    business_number: String,
}

impl From<Named> for SigningCompany {
    fn from(named: Named) -> Self {
        Self {
            name_en: named.name.en,
            name_zh: named.name.zh,
            business_number: named.business_number,
        }
    }
}

impl From<Warrant> for SigningRight {
    fn from(warrant: Warrant) -> Self {
        Self {
            company: warrant.company.into(),
            role: warrant.role,
            may_access: warrant.may_access,
            may_chop: warrant.may_chop,
            firm: warrant.firm.map(SigningCompany::from),
        }
    }
}

/// The one company that a token signs for.
fn company_of(details: &[Detail]) -> Result<&str, Refusal> {
    let signs = |one: &&Detail| matches!(one, Detail::ActFor { actions, .. } if actions.contains(&Action::Sign));
    let mut all = details.iter().filter(signs);
    match (all.next(), all.next()) {
        (Some(Detail::ActFor { company, .. }), None) => Ok(company),
        _ => Err(Refusal::new(
            Word::InsufficientScope,
            "the token signs for no one company: exchange it for act_for with the action sign",
        )),
    }
}

impl SigningBehalf {
    /// The company of the token with what is asked, for the signing room to judge.
    pub(super) async fn read(
        &self,
        room: &SigningRoom,
        (client, person): (&str, Id<Person>),
        details: &[Detail],
    ) -> Result<OnBehalf, Fault> {
        let number = company_of(details)?.to_owned();
        let part = self.part()?;
        let asks = client.to_owned();
        let company = room
            .identity()
            .store()
            .read(move |db| {
                let (number, asks) = (number.clone(), asks.clone());
                async move {
                    if let Part::Second(first) = part
                        && tables::get_in(&db, first).await?.client.as_deref() != Some(&asks)
                    {
                        return Err(Error::NotFound);
                    }
                    let mandate = member::mandate_by_number_in(&db, person, &number).await?;
                    mandate.map(|one| one.company).ok_or(Error::OutsidePowers)
                }
            })
            .await?;
        Ok(OnBehalf {
            name: company.name,
            terms: ForCompany {
                company: company.id,
                capacity: self.capacity,
                service: client.to_owned(),
                amount: self
                    .amount_cents
                    .map(|cents| Money::from_cents(cents.into())),
                part,
            },
            is_told: true,
        })
    }

    fn part(&self) -> Result<Part, Error> {
        let wrong = Error::Malformed("behalf");
        match (self.capacity, self.chop_follows, &self.completes) {
            (_, false, None) => Ok(Part::Only),
            (Capacity::Personal, true, None) => Ok(Part::First),
            (Capacity::Chop, false, Some(first)) => {
                let first: Result<Id<SigningRequest>, _> = first.parse();
                first.map(Part::Second).map_err(|_| wrong)
            }
            _ => Err(wrong),
        }
    }
}
