//! The simulated bank's own books and what its customer may choose.

use std::time::Duration;

use journal::Job;
use kernel::{Actor, Id, Lang, Money, Time};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{FromRow, Read, Row, Store, Write, params};

use super::{DELIVER_JOB, SHORT};
use crate::{
    Attempt, Error, Method, Step,
    provider::{CURRENCY, Notice, ProviderError, RefundRequest, StartRequest},
};

/// How late the late webhook is.
pub(crate) const LATE: Duration = Duration::from_secs(120);

store::sql! {
    INSERT_PAYMENT = "INSERT INTO sandbox_payment (token, attempt, method, amount_cents, bill, words,
        lang, return_url, state, paid_cents, created_at, expires_at, changed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', 0, $9, $10, $9)
        ON CONFLICT (attempt) DO NOTHING";
    FIND_PAYMENT = "SELECT * FROM sandbox_payment WHERE token = $1";
    FIND_PAYMENT_OF = "SELECT * FROM sandbox_payment WHERE attempt = $1";
    MOVE_PAYMENT = "UPDATE sandbox_payment SET state = $2, paid_cents = $3, changed_at = $4
        WHERE token = $1 AND state = 'open'";
    INSERT_SANDBOX_REFUND = "INSERT INTO sandbox_refund (refund, token, amount_cents, created_at)
        VALUES ($1, $2, $3, $4) ON CONFLICT (refund) DO NOTHING";
    SANDBOX_REFUNDED = "SELECT CAST(COALESCE(SUM(amount_cents), 0) AS BIGINT) AS refunded
        FROM sandbox_refund WHERE token = $1";
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaymentState {
    Open,
    Paid,
    Declined,
    Closed,
}

store::text_codes!(PaymentState {
    Open => "open",
    Paid => "paid",
    Declined => "declined",
    Closed => "closed",
});

/// What the customer does on the simulated bank's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    Approve,
    /// Pays; the bank reports it two minutes late.
    Late,
    /// Pays; the bank reports it three times.
    Twice,
    /// Pays; the bank never reports it.
    Silent,
    /// Pays one dollar less than was asked for.
    Short,
    Decline,
    /// Walks away.
    Abandon,
}

impl Choice {
    pub const ALL: [Self; 7] = [
        Self::Approve,
        Self::Decline,
        Self::Abandon,
        Self::Late,
        Self::Twice,
        Self::Silent,
        Self::Short,
    ];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Late => "late",
            Self::Twice => "twice",
            Self::Silent => "silent",
            Self::Short => "short",
            Self::Decline => "decline",
            Self::Abandon => "abandon",
        }
    }

    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.code() == code)
    }

    /// How often and how late the bank tells the merchant.
    const fn reports(self) -> (u32, Duration) {
        match self {
            Self::Approve | Self::Decline | Self::Short => (1, Duration::ZERO),
            Self::Late => (1, LATE),
            Self::Twice => (3, Duration::ZERO),
            Self::Silent | Self::Abandon => (0, Duration::ZERO),
        }
    }
}

/// One payment in the simulated bank's books.
#[derive(Clone, Debug)]
pub struct SandboxPayment {
    pub token: String,
    pub attempt: Id<Attempt>,
    pub method: Method,
    pub amount: Money,
    pub bill: String,
    pub words: String,
    pub lang: Lang,
    pub return_url: String,
    pub state: PaymentState,
    pub paid: Money,
    pub expires_at: Time,
    pub changed_at: Time,
}

impl FromRow for SandboxPayment {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let lang: String = row.get("lang")?;
        Ok(Self {
            token: row.get("token")?,
            attempt: row.get("attempt")?,
            method: row.get("method")?,
            amount: row.get("amount_cents")?,
            bill: row.get("bill")?,
            words: row.get("words")?,
            lang: lang.parse::<Lang>().unwrap_or_default(),
            return_url: row.get("return_url")?,
            state: row.get("state")?,
            paid: row.get("paid_cents")?,
            expires_at: row.get("expires_at")?,
            changed_at: row.get("changed_at")?,
        })
    }
}

impl SandboxPayment {
    /// The report on this payment as it stands: the same report for the same standing.
    #[must_use]
    pub fn notice(&self) -> Notice {
        let (step, amount) = match self.state {
            PaymentState::Open => (Step::Started, self.amount),
            PaymentState::Paid => (Step::Received, self.paid),
            PaymentState::Declined => (Step::Declined, self.amount),
            PaymentState::Closed => (Step::Expired, self.amount),
        };
        Notice {
            event: format!("{}.{}", self.token, self.state.code()),
            attempt: self.attempt,
            provider_ref: self.token.clone(),
            step,
            amount,
            currency: CURRENCY.to_owned(),
            at: self.changed_at,
            detail: (self.state == PaymentState::Declined).then(|| "do_not_honour".to_owned()),
        }
    }
}

/// What a customer's choice came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    Done,
    /// The payment was decided or closed before.
    TooLate,
}

/// Carries out a customer's choice and queues the webhooks that report it.
pub(crate) async fn choose(
    store: &Store,
    token: String,
    choice: Choice,
) -> Result<(SandboxPayment, Chosen), Error> {
    store
        .write(&Actor::system("sandbox-bank"), move |tx| {
            let token = token.clone();
            async move { choose_in(&tx, &token, choice).await }
        })
        .await
}

async fn choose_in(
    tx: &Write,
    token: &str,
    choice: Choice,
) -> Result<(SandboxPayment, Chosen), Error> {
    let payment = find(tx, token).await?.ok_or(Error::NotFound)?;
    if choice == Choice::Abandon {
        return Ok((payment, Chosen::Done));
    }
    if payment.state != PaymentState::Open || payment.expires_at < tx.now() {
        return Ok((payment, Chosen::TooLate));
    }
    let (state, paid) = match choice {
        Choice::Decline => (PaymentState::Declined, Money::ZERO),
        Choice::Short => {
            let short = payment.amount.minus(SHORT).unwrap_or(Money::ZERO);
            (PaymentState::Paid, short.max(Money::from_cents(1)))
        }
        _ => (PaymentState::Paid, payment.amount),
    };
    tx.run(&MOVE_PAYMENT, params![token, state, paid, tx.now()])
        .await?;
    let (copies, delay) = choice.reports();
    for copy in 0..copies {
        let job = Job {
            kind: DELIVER_JOB,
            key: Some(format!("{token}-{copy}")),
            payload: json!({ "token": token }),
            run_at: tx.now() + delay,
        };
        journal::enqueue(tx, job).await?;
    }
    let payment = find(tx, token).await?.ok_or(Error::NotFound)?;
    Ok((payment, Chosen::Done))
}

pub(crate) async fn find(db: &Read, token: &str) -> Result<Option<SandboxPayment>, Error> {
    Ok(db.one(&FIND_PAYMENT, params![token]).await?)
}

pub(crate) async fn get(store: &Store, token: &str) -> Result<SandboxPayment, ProviderError> {
    let token = token.to_owned();
    let found: Result<Option<SandboxPayment>, Error> = store
        .read(move |db| async move { find(&db, &token).await })
        .await;
    found
        .map_err(|error| ProviderError::Unreachable(error.to_string()))?
        .ok_or_else(|| ProviderError::Refused("unknown payment".to_owned()))
}

/// Opens a payment for an attempt, or gives the one opened before.
pub(crate) async fn open(
    store: &Store,
    token: String,
    request: &StartRequest,
) -> Result<SandboxPayment, ProviderError> {
    let request = request.clone();
    let opened: Result<SandboxPayment, Error> = store
        .write(&Actor::system("sandbox-bank"), move |tx| {
            let (token, request) = (token.clone(), request.clone());
            async move {
                let values = params![
                    token,
                    request.attempt,
                    request.method,
                    request.amount,
                    &request.bill,
                    &request.words,
                    request.lang.code(),
                    &request.return_url,
                    tx.now(),
                    request.expires_at,
                ];
                tx.run(&INSERT_PAYMENT, values).await?;
                Ok(tx.only(&FIND_PAYMENT_OF, params![request.attempt]).await?)
            }
        })
        .await;
    opened.map_err(|error| ProviderError::Unreachable(error.to_string()))
}

/// Closes a payment that is still open.
pub(crate) async fn close(store: &Store, token: &str) -> Result<SandboxPayment, ProviderError> {
    let owned = token.to_owned();
    let closed: Result<(), Error> = store
        .write(&Actor::system("sandbox-bank"), move |tx| {
            let token = owned.clone();
            async move {
                let values = params![token, PaymentState::Closed, Money::ZERO, tx.now()];
                tx.run(&MOVE_PAYMENT, values).await?;
                Ok(())
            }
        })
        .await;
    closed.map_err(|error| ProviderError::Unreachable(error.to_string()))?;
    get(store, token).await
}

/// Returns money once per refund, never more than was paid.
pub(crate) async fn refund(store: &Store, request: &RefundRequest) -> Result<(), ProviderError> {
    let payment = get(store, &request.provider_ref).await?;
    let request = request.clone();
    let fits: Result<bool, Error> = store
        .write(&Actor::system("sandbox-bank"), move |tx| {
            let (request, paid) = (request.clone(), payment.paid);
            async move {
                let token = &request.provider_ref;
                let values = params![request.refund, token, request.amount, tx.now()];
                tx.run(&INSERT_SANDBOX_REFUND, values).await?;
                let sum: i64 = tx.only(&SANDBOX_REFUNDED, params![token]).await?;
                if sum > paid.cents() {
                    return Err(Error::RefundAmount { available: paid });
                }
                Ok(true)
            }
        })
        .await;
    match fits {
        Ok(_) => Ok(()),
        Err(Error::RefundAmount { .. }) => {
            Err(ProviderError::Refused("more than was paid".to_owned()))
        }
        Err(error) => Err(ProviderError::Unreachable(error.to_string())),
    }
}
