//! The approval: one question put to a person's phone. Signing in, signing in to the desk, giving
//! consent, stepping up and signing a document are the same object with another purpose.
//!
//! Invariants: what is shown is what is signed (the device signs the digest and the code it shows);
//! an outcome is final; only the browser that asked can use it, once. `rejected` (seen and refused),
//! `cancelled` (withdrawn by the one who asked), `expired` and `failed` are different answers.

use std::time::Duration;

use kernel::{Id, Lang, Text, Time};
use serde::{Deserialize, Serialize};
use trust::digest;

use crate::{Evidence, Level, Person, code::codes};

/// How long a sign-in, consent or step-up waits for the phone.
pub const SIGN_IN_TTL: Duration = Duration::from_secs(4 * 60);
/// How long a document waits for its signature.
pub const SIGN_TTL: Duration = Duration::from_secs(18 * 60);
/// The event of a completed sign-in. Data: person, purpose, level, birth_year.
pub const SIGNED_IN: &str = "causeway.person.signed_in.v1";
/// The event of an outcome. Data: purpose, state, reason of a failure, person where one is known.
pub const DECIDED: &str = "causeway.approval.decided.v1";
/// Open approvals one person may have at a time.
pub(crate) const OPEN_PER_PERSON: i64 = 20;
/// Characters of the summary of what is approved.
pub(crate) const SUMMARY_CHARS: usize = 400;
/// Bytes of a service's id that are counted by.
const SERVICE_ID_BYTES: usize = 80;
/// Lines of detail shown under the summary.
pub(crate) const DETAIL_LINES: usize = 12;

codes! {
    /// What the person is asked for.
    Purpose {
        SignIn = "sign_in",
        Desk = "desk",
        Consent = "consent",
        StepUp = "step_up",
        Sign = "sign",
        /// The company chop on what somebody has signed in person.
        Chop = "chop",
    }
}

impl Purpose {
    /// How long the phone may take to answer, and then the browser to use the answer.
    #[must_use]
    pub const fn ttl(self) -> Duration {
        match self {
            Self::Sign | Self::Chop => SIGN_TTL,
            _ => SIGN_IN_TTL,
        }
    }
}

codes! {
    /// Where an approval stands. Everything after `seen` is final.
    ApprovalState {
        Pending = "pending",
        Seen = "seen",
        Approved = "approved",
        Rejected = "rejected",
        Cancelled = "cancelled",
        Expired = "expired",
        Failed = "failed",
    }
}

impl ApprovalState {
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Seen)
    }
}

codes! {
    /// What can happen to an approval.
    Step {
        /// The phone opened it.
        Open = "open",
        Approve = "approve",
        Reject = "reject",
        /// The one who asked no longer wants an answer.
        Cancel = "cancel",
        /// The time ran out.
        Expire = "expire",
        /// The phone may not answer: its level is too low or its person is suspended.
        Fail = "fail",
    }
}

codes! {
    /// The two answers a device can sign.
    Decision { Approve = "approve", Reject = "reject" }
}

impl Decision {
    #[must_use]
    pub const fn step(self) -> Step {
        match self {
            Self::Approve => Step::Approve,
            Self::Reject => Step::Reject,
        }
    }
}

/// Why a step is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the approval already has its outcome")]
    Final,
    #[error("the approval must be opened on the phone before it is answered")]
    NotSeen,
}

/// The state after `step`.
///
/// # Errors
/// The outcome is final, or an answer is given to something not opened.
pub const fn transition(state: ApprovalState, step: Step) -> Result<ApprovalState, Refusal> {
    use ApprovalState as S;
    match (state, step) {
        (S::Pending | S::Seen, Step::Open) => Ok(S::Seen),
        (S::Seen, Step::Approve) => Ok(S::Approved),
        (S::Seen, Step::Reject) => Ok(S::Rejected),
        (S::Pending, Step::Approve | Step::Reject) => Err(Refusal::NotSeen),
        (S::Pending | S::Seen, Step::Cancel) => Ok(S::Cancelled),
        (S::Pending | S::Seen, Step::Expire) => Ok(S::Expired),
        (S::Pending | S::Seen, Step::Fail) => Ok(S::Failed),
        _ => Err(Refusal::Final),
    }
}

/// The SHA-256 of the secret only the asking browser holds. An approval is consumed by presenting
/// the same secret again, so a relayed QR code is of no use to the one who relayed it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding(pub(crate) [u8; 32]);

impl Binding {
    /// From the session id or a cookie's value.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        Self(digest::sha256(secret))
    }
}

/// What somebody wants approved.
#[derive(Clone, Debug)]
pub struct NewApproval {
    pub purpose: Purpose,
    /// Who asks, in words for people: `Transport Department – renew a full driving licence`.
    pub requester: Text,
    /// Where the question comes from, coarse: see [`place_of`].
    pub place: Text,
    pub asked: Level,
    /// The only person who may answer; `None` while nobody is signed in.
    pub person: Option<Id<Person>>,
    /// What is approved, in one sentence.
    pub summary: Text,
    /// Lines of what is signed, label and value.
    pub detail: Vec<DetailLine>,
    /// SHA-256 of what is approved; of the canonical answers when a document is signed.
    pub digest: [u8; 32],
    pub binding: Binding,
    /// A local path the browser goes to when there is an outcome.
    pub return_to: String,
}

/// One line of what is approved.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DetailLine {
    pub label: Text,
    pub value: Text,
}

/// An approval as stored.
#[derive(Clone, PartialEq, Debug)]
pub struct Approval {
    pub id: Id<Approval>,
    pub purpose: Purpose,
    pub requester: Text,
    pub place: Text,
    pub asked: Level,
    pub person: Option<Id<Person>>,
    pub summary: Text,
    pub detail: Vec<DetailLine>,
    pub digest: [u8; 32],
    /// Four digits shown on both screens.
    pub code: String,
    /// Eight letters and digits to type where no camera can scan.
    pub reference: String,
    pub return_to: String,
    pub state: ApprovalState,
    pub reason: Option<FailReason>,
    pub created: Time,
    pub expires: Time,
    pub decided: Option<Time>,
    pub consumed: Option<Time>,
    pub(crate) binding: Binding,
    pub(crate) evidence: Option<Evidence>,
}

codes! {
    /// Why an approval failed.
    FailReason { Level = "level", Suspended = "suspended", Device = "device", NotOfficer = "not_officer" }
}

impl Approval {
    /// The state at `now`: an open approval past its time has expired, whether or not a job has
    /// written so yet.
    #[must_use]
    pub fn state_at(&self, now: Time) -> ApprovalState {
        if self.state.is_open() && now >= self.expires {
            ApprovalState::Expired
        } else {
            self.state
        }
    }

    #[must_use]
    pub fn seconds_left(&self, now: Time) -> u64 {
        self.expires.since(now).as_secs()
    }

    #[must_use]
    pub fn is_bound_to(&self, binding: &Binding) -> bool {
        digest::equal(&self.binding.0, &binding.0)
    }
}

/// An approved outcome, handed out once to the browser that asked.
#[derive(Clone, PartialEq, Debug)]
pub struct Approved {
    pub approval: Id<Approval>,
    pub purpose: Purpose,
    pub person: Id<Person>,
    pub level: Level,
    pub digest: [u8; 32],
    pub decided: Time,
    pub return_to: String,
    pub evidence: Evidence,
}

/// What the asking browser learns by polling.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    pub state: ApprovalState,
    pub reason: Option<FailReason>,
    pub seconds_left: u64,
}

/// The language of the page an approval leads to, and the service whose page it is: a person who
/// signs in to start a service comes back to `/tc/services/td-vehicle-licence-renewal`.
#[must_use]
pub(crate) fn leads_to(path: &str) -> (Option<Lang>, Option<&str>) {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.trim_start_matches('/').split('/');
    let lang = parts.next().and_then(|code| code.parse().ok());
    let service = match (parts.next(), parts.next()) {
        (Some("services"), Some(id)) => Some(id),
        _ => None,
    };
    let is_id = |id: &&str| {
        let is_plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        (1..=SERVICE_ID_BYTES).contains(&id.len()) && id.bytes().all(is_plain)
    };
    (lang, service.filter(is_id))
}

/// The four digits both screens show: HMAC-SHA-256 under the approval's own key over id, purpose
/// and digest, reduced to 0000–9999. Another document or another purpose gives another code.
#[must_use]
pub fn binding_code(
    key: &[u8; 32],
    id: Id<Approval>,
    purpose: Purpose,
    digest: &[u8; 32],
) -> String {
    let mut message = Vec::with_capacity(64);
    message.extend_from_slice(&id.bytes());
    message.extend_from_slice(purpose.code().as_bytes());
    message.push(0);
    message.extend_from_slice(digest);
    let number = trust::digest::hmac_sha256(key, &message)
        .iter()
        .take(8)
        .fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{:04}", number % 10_000)
}

/// Four digits drawn before there is an approval to show them with.
#[must_use]
pub(crate) fn drawn_code(env: &kernel::Env) -> String {
    format!("{:04}", u64::from_be_bytes(env.bytes()) % 10_000)
}

/// The reference people type: `K7QM-2XPA` from 40 random bits.
#[must_use]
pub(crate) fn reference_of(random: [u8; 5]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bits = random
        .iter()
        .fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
    let mut text = String::with_capacity(9);
    for place in 0..8u32 {
        if place == 4 {
            text.push('-');
        }
        let digit = usize::try_from((bits >> (35 - 5 * place)) & 31).unwrap_or_default();
        text.push(char::from(ALPHABET.get(digit).copied().unwrap_or(b'0')));
    }
    text
}

/// Reads a typed reference: case, spaces and dashes do not matter, and I, L, O are read as 1, 1, 0.
#[must_use]
pub fn read_reference(typed: &str) -> Option<String> {
    let letters: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_uppercase() {
            'I' | 'L' => '1',
            'O' => '0',
            other => other,
        })
        .collect();
    let (head, tail) = letters.split_at_checked(4)?;
    let right = letters.len() == 8 && letters.bytes().all(|b| b.is_ascii_alphanumeric());
    right.then(|| format!("{head}-{tail}"))
}

/// The browser family and system in words, from the `User-Agent` header. Coarse on purpose: enough
/// for a person to notice that the request is not theirs.
#[must_use]
pub fn place_of(user_agent: &str) -> Text {
    let has = |word: &str| user_agent.contains(word);
    let browser = if has("Edg/") {
        "Edge"
    } else if has("Firefox/") || has("FxiOS/") {
        "Firefox"
    } else if has("SamsungBrowser/") {
        "Samsung Internet"
    } else if has("Chrome/") || has("CriOS/") {
        "Chrome"
    } else if has("Safari/") {
        "Safari"
    } else {
        return Text::new("A browser we do not recognise", "未能識別的瀏覽器");
    };
    let system = if has("Android") {
        "Android"
    } else if has("iPhone") || has("iPad") {
        "iOS"
    } else if has("Windows") {
        "Windows"
    } else if has("Mac OS") {
        "macOS"
    } else if has("Linux") {
        "Linux"
    } else {
        return Text::same(browser);
    };
    Text::new(
        format!("{browser} on {system}"),
        format!("{system} 上的 {browser}"),
    )
}

/// Days an approval without a signature is kept for the person's own history.
pub(crate) const RETENTION_DAYS: u64 = 90;
