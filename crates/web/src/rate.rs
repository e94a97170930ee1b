//! How often one may ask. Counted by who asks, as far as that is known: a person, a browser's session, a
//! client, a phone; and by network address only against floods and where nothing else is known, because
//! hundreds of people may share one address. In memory, with the site's own clock, in each process for
//! itself: with two processes behind a balancer every figure doubles.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};
use governor::{
    Quota, RateLimiter, clock::Clock, middleware::NoOpMiddleware, state::keyed::DashMapStateStore,
};
use kernel::Env;

use crate::{Error, Failure, Site};

/// Who asked, remembered before the oldest are forgotten.
const KEYS: usize = 50_000;
/// Whoever failed too often waits this long.
const HELD: Duration = Duration::from_secs(60);

/// What one may do. Unless a route says otherwise the one is who is signed in, else the session of the
/// browser, else the network address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rate {
    /// Any request: 1,200 a minute.
    Any,
    /// A form or JSON post: 120 a minute.
    Post,
    /// A try at something guessable: a code, a reference number. 20 a minute.
    Attempt,
    /// A call that proves by itself who makes it, as clients and phones do. The handler counts it by
    /// whom it proves to be ([`Door`]): 30,000 a minute. As many may come from one address.
    Caller,
}

impl Rate {
    const fn per_minute(self) -> u32 {
        match self {
            Self::Any => 1_200,
            Self::Post => 120,
            Self::Attempt => 20,
            Self::Caller => 30_000,
        }
    }
}

/// Who is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Address(IpAddr),
    /// A kind of name, and the name.
    Named(&'static str, String),
}

impl Key {
    pub(crate) fn address(client: IpAddr) -> Self {
        Self::Address(network(client))
    }
}

#[derive(Clone, Debug)]
struct SiteClock(Env);

impl Clock for SiteClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(self.0.now().micros().max(0).unsigned_abs())
    }
}

type Keyed = RateLimiter<Key, DashMapStateStore<Key>, SiteClock, NoOpMiddleware<Duration>>;

/// The counters of the site.
#[derive(Debug)]
pub(crate) struct Limiter {
    clock: SiteClock,
    is_on: bool,
    any: Keyed,
    post: Keyed,
    attempt: Keyed,
    caller: Keyed,
    failed: Keyed,
    /// Who failed too often, and until when they wait.
    held: Mutex<HashMap<Key, Duration>>,
}

impl Limiter {
    pub(crate) fn new(env: &Env, is_on: bool) -> Self {
        let clock = SiteClock(env.clone());
        let keyed = |rate: Rate| {
            let allowed = NonZeroU32::new(rate.per_minute()).unwrap_or(NonZeroU32::MIN);
            RateLimiter::dashmap_with_clock(Quota::per_minute(allowed), clock.clone())
        };
        Self {
            any: keyed(Rate::Any),
            post: keyed(Rate::Post),
            attempt: keyed(Rate::Attempt),
            caller: keyed(Rate::Caller),
            failed: keyed(Rate::Attempt),
            held: Mutex::default(),
            clock,
            is_on,
        }
    }

    /// [`Error::TooMany`] with the seconds to wait when `key` has asked too often.
    pub(crate) fn check(&self, rate: Rate, key: &Key) -> Result<(), Error> {
        if !self.is_on {
            return Ok(());
        }
        let counter = match rate {
            Rate::Any => &self.any,
            Rate::Post => &self.post,
            Rate::Attempt => &self.attempt,
            Rate::Caller => &self.caller,
        };
        self.count(counter, key)
    }

    fn count(&self, counter: &Keyed, key: &Key) -> Result<(), Error> {
        if counter.len() > KEYS {
            counter.retain_recent();
        }
        counter.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            Error::TooMany(wait.as_secs().saturating_add(1))
        })
    }

    pub(crate) fn check_held(&self, key: &Key) -> Result<(), Error> {
        let now = self.clock.now();
        let until = self.held().get(key).copied().unwrap_or_default();
        match until.checked_sub(now) {
            Some(wait) if !wait.is_zero() => Err(Error::TooMany(wait.as_secs().saturating_add(1))),
            _ => Ok(()),
        }
    }

    pub(crate) fn fail(&self, key: Key) {
        if !self.is_on || self.count(&self.failed, &key).is_ok() {
            return;
        }
        let now = self.clock.now();
        let mut held = self.held();
        if held.len() > KEYS {
            held.retain(|_, until| *until > now);
        }
        if held.len() <= KEYS {
            held.insert(key, now + HELD);
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Duration>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The door a request came in by: for handlers that know better than the shell who asks.
#[derive(Clone, Debug)]
pub struct Door {
    site: Site,
    address: IpAddr,
    is_proxied: bool,
}

impl Door {
    pub(crate) const fn new(site: Site, address: IpAddr, is_proxied: bool) -> Self {
        Self {
            site,
            address,
            is_proxied,
        }
    }

    /// Whether a proxy in front, whose word is believed, passed the request on.
    #[must_use]
    pub const fn is_proxied(&self) -> bool {
        self.is_proxied
    }

    /// The door of a request, for extractors.
    ///
    /// # Errors
    /// The route is not part of a site.
    pub fn of<B>(request: &axum::http::Request<B>) -> Result<Self, Failure> {
        Self::find(request.extensions())
    }

    fn find(extensions: &axum::http::Extensions) -> Result<Self, Failure> {
        extensions.get::<Self>().cloned().ok_or_else(|| {
            Failure::of(&Error::Setup(
                "a route outside web::app asked for its door".to_owned(),
            ))
        })
    }

    pub(crate) const fn address(&self) -> IpAddr {
        self.address
    }

    /// Counts a call of the `name` of this `kind`: `("client", "rvd-rates")`.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn count(&self, rate: Rate, kind: &'static str, name: &str) -> Result<(), Error> {
        let key = Key::Named(kind, name.to_owned());
        self.site.limiter().check(rate, &key)
    }

    /// Whether `name` has failed too often and waits: 20 failures a minute are let pass.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn check_held(&self, kind: &'static str, name: &str) -> Result<(), Error> {
        let key = Key::Named(kind, name.to_owned());
        self.site.limiter().check_held(&key)
    }

    /// Notes a failure of `name`.
    pub fn failed(&self, kind: &'static str, name: &str) {
        self.site.limiter().fail(Key::Named(kind, name.to_owned()));
    }

    /// `name` as claimed from this network address: who guesses in the name of somebody else holds
    /// up nobody at another address, and nobody else at this one.
    #[must_use]
    pub fn here(&self, name: &str) -> String {
        format!("{name} {}", network(self.address))
    }
}

impl<S: Sync> FromRequestParts<S> for Door {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Self::find(&parts.extensions)
    }
}

/// An IPv6 subscriber holds a whole /64; counting single addresses there would limit nobody.
fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => {
                let prefix = u128::from(v6) & (u128::MAX << 64);
                IpAddr::V6(Ipv6Addr::from(prefix))
            }
        },
    }
}

/// The address that connected to us.
pub(crate) fn peer(extensions: &axum::http::Extensions) -> IpAddr {
    extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(address)| {
            address.ip()
        })
}

/// The client's address: the peer, or, when the peer is a trusted proxy, the last address in
/// `X-Forwarded-For` that is not one.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    if !trusted.contains(&peer) {
        return peer;
    }
    let forwarded = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok());
    let hops: Vec<IpAddr> = forwarded
        .flat_map(|line| line.split(','))
        .filter_map(|hop| hop.trim().parse().ok())
        .collect();
    hops.into_iter()
        .rev()
        .find(|hop| !trusted.contains(hop))
        .unwrap_or(peer)
}
