//! Changes of a company's people: done at once, or put forward for a second person.

use std::time::Duration;

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::Event;
use kernel::{Id, Money};
use serde_json::json;
use trust::Vault;

use crate::{
    Change, Company, Error, Invitation, Mandate, Member, MemberRole, Person, PowersError, Proposal,
    ProposalKind, ProposalState,
    company::{INVITEE_CHARS, WAITING_DAYS, WAITING_MAX, needs_two},
    store::{
        commission,
        company::{self, note, resident},
        invitation, json as to_json, member, person, spending,
    },
};

const DAY: u64 = 86_400;

::store::sql! {
    FIND_PROPOSAL = "SELECT id, company, kind, change, asked_by, state, asked, expires, decided_by,
            decided FROM company_proposal WHERE id = $1";
    LIST_OPEN = "SELECT id, company, kind, change, asked_by, state, asked, expires, decided_by,
            decided FROM company_proposal
        WHERE company = $1 AND state = 'open' AND expires > $2 ORDER BY asked DESC, id LIMIT $3";
    LIST_PASSED = "SELECT id, company, kind, change, asked_by, state, asked, expires, decided_by,
            decided FROM company_proposal
        WHERE company = $1 AND state = 'approved' AND kind = 'over_limit' AND expires > $2
        ORDER BY asked DESC, id LIMIT $3";
    INSERT_PROPOSAL = "INSERT INTO company_proposal (id, company, kind, change, asked_by, state,
            asked, expires, decided_by, decided)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    DECIDE = "UPDATE company_proposal SET state = $2, decided_by = $3, decided = $4
        WHERE id = $1 AND state = 'open'";
    WITHDRAW_OF = "UPDATE company_proposal SET state = 'withdrawn', decided = $3
        WHERE company = $1 AND asked_by = $2 AND state = 'open'";
    INSERT_INVITATION = "INSERT INTO company_invitation (id, company, invitee_index, invitee_name,
            powers, invited_by, state, created, expires)
        VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8)";
    CLEAR_INVITATION = "UPDATE company_invitation SET state = 'expired'
        WHERE company = $1 AND invitee_index = $2 AND state = 'open' AND expires <= $3";
    COUNT_INVITATION = "SELECT COUNT(*) FROM company_invitation
        WHERE company = $1 AND invitee_index = $2 AND state = 'open'";
}

impl FromRow for Proposal {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            company: row.get("company")?,
            kind: row.get("kind")?,
            change: row.json("change")?,
            asked_by: row.get("asked_by")?,
            state: row.get("state")?,
            asked: row.get("asked")?,
            expires: row.get("expires")?,
            decided_by: row.get("decided_by")?,
            decided: row.get("decided")?,
        })
    }
}

/// What became of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proposed {
    Done,
    /// Done without a second person, because nobody else could have agreed; on record as such.
    Alone,
    /// It waits for a second person.
    Waits,
}

/// The change that invites somebody: the number of card or passport is kept only as what finds it again.
#[must_use]
pub fn invite(
    vault: &Vault,
    document: &crate::IdentityDocument,
    name: &str,
    powers: crate::Powers,
) -> Change {
    Change::Invite {
        invitee: trust::base64url::encode(person::index_of(vault, document)),
        name: name.trim().chars().take(INVITEE_CHARS).collect(),
        powers,
    }
}

/// Does what an administrator asks, or puts it forward for a second person when it needs one.
///
/// A responsible person decides alone while the company has nobody else who could agree.
///
/// # Errors
/// [`Error::NotAdministrator`], [`Error::Powers`], [`Error::NobodyToApprove`],
/// [`Error::AlreadyThere`], [`Error::TooManyWaiting`].
pub async fn propose(
    store: &Store,
    who: Id<Person>,
    company: Id<Company>,
    change: Change,
) -> Result<Proposed, Error> {
    store
        .write(&resident(who, Some(company)), move |tx| {
            let change = change.clone();
            async move { propose_in(&tx, who, company, &change).await }
        })
        .await
}

async fn propose_in(
    tx: &Write,
    who: Id<Person>,
    company: Id<Company>,
    change: &Change,
) -> Result<Proposed, Error> {
    let own = match change {
        Change::OverLimit { .. } => member::mandate_in(tx, who, company)
            .await?
            .ok_or(Error::NotFound)?,
        _ => member::administrator_in(tx, who, company).await?,
    };
    let kind = check_in(tx, &own, change).await?;
    let Some(kind) = kind else {
        apply_in(tx, (company, who), change).await?;
        return Ok(Proposed::Done);
    };
    let waiting: Vec<Proposal> = tx
        .all(&LIST_OPEN, params![company, tx.now(), WAITING_MAX])
        .await?;
    if waiting.iter().any(|one| one.change == *change) {
        return Err(Error::AlreadyThere);
    }
    if i64::try_from(waiting.len()).unwrap_or(WAITING_MAX) >= WAITING_MAX {
        return Err(Error::TooManyWaiting);
    }
    let deciders = deciders_in(tx, company, who, change).await?;
    if deciders == 0 {
        let is_alone = own.powers.role == MemberRole::Responsible && own.firm.is_none();
        if !is_alone {
            return Err(Error::NobodyToApprove);
        }
        insert_in(tx, (company, who), (kind, change), ProposalState::Approved).await?;
        apply_in(tx, (company, who), change).await?;
        let detail = json!({ "kind": kind });
        note(tx, company, "company.decided_alone", detail).await?;
        return Ok(Proposed::Alone);
    }
    insert_in(tx, (company, who), (kind, change), ProposalState::Open).await?;
    note(tx, company, "company.proposed", json!({ "kind": kind })).await?;
    Ok(Proposed::Waits)
}

async fn insert_in(
    tx: &Write,
    (company, who): (Id<Company>, Id<Person>),
    (kind, change): (ProposalKind, &Change),
    state: ProposalState,
) -> Result<(), Error> {
    let decided = (state != ProposalState::Open).then(|| tx.now());
    let row = params![
        tx.id::<Proposal>(),
        company,
        kind,
        to_json(change)?,
        who,
        state,
        tx.now(),
        tx.now() + Duration::from_secs(WAITING_DAYS * DAY),
        decided.map(|_| who),
        decided
    ];
    tx.run(&INSERT_PROPOSAL, row).await?;
    Ok(())
}

/// How many others could agree to the change.
async fn deciders_in(
    db: &Read,
    company: Id<Company>,
    asker: Id<Person>,
    change: &Change,
) -> Result<usize, Error> {
    let today = db.now().date();
    let people = member::of_company_in(db, company).await?;
    let fits = people.iter().filter(|one| {
        one.person != asker
            && !is_about(change, one.id)
            && !one.powers.is_over(today)
            && may_decide(&one.powers, change)
    });
    Ok(fits.count())
}

/// Whether the change gives something to this member, who then has no say in it.
fn is_about(change: &Change, who: Id<Member>) -> bool {
    matches!(change, Change::Powers { member, .. } if *member == who)
}

/// An administrator agrees to what is within what they could give themselves.
fn may_decide(own: &crate::Powers, change: &Change) -> bool {
    let administers = own.role >= MemberRole::Administrator;
    administers
        && match change {
            Change::Invite { powers, .. }
            | Change::Powers { powers, .. }
            | Change::Commission { powers, .. } => own.check_gift(powers).is_ok(),
            Change::OverLimit { amount, .. } => own.is_within(*amount),
        }
}

/// Whether the change may be asked for at all, and why it needs a second person.
async fn check_in(
    tx: &Write,
    own: &Mandate,
    change: &Change,
) -> Result<Option<ProposalKind>, Error> {
    let today = tx.now().date();
    match change {
        Change::Invite { name, powers, .. } => {
            if name.is_empty() {
                return Err(Error::Malformed("name"));
            }
            powers
                .check(today)
                .and_then(|()| own.powers.check_gift(powers))?;
            Ok(needs_two(None, powers))
        }
        Change::Powers { member: id, powers } => {
            let before = member::get_in(tx, own.company.id, *id).await?;
            if before.powers.role > own.powers.role || before.powers.role == MemberRole::Responsible
            {
                return Err(PowersError::Role.into());
            }
            powers.check(today)?;
            // Narrowing is in nobody's gift: whoever may change the person may do it.
            if !before.powers.includes(powers) {
                if before.person == own.person {
                    return Err(PowersError::Own.into());
                }
                own.powers.check_gift(powers)?;
            }
            Ok(needs_two(Some(&before.powers), powers))
        }
        Change::Commission { powers, .. } => {
            if powers.role > MemberRole::Representative {
                return Err(PowersError::Role.into());
            }
            if powers.until.is_none() {
                return Err(PowersError::Until.into());
            }
            powers
                .check(today)
                .and_then(|()| own.powers.check_gift(powers))?;
            Ok(Some(ProposalKind::Commission))
        }
        Change::OverLimit {
            about,
            service,
            amount,
            ..
        } => {
            let may = own.may(crate::Right::Sign, service) || own.may(crate::Right::Chop, service);
            let weighed = spending::weigh_in(tx, own, (about, *amount)).await?;
            if !may || !weighed.is_over() {
                return Err(Error::Malformed("amount"));
            }
            Ok(Some(ProposalKind::OverLimit))
        }
    }
}

async fn apply_in(
    tx: &Write,
    (company, asker): (Id<Company>, Id<Person>),
    change: &Change,
) -> Result<(), Error> {
    match change {
        Change::Invite {
            invitee,
            name,
            powers,
        } => {
            let index = trust::base64url::decode(invitee).map_err(|_| Error::Corrupt("invitee"))?;
            tx.run(&CLEAR_INVITATION, params![company, index.clone(), tx.now()])
                .await?;
            let open: i64 = tx
                .only(&COUNT_INVITATION, params![company, index.clone()])
                .await?;
            if open > 0 {
                return Err(Error::AlreadyThere);
            }
            let expires = tx.now() + Duration::from_secs(WAITING_DAYS * DAY);
            let id = tx.id::<Invitation>();
            let row = params![
                id,
                company,
                index,
                name,
                to_json(powers)?,
                asker,
                tx.now(),
                expires
            ];
            tx.run(&INSERT_INVITATION, row).await?;
            let event = Event {
                kind: INVITED,
                subject: id.to_string(),
                data: json!({ "company": company, "invitation": id }),
            };
            journal::emit(tx, event).await?;
            note(
                tx,
                company,
                "company.invited",
                json!({ "invitation": id, "powers": powers }),
            )
            .await
        }
        Change::Powers { member: id, powers } => {
            let before = member::get_in(tx, company, *id).await?;
            member::set_powers_in(tx, &before, powers).await
        }
        Change::Commission { firm, powers } => {
            commission::offer_in(tx, (company, *firm), powers, asker).await
        }
        Change::OverLimit {
            service, amount, ..
        } => {
            let detail = json!({ "service": service, "cents": amount, "person": asker });
            note(tx, company, "company.over_limit_agreed", detail).await
        }
    }
}

/// What waits for a second person in a company, and who was invited, for an administrator.
///
/// # Errors
/// [`Error::NotAdministrator`], [`Error::NotFound`].
pub async fn waiting(
    store: &Store,
    who: Id<Person>,
    company: Id<Company>,
) -> Result<(Vec<Proposal>, Vec<Invitation>), Error> {
    store
        .read(move |db| async move {
            member::administrator_in(&db, who, company).await?;
            let row = params![company, db.now(), WAITING_MAX];
            let proposals = db.all(&LIST_OPEN, row).await?;
            Ok((proposals, invitation::open_in(&db, company).await?))
        })
        .await
}

/// The event of an invitation that was made. Data: company, invitation.
pub const INVITED: &str = "causeway.company.invited.v1";

/// What the second person says to a proposal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Agree,
    Refuse,
    /// The one who asked takes it back.
    Withdraw,
}

/// A second person agrees or refuses, or the one who asked takes it back.
///
/// # Errors
/// [`Error::SamePerson`] when the one who asked would agree; [`Error::NotAdministrator`],
/// [`Error::Powers`] when it is more than the decider could give, [`Error::Decided`].
pub async fn decide_proposal(
    store: &Store,
    who: Id<Person>,
    (company, id): (Id<Company>, Id<Proposal>),
    verdict: Verdict,
) -> Result<(), Error> {
    store
        .write(&resident(who, Some(company)), move |tx| async move {
            let found: Option<Proposal> = tx.one(&FIND_PROPOSAL, params![id]).await?;
            let found = found
                .filter(|one| one.company == company)
                .ok_or(Error::NotFound)?;
            if found.state != ProposalState::Open || found.expires <= tx.now() {
                return Err(Error::Decided);
            }
            decide_in(&tx, who, &found, verdict).await
        })
        .await
}

async fn decide_in(
    tx: &Write,
    who: Id<Person>,
    found: &Proposal,
    verdict: Verdict,
) -> Result<(), Error> {
    let is_own = found.asked_by == who;
    if verdict == Verdict::Withdraw && !is_own {
        return Err(Error::NotFound);
    }
    if verdict != Verdict::Withdraw {
        let own = member::administrator_in(tx, who, found.company).await?;
        if is_own {
            return Err(Error::SamePerson);
        }
        if verdict == Verdict::Agree {
            agree_in(tx, &own, found).await?;
        }
    }
    let (state, action) = match verdict {
        Verdict::Agree => (ProposalState::Approved, "company.agreed"),
        Verdict::Refuse => (ProposalState::Refused, "company.refused"),
        Verdict::Withdraw => (ProposalState::Withdrawn, "company.withdrawn"),
    };
    tx.run(&DECIDE, params![found.id, state, who, tx.now()])
        .await?;
    let detail = json!({ "kind": found.kind, "asked_by": found.asked_by });
    note(tx, found.company, action, detail).await?;
    if verdict == Verdict::Agree {
        apply_in(tx, (found.company, found.asked_by), &found.change).await?;
    }
    Ok(())
}

/// Whoever agrees could give it themselves, and gives nothing to themselves.
async fn agree_in(tx: &Write, own: &Mandate, found: &Proposal) -> Result<(), Error> {
    if let Change::Powers { member: id, .. } = &found.change
        && member::get_in(tx, found.company, *id).await?.person == own.person
    {
        return Err(PowersError::Own.into());
    }
    if !may_decide(&own.powers, &found.change) {
        return Err(PowersError::More.into());
    }
    if let Change::OverLimit { about, amount, .. } = &found.change {
        // What somebody lets pass is theirs: it counts in their own month.
        if spending::weigh_in(tx, own, (about, *amount))
            .await?
            .is_over()
        {
            return Err(PowersError::More.into());
        }
        spending::spend_in(tx, own, *amount).await?;
    }
    Ok(())
}

/// Takes back what somebody who leaves had put forward.
pub(crate) async fn withdraw_of_in(
    tx: &Write,
    company: Id<Company>,
    who: Id<Person>,
) -> Result<(), Error> {
    tx.run(&WITHDRAW_OF, params![company, who, tx.now()])
        .await?;
    Ok(())
}

/// Whether a second person has let this amount pass for this thing.
///
/// # Errors
/// The store fails.
pub(crate) async fn is_passed_in(
    db: &Read,
    company: Id<Company>,
    (about, amount): (&str, Money),
) -> Result<bool, Error> {
    let passed: Vec<Proposal> = db
        .all(&LIST_PASSED, params![company, db.now(), WAITING_MAX])
        .await?;
    Ok(passed.iter().any(|one| {
        matches!(&one.change, Change::OverLimit { about: of, amount: to, .. }
            if of == about && amount <= *to)
    }))
}

/// Whether a company with this number is on the platform, for commissioning it.
///
/// # Errors
/// The store fails.
pub async fn firm_by_number(store: &Store, number: &str) -> Result<Option<Company>, Error> {
    let number = number.to_owned();
    store
        .read(move |db| {
            let number = number.clone();
            async move { company::by_number_in(&db, &number).await }
        })
        .await
}
