//! A simulated bank behind the real adapter trait. It keeps its own books, shows its own payment
//! page and sends signed webhooks through the job queue, so that late, repeated and lost ones are
//! real. It says on every page that no money moves.

pub(crate) mod books;
mod pages;
pub(crate) mod sign;

use axum::http::HeaderMap;
use kernel::{Money, Secret, Time};
use store::Store;

pub use books::{Choice, PaymentState, SandboxPayment};
pub use pages::routes;
pub use sign::SIGNATURE_HEADER;

use crate::{
    Method, Next,
    fps::FpsCode,
    provider::{
        Answer, Notice, Provider, ProviderError, RefundRequest, Refunded, StartRequest, Started,
    },
};

/// The provider's name in attempts and in the webhook's address.
pub const NAME: &str = "sandbox";
/// The kind of job that delivers one webhook.
pub const DELIVER_JOB: &str = "payments.sandbox.deliver";

/// The FPS identifier HKICL's own samples use; it belongs to nobody.
const FPS_ID: &str = "9999999";
const PAYEE: &str = "CAUSEWAY DEMO";

/// The simulated bank.
#[derive(Clone, Debug)]
pub struct Sandbox {
    store: Store,
    secret: Secret<Vec<u8>>,
    /// `https://causeway.example.hk`, without a slash at the end.
    base_url: String,
}

impl Sandbox {
    /// `secret` signs and verifies webhooks; any 32 random bytes kept for this installation.
    #[must_use]
    pub fn new(store: Store, secret: Secret<Vec<u8>>, base_url: &str) -> Self {
        Self {
            store,
            secret,
            base_url: base_url.trim_end_matches('/').to_owned(),
        }
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    fn page(&self, token: &str) -> String {
        format!("{}/sandbox-bank/pay/{token}", self.base_url)
    }

    async fn open(&self, request: &StartRequest) -> Result<Started, ProviderError> {
        let token = trust::digest::hex(&self.store.env().bytes::<16>());
        let payment = books::open(&self.store, token, request).await?;
        let url = format!("{}?lang={}", self.page(&payment.token), request.lang);
        let next = match request.method {
            Method::Card => Next::Page { url },
            Method::Fps => {
                let code = FpsCode {
                    fps_id: FPS_ID.to_owned(),
                    payee: PAYEE.to_owned(),
                    amount: request.amount,
                    bill: request.bill.clone(),
                    until: Some(request.expires_at),
                };
                Next::Code {
                    payload: code
                        .encode()
                        .map_err(|error| ProviderError::Refused(error.to_string()))?,
                    simulated: Some(url),
                }
            }
        };
        Ok(Started {
            provider_ref: payment.token,
            next,
        })
    }

    /// The message of one webhook, signed now: a body and its signature header.
    pub(crate) fn message(&self, notice: &Notice, now: Time) -> (HeaderMap, Vec<u8>) {
        sign::message(self.secret.expose(), notice, now)
    }
}

impl Provider for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn start<'a>(&'a self, request: &'a StartRequest) -> Answer<'a, Started> {
        Box::pin(self.open(request))
    }

    fn status<'a>(&'a self, provider_ref: &'a str) -> Answer<'a, Notice> {
        Box::pin(async move { Ok(books::get(&self.store, provider_ref).await?.notice()) })
    }

    fn cancel<'a>(&'a self, provider_ref: &'a str) -> Answer<'a, Notice> {
        Box::pin(async move { Ok(books::close(&self.store, provider_ref).await?.notice()) })
    }

    fn refund<'a>(&'a self, request: &'a RefundRequest) -> Answer<'a, Refunded> {
        Box::pin(async move {
            books::refund(&self.store, request).await?;
            let provider_ref = format!("refund-{}", request.refund);
            Ok(Refunded { provider_ref })
        })
    }

    fn verify(&self, headers: &HeaderMap, body: &[u8], now: Time) -> Result<Notice, ProviderError> {
        sign::verify(self.secret.expose(), headers, body, now)
    }
}

/// How much less than asked for the choice "pay the wrong amount" pays.
pub(crate) const SHORT: Money = Money::from_cents(100);
