//! Background work: every handler can run again without harm.

use std::time::Duration;

use identity::{MemberRole, Right};
use journal::{Runner, Task};
use kernel::{Actor, Id};
use packs::Pack;
use serde::{Deserialize, de::DeserializeOwned};
use store::Write;

use crate::{
    Error, Services,
    announce::ANNOUNCE_JOB,
    case::{ActionKind, Case, Clock, Flag},
    document::Document,
    draft::Draft,
    drafting,
    file::ScanState,
    money::{self, PAID_JOB},
    progress::{self, Author, Entry, Step},
    rules,
    scanner::Verdict,
    store::{access, case, document, draft, queue, signature},
    submit::Submit,
    tell::{self, LETTER_JOB, LetterJob},
    timers::{Elapsed, PROMISE, STATE},
    uploads::SCAN_JOB,
};

/// Drafts and cases one sweep removes.
const SWEPT: i64 = 200;

#[derive(Deserialize)]
struct ScanJob {
    document: Id<Document>,
}

/// How often expired drafts and forgotten cases are swept.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);
/// How often packs published by another process are taken up.
const RELOAD_EVERY: Duration = Duration::from_secs(15);

/// Registers the handlers and chores of this crate.
#[must_use]
pub fn jobs(runner: Runner, services: &Services) -> Runner {
    let runner = on(runner, services, PAID_JOB, |services, task| async move {
        services.note_paid(&read::<payments::Paid>(&task)?).await
    });
    let runner = on(runner, services, SCAN_JOB, |services, task| async move {
        services.scan(read::<ScanJob>(&task)?.document).await
    });
    let runner = on(runner, services, LETTER_JOB, |services, task| async move {
        services.send_letter(read::<LetterJob>(&task)?).await
    });
    let runner = on(
        runner,
        services,
        ANNOUNCE_JOB,
        |services, task| async move { services.tell_affected(&read(&task)?).await },
    );
    let elapsed = |services: Services, task: Task| async move {
        services.elapsed(read::<Elapsed>(&task)?).await
    };
    let runner = on(runner, services, PROMISE, elapsed);
    let runner = on(runner, services, STATE, elapsed);
    let listener = services.clone();
    let runner = runner.consume("services", move |event| {
        let services = listener.clone();
        async move {
            if event.kind.starts_with("causeway.suspension.") {
                services.redue_all().await?;
            }
            Ok(())
        }
    });
    let (sweeper, reader) = (services.clone(), services.clone());
    let sealer = services.clone();
    runner
        .every("services.seal_reasons", SWEEP_EVERY, move || {
            let services = sealer.clone();
            async move { Ok(services.seal_reasons().await.map(drop)?) }
        })
        .every("services.sweep", SWEEP_EVERY, move || {
            let services = sweeper.clone();
            async move { Ok(services.sweep().await.map(drop)?) }
        })
        .every("services.reload", RELOAD_EVERY, move || {
            let services = reader.clone();
            async move { Ok(services.reload().await?) }
        })
}

fn on<F, Fut>(runner: Runner, services: &Services, kind: &'static str, handle: F) -> Runner
where
    F: Fn(Services, Task) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Error>> + Send + 'static,
{
    let services = services.clone();
    runner.on(kind, move |task| {
        let done = handle(services.clone(), task);
        async move { Ok(done.await?) }
    })
}

fn read<T: DeserializeOwned>(task: &Task) -> Result<T, Error> {
    serde_json::from_value(task.payload.clone()).map_err(Error::data)
}

impl Services {
    /// The fee of a draft has come in. Where no signature is needed the application goes in at once;
    /// otherwise the applicant is told what is left to do.
    pub(crate) async fn note_paid(&self, paid: &payments::Paid) -> Result<(), Error> {
        if paid.noun != money::ABOUT {
            return Ok(());
        }
        let demand = paid.demand;
        let found = self
            .store()
            .read(move |db| async move { draft::of_demand(&db, demand).await })
            .await?;
        let Some(row) = found else {
            return Ok(());
        };
        let pack = self.pinned(&row.draft.service, row.draft.pack_version)?;
        let right = (Right::Fill, row.draft.service.as_str());
        match self.guard_right(row.draft.applicant(), right).await {
            Ok(_) => {}
            // Whoever began has left the company, or lost the service: the company has paid all the same.
            Err(Error::NoMandate | Error::OtherService { .. }) => {
                return self.hand_over(&row.draft, &pack).await;
            }
            Err(error) => return Err(error),
        }
        if !pack.identity.sign {
            let submit = Submit {
                applicant: row.draft.applicant(),
                draft: row.draft.id,
                signature: None,
            };
            self.submit(submit).await?;
            return Ok(());
        }
        let name = pack.name.clone();
        self.store()
            .write(&Actor::system("services"), move |tx| {
                let (draft, name) = (row.draft.clone(), name.clone());
                async move {
                    // A paid draft waits for its signature as long as an untouched one would.
                    tell::paid(&tx, &draft, &name).await
                }
            })
            .await
    }

    /// Gives a paid draft to the company's administrators: the first of them stands for it from now on,
    /// and each is told.
    async fn hand_over(&self, draft: &Draft, pack: &Pack) -> Result<(), Error> {
        let Some(company) = draft.company else {
            return Ok(());
        };
        let (draft, service, name) = (draft.clone(), draft.service.clone(), pack.name.clone());
        self.store()
            .write(&Actor::system("services"), move |tx| {
                let (draft, service, name) = (draft.clone(), service.clone(), name.clone());
                async move {
                    let fits = |powers: &identity::Powers| {
                        powers.role > MemberRole::Representative
                            && powers.may(Right::Fill, &service)
                    };
                    let heirs = identity::who_may_in(&tx, company, fits).await?;
                    if let Some(heir) = heirs.first() {
                        draft::hand_to(&tx, draft.id, *heir).await?;
                    }
                    for heir in heirs {
                        tell::handed(&tx, (&draft, heir), &name).await?;
                    }
                    Ok::<_, Error>(())
                }
            })
            .await
    }

    /// Examines one file in quarantine.
    pub(crate) async fn scan(&self, id: Id<Document>) -> Result<(), Error> {
        let content = match self.read_content(id).await {
            Err(Error::NoSuchDocument) => return Ok(()),
            other => other?,
        };
        if content.document.scan != ScanState::Received {
            return Ok(());
        }
        let verdict = self.scanner().examine(&content.bytes).await?;
        let services = self.clone();
        self.store()
            .write(&Actor::system("scanner"), move |tx| {
                let (services, verdict) = (services.clone(), verdict.clone());
                async move { scanned_in(&services, &tx, id, &verdict).await }
            })
            .await
    }

    /// A timer of a case has run out.
    pub(crate) async fn elapsed(&self, elapsed: Elapsed) -> Result<(), Error> {
        let services = self.clone();
        self.store()
            .write(&Actor::system("timer"), move |tx| {
                let (services, elapsed) = (services.clone(), elapsed.clone());
                async move { elapsed_in(&services, &tx, &elapsed).await }
            })
            .await
    }

    /// Works out every running promise anew: a day was declared lost, or given back.
    ///
    /// # Errors
    /// The store fails.
    pub async fn redue_all(&self) -> Result<(), Error> {
        self.calendar().refresh(self.store()).await?;
        let mut after = Id::<Case>::from_bits(0);
        loop {
            let rows = self
                .store()
                .read(move |db| async move { case::running(&db, after, SWEPT).await })
                .await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.case.id;
            for row in rows {
                let (services, id) = (self.clone(), row.case.id);
                self.store()
                    .write(&Actor::system("calendar"), move |tx| {
                        let services = services.clone();
                        async move {
                            let mut case = case::get(&tx, id).await?.case;
                            if case.clock == Clock::Running {
                                redue_in(&services, &tx, &mut case).await?;
                            }
                            Ok::<_, Error>(())
                        }
                    })
                    .await?;
            }
        }
    }

    /// Erases drafts, cases and records of looks whose time is over. Returns how many.
    ///
    /// # Errors
    /// The store fails.
    pub async fn sweep(&self) -> Result<u64, Error> {
        let (now, today) = (self.now(), self.today());
        let (drafts, cases) = self
            .store()
            .read(move |db| async move {
                Ok::<_, Error>((
                    draft::expired(&db, now, SWEPT).await?,
                    case::to_forget(&db, today, SWEPT).await?,
                ))
            })
            .await?;
        let mut swept = 0;
        for id in drafts {
            self.store()
                .write(&Actor::system("sweeper"), move |tx| async move {
                    let Some(row) = draft::find(&tx, id).await? else {
                        return Ok::<_, Error>(());
                    };
                    if row.draft.is_expired(tx.now()) {
                        drafting::erase_in(&tx, id, "draft.expired").await?;
                        money::let_go(&tx, row.draft.demand).await?;
                    }
                    Ok(())
                })
                .await?;
            swept += 1;
        }
        for id in cases {
            self.store()
                .write(&Actor::system("sweeper"), move |tx| async move {
                    forget_in(&tx, id).await
                })
                .await?;
            swept += 1;
        }
        swept += self
            .store()
            .write(&Actor::system("sweeper"), |tx| async move {
                access::forget(&tx).await
            })
            .await?;
        Ok(swept)
    }
}

async fn scanned_in(
    services: &Services,
    tx: &Write,
    id: Id<Document>,
    verdict: &Verdict,
) -> Result<(), Error> {
    let Some(row) = document::find(tx, id).await? else {
        return Ok(());
    };
    let (state, detail) = match verdict {
        Verdict::Clean => (ScanState::Clean, None),
        Verdict::NotScanned => (ScanState::NotScanned, None),
        Verdict::Infected(name) => (ScanState::Infected, Some(name.as_str())),
    };
    document::set_scan(tx, id, state, detail).await?;
    if state == ScanState::Infected {
        document::drop_content(tx, id).await?;
    }
    let flag = match state {
        ScanState::Infected => Flag::Infected,
        ScanState::NotScanned => Flag::NotScanned,
        ScanState::Clean | ScanState::Received => return Ok(()),
    };
    if let Some(case) = row.case {
        let mut case = case::get(tx, case).await?.case;
        case.flag(flag);
        if state == ScanState::Infected {
            let entry = Entry {
                detail: serde_json::json!({ "document": id, "field": row.field }),
                ..Entry::of(&case, ActionKind::Erased)
            };
            let author = Author::platform("scanner");
            progress::write_entry(services, tx, &case, (&author, entry)).await?;
        }
        case::update(tx, &mut case).await?;
    }
    Ok(())
}

async fn elapsed_in(services: &Services, tx: &Write, elapsed: &Elapsed) -> Result<(), Error> {
    let Some(row) = case::find(tx, elapsed.case).await? else {
        return Ok(());
    };
    let mut case = row.case;
    if case.is_closed() {
        return Ok(());
    }
    let Some(go) = &elapsed.go else {
        return overdue_in(services, tx, &mut case).await;
    };
    if case.state != elapsed.state || case.state_since != elapsed.since {
        return Ok(());
    }
    let pack = services.pinned(&case.service, case.pack_version)?;
    let to = pack.case.state(go).ok_or(Error::NoSuchAction)?;
    let author = Author::platform("timer");
    let step = Step {
        pack: &pack,
        to,
        kind: ActionKind::Elapsed,
        action: None,
        words: None,
        author: &author,
    };
    progress::take(services, tx, &mut case, step).await
}

async fn overdue_in(services: &Services, tx: &Write, case: &mut Case) -> Result<(), Error> {
    if case.clock != Clock::Running || case.has(Flag::Overdue) {
        return Ok(());
    }
    // A typhoon since the timer was set gives the department another day.
    redue_in(services, tx, case).await?;
    if case.due.is_none_or(|due| tx.now() <= due) {
        return Ok(());
    }
    case.flag(Flag::Overdue);
    let entry = Entry::of(case, ActionKind::Overdue);
    progress::write_entry(services, tx, case, (&Author::platform("timer"), entry)).await?;
    let data = serde_json::json!({ "service": case.service, "department": case.department });
    let event = journal::Event {
        kind: "causeway.case.overdue.v1",
        subject: case.id.to_string(),
        data,
    };
    journal::emit(tx, event).await?;
    case::update(tx, case).await
}

/// Moves the promise of a case to where the calendar now puts it; nothing is written when it stays.
async fn redue_in(services: &Services, tx: &Write, case: &mut Case) -> Result<(), Error> {
    let before = case.due;
    let pack = services.pinned(&case.service, case.pack_version)?;
    let from = (case.promise_from, case.promise_days);
    if before == rules::due(services.calendar(), pack.promise, from) {
        return Ok(());
    }
    progress::redue(services, tx, case, &pack).await?;
    queue::redue(tx, case).await?;
    case::update(tx, case).await
}

/// The signature that our own seal of a case names.
fn signed_by(seal: &str) -> Option<Id<identity::Approval>> {
    let payload = seal.split('.').nth(1)?;
    let payload = trust::base64url::decode(payload).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    claims.get("approval")?.as_str()?.parse().ok()
}

/// Erases a case and its documents when its retention has ended. The audit record of the erasure and
/// the digests in the evidence log stay; they hold nothing personal.
async fn forget_in(tx: &Write, id: Id<Case>) -> Result<(), Error> {
    for file in document::of_case(tx, id).await? {
        document::erase(tx, file.id).await?;
    }
    if let Some(approval) = case::find(tx, id)
        .await?
        .and_then(|row| signed_by(&row.seal))
    {
        identity::forget_approval_in(tx, approval).await?;
    }
    if let Some(chop) = signature::chop_of(tx, id).await? {
        identity::forget_approval_in(tx, chop).await?;
    }
    case::erase(tx, id).await?;
    journal::audit(
        tx,
        journal::Audit {
            action: "case.forgotten",
            noun: "case",
            id: id.to_string(),
            reason: None,
            detail: serde_json::json!({}),
        },
    )
    .await?;
    Ok(())
}
