//! Invitations to act for a company, as whoever is invited finds and answers them.

use ::store::{FromRow, Read, Row, Store, params};
use kernel::Id;
use serde_json::json;

use crate::{
    Company, Error, Invitation, MemberRole, Person,
    company::WAITING_MAX,
    store::{
        company::{self, note, resident},
        member, person,
    },
};

::store::sql! {
    OPEN_INVITATIONS = "SELECT id, company, invitee_name, powers, invited_by, created, expires
        FROM company_invitation WHERE company = $1 AND state = 'open' AND expires > $2
        ORDER BY created DESC, id LIMIT $3";
    INVITATIONS_TO = "SELECT i.id, i.company, i.invitee_name, i.powers, i.invited_by, i.created,
            i.expires FROM company_invitation i JOIN person p ON p.hkid_index = i.invitee_index
        WHERE p.id = $1 AND i.state = 'open' AND i.expires > $2 ORDER BY i.created DESC, i.id LIMIT $3";
    INVITEE = "SELECT p.id FROM company_invitation i JOIN person p ON p.hkid_index = i.invitee_index
        WHERE i.id = $1 AND i.state = 'open' AND p.state = 'active'";
    COMPANY_NAME = "SELECT c.id FROM company_invitation i JOIN company c ON c.id = i.company
        WHERE i.id = $1";
    END_INVITATION = "UPDATE company_invitation SET state = $2 WHERE id = $1 AND state = 'open'";
}

impl FromRow for Invitation {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            company: row.get("company")?,
            name: row.get("invitee_name")?,
            powers: row.json("powers")?,
            invited_by: row.get("invited_by")?,
            created: row.get("created")?,
            expires: row.get("expires")?,
        })
    }
}

/// The invitations of a company that nobody has answered.
pub(crate) async fn open_in(db: &Read, company: Id<Company>) -> Result<Vec<Invitation>, Error> {
    let row = params![company, db.now(), WAITING_MAX];
    Ok(db.all(&OPEN_INVITATIONS, row).await?)
}

/// The person whom an open invitation is for, where they have an account, and the company. Whoever
/// invited does not learn whether there is one.
///
/// # Errors
/// The store fails.
pub async fn invitee_in(
    db: &Read,
    id: Id<Invitation>,
) -> Result<Option<(Id<Person>, Company)>, Error> {
    let person: Option<Id<Person>> = db.one(&INVITEE, params![id]).await?;
    let company: Option<Id<Company>> = db.one(&COMPANY_NAME, params![id]).await?;
    let (Some(person), Some(company)) = (person, company) else {
        return Ok(None);
    };
    Ok(Some((person, company::get_in(db, company).await?)))
}

/// The invitations that wait for a person.
///
/// # Errors
/// The store fails.
pub async fn invitations_to(store: &Store, who: Id<Person>) -> Result<Vec<Invitation>, Error> {
    store
        .read(move |db| async move {
            Ok(db
                .all(&INVITATIONS_TO, params![who, db.now(), WAITING_MAX])
                .await?)
        })
        .await
}

/// What somebody says to an invitation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InvitationAnswer {
    Accept,
    Decline,
}

/// The invited person accepts or declines.
///
/// # Errors
/// [`Error::NotFound`] for an invitation to somebody else or one that is over;
/// [`Error::LevelTooLow`] when an administrator or a chop needs the plus level.
pub async fn answer_invitation(
    store: &Store,
    who: Id<Person>,
    id: Id<Invitation>,
    answer: InvitationAnswer,
) -> Result<Id<Company>, Error> {
    store
        .write(&resident(who, None), move |tx| async move {
            let row = params![who, tx.now(), WAITING_MAX];
            let own: Vec<Invitation> = tx.all(&INVITATIONS_TO, row).await?;
            let found = own
                .into_iter()
                .find(|one| one.id == id)
                .ok_or(Error::NotFound)?;
            let is_accepted = answer == InvitationAnswer::Accept;
            let needs_plus =
                found.powers.may_chop || found.powers.role >= MemberRole::Administrator;
            let owner = person::get_in(&tx, who).await?;
            if is_accepted && needs_plus && owner.level < crate::Level::Plus {
                return Err(Error::LevelTooLow);
            }
            let state = if is_accepted { "accepted" } else { "declined" };
            tx.run(&END_INVITATION, params![id, state]).await?;
            let action = if is_accepted {
                let people = member::of_company_in(&tx, found.company).await?;
                if people.iter().any(|one| one.person == who) {
                    return Err(Error::AlreadyThere);
                }
                member::put_in(&tx, found.company, who, &found.powers).await?;
                "company.member_joined"
            } else {
                "company.invitation_declined"
            };
            note(
                &tx,
                found.company,
                action,
                json!({ "person": who, "invitation": id }),
            )
            .await?;
            Ok(found.company)
        })
        .await
}

/// An administrator takes an invitation back.
///
/// # Errors
/// [`Error::NotAdministrator`], [`Error::NotFound`].
pub async fn withdraw_invitation(
    store: &Store,
    who: Id<Person>,
    (company, id): (Id<Company>, Id<Invitation>),
) -> Result<(), Error> {
    store
        .write(&resident(who, Some(company)), move |tx| async move {
            member::administrator_in(&tx, who, company).await?;
            let open = open_in(&tx, company).await?;
            if !open.iter().any(|one| one.id == id) {
                return Err(Error::NotFound);
            }
            tx.run(&END_INVITATION, params![id, "withdrawn"]).await?;
            note(
                &tx,
                company,
                "company.invitation_withdrawn",
                json!({ "invitation": id }),
            )
            .await
        })
        .await
}
