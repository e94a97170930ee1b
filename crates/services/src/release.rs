//! A version of a pack on its way to the public: checked, proposed by its owner with a reason, and
//! published by a second person. What was put forward never changes; a mended text is another release.

use identity::Officer;
use kernel::{Id, Role, Time};
use packs::{Code, Defect, Pack, Span};
use store::Write;

use crate::{
    Error, Services,
    applicant::Clerk,
    case::WORDS_CHARS,
    publish::{Publication, publish_in},
    rules,
    store::{
        release as table,
        version::{self, ServiceVersion},
    },
};

/// Releases of one service that its page lists; older ones stay on record.
pub const RELEASES_SHOWN: i64 = 25;
/// Proposals one department's list shows.
const WAITING_SHOWN: i64 = 100;

/// Where a release stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReleaseState {
    /// Free of defects; only its maker sees it.
    Checked,
    /// Waits for a second person.
    Proposed,
    Published,
    Refused,
    Withdrawn,
}

::store::text_codes!(ReleaseState {
    Checked => "checked",
    Proposed => "proposed",
    Published => "published",
    Refused => "refused",
    Withdrawn => "withdrawn",
});

/// What happens to a release.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReleaseStep {
    Propose,
    Publish,
    Refuse,
    Withdraw,
}

impl ReleaseState {
    /// Where `step` leads; `None` when it does not follow.
    #[must_use]
    pub const fn after(self, step: ReleaseStep) -> Option<Self> {
        match (self, step) {
            (Self::Checked, ReleaseStep::Propose) => Some(Self::Proposed),
            (Self::Proposed, ReleaseStep::Publish) => Some(Self::Published),
            (Self::Proposed, ReleaseStep::Refuse) => Some(Self::Refused),
            (Self::Checked | Self::Proposed, ReleaseStep::Withdraw) => Some(Self::Withdrawn),
            _ => None,
        }
    }

    /// Whether nothing can happen to it any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Published | Self::Refused | Self::Withdrawn)
    }
}

/// A release on record.
#[derive(Clone, Debug)]
pub struct Release {
    pub id: Id<Release>,
    pub service: String,
    pub version: i64,
    /// The department that owns the service, in small letters.
    pub department: String,
    pub source: String,
    pub digest: String,
    pub state: ReleaseState,
    /// Why it is published, in the owner's words; empty until it is proposed.
    pub reason: String,
    pub made_by: Id<Officer>,
    pub made_by_name: String,
    pub made_at: Time,
    pub decided_by_name: Option<String>,
    pub decided_at: Option<Time>,
    /// What the second person said.
    pub note: String,
}

/// What a look at a text came to.
#[derive(Clone, Debug)]
pub enum Checking {
    /// What to mend, in the order of the text.
    Defects(Vec<Defect>),
    /// Free of defects, and kept for the next step.
    Ready(Id<Release>),
}

impl Services {
    /// Looks at the text of a pack; without defects it is kept as a release of this owner, in place of
    /// the one they had checked before. `service` is the page it was put in on, if any.
    ///
    /// # Errors
    /// [`Error::NotOwner`] when the officer is no owner, or the pack names another department.
    pub async fn check_release(
        &self,
        clerk: &Clerk,
        (service, source): (Option<&str>, &str),
    ) -> Result<Checking, Error> {
        guard_owner(clerk)?;
        let named = named_service(source);
        let name = service.or(named).unwrap_or("pack");
        let file = format!("{name}.yaml");
        let pack = match rules::read_whole(&file, source) {
            Ok(pack) => pack,
            Err(defects) => return Ok(Checking::Defects(defects)),
        };
        if !pack.owner.eq_ignore_ascii_case(&clerk.department) {
            return Err(Error::NotOwner);
        }
        let newest = self
            .catalogue()
            .versions(&pack.service)
            .first()
            .map(|one| one.version);
        if let Some(newest) = newest.filter(|newest| *newest >= i64::from(pack.version)) {
            return Ok(Checking::Defects(vec![known_version(
                &file, source, newest,
            )]));
        }
        let release = self.new_release(clerk, &pack, source);
        let id = self
            .store()
            .write(&clerk.actor(), move |tx| {
                let mut release = release.clone();
                async move {
                    release.id = tx.id();
                    table::forget_checked(&tx, &release.service, release.made_by).await?;
                    table::insert(&tx, &release).await?;
                    Ok::<_, Error>(release.id)
                }
            })
            .await?;
        Ok(Checking::Ready(id))
    }

    fn new_release(&self, clerk: &Clerk, pack: &Pack, source: &str) -> Release {
        Release {
            id: self.env().id(),
            service: pack.service.clone(),
            version: i64::from(pack.version),
            department: pack.owner.to_lowercase(),
            source: source.to_owned(),
            digest: crate::publish::digest(source),
            state: ReleaseState::Checked,
            reason: String::new(),
            made_by: clerk.id,
            made_by_name: clerk.name.clone(),
            made_at: self.now(),
            decided_by_name: None,
            decided_at: None,
            note: String::new(),
        }
    }

    /// A release, for those who may see it: its department, and operators. One that is only checked is
    /// its maker's own.
    ///
    /// # Errors
    /// [`Error::NoSuchRelease`].
    pub async fn release_of(&self, clerk: &Clerk, id: Id<Release>) -> Result<Release, Error> {
        let release = self
            .store()
            .read(move |db| async move { table::find(&db, id).await })
            .await?;
        release
            .filter(|release| may_see(clerk, release))
            .ok_or(Error::NoSuchRelease)
    }

    /// The pack of a release.
    ///
    /// # Errors
    /// [`Error::PackRefused`] when this program cannot read it any more.
    pub fn pack_of_release(&self, release: &Release) -> Result<Pack, Error> {
        rules::load(&release.service, &release.source)
    }

    /// The latest releases of a service, newest first, as far as the officer may see them.
    ///
    /// # Errors
    /// The store fails.
    pub async fn releases(&self, clerk: &Clerk, service: &str) -> Result<Vec<Release>, Error> {
        let service = service.to_owned();
        let mut found = self
            .store()
            .read(move |db| {
                let service = service.clone();
                async move { table::of_service(&db, &service, RELEASES_SHOWN).await }
            })
            .await?;
        found.retain(|release| may_see(clerk, release));
        Ok(found)
    }

    /// Proposals that wait for a second person in the officer's department.
    ///
    /// # Errors
    /// The store fails.
    pub async fn waiting_releases(&self, clerk: &Clerk) -> Result<Vec<Release>, Error> {
        let department = clerk.department.to_lowercase();
        self.store()
            .read(move |db| {
                let department = department.clone();
                async move {
                    let state = ReleaseState::Proposed;
                    table::of_department(&db, &department, state, WAITING_SHOWN).await
                }
            })
            .await
    }

    /// Puts a checked release forward, with a reason.
    ///
    /// # Errors
    /// [`Error::ReasonNeeded`], [`Error::ReleaseState`] when it is not the officer's own checked one or
    /// another proposal of the service waits, [`Error::VersionExists`].
    pub async fn propose_release(
        &self,
        clerk: &Clerk,
        id: Id<Release>,
        reason: &str,
    ) -> Result<(), Error> {
        guard_owner(clerk)?;
        let mut release = self.release_of(clerk, id).await?;
        if release.made_by != clerk.id {
            return Err(Error::ReleaseState);
        }
        release.reason = words(reason)?;
        self.step_release(clerk, (release, ReleaseStep::Propose))
            .await
    }

    /// Takes back a release of one's own.
    ///
    /// # Errors
    /// [`Error::ReleaseState`], [`Error::NoSuchRelease`].
    pub async fn withdraw_release(&self, clerk: &Clerk, id: Id<Release>) -> Result<(), Error> {
        let release = self.release_of(clerk, id).await?;
        if release.made_by != clerk.id {
            return Err(Error::ReleaseState);
        }
        self.step_release(clerk, (release, ReleaseStep::Withdraw))
            .await
    }

    /// The second person says no, and why.
    ///
    /// # Errors
    /// [`Error::FourEyes`], [`Error::ReasonNeeded`], [`Error::ReleaseState`].
    pub async fn refuse_release(
        &self,
        clerk: &Clerk,
        id: Id<Release>,
        note: &str,
    ) -> Result<(), Error> {
        let mut release = self.release_of(clerk, id).await?;
        guard_second(clerk, &release)?;
        release.note = words(note)?;
        self.step_release(clerk, (release, ReleaseStep::Refuse))
            .await
    }

    /// The second person publishes. From this instant new drafts begin with it.
    ///
    /// # Errors
    /// [`Error::FourEyes`] for its maker, [`Error::ReleaseState`], [`Error::VersionExists`] when another
    /// text was published meanwhile.
    pub async fn publish_release(
        &self,
        clerk: &Clerk,
        id: Id<Release>,
    ) -> Result<Publication, Error> {
        let release = self.release_of(clerk, id).await?;
        guard_second(clerk, &release)?;
        let pack = rules::check(&format!("{}.yaml", release.service), &release.source)?;
        let row = ServiceVersion {
            service: release.service.clone(),
            version: release.version,
            digest: release.digest.clone(),
            source: release.source.clone(),
            changes: self.changes_to(&pack),
            published_at: self.now(),
            published_by: clerk.id.to_string(),
            cutoff: None,
        };
        let clerk = clerk.clone();
        let publication = self
            .store()
            .write(&clerk.actor(), move |tx| {
                let (row, release, clerk) = (row.clone(), release.clone(), clerk.clone());
                async move {
                    let reason = release.reason.clone();
                    decide_in(&tx, &clerk, (release, ReleaseStep::Publish)).await?;
                    publish_in(&tx, &row, Some(reason)).await
                }
            })
            .await?;
        self.reload().await?;
        Ok(publication)
    }

    async fn step_release(
        &self,
        clerk: &Clerk,
        (release, step): (Release, ReleaseStep),
    ) -> Result<(), Error> {
        let clerk = clerk.clone();
        self.store()
            .write(&clerk.actor(), move |tx| {
                let (release, clerk) = (release.clone(), clerk.clone());
                async move { decide_in(&tx, &clerk, (release, step)).await }
            })
            .await
    }
}

/// Moves a release as it stands now, and puts that on record.
async fn decide_in(
    tx: &Write,
    clerk: &Clerk,
    (mut release, step): (Release, ReleaseStep),
) -> Result<(), Error> {
    let now = table::find(tx, release.id)
        .await?
        .ok_or(Error::NoSuchRelease)?;
    release.state = now.state.after(step).ok_or(Error::ReleaseState)?;
    if step == ReleaseStep::Propose {
        let newest = version::newest(tx, &release.service).await?;
        if newest.is_some_and(|newest| newest.version >= release.version) {
            return Err(Error::VersionExists {
                service: release.service,
                version: release.version,
            });
        }
        if table::proposed(tx, &release.service).await?.is_some() {
            return Err(Error::ReleaseState);
        }
    } else {
        release.decided_by_name = Some(clerk.name.clone());
        release.decided_at = Some(tx.now());
    }
    table::update(tx, &release).await?;
    let (action, reason) = match step {
        ReleaseStep::Propose => ("release.proposed", Some(release.reason.clone())),
        ReleaseStep::Publish => ("release.published", Some(release.reason.clone())),
        ReleaseStep::Refuse => ("release.refused", Some(release.note.clone())),
        ReleaseStep::Withdraw => ("release.withdrawn", None),
    };
    let entry = journal::Audit {
        action,
        noun: "release",
        id: release.id.to_string(),
        reason,
        detail: serde_json::json!({
            "service": release.service,
            "version": release.version,
            "digest": release.digest,
        }),
    };
    journal::audit(tx, entry).await?;
    Ok(())
}

fn may_see(clerk: &Clerk, release: &Release) -> bool {
    let is_own = release.made_by == clerk.id;
    let is_shown =
        release.state != ReleaseState::Checked && sees_service(clerk, &release.department);
    is_own || is_shown
}

/// Whether the officer may look at packs of this department: its own owners and supervisors, and
/// operators at all of them.
pub(crate) fn sees_service(clerk: &Clerk, department: &str) -> bool {
    let is_own = department.eq_ignore_ascii_case(&clerk.department);
    clerk.role == Role::Operator || (is_own && matches!(clerk.role, Role::Owner | Role::Supervisor))
}

pub(crate) fn guard_owner(clerk: &Clerk) -> Result<(), Error> {
    if clerk.role == Role::Owner {
        Ok(())
    } else {
        Err(Error::NotOwner)
    }
}

/// Another owner or a supervisor of the same department, never the one who proposed it.
fn guard_second(clerk: &Clerk, release: &Release) -> Result<(), Error> {
    let is_own = release.department.eq_ignore_ascii_case(&clerk.department);
    if !is_own || !matches!(clerk.role, Role::Owner | Role::Supervisor) {
        return Err(Error::NotOwner);
    }
    if release.made_by == clerk.id {
        return Err(Error::FourEyes);
    }
    Ok(())
}

pub(crate) fn words(text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > WORDS_CHARS {
        return Err(Error::ReasonNeeded);
    }
    Ok(text.to_owned())
}

/// The service a text says it is, read before anything else is known about it.
fn named_service(source: &str) -> Option<&str> {
    source
        .lines()
        .find_map(|line| line.strip_prefix("service:"))
        .map(|rest| rest.trim().trim_matches(['"', '\'']))
        .filter(|name| !name.is_empty())
}

/// The defect of a text whose version is taken, at the line that says it.
fn known_version(file: &str, source: &str, newest: i64) -> Defect {
    let line = source
        .lines()
        .position(|line| line.starts_with("version:"))
        .and_then(|place| u32::try_from(place + 1).ok())
        .unwrap_or(1);
    Defect {
        file: file.to_owned(),
        span: Span { line, column: 1 },
        code: Code::WrongValue,
        wrong: format!(
            "version {newest} is published already, and a published version never changes"
        ),
        mend: format!("Write `version: {}`", newest + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::{ReleaseState, ReleaseStep, named_service};

    #[test]
    fn what_is_decided_stays_decided() {
        let steps = [
            ReleaseStep::Propose,
            ReleaseStep::Publish,
            ReleaseStep::Refuse,
            ReleaseStep::Withdraw,
        ];
        for state in [
            ReleaseState::Checked,
            ReleaseState::Proposed,
            ReleaseState::Published,
            ReleaseState::Refused,
            ReleaseState::Withdrawn,
        ] {
            let moves = steps.iter().filter(|step| state.after(**step).is_some());
            assert_eq!(moves.count() == 0, state.is_final(), "{state:?}");
        }
    }

    #[test]
    fn nothing_is_published_that_was_not_proposed() {
        assert_eq!(ReleaseState::Checked.after(ReleaseStep::Publish), None);
        assert_eq!(
            ReleaseState::Proposed.after(ReleaseStep::Publish),
            Some(ReleaseState::Published)
        );
    }

    #[test]
    fn the_service_is_found_in_a_text_that_is_otherwise_wrong() {
        assert_eq!(
            named_service("# x\nservice: td-test\nversion: ["),
            Some("td-test")
        );
        assert_eq!(named_service("service:\n"), None);
    }
}
