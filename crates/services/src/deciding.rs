//! Deciding, inside one write: an action of the chart or its proposal, the second signature, the
//! question to the applicant, and who holds the case.

use kernel::Id;
use packs::{Pack, Reason};
use store::Write;

use crate::{
    Error, Services,
    applicant::Clerk,
    case::{ActionKind, Case},
    desk::{Act, Acted, Hand, checked_words, may_see, seen_in},
    progress::{self, Author, Entry, Step},
    rules,
    seal::{self, Column},
    store::{
        action::{self, ProposalRow},
        case, queue,
        request::{self, RequestRow},
    },
};

pub(crate) async fn act_in(
    services: &Services,
    tx: &Write,
    clerk: &Clerk,
    act: &Act,
) -> Result<Acted, Error> {
    let (mut case, pack) = seen_in(services, tx, clerk, act.case).await?;
    guard_turn(&case, clerk, act.revision)?;
    if action::proposal(tx, case.id).await?.is_some() {
        return Err(Error::DecisionPending);
    }
    let (chosen, to) = chosen(&pack, &case, clerk, &act.action)?;
    let reason = act
        .reason
        .as_deref()
        .map(str::trim)
        .filter(|words| !words.is_empty());
    if chosen.reason == Reason::Required && reason.is_none() {
        return Err(Error::ReasonNeeded);
    }
    let words = reason.map(checked_words).transpose()?;
    let kept = progress::answers_in(services, tx, &case, &pack).await?;
    let on = services.on(tx.now().date(), &kept.locked);
    if !on.ask(|facts| pack.action_holds(chosen.when.as_ref(), &kept.answers, facts)) {
        return Err(Error::NoSuchAction);
    }
    let author = Author::clerk(clerk);
    if chosen.four_eyes {
        return propose_in(services, tx, &mut case, (clerk, &chosen.id, words)).await;
    }
    let asks = pack.case.asks_applicant(&case.state, &chosen.id);
    if asks {
        ask_in(services, tx, &case, (&pack, to), (act, words.as_deref())).await?;
    }
    let step = Step {
        pack: &pack,
        to,
        kind: if asks {
            ActionKind::Asked
        } else {
            ActionKind::Acted
        },
        action: Some(&chosen.id),
        words,
        author: &author,
    };
    progress::take(services, tx, &mut case, step).await?;
    Ok(Acted::Moved)
}

/// The decision waits for a second person.
async fn propose_in(
    services: &Services,
    tx: &Write,
    case: &mut Case,
    (clerk, action, words): (&Clerk, &str, Option<String>),
) -> Result<Acted, Error> {
    let sealed = match &words {
        Some(words) => Some(seal::seal(
            services.vault(),
            Column::ProposalWords,
            case.id,
            words,
        )?),
        None => None,
    };
    let row = ProposalRow {
        action: action.to_owned(),
        proposer: clerk.id,
        proposer_name: clerk.name.clone(),
        words: sealed,
        revision: case.revision,
        at: tx.now(),
    };
    action::propose(tx, case.id, &row).await?;
    let entry = Entry {
        action: Some(action.to_owned()),
        ..Entry::of(case, ActionKind::Proposed)
    };
    let author = Author::clerk(clerk);
    progress::write_entry(services, tx, case, (&author, entry.words(words))).await?;
    case::update(tx, case).await?;
    Ok(Acted::Proposed)
}

/// Nobody works on a closed case, on one that moved, or on one that another officer holds.
pub(crate) fn guard_turn(case: &Case, clerk: &Clerk, revision: i64) -> Result<(), Error> {
    if case.is_closed() {
        return Err(Error::Closed);
    }
    if case.revision != revision {
        return Err(Error::CaseMoved);
    }
    if case.assignee.is_some_and(|holder| holder != clerk.id) && !clerk.is_supervisor() {
        return Err(Error::Claimed);
    }
    Ok(())
}

fn chosen<'p>(
    pack: &'p Pack,
    case: &Case,
    clerk: &Clerk,
    action: &str,
) -> Result<(&'p packs::Action, &'p packs::State), Error> {
    let roles: Vec<&str> = clerk.roles.iter().map(String::as_str).collect();
    let to =
        pack.case
            .transition(&case.state, action, &roles)
            .map_err(|refusal| match refusal {
                packs::Refusal::WrongRole => Error::WrongRole,
                _ => Error::NoSuchAction,
            })?;
    let chosen = pack
        .case
        .state(&case.state)
        .and_then(|state| state.action(action))
        .ok_or(Error::NoSuchAction)?;
    Ok((chosen, to))
}

/// Opens the named questions for the applicant, and only those.
async fn ask_in(
    services: &Services,
    tx: &Write,
    case: &Case,
    (pack, to): (&Pack, &packs::State),
    (act, words): (&Act, Option<&str>),
) -> Result<(), Error> {
    let question = words.ok_or(Error::ReasonNeeded)?;
    let known = act.fields.iter().all(|field| pack.field(field).is_some());
    if act.fields.is_empty() || !known {
        return Err(Error::NothingAsked);
    }
    let id = tx.id::<RequestRow>();
    let row = RequestRow {
        id,
        question: seal::seal(services.vault(), Column::RequestQuestion, id, question)?,
        fields: act.fields.clone(),
        draft_answers: None,
        revision: 0,
        asked: tx.now(),
        reply_by: to
            .after
            .iter()
            .map(|timer| rules::wait_until(services.calendar(), timer.wait, tx.now()))
            .min(),
    };
    request::insert(tx, case.id, &row).await
}

pub(crate) async fn confirm_in(
    services: &Services,
    tx: &Write,
    clerk: &Clerk,
    (case, revision): (Id<Case>, i64),
) -> Result<(), Error> {
    let (mut case, pack) = seen_in(services, tx, clerk, case).await?;
    let proposal = action::proposal(tx, case.id)
        .await?
        .ok_or(Error::NoSuchAction)?;
    if proposal.proposer == clerk.id {
        return Err(Error::FourEyes);
    }
    if case.is_closed() {
        return Err(Error::Closed);
    }
    if case.revision != revision {
        return Err(Error::CaseMoved);
    }
    let (_, to) = chosen(&pack, &case, clerk, &proposal.action)?;
    let words = match &proposal.words {
        Some(words) => Some(seal::open_text(
            services.vault(),
            Column::ProposalWords,
            case.id,
            words,
        )?),
        None => None,
    };
    let author = Author::clerk(clerk);
    let step = Step {
        pack: &pack,
        to,
        kind: ActionKind::Acted,
        action: Some(&proposal.action),
        words,
        author: &author,
    };
    progress::take(services, tx, &mut case, step).await
}

pub(crate) async fn hand_in(
    services: &Services,
    tx: &Write,
    (clerk, case): (&Clerk, Id<Case>),
    hand: &Hand,
) -> Result<(), Error> {
    let (mut case, pack) = seen_in(services, tx, clerk, case).await?;
    if case.is_closed() {
        return Err(Error::Closed);
    }
    let foreign = case.assignee.is_some_and(|holder| holder != clerk.id);
    let kind = match hand {
        Hand::Claim if case.assignee == Some(clerk.id) => return Ok(()),
        Hand::Claim if foreign => return Err(Error::Claimed),
        Hand::Claim => {
            if !queue::is_queued(tx, case.id, &clerk.roles).await? {
                return Err(Error::WrongRole);
            }
            case.assignee = Some(clerk.id);
            ActionKind::Claimed
        }
        Hand::Release if foreign && !clerk.is_supervisor() => return Err(Error::Claimed),
        Hand::Release => {
            case.assignee = None;
            ActionKind::Released
        }
        Hand::Assign(_) if !clerk.is_supervisor() => return Err(Error::WrongRole),
        Hand::Assign(to) if !may_see(to, &pack) => return Err(Error::WrongRole),
        Hand::Assign(to) => {
            case.assignee = Some(to.id);
            ActionKind::Assigned
        }
    };
    queue::assign(tx, &case).await?;
    let mut entry = Entry::of(&case, kind);
    if let Hand::Assign(to) = hand {
        entry.detail = serde_json::json!({ "to": to.id, "name": to.name });
    }
    progress::write_entry(services, tx, &case, (&Author::clerk(clerk), entry)).await?;
    case::update(tx, &mut case).await
}
