//! The wire form that Hong Kong departments already speak: signed headers, sealed bodies, tickets and
//! callbacks, as the iAM Smart interface has them. It is a thin front: what a person is asked is the
//! house's one approval, what is signed goes through the signing room, who they are is the provider's
//! pairwise subject, and a person ends it where they end any other connection.
//!
//! Invariants: nothing is answered before the signature of the headers holds; a nonce is used once, on
//! every node; content keys and secrets rest sealed under the vault, codes and tokens as digests; a code
//! is used once and its second use ends what the first brought; a result is kept until it is heard or
//! fetched, a day at most; a bare digest of a card number goes no further than the request it came in.
//! A token counts while its person is active and connected to the client; a company's, while its person
//! may act for the company besides. Which of the two interfaces a call speaks is known by its path.
//! Decisions 0010, 0012, 0013 and 0016 say what differs from the interfaces as published, and why.
//!
//! ```text
//! getKey ─▶ content key ─▶ initiateRequest ─▶ task + approval ─▶ (phone) ─▶ settle ─▶ callback until heard
//! getQR ─▶ task + approval ─▶ (phone) ─▶ code ─▶ getToken ─▶ access token
//! getQR with cScope ─▶ task + approval ─▶ (phone) ─▶ company chosen ─▶ code and cCode ─▶ a token each
//! initiateRequest ─▶ ticket ─▶ getQR ─▶ (phone) ─▶ code ─▶ getToken ─▶ getResult, once
//! ```

mod account;
mod anonymous;
mod authority;
mod broker;
mod bulk;
mod caller;
mod choice;
mod corp_sign;
mod corporation;
mod documents;
mod door;
mod elsewhere;
mod fact;
pub(crate) mod field;
mod holder;
pub(crate) mod jobs;
mod key;
mod picking;
mod profile;
pub(crate) mod registration;
mod reply;
mod routes;
mod settle;
mod shelf;
mod sign;
pub(crate) mod store;
mod task;
mod token;
mod word;

use std::sync::Arc;

use trust::envelope::Authorities;

use crate::{Identity, SigningRoom, provider::Provider};

pub use corp_sign::SignType;
pub use jobs::jobs;
pub use registration::{SECRETS_MAX, Wire, WireScope, WireSecret};
pub use routes::routes;
pub use store::{
    day::{UseDay, use_days},
    token::TokenKind,
};
pub(crate) use task::Task;
pub use task::{Kind, Source, State};
pub use word::{Dialect, Word};

/// The front. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HongKong {
    provider: Provider,
    room: SigningRoom,
    /// Who must have issued the certificates of clients; none takes them as approved.
    authorities: Option<Arc<Authorities>>,
}

impl HongKong {
    #[must_use]
    pub const fn new(provider: Provider, room: SigningRoom) -> Self {
        Self {
            provider,
            room,
            authorities: None,
        }
    }

    /// Content keys are sealed only to certificates that one of these issued.
    #[must_use]
    pub fn trusting(self, authorities: Option<Arc<Authorities>>) -> Self {
        Self {
            authorities,
            ..self
        }
    }

    pub(crate) fn authorities(&self) -> Option<&Authorities> {
        self.authorities.as_deref()
    }

    pub(crate) const fn provider(&self) -> &Provider {
        &self.provider
    }

    pub(crate) const fn room(&self) -> &SigningRoom {
        &self.room
    }

    pub(crate) fn identity(&self) -> &Identity {
        self.provider.identity()
    }

    pub(crate) fn store(&self) -> &::store::Store {
        self.provider.store()
    }

    pub(crate) fn env(&self) -> &kernel::Env {
        self.provider.env()
    }
}

#[cfg(test)]
mod tests;
