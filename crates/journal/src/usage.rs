//! The one event by which use is counted: `causeway.usage.v1`.
//!
//! Whatever a person does with the platform emits one of these in the transaction that does it, so
//! that a figure exists if and only if the step does. It carries what a count is broken down by and
//! nothing else: no person, no case, no answer. Age is the ten-year band at the time of the step, by
//! year of birth, because a date of birth is sealed and must not be opened to count.

use kernel::{Date, Id, Lang};
use serde::{Deserialize, Serialize};
use store::Write;

use crate::{Error, Event, OutboxEvent, emit};

/// The type of every usage event.
pub const USAGE: &str = "causeway.usage.v1";

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A browser was signed in by a phone.
    SignedIn,
    /// A signed-in person proved themselves again for something that asks for more.
    SteppedUp,
    /// A person joined the register.
    Enrolled,
    /// A person went from the basic level to plus.
    Raised,
    /// A form was filled from the profile; `value` is how many fields.
    Filled,
    /// A person agreed that a service or a client may read something.
    Consented,
    /// Answers were signed on the phone.
    Signed,
    /// A draft was begun.
    Started,
    /// A page was saved without anything to mend.
    Answered,
    /// A page was saved with something to mend.
    Refused,
    /// A field had to be mended; one for each field of a refused page.
    Erred,
    Submitted,
    Paid,
    /// A case ended by decision; `value` is the working days of government it took.
    Decided,
    Withdrawn,
    /// Feedback; `value` is the rating, 1 to 5.
    Rated,
    /// A licence was granted.
    Issued,
    /// A phone took a granted licence.
    Collected,
    /// Somebody checked a licence here; `outcome` is the verdict.
    Verified,
}

store::text_codes!(Step {
    SignedIn => "signed_in",
    SteppedUp => "stepped_up",
    Enrolled => "enrolled",
    Raised => "raised",
    Filled => "filled",
    Consented => "consented",
    Signed => "signed",
    Started => "started",
    Answered => "answered",
    Refused => "refused",
    Erred => "erred",
    Submitted => "submitted",
    Paid => "paid",
    Decided => "decided",
    Withdrawn => "withdrawn",
    Rated => "rated",
    Issued => "issued",
    Collected => "collected",
    Verified => "verified",
});

/// Where it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A browser, for oneself.
    #[default]
    Web,
    /// The wallet page of the phone.
    Phone,
    /// A kiosk in a public place.
    Kiosk,
    /// A browser, for a company.
    Company,
}

store::text_codes!(Channel {
    Web => "web",
    Phone => "phone",
    Kiosk => "kiosk",
    Company => "company",
});

/// Ten years of age, from the youngest that may register. The band is of the age reached in the
/// calendar year, so that it follows from the year of birth alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AgeBand {
    #[serde(rename = "11-20")]
    To20,
    #[serde(rename = "21-30")]
    To30,
    #[serde(rename = "31-40")]
    To40,
    #[serde(rename = "41-50")]
    To50,
    #[serde(rename = "51-60")]
    To60,
    #[serde(rename = "61-70")]
    To70,
    #[serde(rename = "71+")]
    Over70,
}

store::text_codes!(AgeBand {
    To20 => "11-20",
    To30 => "21-30",
    To40 => "31-40",
    To50 => "41-50",
    To60 => "51-60",
    To70 => "61-70",
    Over70 => "71+",
});

impl AgeBand {
    /// From the youngest to the oldest.
    pub const ALL: [Self; 7] = [
        Self::To20,
        Self::To30,
        Self::To40,
        Self::To50,
        Self::To60,
        Self::To70,
        Self::Over70,
    ];

    /// The band of somebody born in `birth_year`, on `day`.
    #[must_use]
    pub fn of(birth_year: i64, day: Date) -> Self {
        match i64::from(day.year()) - birth_year {
            ..=20 => Self::To20,
            21..=30 => Self::To30,
            31..=40 => Self::To40,
            41..=50 => Self::To50,
            51..=60 => Self::To60,
            61..=70 => Self::To70,
            _ => Self::Over70,
        }
    }
}

/// Who ended a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decider {
    Officer,
    /// The pack's own rule.
    Rule,
    /// A time that ran out.
    Timer,
}

store::text_codes!(Decider { Officer => "officer", Rule => "rule", Timer => "timer" });

/// One step, or `count` alike. Build it with [`Usage::of`] and the methods; what stays unset does
/// not apply to the step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub step: Step,
    /// The code of the department that owns the service: `TD`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub department: String,
    /// The id of the service.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// The version of its pack.
    #[serde(default)]
    pub version: i64,
    /// The page of the form.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub page: String,
    /// The question in error.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<Lang>,
    #[serde(default)]
    pub channel: Channel,
    /// `basic` or `plus`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub level: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_band: Option<AgeBand>,
    /// `approved`, `refused`; the verdict on a licence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decider: Option<Decider>,
    /// Whether the promised time was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_timely: Option<bool>,
    /// Fields filled, working days, rating: see [`Step`].
    #[serde(default)]
    pub value: i64,
    /// How many steps alike this stands for.
    pub count: i64,
}

impl Usage {
    /// One step of which nothing more is known.
    #[must_use]
    pub const fn of(step: Step) -> Self {
        Self {
            step,
            department: String::new(),
            service: String::new(),
            version: 0,
            page: String::new(),
            field: String::new(),
            lang: None,
            channel: Channel::Web,
            level: String::new(),
            age_band: None,
            outcome: String::new(),
            decider: None,
            is_timely: None,
            value: 0,
            count: 1,
        }
    }

    /// The service it was done with.
    #[must_use]
    pub fn about(mut self, department: &str, service: &str, version: i64) -> Self {
        department.clone_into(&mut self.department);
        service.clone_into(&mut self.service);
        self.version = version;
        self
    }

    /// The page of the form.
    #[must_use]
    pub fn page(mut self, page: &str) -> Self {
        page.clone_into(&mut self.page);
        self
    }

    /// The question in error.
    #[must_use]
    pub fn field(mut self, field: &str) -> Self {
        field.clone_into(&mut self.field);
        self
    }

    #[must_use]
    pub const fn lang(mut self, lang: Option<Lang>) -> Self {
        self.lang = lang;
        self
    }

    #[must_use]
    pub const fn channel(mut self, channel: Channel) -> Self {
        self.channel = channel;
        self
    }

    /// How surely the person is known, and their band on `day`. Nothing else of the person.
    #[must_use]
    pub fn by(mut self, level: &str, birth_year: i64, day: Date) -> Self {
        level.clone_into(&mut self.level);
        self.age_band = Some(AgeBand::of(birth_year, day));
        self
    }

    #[must_use]
    pub fn outcome(mut self, outcome: &str) -> Self {
        outcome.clone_into(&mut self.outcome);
        self
    }

    /// Who decided, and whether in time.
    #[must_use]
    pub const fn decided(mut self, decider: Decider, is_timely: bool) -> Self {
        self.decider = Some(decider);
        self.is_timely = Some(is_timely);
        self
    }

    #[must_use]
    pub const fn value(mut self, value: i64) -> Self {
        self.value = value;
        self
    }

    /// The same step so many times.
    #[must_use]
    pub const fn times(mut self, count: i64) -> Self {
        self.count = count;
        self
    }
}

/// Counts a step in the transaction that makes it.
///
/// # Errors
/// The store fails.
pub async fn usage(tx: &Write, step: Usage) -> Result<Id<OutboxEvent>, Error> {
    let subject = if step.service.is_empty() {
        "platform".to_owned()
    } else {
        step.service.clone()
    };
    let data = serde_json::to_value(&step).unwrap_or_default();
    emit(
        tx,
        Event {
            kind: USAGE,
            subject,
            data,
        },
    )
    .await
}
