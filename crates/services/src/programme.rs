//! The programme: how far every service of the catalogue has come, and by which day its department says
//! that it will go on. A stage is read from the pack and the catalogue and never typed in; only a date
//! is, and a date that was moved keeps the one that was said first.
//!
//! Called by the portal's programme board and by the desk of owners.

use std::collections::BTreeMap;

use journal::{Audit, Event};
use kernel::{Date, Id, Text, Time};
use packs::{Pack, ServiceKind};
use serde_json::json;

use crate::{
    Catalogue, Entry, Error, Published, Services,
    applicant::Clerk,
    outlook::find_outlook,
    release::{guard_owner, words},
    store::programme as table,
};

/// Dates that are read for the board: four for every service the catalogue could hold.
pub const TARGETS_MAX: i64 = 10_000;
/// How often the date of one stage may be moved.
pub const MOVES_MAX: i64 = 50;
/// Years ahead a date may lie.
pub const YEARS_AHEAD: i64 = 10;
/// Decisions within the promised time, in per cent, below which a service counts as slow.
pub const PLEDGE_KEPT_PERCENT: i64 = 90;

/// How far a service has come. Each stage takes in those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stage {
    /// Its name and its department are known.
    Announced,
    /// The form it is asked for with is known.
    FormsReady,
    /// It takes applications here.
    Online,
    /// Nothing of it is done anywhere else.
    ZeroRedirection,
    /// A rule on record decides without an officer where the facts are plain.
    AutomaticDecision,
}

store::text_codes!(Stage {
    Announced => "announced",
    FormsReady => "forms_ready",
    Online => "online",
    ZeroRedirection => "zero_redirection",
    AutomaticDecision => "automatic_decision",
});

impl Stage {
    pub const ALL: [Self; 5] = [
        Self::Announced,
        Self::FormsReady,
        Self::Online,
        Self::ZeroRedirection,
        Self::AutomaticDecision,
    ];

    /// The first is 1.
    #[must_use]
    pub const fn number(self) -> usize {
        self as usize + 1
    }
}

/// One thing a stage asks for, each of which the catalogue or the pack says by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mark {
    /// A form number is printed in the catalogue, or the service asks its questions here.
    FormKnown,
    /// A published version takes applications today.
    Open,
    /// Nothing is paid, or what is paid is paid here.
    FeeHere,
    /// No time or place has to be chosen outside.
    NoBooking,
    /// A licence or permit is given on the phone.
    GivenHere,
    /// A rule of the pack ends a case.
    RuleDecides,
}

impl Mark {
    pub const ALL: [Self; 6] = [
        Self::FormKnown,
        Self::Open,
        Self::FeeHere,
        Self::NoBooking,
        Self::GivenHere,
        Self::RuleDecides,
    ];

    /// The stage that asks for it.
    #[must_use]
    pub const fn stage(self) -> Stage {
        match self {
            Self::FormKnown => Stage::FormsReady,
            Self::Open => Stage::Online,
            Self::FeeHere | Self::NoBooking | Self::GivenHere => Stage::ZeroRedirection,
            Self::RuleDecides => Stage::AutomaticDecision,
        }
    }

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::FormKnown => "form_known",
            Self::Open => "open",
            Self::FeeHere => "fee_here",
            Self::NoBooking => "no_booking",
            Self::GivenHere => "given_here",
            Self::RuleDecides => "rule_decides",
        }
    }
}

/// Where a service stands, and what it has not got.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    pub stage: Stage,
    pub missing: Vec<Mark>,
}

impl Standing {
    fn of(missing: Vec<Mark>) -> Self {
        let stage = Stage::ALL
            .into_iter()
            .take_while(|stage| missing.iter().all(|mark| mark.stage() != *stage))
            .last();
        Self {
            stage: stage.unwrap_or(Stage::Announced),
            missing,
        }
    }
}

/// Where a service of the catalogue stands now.
#[must_use]
pub fn standing(catalogue: &Catalogue, entry: &Entry, now: Time) -> Standing {
    let missing = match catalogue.current(&entry.id, now) {
        Some(current) => missing(&current.pack),
        None => Mark::ALL
            .into_iter()
            .filter(|mark| *mark != Mark::FormKnown || entry.forms.is_empty())
            .collect(),
    };
    Standing::of(missing)
}

/// What a published pack has not got.
fn missing(pack: &Pack) -> Vec<Mark> {
    let is_given =
        pack.issue.is_some() || !matches!(pack.kind, ServiceKind::Licence | ServiceKind::Permit);
    let needs_booking = find_outlook(&pack.service).is_some_and(|one| one.needs_booking);
    let lacks = [
        (Mark::FeeHere, pack.fee_elsewhere.is_some()),
        (Mark::NoBooking, needs_booking),
        (Mark::GivenHere, !is_given),
        (Mark::RuleDecides, !is_decided_by_rule(pack)),
    ];
    lacks
        .into_iter()
        .filter_map(|(mark, lacks)| lacks.then_some(mark))
        .collect()
}

/// Whether some state is left by a rule into a state that ends the case.
fn is_decided_by_rule(pack: &Pack) -> bool {
    pack.case.states.iter().any(|state| {
        let Some(auto) = &state.auto else {
            return false;
        };
        let taken = state.actions.iter().find(|one| one.id == auto.take.value);
        taken
            .and_then(|action| pack.case.state(&action.to.value))
            .is_some_and(|state| state.outcome.is_some())
    })
}

/// The day on which a service came to `stage`: that of the first version that reaches it. `None` where
/// no version says so: what is known by name only was never published.
#[must_use]
pub fn reached_on(catalogue: &Catalogue, service: &str, stage: Stage) -> Option<Date> {
    catalogue
        .versions(service)
        .into_iter()
        .rev()
        .find(|one: &&Published| Standing::of(missing(&one.pack)).stage >= stage)
        .map(|one| one.published_at.date())
}

/// What a department says about one stage of one service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    pub service: String,
    pub stage: Stage,
    pub due: Date,
    /// The day that was said first.
    pub first_due: Date,
    /// How often the day was moved.
    pub moves: i64,
    /// Why this day, in words for everybody.
    pub reason: Text,
    pub set_by_name: String,
    pub set_at: Time,
}

/// One day that was named, at one time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Move {
    pub id: Id<Move>,
    pub service: String,
    pub stage: Stage,
    pub due: Date,
    pub reason: Text,
    pub set_by_name: String,
    pub set_at: Time,
}

/// What an owner decides about a date.
#[derive(Clone, Debug)]
pub struct NewTarget {
    pub service: String,
    pub stage: Stage,
    pub due: Date,
    /// Why, in English and in Chinese.
    pub reason: [String; 2],
}

/// How a date is kept. Days are calendar days.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// The day passed and the stage is not reached.
    Overdue(i64),
    /// The day lies ahead, later than the one that was said first.
    Postponed(i64),
    OnTime,
    Reached,
    /// Reached so many days after the day that was said first.
    ReachedLate(i64),
}

impl Progress {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Overdue(_) => "overdue",
            Self::Postponed(_) => "postponed",
            Self::OnTime => "on_time",
            Self::Reached => "reached",
            Self::ReachedLate(_) => "reached_late",
        }
    }

    /// Days after the day that was said; 0 where it is kept.
    #[must_use]
    pub const fn days(self) -> i64 {
        match self {
            Self::Overdue(days) | Self::Postponed(days) | Self::ReachedLate(days) => days,
            Self::OnTime | Self::Reached => 0,
        }
    }

    #[must_use]
    pub const fn is_slipping(self) -> bool {
        matches!(self, Self::Overdue(_) | Self::Postponed(_))
    }

    #[must_use]
    pub const fn is_reached(self) -> bool {
        matches!(self, Self::Reached | Self::ReachedLate(_))
    }

    /// The gravest first.
    const fn rank(self) -> u8 {
        match self {
            Self::Overdue(_) => 0,
            Self::Postponed(_) => 1,
            Self::OnTime => 2,
            Self::ReachedLate(_) | Self::Reached => 3,
        }
    }
}

impl Target {
    /// How the date is kept by a service that stands at `stage` today and came to the target's stage on
    /// `reached`, where that is known. A day that passed is measured from what was said first, so that
    /// moving a date never makes a delay smaller.
    #[must_use]
    pub fn progress(&self, stage: Stage, reached: Option<Date>, today: Date) -> Progress {
        let late = |day: Date| self.first_due.days_until(day);
        if stage >= self.stage {
            return match reached.map(late) {
                Some(days) if days > 0 => Progress::ReachedLate(days),
                _ => Progress::Reached,
            };
        }
        if self.due < today {
            Progress::Overdue(late(today))
        } else if late(self.due) > 0 {
            Progress::Postponed(late(self.due))
        } else {
            Progress::OnTime
        }
    }
}

/// A date with how it is kept.
#[derive(Clone, Debug)]
pub struct Milestone {
    pub target: Target,
    pub progress: Progress,
    pub reached_on: Option<Date>,
}

/// One service on the board.
#[derive(Clone, Debug)]
pub struct Line {
    pub service: String,
    pub department: String,
    pub standing: Standing,
    /// By stage.
    pub milestones: Vec<Milestone>,
    /// It was open once and has ended.
    pub has_ended: bool,
    /// Working or calendar days promised for a decision.
    pub pledge: Option<packs::Promise>,
}

impl Line {
    fn of<'t>(
        catalogue: &Catalogue,
        entry: &Entry,
        targets: impl IntoIterator<Item = &'t Target>,
        now: Time,
    ) -> Self {
        let standing = standing(catalogue, entry, now);
        let newest = catalogue.versions(&entry.id).into_iter().next();
        let mut milestones: Vec<Milestone> = targets
            .into_iter()
            .map(|target| {
                let reached_on = (standing.stage >= target.stage)
                    .then(|| reached_on(catalogue, &entry.id, target.stage))
                    .flatten();
                Milestone {
                    progress: target.progress(standing.stage, reached_on, now.date()),
                    target: target.clone(),
                    reached_on,
                }
            })
            .collect();
        milestones.sort_by_key(|one| one.target.stage);
        Self {
            service: entry.id.clone(),
            department: entry.department.clone(),
            has_ended: newest.is_some() && standing.stage < Stage::Online,
            pledge: newest.and_then(|one| one.pack.promise),
            standing,
            milestones,
        }
    }

    /// The date to look at first: the one that slips most, else the next, else the last one reached.
    #[must_use]
    pub fn lead(&self) -> Option<&Milestone> {
        self.milestones.iter().min_by_key(|one| {
            let stage = one.target.stage.number();
            let place = if one.progress.is_reached() {
                Stage::ALL.len() - stage
            } else {
                stage
            };
            let days = std::cmp::Reverse(one.progress.days());
            (one.progress.rank(), days, place)
        })
    }

    /// Whether a date of the service slips.
    #[must_use]
    pub fn is_slipping(&self) -> bool {
        self.lead().is_some_and(|one| one.progress.is_slipping())
    }

    /// The place on the board: slipping dates by how far, then slow decisions, then dates to come, the
    /// next first, then the others, the furthest first.
    fn rank(&self, is_slow: bool) -> (u8, i64, Option<Date>, usize) {
        let stage = Stage::ALL.len() - self.standing.stage.number();
        match self.lead().map(|one| (one.progress, one.target.due)) {
            Some((Progress::Overdue(days), _)) => (0, -days, None, stage),
            Some((Progress::Postponed(days), _)) => (1, -days, None, stage),
            _ if is_slow => (2, 0, None, stage),
            Some((Progress::OnTime, due)) => (3, 0, Some(due), stage),
            _ => (4, 0, None, stage),
        }
    }
}

/// Every service of the catalogue, slipping ones first. `is_slow` says of a service whether it breaks its
/// promise of time.
#[must_use]
pub fn board(
    catalogue: &Catalogue,
    targets: &[Target],
    now: Time,
    is_slow: impl Fn(&str) -> bool,
) -> Vec<Line> {
    let mut said: BTreeMap<&str, Vec<&Target>> = BTreeMap::new();
    for target in targets {
        said.entry(&target.service).or_default().push(target);
    }
    let mut lines: Vec<Line> = catalogue
        .entries()
        .iter()
        .map(|entry| {
            let targets = said.remove(entry.id.as_str()).unwrap_or_default();
            Line::of(catalogue, entry, targets, now)
        })
        .collect();
    lines.sort_by_cached_key(|line| line.rank(is_slow(&line.service)));
    lines
}

/// One service on the board.
#[must_use]
pub fn line(catalogue: &Catalogue, service: &str, targets: &[Target], now: Time) -> Option<Line> {
    let entry = catalogue.entry(service)?;
    let targets = targets.iter().filter(|one| one.service == service);
    Some(Line::of(catalogue, entry, targets, now))
}

impl Services {
    /// Every date that departments have said.
    ///
    /// # Errors
    /// The store fails.
    pub async fn targets(&self) -> Result<Vec<Target>, Error> {
        self.store()
            .read(|db| async move { table::all(&db).await })
            .await
    }

    /// Every day ever named for a service, latest first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn target_moves(&self, service: &str) -> Result<Vec<Move>, Error> {
        let service = service.to_owned();
        self.store()
            .read(move |db| {
                let service = service.clone();
                async move { table::moves(&db, &service).await }
            })
            .await
    }

    /// Says by which day a service will have come to a stage, or moves that day. What was said before
    /// stays in the history, and the board measures from what was said first.
    ///
    /// # Errors
    /// [`Error::NotOwner`], [`Error::NoSuchService`], [`Error::StageReached`], [`Error::TargetDate`],
    /// [`Error::ReasonNeeded`], [`Error::TargetSame`], [`Error::TargetMoves`].
    pub async fn set_target(&self, clerk: &Clerk, new: NewTarget) -> Result<(), Error> {
        guard_owner(clerk)?;
        let catalogue = self.catalogue();
        let entry = catalogue
            .entry(&new.service)
            .ok_or_else(|| Error::NoSuchService(new.service.clone()))?;
        if !entry.department.eq_ignore_ascii_case(&clerk.department) {
            return Err(Error::NotOwner);
        }
        if standing(&catalogue, entry, self.now()).stage >= new.stage {
            return Err(Error::StageReached);
        }
        let today = self.today();
        let last = today.plus_months(12 * YEARS_AHEAD);
        if new.due < today || new.due > last {
            return Err(Error::TargetDate);
        }
        let [en, tc] = &new.reason;
        let reason = Text::new(words(en)?, words(tc)?);
        let name = clerk.name.clone();
        self.store()
            .write(&clerk.actor(), move |tx| {
                let (new, reason, name) = (new.clone(), reason.clone(), name.clone());
                async move { set(&tx, new, reason, name).await }
            })
            .await
    }
}

async fn set(
    tx: &store::Write,
    new: NewTarget,
    reason: Text,
    set_by_name: String,
) -> Result<(), Error> {
    let before = table::find(tx, &new.service, new.stage).await?;
    let moves = before.as_ref().map_or(0, |one| one.moves + 1);
    if moves > MOVES_MAX {
        return Err(Error::TargetMoves);
    }
    if before.as_ref().is_some_and(|one| one.due == new.due) {
        return Err(Error::TargetSame);
    }
    let row = Target {
        first_due: before.as_ref().map_or(new.due, |one| one.first_due),
        service: new.service,
        stage: new.stage,
        due: new.due,
        moves,
        reason,
        set_by_name,
        set_at: tx.now(),
    };
    table::put(tx, &row).await?;
    let data = json!({
        "service": row.service,
        "stage": row.stage.code(),
        "due": row.due.to_string(),
        "before": before.map(|one| one.due.to_string()),
        "first_due": row.first_due.to_string(),
    });
    let entry = Audit {
        action: "programme.target_set",
        noun: "service",
        id: row.service.clone(),
        reason: Some(row.reason.en.clone()),
        detail: data.clone(),
    };
    journal::audit(tx, entry).await?;
    let event = Event {
        kind: "causeway.programme.target_set.v1",
        subject: row.service,
        data,
    };
    journal::emit(tx, event).await?;
    Ok(())
}
