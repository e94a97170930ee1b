//! Calls to clients: a logout they should hear of, an approval that is ready, the keys they publish. The
//! provider says what and where; how it travels is the binary's, and a test's.

use std::{fmt, future::Future, pin::Pin};

/// What a client answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sent {
    /// It has heard.
    Heard,
    /// It refuses, and asking again will not change that.
    Refused,
    /// There is nobody at this address any more: 404 or 410.
    Gone,
    /// Nobody answered, or with a failure of its own.
    Unheard,
}

/// One POST.
#[derive(Clone, Debug)]
pub struct Post {
    /// A registered address.
    pub uri: String,
    /// Empty when there is no body.
    pub content_type: &'static str,
    /// The value of `Authorization`.
    pub authorization: Option<String>,
    /// Other header fields.
    pub more: Vec<(&'static str, String)>,
    pub body: String,
}

/// What an address answered to a GET; none when it did not, not with 200, or with too much.
pub type Fetched<'a> = Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send + 'a>>;

/// The way out. Implementations follow no redirect, call no address of this machine or its link, and give up
/// within seconds.
pub trait Outbound: fmt::Debug + Send + Sync {
    /// Tells a client. What it says in its answer is not read.
    fn post(&self, post: Post) -> Pin<Box<dyn Future<Output = Sent> + Send + '_>>;

    /// Reads what a client publishes at `uri`, `most` bytes of it.
    fn get(&self, uri: String, most: usize) -> Fetched<'_>;
}

/// No way out: calls are kept as unheard and tried again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Outbound for Silent {
    fn post(&self, _: Post) -> Pin<Box<dyn Future<Output = Sent> + Send + '_>> {
        Box::pin(async { Sent::Unheard })
    }

    fn get(&self, _: String, _: usize) -> Fetched<'_> {
        Box::pin(async { None })
    }
}
