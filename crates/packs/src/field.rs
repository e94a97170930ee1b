//! Pages and questions.

use kernel::{Money, Text};
use regex::Regex;

use crate::{defect::Span, expr::Expr, pack::words};

/// One page: one subject, a few questions.
#[derive(Debug, Clone)]
pub struct Page {
    pub id: String,
    pub title: Text,
    /// Text above the questions.
    pub intro: Option<Text>,
    pub when: Option<Expr>,
    pub fields: Vec<Field>,
    pub(crate) at: Span,
}

/// One question.
#[derive(Debug, Clone)]
pub struct Field {
    pub id: String,
    pub kind: FieldKind,
    pub label: Text,
    pub hint: Option<Text>,
    pub required: bool,
    /// Asked only when this is true.
    pub when: Option<Expr>,
    pub must: Vec<Must>,
    pub prefill: Option<Prefill>,
    pub class: Class,
    pub(crate) at: Span,
}

/// A rule about one answer.
#[derive(Debug, Clone)]
pub struct Must {
    pub rule: Expr,
    pub say: Text,
}

/// A question whose answer government already holds.
#[derive(Debug, Clone)]
pub struct Prefill {
    /// `profile.enName`, `eme.mobileNumber`, `corp.ubi`, `wallet.driving_licence.number`.
    pub source: String,
    /// Why it is asked for: shown where consent is given.
    pub purpose: Text,
    /// The id of the purpose, for consent records.
    pub purpose_id: String,
    /// A verified value the person cannot change.
    pub locked: bool,
    pub(crate) at: Span,
}

words! {
    /// How an answer is protected.
    Class {
        Public = "public",
        /// Shown to those who work the case.
        Personal = "personal",
        /// Stored encrypted; each reading has a reason on record.
        Restricted = "restricted",
    }
}

/// One answer of a list. The id means the same in every language and is what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub id: String,
    pub label: Text,
}

/// The type of a question with what belongs to it.
#[derive(Debug, Clone)]
pub enum FieldKind {
    Text {
        min: u32,
        max: u32,
        pattern: Option<Pattern>,
    },
    LongText {
        min: u32,
        max: u32,
    },
    Number {
        min: Option<i64>,
        max: Option<i64>,
        unit: Option<Text>,
    },
    Money {
        min: Option<Money>,
        max: Option<Money>,
    },
    Date,
    YesNo,
    Choice {
        options: Vec<Choice>,
    },
    Choices {
        options: Vec<Choice>,
        min: u32,
        max: u32,
    },
    PersonName,
    PersonNameZh,
    Hkid,
    PhoneHk,
    Email,
    AddressHk,
    CompanyNumber,
    BusinessNumber,
    VehicleMark,
    File {
        kinds: Vec<FileKind>,
        max_mb: u32,
        min: u32,
        max: u32,
    },
    Declaration,
    Group {
        fields: Vec<Field>,
        min: u32,
        max: u32,
        item: Text,
    },
}

/// An author's regular expression over the whole answer.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub source: String,
    pub says: Option<Text>,
    pub(crate) regex: Regex,
}

words! {
    /// The types of file a question takes. The content decides, not the name.
    FileKind {
        Pdf = "pdf",
        Jpeg = "jpeg",
        Png = "png",
        Tiff = "tiff",
        Docx = "docx",
        Dwg = "dwg",
    }
}

impl FileKind {
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Tiff => "image/tiff",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Dwg => "image/vnd.dwg",
        }
    }

    /// Whether `head`, the first bytes of a file, are those of this type.
    #[must_use]
    pub fn matches(self, head: &[u8]) -> bool {
        match self {
            Self::Pdf => head.starts_with(b"%PDF-"),
            Self::Jpeg => head.starts_with(&[0xFF, 0xD8, 0xFF]),
            Self::Png => head.starts_with(b"\x89PNG\r\n\x1a\n"),
            Self::Tiff => head.starts_with(b"II*\0") || head.starts_with(b"MM\0*"),
            Self::Docx => head.starts_with(b"PK\x03\x04"),
            Self::Dwg => head.starts_with(b"AC10"),
        }
    }
}

impl FieldKind {
    /// The word packs use.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::LongText { .. } => "long_text",
            Self::Number { .. } => "number",
            Self::Money { .. } => "money",
            Self::Date => "date",
            Self::YesNo => "yes_no",
            Self::Choice { .. } => "choice",
            Self::Choices { .. } => "choices",
            Self::PersonName => "person_name",
            Self::PersonNameZh => "person_name_zh",
            Self::Hkid => "hkid",
            Self::PhoneHk => "phone_hk",
            Self::Email => "email",
            Self::AddressHk => "address_hk",
            Self::CompanyNumber => "company_number",
            Self::BusinessNumber => "business_number",
            Self::VehicleMark => "vehicle_mark",
            Self::File { .. } => "file",
            Self::Declaration => "declaration",
            Self::Group { .. } => "group",
        }
    }

    /// The options of a choice or choices question.
    #[must_use]
    pub fn options(&self) -> &[Choice] {
        match self {
            Self::Choice { options } | Self::Choices { options, .. } => options,
            _ => &[],
        }
    }

    /// The weakest class an answer of this type may have.
    #[must_use]
    pub const fn class_floor(&self) -> Class {
        match self {
            Self::Hkid | Self::File { .. } => Class::Restricted,
            Self::Number { .. }
            | Self::Choice { .. }
            | Self::Choices { .. }
            | Self::YesNo
            | Self::Money { .. }
            | Self::Declaration
            | Self::Text { .. } => Class::Public,
            _ => Class::Personal,
        }
    }

    /// The class of a question that declares none.
    #[must_use]
    pub fn class_default(&self) -> Class {
        self.class_floor().max(Class::Personal)
    }
}
