//! A company, what registers know of it, and who may act for it.
//!
//! ```text
//! Company ◀── Member (a person: powers)            powers = role, access, chop, services,
//!    ▲  ▲                                                   limit of money, last day
//!    │  └──── Commission ──▶ firm: a Company
//!    │              ▲
//!    │              └── a member of the firm, named by the firm
//!    └──── Mandate: what one person may do for the company now, by either way
//! ```
//!
//! Invariants: a mandate is worked out anew whenever something is done, never remembered; what gives
//! away much needs two people ([`needs_two`]); nobody gives what they do not hold themselves.

use kernel::{Date, Id, Money, Text, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Person, PersonName, code::codes};

/// People one company may have at a time.
pub const MEMBERS_MAX: i64 = 200;
/// Firms one company may commission at a time, and companies one firm may act for.
pub const COMMISSIONS_MAX: i64 = 100;
/// Companies one person may act for.
pub(crate) const MANDATES_MAX: i64 = 100;
/// Invitations or proposals of one company that may wait at a time.
pub(crate) const WAITING_MAX: i64 = 50;
/// Days an invitation or a proposal waits.
pub const WAITING_DAYS: u64 = 30;
/// Services that powers may be limited to.
pub const SERVICES_MAX: usize = 30;
/// Bytes of a service's id.
const SERVICE_BYTES: usize = 80;
/// Characters of the name an administrator writes on an invitation.
pub(crate) const INVITEE_CHARS: usize = 100;
/// Names told to somebody who may not do a thing.
pub(crate) const NAMES_MAX: usize = 5;

/// The event of a person who may no longer act for a company. Data: person, company.
pub const MANDATE_ENDED: &str = "causeway.mandate.ended.v1";

codes! {
    /// What a person is in a company. A higher role includes what the lower may do.
    MemberRole {
        /// Fills in and follows applications.
        User = "user",
        /// May also sign in person and pay.
        Representative = "representative",
        /// May also name others.
        Administrator = "administrator",
        /// A director on the register, who answers for the company.
        Responsible = "responsible",
    }
}

codes! {
    /// What powers allow in one service.
    ServiceRole { Fill = "fill", Sign = "sign" }
}

codes! {
    /// What somebody is about to do for a company.
    Right {
        /// Fill in, read, follow.
        Fill = "fill",
        /// Pay and sign in person.
        Sign = "sign",
        /// Put the company chop on what was signed.
        Chop = "chop",
        /// Name others and set their limits.
        Administer = "administer",
    }
}

codes! {
    /// One field of a company's profile, in meaning those of the CorpID catalogue.
    FactKey {
        Ubi = "ubi",
        CompanyNumber = "crn",
        Kind = "kind",
        Status = "status",
        NameEn = "name_en",
        NameZh = "name_zh",
        AddressEn = "address_en",
        AddressZh = "address_zh",
        Commenced = "commenced",
        Ceased = "ceased",
        AnnualReturn = "annual_return",
        CertificateExpires = "certificate_expires",
        Lei = "lei",
        Duns = "duns",
        ContactAddress = "contact_address",
        Email = "email",
        Telephone = "telephone",
        Fax = "fax",
        Website = "website",
    }
}

impl FactKey {
    /// The fields a company declares about itself.
    pub const DECLARED: [Self; 5] = [
        Self::ContactAddress,
        Self::Email,
        Self::Telephone,
        Self::Fax,
        Self::Website,
    ];

    #[must_use]
    pub fn is_declared(self) -> bool {
        Self::DECLARED.contains(&self)
    }

    /// The field behind the name a form prefills from, after `corp.`.
    #[must_use]
    pub fn from_prefill(name: &str) -> Option<Self> {
        Some(match name {
            "ubi" => Self::Ubi,
            "crn" => Self::CompanyNumber,
            "type" => Self::Kind,
            "status" => Self::Status,
            "engName" => Self::NameEn,
            "chiName" => Self::NameZh,
            "engAddress" => Self::AddressEn,
            "chiAddress" => Self::AddressZh,
            "commencementDate" => Self::Commenced,
            "cessationDate" => Self::Ceased,
            "annualReturnsDate" => Self::AnnualReturn,
            "brcExpiryDate" => Self::CertificateExpires,
            "lei" => Self::Lei,
            "duns" => Self::Duns,
            "eCorpAddr" => Self::ContactAddress,
            "eCorpEmailAddr" => Self::Email,
            "eCorpTelNo" => Self::Telephone,
            "eCorpFaxNo" => Self::Fax,
            "eCorpWebsite" => Self::Website,
            _ => return None,
        })
    }
}

codes! {
    /// Who says so.
    FactSource {
        CompaniesRegistry = "cr",
        InlandRevenue = "ird",
        /// The Global Legal Entity Identifier Foundation.
        Lei = "lei",
        Duns = "duns",
        Declared = "declared",
    }
}

codes! {
    /// Whether the register has the company as living. Only a live company acts.
    CompanyStatus { Live = "live", Dormant = "dormant", WindingUp = "winding_up", Dissolved = "dissolved" }
}

/// One field with its source and the time it was last found to be so.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Fact {
    pub key: FactKey,
    pub value: String,
    pub source: FactSource,
    pub checked: Time,
}

/// A company known to the platform.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Company {
    #[schema(value_type = String)]
    pub id: Id<Company>,
    pub name: PersonName,
    /// Companies Registry number.
    pub company_number: String,
    /// Business registration number, which is also the Unique Business Identifier.
    pub business_number: String,
    pub address: String,
    pub status: CompanyStatus,
}

/// Powers in one service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceGrant {
    pub service: String,
    pub role: ServiceRole,
}

/// What somebody may do for a company, and within which limits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Powers {
    pub role: MemberRole,
    /// Whether they may use services in the company's name.
    pub may_access: bool,
    /// Whether they may put the company chop.
    pub may_chop: bool,
    /// Empty: every service, as far as the role goes. Otherwise these and no others.
    pub services: Vec<ServiceGrant>,
    /// The most that one application may cost; `None` is without limit.
    pub limit: Option<Money>,
    /// The most that everything together may cost in a calendar month; `None` is without limit.
    #[serde(default)]
    pub monthly: Option<Money>,
    /// The last day.
    pub until: Option<Date>,
}

/// A limit of money that an amount would go above.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// Of one application or one signature.
    Each(Money),
    /// Of a calendar month, of which so much is used.
    Month { limit: Money, spent: Money },
}

/// Why powers cannot be given as asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PowersError {
    #[error("a service is unknown by its form, or there are too many")]
    Services,
    #[error("the limit is not an amount above zero")]
    Limit,
    #[error("the limit of a month is not an amount above zero")]
    Monthly,
    #[error("the last day has passed")]
    Until,
    #[error("they allow nothing")]
    Nothing,
    #[error("a role above one's own, or one that only a register gives")]
    Role,
    #[error("more than the one who gives holds")]
    More,
    #[error("one's own, wider than they are")]
    Own,
}

impl Powers {
    /// Everything a role has, without limits.
    #[must_use]
    pub const fn of(role: MemberRole, may_chop: bool) -> Self {
        Self {
            role,
            may_access: true,
            may_chop,
            services: Vec::new(),
            limit: None,
            monthly: None,
            until: None,
        }
    }

    #[must_use]
    pub fn is_over(&self, today: Date) -> bool {
        self.until.is_some_and(|until| today > until)
    }

    /// Whether `service` is within these powers at all.
    #[must_use]
    pub fn covers(&self, service: &str) -> bool {
        self.may_access && self.in_service(service).is_some()
    }

    fn in_service(&self, service: &str) -> Option<ServiceRole> {
        if self.services.is_empty() {
            return Some(if self.role > MemberRole::User {
                ServiceRole::Sign
            } else {
                ServiceRole::Fill
            });
        }
        let named = self.services.iter().find(|one| one.service == service);
        named.map(|one| one.role)
    }

    /// Whether they allow `right` in `service`. Limits of money are asked apart, see [`Powers::exceeded`].
    #[must_use]
    pub fn may(&self, right: Right, service: &str) -> bool {
        match right {
            Right::Fill => self.covers(service),
            Right::Sign => self.may_access && self.in_service(service) == Some(ServiceRole::Sign),
            Right::Chop => self.may_chop && self.in_service(service).is_some(),
            Right::Administer => self.role >= MemberRole::Administrator,
        }
    }

    /// Whether there is a limit of money at all.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.limit.is_some() || self.monthly.is_some()
    }

    /// The limit that `amount` goes above in a month in which `spent` is used already.
    #[must_use]
    pub fn exceeded(&self, amount: Money, spent: Money) -> Option<Limit> {
        if let Some(limit) = self.limit
            && amount > limit
        {
            return Some(Limit::Each(limit));
        }
        let limit = self.monthly?;
        let is_within = spent.plus(amount).is_some_and(|total| total <= limit);
        (!is_within).then_some(Limit::Month { limit, spent })
    }

    /// Whether `amount` alone is above no limit.
    #[must_use]
    pub fn is_within(&self, amount: Money) -> bool {
        self.exceeded(amount, Money::ZERO).is_none()
    }

    /// Checks what an administrator typed.
    ///
    /// # Errors
    /// See [`PowersError`].
    pub fn check(&self, today: Date) -> Result<(), PowersError> {
        let is_id = |id: &str| {
            let is_plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
            (1..=SERVICE_BYTES).contains(&id.len()) && id.bytes().all(is_plain)
        };
        if self.services.len() > SERVICES_MAX
            || !self.services.iter().all(|one| is_id(&one.service))
        {
            return Err(PowersError::Services);
        }
        let is_nothing = |limit: Option<Money>| limit.is_some_and(|limit| limit <= Money::ZERO);
        if is_nothing(self.monthly) {
            return Err(PowersError::Monthly);
        }
        if is_nothing(self.limit) {
            return Err(PowersError::Limit);
        }
        if self.is_over(today) {
            return Err(PowersError::Until);
        }
        let is_useful = self.may_access || self.may_chop || self.role >= MemberRole::Administrator;
        if is_useful {
            Ok(())
        } else {
            Err(PowersError::Nothing)
        }
    }

    /// Whether somebody with these powers may give `given`: nobody makes a responsible person, and
    /// neither role, privileges, services, limit nor last day go beyond the giver's own.
    ///
    /// # Errors
    /// [`PowersError::Role`], [`PowersError::More`].
    pub fn check_gift(&self, given: &Self) -> Result<(), PowersError> {
        if given.role == MemberRole::Responsible || given.role > self.role {
            return Err(PowersError::Role);
        }
        if self.includes(given) {
            Ok(())
        } else {
            Err(PowersError::More)
        }
    }

    /// Whether everything that `other` allows, these allow as well, and for as long.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        let has_work = other.may_access || other.may_chop;
        let privileges =
            (self.may_access || !other.may_access) && (self.may_chop || !other.may_chop);
        other.role <= self.role
            && privileges
            && (!has_work || self.includes_services(other))
            && (!has_work || is_at_most(other.limit, self.limit))
            && (!has_work || is_at_most(other.monthly, self.monthly))
            && is_at_most(other.until, self.until)
    }

    fn includes_services(&self, other: &Self) -> bool {
        if other.services.is_empty() {
            return self.services.is_empty();
        }
        let reaches = |one: &ServiceGrant| {
            self.in_service(&one.service)
                .is_some_and(|own| own >= one.role)
        };
        other.services.iter().all(reaches)
    }
}

/// Whether a bound is no looser than another; `None` is none at all.
fn is_at_most<T: PartialOrd>(bound: Option<T>, other: Option<T>) -> bool {
    match (bound, other) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(bound), Some(other)) => bound <= other,
    }
}

codes! {
    /// Why a change waits for a second person.
    ProposalKind {
        /// Somebody becomes an administrator.
        Administrator = "administrator",
        /// Somebody is given the chop.
        Chop = "chop",
        /// A limit is raised or lifted, or a last day put off.
        Limit = "limit",
        /// A higher role, or more services and privileges.
        Wider = "wider",
        /// Another firm is let act for the company.
        Commission = "commission",
        /// One application above somebody's limit.
        OverLimit = "over_limit",
    }
}

/// Which change from `before` to `after` needs a second person, the gravest first; `None` when one
/// person decides. `before` is `None` for somebody new.
#[must_use]
pub fn needs_two(before: Option<&Powers>, after: &Powers) -> Option<ProposalKind> {
    let was_administrator = before.is_some_and(|one| one.role >= MemberRole::Administrator);
    if after.role >= MemberRole::Administrator && !was_administrator {
        return Some(ProposalKind::Administrator);
    }
    if after.may_chop && !before.is_some_and(|one| one.may_chop) {
        return Some(ProposalKind::Chop);
    }
    let before = before?;
    let is_looser = !is_at_most(after.limit, before.limit)
        || !is_at_most(after.monthly, before.monthly)
        || !is_at_most(after.until, before.until);
    if is_looser {
        return Some(ProposalKind::Limit);
    }
    (!before.includes(after)).then_some(ProposalKind::Wider)
}

/// A person of a company.
#[derive(Clone, PartialEq, Debug)]
pub struct Member {
    pub id: Id<Member>,
    pub company: Id<Company>,
    pub person: Id<Person>,
    pub name: PersonName,
    pub powers: Powers,
    pub joined: Time,
}

/// What a person may do for a company now.
#[derive(Clone, PartialEq, Debug)]
pub struct Mandate {
    pub person: Id<Person>,
    pub company: Company,
    pub powers: Powers,
    /// The firm by which they act; `None` for the company's own people.
    pub firm: Option<Company>,
    pub since: Time,
}

impl Mandate {
    /// Whether it allows `right` in `service`; a company that is not live allows nothing but to be
    /// looked after.
    #[must_use]
    pub fn may(&self, right: Right, service: &str) -> bool {
        if right == Right::Administer {
            return self.firm.is_none() && self.powers.may(right, service);
        }
        let is_live = self.is_live();
        (is_live || right == Right::Fill) && self.powers.may(right, service)
    }

    #[must_use]
    pub fn administers(&self) -> bool {
        self.may(Right::Administer, "")
    }

    /// Whether an application may be used in the company's name: the company lives, the firm they come by
    /// too, and the powers reach the application, which they name by its client id.
    #[must_use]
    pub fn reaches(&self, client: &str) -> bool {
        self.is_live() && self.powers.covers(client)
    }

    /// Whether the company lives, and the firm by which they come.
    fn is_live(&self) -> bool {
        let is_live = |company: &Company| company.status == CompanyStatus::Live;
        is_live(&self.company) && self.firm.as_ref().is_none_or(is_live)
    }
}

/// An invitation to join a company.
#[derive(Clone, PartialEq, Debug)]
pub struct Invitation {
    pub id: Id<Invitation>,
    pub company: Id<Company>,
    /// As the administrator wrote it.
    pub name: String,
    pub powers: Powers,
    pub invited_by: Id<Person>,
    pub created: Time,
    pub expires: Time,
}

codes! {
    /// Where a commission stands.
    CommissionState {
        /// The firm has yet to accept.
        Offered = "offered",
        Accepted = "accepted",
        /// The firm said no.
        Declined = "declined",
        Ended = "ended",
    }
}

/// A firm that acts for a company.
#[derive(Clone, PartialEq, Debug)]
pub struct Commission {
    pub id: Id<Commission>,
    pub company: Company,
    pub firm: Company,
    pub powers: Powers,
    pub state: CommissionState,
    pub created: Time,
}

codes! {
    /// Where a proposal stands.
    ProposalState {
        Open = "open",
        Approved = "approved",
        Refused = "refused",
        /// Taken back, or the one who asked has left.
        Withdrawn = "withdrawn",
    }
}

/// A change that may need a second person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    Invite {
        /// What finds the card number again, in base64url.
        invitee: String,
        name: String,
        powers: Powers,
    },
    Powers {
        member: Id<Member>,
        powers: Powers,
    },
    Commission {
        firm: Id<Company>,
        powers: Powers,
    },
    OverLimit {
        /// What the money is for: a draft's id.
        about: String,
        service: String,
        /// The service in words, for whoever decides.
        title: Text,
        amount: Money,
    },
}

/// A change that waits for a second person.
#[derive(Clone, PartialEq, Debug)]
pub struct Proposal {
    pub id: Id<Proposal>,
    pub company: Id<Company>,
    pub kind: ProposalKind,
    pub change: Change,
    pub asked_by: Id<Person>,
    pub state: ProposalState,
    pub asked: Time,
    pub expires: Time,
    pub decided_by: Option<Id<Person>>,
    pub decided: Option<Time>,
}
