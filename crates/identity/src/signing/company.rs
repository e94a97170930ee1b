//! Signing for a company: in person on its behalf, or with its chop. Two signatures over one digest, by
//! one person or two, make a document whole that needs both.
//!
//! Invariants: the mandate is asked when the request is made and once more in the write that keeps the
//! signature, so that whoever has left signs nothing; limits of money hold, of one document and of a
//! month, and a document whose amount nobody said is above every limit; a chop follows one personal signature over the same
//! documents, within [`CHOP_HOURS`], once; what entitled the signer is kept with the signature.

use std::time::Duration;

use ::store::{Read, Write};
use kernel::{Id, Money, Text, Time};
use serde::{Deserialize, Serialize};
use serde_json::json;
use trust::digest;

use super::{NewSigning, SigningRequest, SigningRoom};
use crate::{
    Approved, Change, Company, Error, Level, Mandate, MemberRole, Person, PersonName, Proposed,
    Purpose, Right, Weighed,
    code::codes,
    store::{company, member, proposal, signing as tables, spending},
};

/// Hours after a personal signature in which the chop may follow: as long as the certificate of the
/// personal one holds.
pub const CHOP_HOURS: u64 = trust::PERSON_HOURS;

codes! {
    /// In whose name a signature is given.
    Capacity {
        /// By the person, for what the company does.
        Personal = "personal",
        /// By the company, with its chop.
        Chop = "chop",
    }
}

impl Capacity {
    /// What a mandate must allow for it.
    #[must_use]
    pub const fn right(self) -> Right {
        match self {
            Self::Personal => Right::Sign,
            Self::Chop => Right::Chop,
        }
    }

    /// What the phone is asked for.
    #[must_use]
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::Personal => Purpose::Sign,
            Self::Chop => Purpose::Chop,
        }
    }
}

/// Where a signature stands among those that a document needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// It is the only one.
    Only,
    /// A chop is to follow.
    First,
    /// It completes this personal one.
    Second(Id<SigningRequest>),
}

/// The company that a signature concerns, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForCompany {
    pub company: Id<Company>,
    pub capacity: Capacity,
    /// What powers may be limited to: the id of a service, or of the application that asks.
    pub service: String,
    /// What the documents bind the company to; none when nobody said.
    pub amount: Option<Money>,
    pub part: Part,
}

/// A company for a request, with the name that the phone shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OnBehalf {
    pub name: PersonName,
    pub terms: ForCompany,
    /// Whether the one who asks gets told who signs, and by what right.
    pub is_told: bool,
}

impl OnBehalf {
    /// The name in words.
    #[must_use]
    pub fn name(&self) -> Text {
        let zh = self.name.zh.as_deref().unwrap_or(&self.name.en);
        Text::with_sc(&self.name.en, zh, zh)
    }

    pub(super) fn is_chop(&self) -> bool {
        self.terms.capacity == Capacity::Chop
    }
}

/// A company or firm as it was named when somebody signed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Named {
    pub name: PersonName,
    pub business_number: String,
}

impl Named {
    fn of(company: &Company) -> Self {
        Self {
            name: company.name.clone(),
            business_number: company.business_number.clone(),
        }
    }
}

/// What entitled somebody to sign for a company, at that moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Warrant {
    pub company: Named,
    pub role: MemberRole,
    pub may_access: bool,
    pub may_chop: bool,
    /// The firm by which they acted; none for the company's own people.
    pub firm: Option<Named>,
}

impl Warrant {
    fn of(mandate: &Mandate) -> Self {
        Self {
            company: Named::of(&mandate.company),
            role: mandate.powers.role,
            may_access: mandate.powers.may_access,
            may_chop: mandate.powers.may_chop,
            firm: mandate.firm.as_ref().map(Named::of),
        }
    }
}

/// The name under which a second person of the company lets an amount pass: the same documents for the
/// same service have the same.
fn about(terms: &ForCompany, digest: &[u8; 32]) -> String {
    format!("sign/{}/{}", terms.service, digest::hex(digest))
}

/// Whether `person` may sign so now, by what, and how the amount stands to their limits.
///
/// # Errors
/// [`Error::OutsidePowers`], [`Error::OverLimit`].
async fn guard_in(
    db: &Read,
    person: Id<Person>,
    (terms, digest): (&ForCompany, &[u8; 32]),
) -> Result<(Mandate, Weighed), Error> {
    let mandate = member::mandate_in(db, person, terms.company)
        .await?
        .ok_or(Error::OutsidePowers)?;
    if !mandate.may(terms.capacity.right(), &terms.service) {
        return Err(Error::OutsidePowers);
    }
    if !mandate.powers.is_limited() {
        return Ok((mandate, Weighed::Within));
    }
    let amount = terms.amount.ok_or(Error::OverLimit)?;
    let about = about(terms, digest);
    // The personal signature before a chop has counted the amount.
    let weighed = match terms.part {
        Part::Second(_) => spending::weigh_again_in(db, &mandate, (&about, amount)).await?,
        Part::Only | Part::First => spending::weigh_in(db, &mandate, (&about, amount)).await?,
    };
    if weighed.is_over() {
        return Err(Error::OverLimit);
    }
    Ok((mandate, weighed))
}

/// Guards once more, in the write that keeps the signature, and puts on record what entitled to it.
pub(super) async fn signed_in(tx: &Write, request: &SigningRequest) -> Result<(), Error> {
    let Some(terms) = &request.behalf else {
        return Ok(());
    };
    let (mandate, weighed) = guard_in(tx, request.person, (terms, &request.digest)).await?;
    if let Part::Second(first) = terms.part {
        if !tables::complete_in(tx, first, request.id).await? {
            return Err(Error::Decided);
        }
    } else if weighed == Weighed::Within {
        spending::spend_in(tx, &mandate, terms.amount.unwrap_or_default()).await?;
    }
    tables::warrant_in(tx, request.id, &Warrant::of(&mandate)).await?;
    let action = match terms.capacity {
        Capacity::Personal => "company.signed",
        Capacity::Chop => "company.chopped",
    };
    let detail = json!({
        "person": request.person, "request": request.id, "service": terms.service,
        "cents": terms.amount, "for": request.department,
    });
    company::note(tx, terms.company, action, detail).await
}

impl SigningRoom {
    /// A request as stored, for whoever asked for it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(crate) async fn request(&self, id: Id<SigningRequest>) -> Result<SigningRequest, Error> {
        self.identity()
            .store()
            .read(move |db| async move { tables::get_in(&db, id).await })
            .await
    }

    /// Whether `person` may sign so, before anybody is asked.
    ///
    /// # Errors
    /// As [`SigningRoom::ask`], for a company.
    pub(super) async fn check_company(
        &self,
        person: Id<Person>,
        (terms, digest): (&ForCompany, [u8; 32]),
    ) -> Result<(), Error> {
        let (terms, store) = (terms.clone(), self.identity().store());
        store
            .read(move |db| {
                let terms = terms.clone();
                async move {
                    if let Part::Second(first) = terms.part {
                        let first = tables::get_in(&db, first).await?;
                        first.takes_chop(&terms, &digest, db.now())?;
                    }
                    guard_in(&db, person, (&terms, &digest)).await.map(drop)
                }
            })
            .await
    }

    /// Puts an amount above the signer's limit forward for a second person of the company. Asking again
    /// changes nothing. The caller has found that nothing else stands in the way.
    ///
    /// # Errors
    /// [`Error::OverLimit`] when nobody said the amount; as [`crate::propose`].
    pub(crate) async fn ask_to_exceed(&self, new: &NewSigning) -> Result<Proposed, Error> {
        let person = new.person.ok_or(Error::Malformed("person"))?;
        let terms = &new.behalf.as_ref().ok_or(Error::OutsidePowers)?.terms;
        let change = Change::OverLimit {
            about: about(terms, &new.digest()),
            service: terms.service.clone(),
            title: new.service.clone(),
            amount: terms.amount.ok_or(Error::OverLimit)?,
        };
        let put = proposal::propose(self.identity().store(), person, terms.company, change).await;
        match put {
            Err(Error::AlreadyThere) => Ok(Proposed::Waits),
            other => other,
        }
    }

    /// What entitled the signer of a request; none for a person's own.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not signed.
    pub async fn warrant(&self, id: Id<SigningRequest>) -> Result<Option<Warrant>, Error> {
        self.identity()
            .store()
            .read(move |db| async move { tables::warrant_of_in(&db, id).await })
            .await
    }
}

impl SigningRequest {
    /// Whether a chop under `terms` over documents with this digest may follow at `now`.
    ///
    /// # Errors
    /// [`Error::NotApproved`] while it is not signed or waits for no chop, [`Error::WrongApproval`] for
    /// other documents, another company or another amount, [`Error::Expired`], [`Error::Decided`].
    pub(crate) fn takes_chop(
        &self,
        terms: &ForCompany,
        digest: &[u8; 32],
        now: Time,
    ) -> Result<(), Error> {
        let own = self.behalf.as_ref().ok_or(Error::NotApproved)?;
        let (Some(until), true) = (self.chop_until, self.signed.is_some()) else {
            return Err(Error::NotApproved);
        };
        let is_same = own.company == terms.company && own.amount == terms.amount;
        if !is_same || !digest::equal(&self.digest, digest) {
            return Err(Error::WrongApproval);
        }
        if self.chop.is_some() {
            return Err(Error::Decided);
        }
        if now >= until {
            return Err(Error::Expired);
        }
        Ok(())
    }
}

/// What the phone is asked for.
pub(super) fn purpose_of(behalf: Option<&ForCompany>) -> Purpose {
    behalf.map_or(Purpose::Sign, |terms| terms.capacity.purpose())
}

/// What was approved is what is signed, by whom it was asked.
pub(super) fn check_approved(request: &SigningRequest, used: &Approved) -> Result<(), Error> {
    let fits = used.purpose == purpose_of(request.behalf.as_ref())
        && used.person == request.person
        && used.level >= Level::Plus
        && digest::equal(&used.digest, &request.digest);
    if fits {
        Ok(())
    } else {
        Err(Error::NotApproved)
    }
}

/// The company whose chop a request is for.
pub(super) async fn chop_of_in(
    db: &Read,
    request: &SigningRequest,
) -> Result<Option<Company>, Error> {
    match &request.behalf {
        Some(terms) if terms.capacity == Capacity::Chop => {
            company::get_in(db, terms.company).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// Until when a chop may follow a personal signature that is asked for until `expires`.
pub(super) fn chop_until(behalf: Option<&ForCompany>, expires: Time) -> Option<Time> {
    behalf
        .filter(|terms| terms.part == Part::First)
        .map(|_| expires + Duration::from_secs(CHOP_HOURS * 3_600))
}
