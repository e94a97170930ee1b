//! The shroff, as Hong Kong calls a cashier's office: the store and the providers together. What
//! needs a provider's answer happens here, in steps around transactions, never inside one.

use std::{sync::Arc, time::Duration};

use axum::http::HeaderMap;
use kernel::{Actor, Id};
use paper::pdf::{self, Slot, Validation};
use store::Store;
use trust::{Notary, Sealing, cms::Form, digest};

use crate::{
    Attempt, AttemptState, Demand, Effect, Error, NewAttempt, Refund, RefundState, Step,
    provider::{Notice, Provider, ProviderError, RefundRequest, StartRequest},
    store as tables,
};

/// Attempts looked at in one round of reconciliation.
const ROUND: i64 = 100;
/// How long a provider has to report by itself before it is asked.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Takes payments. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shroff(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    provider: Arc<dyn Provider>,
    base_url: String,
    is_demo: bool,
    notary: Option<Notary>,
}

/// What one round of reconciliation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    pub asked: u32,
    pub moved: u32,
    pub expired: u32,
    pub unanswered: u32,
}

impl Shroff {
    /// `base_url` is where browsers reach this installation; `is_demo` marks receipts as simulated.
    #[must_use]
    pub fn new(store: Store, provider: Arc<dyn Provider>, base_url: &str, is_demo: bool) -> Self {
        Self(Arc::new(Inner {
            store,
            provider,
            base_url: base_url.trim_end_matches('/').to_owned(),
            is_demo,
            notary: None,
        }))
    }

    /// The same, whose receipts leave with the platform's document seal.
    #[must_use]
    pub fn sealed_by(self, notary: Notary) -> Self {
        let inner = &self.0;
        Self(Arc::new(Inner {
            store: inner.store.clone(),
            provider: Arc::clone(&inner.provider),
            base_url: inner.base_url.clone(),
            is_demo: inner.is_demo,
            notary: Some(notary),
        }))
    }

    /// The receipt as it leaves: sealed (PAdES B-LT) where there is a seal.
    pub(crate) async fn seal(&self, file: Vec<u8>) -> Result<Vec<u8>, Error> {
        let Some(notary) = self.0.notary.clone() else {
            return Ok(file);
        };
        let reader = notary.clone();
        let material = self
            .0
            .store
            .read(move |db| {
                let reader = reader.clone();
                async move { reader.seal_material(&db).await.map_err(unsealed) }
            })
            .await?;
        let slot = Slot {
            sub_filter: Form::Cades.sub_filter(),
            name: "Causeway".to_owned(),
            reason: None,
            place: Some("Hong Kong".to_owned()),
            at: notary.env().now(),
        };
        let sealed = pdf::sign::<Error>(&file, &slot, |parts| {
            let sealing = Sealing::stamped(digest::sha256_parts(&parts));
            notary.seal(&sealing).map_err(unsealed)
        })?;
        let more = Validation {
            certificates: material.certificates,
            answers: material.answers,
            lists: material.lists,
        };
        Ok(pdf::add_validation(&sealed, &more)?)
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn is_demo(&self) -> bool {
        self.0.is_demo
    }

    /// Starts an attempt, or finds the one that the same key started, and asks the provider where the
    /// payer goes.
    ///
    /// # Errors
    /// Those of [`crate::start_attempt`]; [`Error::Provider`] when the provider gives no answer, in
    /// which case the attempt stays on record and the same key tries again.
    pub async fn pay(
        &self,
        actor: &Actor,
        demand: Id<Demand>,
        new: NewAttempt,
    ) -> Result<Attempt, Error> {
        let provider = self.0.provider.name();
        let (attempt, demand) = self
            .0
            .store
            .write(actor, move |tx| {
                let new = new.clone();
                async move {
                    let attempt =
                        tables::attempt::start_attempt(&tx, demand, &new, provider).await?;
                    let demand = tables::demand::get(&tx, demand).await?;
                    Ok::<_, Error>((attempt, demand))
                }
            })
            .await?;
        if attempt.next.is_some() || !attempt.state.is_pending() {
            return Ok(attempt);
        }
        self.start(&attempt, &demand).await
    }

    async fn start(&self, attempt: &Attempt, demand: &Demand) -> Result<Attempt, Error> {
        let id = attempt.id;
        let request = StartRequest {
            attempt: id,
            method: attempt.method,
            amount: attempt.amount,
            bill: demand.bill.clone(),
            words: demand.purpose.get(attempt.lang).to_owned(),
            lang: attempt.lang,
            return_url: format!(
                "{}/{}/pay/{}/attempt/{id}",
                self.0.base_url, attempt.lang, demand.id
            ),
            expires_at: attempt.expires_at,
        };
        match self.0.provider.start(&request).await {
            Ok(started) => {
                self.write(move |tx| {
                    let started = started.clone();
                    async move { tables::attempt::note_started(&tx, id, &started).await }
                })
                .await
            }
            Err(error @ ProviderError::Refused(_)) => {
                self.step(id, Step::ProviderFailed).await?;
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes in a webhook of `provider`.
    ///
    /// # Errors
    /// [`Error::UnknownProvider`]; [`Error::Provider`] for a message that is not the provider's;
    /// [`Error::NotFound`] for one about an attempt nobody made.
    pub async fn webhook(
        &self,
        provider: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Effect, Error> {
        if provider != self.0.provider.name() {
            return Err(Error::UnknownProvider);
        }
        let now = self.0.store.env().now();
        let notice = self.0.provider.verify(headers, body, now)?;
        self.take(notice).await
    }

    /// Asks the provider about one attempt and takes in the answer, as a webhook would be.
    ///
    /// # Errors
    /// [`Error::Provider`] when there is no answer.
    pub async fn ask(&self, attempt: &Attempt) -> Result<Effect, Error> {
        let Some(words) = &attempt.provider_ref else {
            return Ok(Effect::Nothing);
        };
        let notice = self.0.provider.status(words).await?;
        self.take(notice).await
    }

    /// The payer gives an attempt up. If money came in the meantime, that wins.
    ///
    /// # Errors
    /// The store failed.
    pub async fn give_up(&self, attempt: &Attempt) -> Result<Attempt, Error> {
        let attempt = self.step(attempt.id, Step::CancelledByPayer).await?;
        self.close(&attempt).await;
        self.read(attempt.id).await
    }

    /// One round of reconciliation: providers are asked about attempts that have been quiet for
    /// [`PATIENCE`], and those past their time are closed. What comes back goes through the same
    /// handler as webhooks.
    ///
    /// # Errors
    /// The store failed. A provider that does not answer is counted, not an error.
    pub async fn reconcile(&self) -> Result<Round, Error> {
        let before = self.0.store.env().now() - PATIENCE;
        let pending = self
            .0
            .store
            .read(move |db| async move { tables::attempt::pending(&db, before, ROUND).await })
            .await?;
        let mut round = Round::default();
        for attempt in pending {
            self.reconcile_one(&attempt, &mut round).await?;
        }
        Ok(round)
    }

    async fn reconcile_one(&self, attempt: &Attempt, round: &mut Round) -> Result<(), Error> {
        let id = attempt.id;
        round.asked += 1;
        match self.ask(attempt).await {
            Ok(Effect::Nothing | Effect::Repeated) => {}
            Ok(_) => round.moved += 1,
            Err(Error::Provider(error)) => {
                round.unanswered += 1;
                tracing::warn!(attempt = %id, %error, "a payment provider did not answer");
            }
            Err(error) => return Err(error),
        }
        self.write(move |tx| async move { tables::attempt::note_checked(&tx, id).await })
            .await?;
        let now = self.read(id).await?;
        if now.state.is_pending() && now.expires_at < self.0.store.env().now() {
            round.expired += 1;
            self.close(&now).await;
            self.step(id, Step::Expired).await?;
        }
        Ok(())
    }

    /// Closes an attempt at the provider. Its answer is taken in, because it may be "paid".
    async fn close(&self, attempt: &Attempt) {
        let Some(words) = &attempt.provider_ref else {
            return;
        };
        let taken = match self.0.provider.cancel(words).await {
            Ok(notice) if notice.step == Step::Received => self.take(notice).await.map(drop),
            Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = taken {
            tracing::warn!(attempt = %attempt.id, %error, "an attempt could not be closed");
        }
    }

    /// Carries an approved refund to the provider. Run by a job, as often as needed.
    ///
    /// # Errors
    /// [`Error::Provider`] when the provider does not answer: try again.
    pub async fn send_refund(&self, id: Id<Refund>) -> Result<Refund, Error> {
        let (refund, receipt) = self
            .0
            .store
            .read(move |db| async move {
                let refund = tables::refund::get(&db, id).await?;
                let receipt = tables::receipt::get(&db, refund.receipt).await?;
                Ok::<_, Error>((refund, receipt))
            })
            .await?;
        if refund.state != RefundState::Approved {
            return Ok(refund);
        }
        let request = RefundRequest {
            refund: id,
            provider_ref: receipt.provider_ref,
            amount: refund.amount,
        };
        let outcome = match self.0.provider.refund(&request).await {
            Ok(refunded) => Ok(refunded.provider_ref),
            Err(ProviderError::Refused(_)) => Err(()),
            Err(error) => return Err(error.into()),
        };
        self.write(move |tx| {
            let outcome = outcome.clone();
            async move { tables::refund::note_refund(&tx, id, outcome).await }
        })
        .await
    }

    /// Whether an attempt has failed in a way that people must look at.
    #[must_use]
    pub const fn is_troubled(state: AttemptState) -> bool {
        matches!(
            state,
            AttemptState::IntegrityFailure | AttemptState::ProviderFailed
        )
    }

    async fn take(&self, notice: Notice) -> Result<Effect, Error> {
        let provider = self.0.provider.name();
        self.write(move |tx| {
            let notice = notice.clone();
            async move { tables::notice::handle_event(&tx, provider, &notice).await }
        })
        .await
    }

    async fn step(&self, id: Id<Attempt>, step: Step) -> Result<Attempt, Error> {
        self.write(move |tx| async move { tables::attempt::step(&tx, id, step).await })
            .await
    }

    async fn read(&self, id: Id<Attempt>) -> Result<Attempt, Error> {
        self.0
            .store
            .read(move |db| async move { tables::attempt::get(&db, id).await })
            .await
    }

    async fn write<T, F, Fut>(&self, work: F) -> Result<T, Error>
    where
        F: Fn(store::Write) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, Error>> + Send + 'static,
        T: Send + 'static,
    {
        self.0.store.write(&Actor::system("payments"), work).await
    }
}

fn unsealed(error: trust::Error) -> Error {
    match error {
        trust::Error::Store(error) => Error::Store(error),
        other => Error::Paper(paper::Error::Refused(other.to_string())),
    }
}
