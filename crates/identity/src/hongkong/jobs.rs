//! What the wire form does beside requests: making results of what phones answered, posting them to
//! clients until they hear, and forgetting.

use std::time::Duration;

use ::store::Write;
use journal::{Failure, OutboxEvent, Runner, Task as Work};
use kernel::{Actor, Id};
use serde_json::{Map, Value, json};

use super::{
    HongKong,
    broker::{self, PERSONAL},
    key,
    reply::{Fault, tx_id},
    settle,
    store::{day, key as keys, task as tasks, token},
    task::{Asked, State, Task},
    word::{Family, Word},
};
use crate::{
    Approval, ApprovalState, Error,
    provider::{Client, Post, Sent, jobs::enqueue_in},
    store::{approval, signing},
};

/// The job that makes a result.
const SETTLE: &str = "identity.hongkong_settle";
/// The job that posts one to its client.
const CALL: &str = "identity.hongkong_call";
/// The consumer of events that finds what has been answered.
const CONSUMER: &str = "identity.hongkong";
/// The event of an approval's outcome.
const DECIDED: &str = "causeway.approval.decided.v1";
/// How often old rows go.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Rows of each table one sweep touches.
const SWEPT: i64 = 2_000;
/// A result that nobody fetches or hears is kept this long.
const RESULT_KEPT: Duration = Duration::from_secs(86_400);
/// A client's own name for a request stays taken this long.
const NAME_KEPT: Duration = Duration::from_secs(90 * 86_400);

/// Adds the work of the wire form to a runner.
#[must_use]
pub fn jobs(runner: Runner, hk: &HongKong) -> Runner {
    let (settler, caller, listener, sweeper) = (hk.clone(), hk.clone(), hk.clone(), hk.clone());
    runner
        .on(SETTLE, move |work| {
            let hk = settler.clone();
            async move { make_result(&hk, &work).await }
        })
        .on(CALL, move |work| {
            let hk = caller.clone();
            async move { call(&hk, &work).await }
        })
        .consume(CONSUMER, move |event| {
            let hk = listener.clone();
            async move { hear(&hk, &event).await }
        })
        .every("identity.hongkong.sweep", SWEEP_EVERY, move || {
            let hk = sweeper.clone();
            async move { Ok(sweep(&hk).await?) }
        })
}

/// Leaves a callback in the caller's write.
pub(crate) async fn call_in(tx: &Write, id: Id<Task>, part: usize) -> Result<(), Error> {
    let payload = json!({ "task": id, "part": part });
    enqueue_in(tx, CALL, format!("{id}/{part}"), payload).await
}

/// An approval has its outcome: if a client waits for it, a job makes the result.
async fn hear(hk: &HongKong, event: &OutboxEvent) -> Result<(), Failure> {
    if event.kind != DECIDED {
        return Ok(());
    }
    let Ok(id) = event.subject.parse::<Id<Approval>>() else {
        return Ok(());
    };
    let found = hk
        .store()
        .read(move |db| async move { tasks::by_approval_in(&db, id).await })
        .await?;
    let Some(task) = found.filter(|task| !task.kind.is_of_browser()) else {
        return Ok(());
    };
    settle_later(hk, task.id).await?;
    Ok(())
}

async fn settle_later(hk: &HongKong, id: Id<Task>) -> Result<(), Error> {
    hk.store()
        .write(&Actor::system("hongkong"), move |tx| async move {
            enqueue_in(&tx, SETTLE, id.to_string(), json!({ "task": id })).await
        })
        .await
}

fn task_of(work: &Work) -> Result<Id<Task>, Failure> {
    work.payload
        .get("task")
        .and_then(Value::as_str)
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| Failure::Dead("no task".to_owned()))
}

async fn find(hk: &HongKong, id: Id<Task>) -> Result<Option<(Task, Client)>, Failure> {
    let found = hk
        .store()
        .read(move |db| async move { tasks::find_in(&db, id).await })
        .await?;
    let Some(task) = found else { return Ok(None) };
    match hk.provider().wire_client(&task.client).await? {
        Some((client, false)) => Ok(Some((task, client))),
        Some(_) => Err(Failure::Again("the client is suspended".to_owned())),
        None => Ok(None),
    }
}

async fn make_result(hk: &HongKong, work: &Work) -> Result<(), Failure> {
    let Some((task, client)) = find(hk, task_of(work)?).await? else {
        return Ok(());
    };
    if task.state == State::Done {
        return Ok(());
    }
    let actor = Actor::system("hongkong");
    if task.kind.is_of_browser() {
        if let Some(word) = end_of(hk, &task).await? {
            settle::refuse(hk, &task, (&actor, word)).await?;
        }
        return Ok(());
    }
    let binding = task.open_asked(hk.identity().vault())?.binding();
    settle::conclude(hk, (&task, &client), (&actor, &binding)).await?;
    Ok(())
}

/// How a request ended that its browser does not come back for; none while it still may, once the phone
/// has agreed.
async fn end_of(hk: &HongKong, task: &Task) -> Result<Option<Word>, Error> {
    let family = task.kind.family();
    let Some(id) = task.approval else {
        return Ok(Some(family.timed_out()));
    };
    let open = hk
        .store()
        .read(move |db| async move { approval::get_in(&db, id).await })
        .await?;
    let now = hk.provider().now();
    let is_in_hand = open.state == ApprovalState::Approved
        && open
            .decided
            .is_some_and(|decided| now.since(decided) <= open.purpose.ttl());
    let word = family.word(open.state_at(now), open.reason);
    Ok((!is_in_hand).then_some(word.unwrap_or(family.timed_out())))
}

/// Posts one part of a result, and asks for the next.
async fn call(hk: &HongKong, work: &Work) -> Result<(), Failure> {
    let id = task_of(work)?;
    let part = work.payload.get("part").and_then(Value::as_u64);
    let part = usize::try_from(part.unwrap_or_default())?;
    let Some((task, client)) = find(hk, id).await? else {
        return Ok(());
    };
    let (Some(outcome), Some(wire)) = (task.outcome, client.wire.as_ref()) else {
        return Ok(());
    };
    let result = task.open_result(hk.identity().vault())?;
    if outcome == Word::Success && result.is_none() {
        // It was fetched meanwhile.
        return Ok(());
    }
    let asked = task.open_asked(hk.identity().vault())?;
    let (mut content, parts) = content_of((&task, &asked), result, part);
    broker::seal_personal(hk, &client, &mut content)
        .await
        .map_err(again)?;
    let content = Value::Object(content);
    // What was registered when it was asked may be registered no more.
    let named = asked
        .callback_uri
        .filter(|uri| wire.callback_uris.contains(uri));
    let Some(uri) = named.or_else(|| wire.callback_uris.first().cloned()) else {
        return Err(Failure::Dead("the client has no address".to_owned()));
    };
    let body = body_of(hk, (&client, &task), (outcome, &content)).await?;
    let post = Post {
        uri,
        content_type: "application/json",
        authorization: None,
        more: Vec::new(),
        body,
    };
    match hk.provider().outbound().post(post).await {
        Sent::Heard => {}
        Sent::Refused => return Err(Failure::Dead("the client refuses".to_owned())),
        Sent::Gone | Sent::Unheard => {
            return Err(Failure::Again("the client does not answer".to_owned()));
        }
    }
    hk.store()
        .write(&Actor::system("hongkong"), move |tx| async move {
            if part + 1 < parts {
                call_in(&tx, id, part + 1).await
            } else {
                tasks::drop_result_in(&tx, id).await.map(|_| ())
            }
        })
        .await?;
    Ok(())
}

/// What one callback says, and how many there are.
fn content_of(
    (task, asked): (&Task, &Asked),
    result: Option<Value>,
    part: usize,
) -> (Map<String, Value>, usize) {
    let mut content = match result {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    content.insert("businessID".to_owned(), json!(task.business));
    if let Some(state) = &asked.state {
        content.insert("state".to_owned(), json!(state));
    }
    if task.kind.family() == Family::StepUp {
        let is_passed = task.outcome == Some(Word::Success);
        content.insert("isPassed".to_owned(), json!(is_passed));
    }
    let in_one = asked.signing.as_ref().map_or(1, |one| one.in_one.max(1));
    let whole = cut(&mut content, (in_one, part));
    let parts = whole.or_else(|| {
        let personal = content.get_mut(PERSONAL)?.as_object_mut()?;
        cut(personal, (in_one, part))
    });
    if let Some(parts) = parts {
        content.insert("callbackSeq".to_owned(), json!(part + 1));
        content.insert("totalCallbacks".to_owned(), json!(parts));
    }
    (content, parts.unwrap_or(1))
}

/// Leaves of many results those of one part, and says how many parts there are.
fn cut(fields: &mut Map<String, Value>, (in_one, part): (usize, usize)) -> Option<usize> {
    let all = fields.get_mut("results")?.as_array_mut()?;
    let parts = all.len().div_ceil(in_one).max(1);
    *all = all
        .iter()
        .skip(part * in_one)
        .take(in_one)
        .cloned()
        .collect();
    Some(parts)
}

/// The key cannot be had: whatever the reason, it may be there later.
fn again(fault: Fault) -> Failure {
    match fault {
        Fault::Refused(refusal, _) => Failure::Again(refusal.word.message().to_owned()),
        Fault::Failed(error) => Failure::Again(error.to_string()),
        Fault::Held(error) => Failure::Again(error.to_string()),
    }
}

async fn body_of(
    hk: &HongKong,
    (client, task): (&Client, &Task),
    (outcome, content): (Word, &Value),
) -> Result<String, Failure> {
    let dialect = task.kind.dialect();
    let (key, stored) = key::in_force(hk, client, dialect).await.map_err(again)?;
    let sealed = key
        .seal(hk.env(), content.to_string().as_bytes())
        .map_err(Error::from)?;
    let body = json!({
        // The same in every attempt, so that a client can tell a repetition.
        "txID": tx_id(task.id.bytes()),
        "code": outcome.sent(dialect),
        "msg": outcome.message(),
        "message": outcome.message(),
        "secretKey": stored.wrapped,
        "content": sealed,
    });
    Ok(body.to_string())
}

/// Times out what nobody answered, counts what is done, and forgets what is over.
pub(crate) async fn sweep(hk: &HongKong) -> Result<(), Error> {
    let due = hk
        .store()
        .read(|db| async move { tasks::due_in(&db, SWEPT).await })
        .await?;
    for id in due {
        settle_later(hk, id).await?;
    }
    hk.store()
        .write(&Actor::system("hongkong"), |tx| async move {
            day::fold_in(&tx, SWEPT).await?;
            let before = (tx.now() - RESULT_KEPT, tx.now() - NAME_KEPT);
            tasks::forget_in(&tx, before, SWEPT).await?;
            token::forget_in(&tx, tx.now() - RESULT_KEPT, SWEPT).await?;
            signing::forget_presence_in(&tx, tx.now() - RESULT_KEPT).await?;
            keys::forget_in(&tx).await
        })
        .await
}
