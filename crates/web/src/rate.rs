//! How often one client may ask. Counted per network address, in memory, with the site's own clock.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    time::Duration,
};

use axum::http::HeaderMap;
use governor::{
    Quota, RateLimiter, clock::Clock, middleware::NoOpMiddleware, state::keyed::DashMapStateStore,
};
use kernel::Env;

/// Addresses remembered before the oldest are forgotten.
const CLIENTS: usize = 50_000;

/// What a route lets one client do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rate {
    /// Any request: 1,200 a minute.
    Any,
    /// A form or JSON post: 120 a minute.
    Post,
    /// A try at something guessable: a sign-in, a code, a reference number. 20 a minute.
    Attempt,
}

impl Rate {
    const fn per_minute(self) -> u32 {
        match self {
            Self::Any => 1_200,
            Self::Post => 120,
            Self::Attempt => 20,
        }
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

type Keyed = RateLimiter<IpAddr, DashMapStateStore<IpAddr>, SiteClock, NoOpMiddleware<Duration>>;

/// The counters of the site.
#[derive(Debug)]
pub(crate) struct Limiter {
    clock: SiteClock,
    is_on: bool,
    any: Keyed,
    post: Keyed,
    attempt: Keyed,
}

impl Limiter {
    pub(crate) fn new(env: &Env, is_on: bool) -> Self {
        let clock = SiteClock(env.clone());
        let keyed = |rate: Rate| {
            let allowed = NonZeroU32::new(rate.per_minute()).unwrap_or(NonZeroU32::MIN);
            RateLimiter::dashmap_with_clock(Quota::per_minute(allowed), clock.clone())
        };
        let (any, post, attempt) = (keyed(Rate::Any), keyed(Rate::Post), keyed(Rate::Attempt));
        Self {
            clock,
            is_on,
            any,
            post,
            attempt,
        }
    }

    /// `Err` with the seconds to wait when `client` has asked too often.
    pub(crate) fn check(&self, rate: Rate, client: IpAddr) -> Result<(), u64> {
        if !self.is_on {
            return Ok(());
        }
        let counter = match rate {
            Rate::Any => &self.any,
            Rate::Post => &self.post,
            Rate::Attempt => &self.attempt,
        };
        if counter.len() > CLIENTS {
            counter.retain_recent();
        }
        counter.check_key(&network(client)).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            wait.as_secs().saturating_add(1)
        })
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
