//! The service pack as read: what a department offers, asks, charges, promises and decides. A value of
//! [`Pack`] exists only when every check passed, so code that follows a pack need not doubt it.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Date, Text};

use crate::{
    chart::{Chart, Outcome},
    defect::{At, Span},
    expr::Expr,
    field::{Field, FieldKind, Page},
    letter::places,
    scope::{mentions, table_mentions},
    show::date_text,
    table::{RowResult, Table},
    tries::Try,
};

/// One version of one service. Fields are in the order of the file.
#[derive(Debug, Clone)]
pub struct Pack {
    /// The service's id, `td-full-driving-licence-renewal`: also the file name and the URL segment.
    pub service: String,
    pub version: u32,
    /// Code of the owning department, `TD`.
    pub owner: String,
    pub kind: ServiceKind,
    pub confidence: Confidence,
    pub legal: Vec<String>,
    /// Numbers of the paper forms this replaces; people search for them.
    pub forms: Vec<String>,
    pub sources: Vec<Source>,
    /// For authors; never shown to the public.
    pub notes: Option<String>,
    pub name: Text,
    pub summary: Text,
    pub who_can_apply: Text,
    pub what_happens_next: Option<Text>,
    pub audience: Vec<Audience>,
    pub subjects: Vec<String>,
    pub life_events: Vec<String>,
    pub keywords: Vec<Text>,
    pub identity: IdentityNeed,
    /// `None`: the department promises no time; [`Pack::no_promise`] may say why.
    pub promise: Option<Promise>,
    pub no_promise: Option<Text>,
    /// Why a fact is asked for, by id.
    pub purposes: BTreeMap<String, Text>,
    pub pages: Vec<Page>,
    pub lets: Vec<Let>,
    pub eligibility: Vec<EligibilityRule>,
    /// Empty when nothing is paid here.
    pub fee: Vec<FeeLine>,
    /// How the department collects the fee itself; then `fee` is empty, yet the service is not free.
    pub fee_elsewhere: Option<Text>,
    pub checks: Vec<DepartmentCheck>,
    /// Sets of questions whose equal answers make two live applications duplicates.
    pub duplicates: Vec<Vec<At<String>>>,
    pub case: Chart,
    pub letters: Vec<Letter>,
    pub issue: Option<Issue>,
    pub appeal: Option<Appeal>,
    /// Written `appeal: none`: the law gives no appeal, which is not the same as not knowing of one.
    pub has_no_appeal: bool,
    pub keep: Keep,
    pub tries: Vec<Try>,
    /// Names whose declaration has a defect: a mention of one is not reported again.
    pub(crate) flawed_names: BTreeSet<String>,
    pub(crate) owner_at: Span,
    pub(crate) keep_at: Span,
    pub(crate) try_at: Span,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word packs and stored records use.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The variant with this word.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.code() == code)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What the service gives.
    ServiceKind {
        Licence = "licence",
        Registration = "registration",
        Benefit = "benefit",
        Permit = "permit",
        Booking = "booking",
        Bill = "bill",
        Complaint = "complaint",
        Record = "record",
    }
}

words! {
    /// How sure the author is of the facts.
    Confidence { High = "high", Medium = "medium", Low = "low", }
}

words! {
    Audience { Resident = "resident", Visitor = "visitor", Company = "company", }
}

words! {
    /// Strength of the sign-in.
    Level { Basic = "basic", Plus = "plus", }
}

words! {
    Applicant { Person = "person", Company = "company", }
}

/// Where facts were read, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub url: String,
    pub date: Option<SourceDate>,
    pub note: Option<String>,
}

/// When a source was written or read, as exactly as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceDate {
    Day(Date),
    Month { year: u16, month: u8 },
    Year(u16),
}

impl std::str::FromStr for SourceDate {
    type Err = ();

    /// `2020-12-31`, `2020-12` or `2020`.
    fn from_str(text: &str) -> Result<Self, ()> {
        if let Ok(day) = text.parse() {
            return Ok(Self::Day(day));
        }
        // The first day of a month or year that exists tells that the month or year does.
        let starts = |rest: &str| format!("{text}{rest}").parse::<Date>().is_ok();
        let is_written = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
        let number = |part: &str| part.parse::<u16>().map_err(drop);
        match text.split_once('-') {
            Some((year, month)) if is_written && starts("-01") => Ok(Self::Month {
                year: number(year)?,
                month: u8::try_from(number(month)?).map_err(drop)?,
            }),
            None if is_written && starts("-01-01") => Ok(Self::Year(number(text)?)),
            _ => Err(()),
        }
    }
}

impl SourceDate {
    /// The date for a person, as long as it is known: “31 December 2020”, “2020-12”, “2020”.
    #[must_use]
    pub fn words(self) -> Text {
        match self {
            Self::Day(day) => date_text(day),
            Self::Month { year, month } => Text::with_sc(
                format!("{year}-{month:02}"),
                format!("{year}年{month}月"),
                format!("{year}年{month}月"),
            ),
            Self::Year(year) => {
                Text::with_sc(year.to_string(), format!("{year}年"), format!("{year}年"))
            }
        }
    }
}

/// What sign-in the service asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityNeed {
    pub level: Level,
    /// Whether the application is signed with the phone.
    pub sign: bool,
    pub one_live_application_per: Option<Applicant>,
}

/// The time within which the department answers: shown to people and run as the case's deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    pub days: u32,
    /// Working days of the General Holidays calendar; calendar days otherwise.
    pub working: bool,
}

/// A named value computed from answers.
#[derive(Debug, Clone)]
pub struct Let {
    pub name: String,
    pub value: LetValue,
    pub(crate) at: Span,
}

#[derive(Debug, Clone)]
pub enum LetValue {
    Expr(Expr),
    Table(Table),
}

/// A rule about the whole application.
#[derive(Debug, Clone)]
pub struct EligibilityRule {
    pub id: String,
    /// True when all is well.
    pub rule: Expr,
    /// Shown when the rule is false.
    pub say: Text,
    pub if_not: IfNot,
    pub(crate) at: Span,
}

words! {
    IfNot {
        /// The person cannot go on.
        Refuse = "refuse",
        /// The person may go on; the officer sees it.
        Warn = "warn",
    }
}

/// One line of the fee.
#[derive(Debug, Clone)]
pub struct FeeLine {
    pub id: String,
    pub label: Text,
    pub when: Option<Expr>,
    pub amount: Amount,
    pub(crate) at: Span,
}

impl FeeLine {
    /// Whether some case of this line cannot be done online.
    pub(crate) fn may_refuse(&self) -> bool {
        match &self.amount {
            Amount::Cents(_) => false,
            Amount::Table(table) => {
                let mut rows = table.rows.iter();
                rows.any(|row| matches!(row.result, RowResult::Refuse(_)))
            }
        }
    }
}

#[derive(Debug, Clone)]
pub enum Amount {
    Cents(Expr),
    Table(Table),
}

/// What officers look up at another department.
#[derive(Debug, Clone)]
pub struct DepartmentCheck {
    pub id: String,
    /// The other department's code.
    pub department: String,
    pub record: Text,
    pub(crate) at: Span,
}

/// A letter to the applicant, with places for values.
#[derive(Debug, Clone)]
pub struct Letter {
    pub id: String,
    pub title: Text,
    pub body: Text,
    pub(crate) at: Span,
}

/// The credential an approved case gives.
#[derive(Debug, Clone)]
pub struct Issue {
    /// Type of the credential, `driving_licence`.
    pub kind: String,
    pub title: Text,
    /// Text with places: `DL-{year}-{seq:6}`.
    pub number: At<String>,
    pub valid_from: Option<Expr>,
    /// `None`: valid until revoked.
    pub valid_until: Option<Expr>,
    pub claims: Vec<Claim>,
    pub(crate) at: Span,
}

/// One claim of a credential.
#[derive(Debug, Clone)]
pub struct Claim {
    pub name: String,
    pub value: Expr,
}

#[derive(Debug, Clone)]
pub struct Appeal {
    pub body: Text,
    pub within_days: Option<u32>,
    pub law: Option<String>,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// A draft nobody touched.
    pub drafts: Period,
    /// A decided case, from the decision.
    pub records: Period,
}

/// A length of calendar time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub count: u32,
    pub unit: Unit,
}

words! {
    Unit { Days = "days", Months = "months", Years = "years", }
}

impl Period {
    /// The day this period after `day` ends.
    #[must_use]
    pub fn after(self, day: Date) -> Date {
        let count = i64::from(self.count);
        match self.unit {
            Unit::Days => day.plus_days(count),
            Unit::Months => day.plus_months(count),
            Unit::Years => day.plus_years(count),
        }
    }

    /// Days, counting 31 a month and 366 a year: for comparing two periods.
    #[must_use]
    pub const fn longest_days(self) -> u32 {
        let days = match self.unit {
            Unit::Days => 1,
            Unit::Months => 31,
            Unit::Years => 366,
        };
        self.count.saturating_mul(days)
    }
}

impl Pack {
    /// The page with this id.
    #[must_use]
    pub fn page(&self, id: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.id == id)
    }

    /// The question with this id; questions inside groups are found in their group's kind.
    #[must_use]
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields().find(|field| field.id == id)
    }

    /// All questions in the order they are asked, without those inside groups.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.pages.iter().flat_map(|page| &page.fields)
    }

    /// The page a question is asked on.
    #[must_use]
    pub fn page_of(&self, field: &str) -> Option<&Page> {
        self.pages
            .iter()
            .find(|page| page.fields.iter().any(|one| one.id == field))
    }

    /// The letter with this id.
    #[must_use]
    pub fn letter_text(&self, id: &str) -> Option<&Letter> {
        self.letters.iter().find(|letter| letter.id == id)
    }

    /// Every expression outside tables.
    pub(crate) fn rule_expressions(&self) -> Vec<&Expr> {
        let fields = self.fields().flat_map(|field| match &field.kind {
            FieldKind::Group { fields, .. } => std::iter::once(field).chain(fields),
            _ => std::iter::once(field).chain(&[]),
        });
        let fields = fields.flat_map(|field| {
            let rules = field.must.iter().map(|must| &must.rule);
            field.when.iter().chain(rules)
        });
        let states = self.case.states.iter().flat_map(|state| {
            let auto = state.auto.iter().map(|auto| &auto.when);
            let actions = state.actions.iter();
            actions
                .filter_map(|action| action.when.as_ref())
                .chain(auto)
        });
        let issue = self.issue.iter().flat_map(|issue| {
            let claims = issue.claims.iter().map(|claim| &claim.value);
            issue
                .valid_from
                .iter()
                .chain(&issue.valid_until)
                .chain(claims)
        });
        let lets = self.lets.iter().filter_map(|one| match &one.value {
            LetValue::Expr(expr) => Some(expr),
            LetValue::Table(_) => None,
        });
        let fees = self.fee.iter().flat_map(|line| {
            let cents = match &line.amount {
                Amount::Cents(expr) => Some(expr),
                Amount::Table(_) => None,
            };
            line.when.iter().chain(cents)
        });
        let pages = self.pages.iter().filter_map(|page| page.when.as_ref());
        let rules = self.eligibility.iter().map(|rule| &rule.rule);
        fields
            .chain(states)
            .chain(issue)
            .chain(lets)
            .chain(fees)
            .chain(pages)
            .chain(rules)
            .collect()
    }

    /// Every name that some rule, amount, letter or credential mentions.
    pub(crate) fn mentioned(&self) -> BTreeSet<String> {
        let exprs = self.rule_expressions().into_iter();
        let mut names: BTreeSet<String> = exprs.flat_map(mentions).collect();
        for table in self.tables() {
            names.extend(table_mentions(table));
        }
        for letter in &self.letters {
            for text in [&letter.title.en, &letter.body.en] {
                names.extend(places(text).into_iter().map(str::to_owned));
            }
        }
        names
    }

    /// The decision tables of lets and fees.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        let lets = self.lets.iter().filter_map(|one| match &one.value {
            LetValue::Table(table) => Some(table),
            LetValue::Expr(_) => None,
        });
        let fees = self.fee.iter().filter_map(|line| match &line.amount {
            Amount::Table(table) => Some(table),
            Amount::Cents(_) => None,
        });
        lets.chain(fees)
    }

    /// Whether nothing is paid, neither here nor at the department.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.fee.is_empty() && self.fee_elsewhere.is_none()
    }

    /// Whether anything may be paid through the platform; what exactly is said by [`Pack::fee`].
    #[must_use]
    pub const fn takes_payment(&self) -> bool {
        !self.fee.is_empty()
    }

    /// Where a decision that ends in `state` can be appealed.
    #[must_use]
    pub fn appeal_from(&self, state: &str) -> Option<&Appeal> {
        let state = self.case.state(state)?;
        let is_refused = state.outcome == Some(Outcome::Refused);
        self.appeal
            .as_ref()
            .filter(|_| is_refused && !state.has_no_appeal)
    }
}
