//! The officer's way through a case: find it, open it with a reason on record, claim, ask, decide,
//! confirm as the second person, note, correct. Object checks come first in every function.

mod shown;

use identity::{IdentityDocument, Officer};
use kernel::{Cursor, Id, Page, Text, Time};
use packs::Pack;
use store::{Read, Write};

use crate::{
    AccessRecord, Error, Services,
    applicant::{Applicant, Clerk},
    case::{ActionKind, BULK_CASES, Case, WORDS_CHARS},
    deadline::Deadline,
    deciding::{act_in, confirm_in, hand_in},
    document::{Content, Document},
    progress::{self, Author, Entry},
    reference::Reference,
    store::{
        access, action,
        case::{self, CaseRow},
        queue::{self, Selection},
    },
};

pub use shown::{
    Act, Acted, ActionChoice, CaseView, Check, Counts, Holder, InboxQuery, InboxRow, Proposal,
    Question,
};

/// Counts on a desk stop here: "100+".
pub const COUNT_BOUND: i64 = 100;
/// A reason given for opening a case holds for further looks during this time.
pub const REASON_HOURS: u64 = 8;

impl Services {
    /// The cases on the desks of the officer's roles, nearest deadline first.
    ///
    /// # Errors
    /// [`Error::WrongRole`] when a role is named that the officer does not hold.
    pub async fn inbox(&self, clerk: &Clerk, query: InboxQuery) -> Result<Page<InboxRow>, Error> {
        let wanted = selection(clerk, &query, self.now())?;
        let rows = self
            .store()
            .read(move |db| {
                let wanted = wanted.clone();
                async move { queue::select(&db, &wanted).await }
            })
            .await?;
        let rows = self.inbox_rows(rows).await?;
        Ok(Page::cut(rows, |row: &InboxRow| {
            let due = row.due.unwrap_or(queue::NO_DUE);
            Cursor(format!("{}.{}", due.micros(), row.case))
        }))
    }

    /// All cases of the officer's department, newest first, closed ones included.
    ///
    /// # Errors
    /// The store fails.
    pub async fn register(
        &self,
        clerk: &Clerk,
        service: Option<String>,
        after: Option<Cursor>,
    ) -> Result<Page<InboxRow>, Error> {
        let department = clerk.department.to_lowercase();
        let before = case::cursor(after);
        let rows = self
            .store()
            .read(move |db| {
                let (department, service) = (department.clone(), service.clone());
                let rows = Page::<InboxRow>::fetch();
                async move {
                    queue::of_department(&db, &department, service.as_deref(), before, rows).await
                }
            })
            .await?;
        let rows = self.inbox_rows(rows).await?;
        Ok(Page::cut(rows, |row: &InboxRow| {
            Cursor(row.case.to_string())
        }))
    }

    /// Open, overdue and nearly due cases of the officer's roles, each counted up to
    /// [`COUNT_BOUND`].
    ///
    /// # Errors
    /// The store fails.
    pub async fn inbox_counts(&self, clerk: &Clerk) -> Result<Counts, Error> {
        let roles = clerk.roles.clone();
        self.store()
            .read(move |db| {
                let roles = roles.clone();
                async move {
                    let (now, soon) = (db.now(), db.now() + crate::deadline::SOON);
                    let open = queue::count(&db, &roles, COUNT_BOUND).await?;
                    let overdue = queue::count_due_before(&db, &roles, now, COUNT_BOUND).await?;
                    let near = queue::count_due_before(&db, &roles, soon, COUNT_BOUND).await?;
                    Ok(Counts {
                        open,
                        overdue,
                        soon: near - overdue,
                    })
                }
            })
            .await
    }

    /// Cases of the officer's services by reference number or by the applicant's identity card
    /// number or passport. Looking somebody up is recorded on each case found.
    ///
    /// # Errors
    /// The store fails.
    pub async fn find_cases(
        &self,
        clerk: &Clerk,
        (words, reason): (&str, &str),
    ) -> Result<Vec<InboxRow>, Error> {
        let mut rows = match (words.parse::<Reference>(), words.parse::<kernel::Hkid>()) {
            (Ok(reference), _) => self
                .store()
                .read(move |db| {
                    let reference = reference.clone();
                    async move { case::by_reference(&db, &reference).await }
                })
                .await?
                .into_iter()
                .collect(),
            (_, Ok(hkid)) => {
                let index = self.vault().blind_index("hkid", hkid.as_str()).bytes();
                self.by_index(clerk, index).await?
            }
            _ => self.by_passport(clerk, words).await?,
        };
        let catalogue = self.catalogue();
        rows.retain(|row: &CaseRow| {
            catalogue
                .pinned(&row.case.service, row.case.pack_version)
                .is_some_and(|one| may_see(clerk, &one.pack))
        });
        let found: Vec<Case> = rows.iter().map(|row| row.case.clone()).collect();
        let vault = self.vault().clone();
        let (clerk, reason) = (clerk.clone(), checked_words(reason)?);
        self.store()
            .write(&clerk.actor(), move |tx| {
                let (clerk, reason, found) = (clerk.clone(), reason.clone(), found.clone());
                let vault = vault.clone();
                async move {
                    for case in found {
                        let look = ("search", reason.as_str());
                        access::record(&tx, &vault, (&clerk, &case), look).await?;
                    }
                    Ok::<_, Error>(())
                }
            })
            .await?;
        self.inbox_rows(rows).await
    }

    /// Cases of the holder of a passport, written as its country and number: `ITA YX9900071`.
    async fn by_passport(&self, clerk: &Clerk, words: &str) -> Result<Vec<CaseRow>, Error> {
        let parts = words.trim().split_once(char::is_whitespace);
        let Some(Ok(document)) =
            parts.map(|(country, number)| IdentityDocument::read(country, number))
        else {
            return Ok(Vec::new());
        };
        let found = identity::find_person_by_document(self.store(), self.vault(), &document);
        let Some(owner) = found.await? else {
            return Ok(Vec::new());
        };
        let holder = Applicant::person(owner.id).holder();
        self.by_index(clerk, self.vault().blind_index("holder", &holder).bytes())
            .await
    }

    async fn by_index(&self, clerk: &Clerk, index: Vec<u8>) -> Result<Vec<CaseRow>, Error> {
        let department = clerk.department.to_lowercase();
        self.store()
            .read(move |db| {
                let (index, department) = (index.clone(), department.clone());
                let rows = Page::<InboxRow>::fetch();
                async move { case::of_applicant(&db, &index, &department, rows).await }
            })
            .await
    }

    /// The reason this officer gave for this case within [`REASON_HOURS`], if any.
    ///
    /// # Errors
    /// The store fails.
    pub async fn standing_reason(
        &self,
        clerk: &Clerk,
        case: Id<Case>,
    ) -> Result<Option<String>, Error> {
        let officer = clerk.id;
        let span = std::time::Duration::from_secs(REASON_HOURS * 3600);
        let since = self.now() - span;
        let last = self
            .store()
            .read(move |db| async move { access::last_reason(&db, case, officer, since).await })
            .await?;
        match last {
            Some(row) => Ok(Some(row.open(self.vault())?.reason)),
            None => Ok(None),
        }
    }

    /// Opens a case. The look and its reason are on record before a word is shown.
    ///
    /// # Errors
    /// [`Error::NoSuchCase`], [`Error::WrongRole`], [`Error::ReasonNeeded`].
    pub async fn open_case(
        &self,
        clerk: &Clerk,
        case: Id<Case>,
        reason: &str,
    ) -> Result<CaseView, Error> {
        let reason = checked_words(reason)?;
        let services = self.clone();
        let who = clerk.clone();
        self.store()
            .write(&clerk.actor(), move |tx| {
                let (services, who, reason) = (services.clone(), who.clone(), reason.clone());
                async move {
                    open_case(&services, &tx, (&who, case), &reason).await?;
                    Ok::<_, Error>(())
                }
            })
            .await?;
        self.case_view(clerk, case).await
    }

    /// A document of a case, with its bytes. The look is recorded.
    ///
    /// # Errors
    /// [`Error::NoSuchDocument`], [`Error::WrongRole`], [`Error::Quarantined`], [`Error::Infected`].
    pub async fn case_document(
        &self,
        clerk: &Clerk,
        case: Id<Case>,
        (document, reason): (Id<Document>, &str),
    ) -> Result<Content, Error> {
        let reason = checked_words(reason)?;
        let content = self.read_content(document).await?;
        if content.document.case != Some(case) {
            return Err(Error::NoSuchDocument);
        }
        crate::uploads::released(&content.document)?;
        let what = format!("document {}", content.document.field);
        let services = self.clone();
        let who = clerk.clone();
        self.store()
            .write(&clerk.actor(), move |tx| {
                let (services, who) = (services.clone(), who.clone());
                let (what, reason) = (what.clone(), reason.clone());
                async move {
                    let (case, _) = seen_in(&services, &tx, &who, case).await?;
                    let look = (what.as_str(), reason.as_str());
                    access::record(&tx, services.vault(), (&who, &case), look).await
                }
            })
            .await?;
        Ok(content)
    }

    /// Takes an action of the state chart, or proposes it where the pack wants four eyes.
    ///
    /// # Errors
    /// [`Error::WrongRole`], [`Error::NoSuchAction`], [`Error::ReasonNeeded`],
    /// [`Error::NothingAsked`], [`Error::DecisionPending`], [`Error::Claimed`],
    /// [`Error::CaseMoved`], [`Error::Closed`].
    pub async fn act(&self, clerk: &Clerk, act: Act) -> Result<Acted, Error> {
        let (services, who) = (self.clone(), clerk.clone());
        self.store()
            .write(&clerk.actor(), move |tx| {
                let (services, who, act) = (services.clone(), who.clone(), act.clone());
                async move { act_in(&services, &tx, &who, &act).await }
            })
            .await
    }

    /// The second person confirms the waiting decision.
    ///
    /// # Errors
    /// [`Error::FourEyes`] for the proposer; [`Error::NoSuchAction`] when nothing waits.
    pub async fn confirm(&self, clerk: &Clerk, case: Id<Case>, revision: i64) -> Result<(), Error> {
        let (services, who) = (self.clone(), clerk.clone());
        self.store()
            .write(&clerk.actor(), move |tx| {
                let (services, who) = (services.clone(), who.clone());
                async move { confirm_in(&services, &tx, &who, (case, revision)).await }
            })
            .await
    }

    /// The waiting decision goes back to the desk, with words for the proposer. The proposer may
    /// also take it back.
    ///
    /// # Errors
    /// [`Error::ReasonNeeded`], [`Error::NoSuchAction`] when nothing waits.
    pub async fn send_back(
        &self,
        clerk: &Clerk,
        case: Id<Case>,
        reason: &str,
    ) -> Result<(), Error> {
        let reason = checked_words(reason)?;
        let (services, who) = (self.clone(), clerk.clone());
        self.store()
            .write(&clerk.actor(), move |tx| {
                let (services, who, reason) = (services.clone(), who.clone(), reason.clone());
                async move {
                    let (mut case, _) = seen_in(&services, &tx, &who, case).await?;
                    if action::drop_proposal(&tx, case.id).await? == 0 {
                        return Err(Error::NoSuchAction);
                    }
                    let entry = Entry::of(&case, ActionKind::SentBack).words(Some(reason));
                    let author = Author::clerk(&who);
                    progress::write_entry(&services, &tx, &case, (&author, entry)).await?;
                    case::update(&tx, &mut case).await
                }
            })
            .await
    }

    /// Takes the case onto the officer's own desk.
    ///
    /// # Errors
    /// [`Error::Claimed`], [`Error::WrongRole`], [`Error::Closed`].
    pub async fn claim(&self, clerk: &Clerk, case: Id<Case>) -> Result<(), Error> {
        self.hand(clerk, vec![case], Hand::Claim).await
    }

    /// Puts the case back for everybody in the role.
    ///
    /// # Errors
    /// [`Error::Claimed`] when another officer holds it and this one is no supervisor.
    pub async fn release(&self, clerk: &Clerk, case: Id<Case>) -> Result<(), Error> {
        self.hand(clerk, vec![case], Hand::Release).await
    }

    /// A supervisor gives cases to an officer of the same department: all of them, or none.
    ///
    /// # Errors
    /// [`Error::WrongRole`] when this officer is no supervisor, or the other has no role for a case;
    /// [`Error::NoSuchCase`] past [`BULK_CASES`].
    pub async fn assign(
        &self,
        clerk: &Clerk,
        cases: Vec<Id<Case>>,
        to: Id<Officer>,
    ) -> Result<(), Error> {
        let officer = identity::find_officer(self.store(), to)
            .await?
            .ok_or(Error::WrongRole)?;
        self.hand(clerk, cases, Hand::Assign(Clerk::of(&officer)))
            .await
    }

    async fn hand(&self, clerk: &Clerk, cases: Vec<Id<Case>>, hand: Hand) -> Result<(), Error> {
        if cases.is_empty() || cases.len() > BULK_CASES {
            return Err(Error::NoSuchCase);
        }
        let (services, who) = (self.clone(), clerk.clone());
        self.store()
            .write(&clerk.actor(), move |tx| {
                let (services, who) = (services.clone(), who.clone());
                let (cases, hand) = (cases.clone(), hand.clone());
                async move {
                    for case in cases {
                        hand_in(&services, &tx, (&who, case), &hand).await?;
                    }
                    Ok(())
                }
            })
            .await
    }

    /// Writes a note that only officers see.
    ///
    /// # Errors
    /// [`Error::ReasonNeeded`] for an empty note.
    pub async fn note(&self, clerk: &Clerk, case: Id<Case>, words: &str) -> Result<(), Error> {
        let words = checked_words(words)?;
        let (services, who) = (self.clone(), clerk.clone());
        self.store()
            .write(&clerk.actor(), move |tx| {
                let (services, who, words) = (services.clone(), who.clone(), words.clone());
                async move {
                    let (case, _) = seen_in(&services, &tx, &who, case).await?;
                    let entry = Entry::of(&case, ActionKind::Noted).words(Some(words));
                    let author = Author::clerk(&who);
                    progress::write_entry(&services, &tx, &case, (&author, entry)).await?;
                    Ok(())
                }
            })
            .await
    }

    /// Who looked at the case, and why, newest first, after `after` of the page before.
    ///
    /// # Errors
    /// [`Error::NoSuchCase`], [`Error::WrongRole`].
    pub async fn accesses(
        &self,
        clerk: &Clerk,
        case: Id<Case>,
        after: Option<&Cursor>,
    ) -> Result<Page<AccessRecord>, Error> {
        self.guard_seen(clerk, case).await?;
        let newest = Id::from_bits(u128::MAX);
        let before = after.and_then(|cursor| cursor.0.parse().ok());
        let before = before.unwrap_or(newest);
        let rows = Page::<AccessRecord>::fetch();
        let rows = self
            .store()
            .read(move |db| async move { access::of_case(&db, case, before, rows).await })
            .await?;
        let looks = access::open_all(self.vault(), rows)?;
        Ok(Page::cut(looks, |look| Cursor(look.id.to_string())))
    }

    pub(crate) async fn guard_seen(&self, clerk: &Clerk, case: Id<Case>) -> Result<CaseRow, Error> {
        let row = self
            .store()
            .read(move |db| async move { case::get(&db, case).await })
            .await?;
        let pack = self.pinned(&row.case.service, row.case.pack_version)?;
        if may_see(clerk, &pack) {
            Ok(row)
        } else {
            Err(Error::WrongRole)
        }
    }
}

/// Who gets the case.
#[derive(Clone, Debug)]
pub(crate) enum Hand {
    Claim,
    Release,
    Assign(Clerk),
}

/// Officers see the cases of services whose chart names one of their roles.
pub(crate) fn may_see(clerk: &Clerk, pack: &Pack) -> bool {
    pack.case.officer_roles().iter().any(|role| clerk.has(role))
}

/// Trims words and bounds them.
pub(crate) fn checked_words(words: &str) -> Result<String, Error> {
    let words: String = words.trim().chars().take(WORDS_CHARS).collect();
    if words.is_empty() {
        Err(Error::ReasonNeeded)
    } else {
        Ok(words)
    }
}

/// Records the look of `clerk` at a case, with the reason, and gives the case: the one door to a
/// person's data from the desk.
///
/// # Errors
/// [`Error::NoSuchCase`], [`Error::WrongRole`].
pub async fn open_case(
    services: &Services,
    tx: &Write,
    (clerk, case): (&Clerk, Id<Case>),
    reason: &str,
) -> Result<Case, Error> {
    let (case, pack) = seen_in(services, tx, clerk, case).await?;
    access::record(tx, services.vault(), (clerk, &case), ("case", reason)).await?;
    let reader = services.catalogue().department_name(&pack.owner);
    let reading = identity::Reading {
        person: case.person,
        reader,
        department: clerk.department.clone(),
        reason: Text::new(
            format!("Working on your application {}", case.reference),
            format!("處理你的申請（編號{}）", case.reference),
        ),
    };
    identity::record_reading_in(tx, &reading, &[]).await?;
    Ok(case)
}

pub(crate) async fn seen_in(
    services: &Services,
    db: &Read,
    clerk: &Clerk,
    case: Id<Case>,
) -> Result<(Case, std::sync::Arc<Pack>), Error> {
    let row = case::get(db, case).await?;
    let pack = services.pinned(&row.case.service, row.case.pack_version)?;
    if row.case.person == clerk.person {
        return Err(Error::OwnCase);
    }
    if may_see(clerk, &pack) {
        Ok((row.case, pack))
    } else {
        Err(Error::WrongRole)
    }
}

fn selection(clerk: &Clerk, query: &InboxQuery, now: Time) -> Result<Selection, Error> {
    let roles = match &query.role {
        Some(role) if clerk.has(role) => vec![role.clone()],
        Some(_) => return Err(Error::WrongRole),
        None => clerk.roles.clone(),
    };
    let start = (Time::from_micros(i64::MIN), Id::from_bits(0));
    let after = query.after.as_ref().and_then(|cursor| {
        let (due, id) = cursor.0.split_once('.')?;
        Some((Time::from_micros(due.parse().ok()?), id.parse().ok()?))
    });
    Ok(Selection {
        roles,
        after: after.unwrap_or(start),
        service: query.service.clone().unwrap_or_default(),
        state: query.state.clone().unwrap_or_default(),
        holder: match query.holder {
            Holder::Any => "any",
            Holder::Nobody => "nobody",
            Holder::Mine => "mine",
        },
        officer: clerk.id,
        due_by: match query.deadline {
            Some(Deadline::Overdue) => now,
            Some(Deadline::Soon) => now + crate::deadline::SOON,
            _ => queue::NO_DUE,
        },
        rows: Page::<InboxRow>::fetch(),
    })
}
