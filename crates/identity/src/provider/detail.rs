//! Rich authorization details (RFC 9396): what exactly a client asks a person to agree to. Four
//! types: sign documents, share fields of the profile, act for a company, pay. Each is read strictly,
//! shown line by line on the consent page and on the phone, and carried in the token as agreed.

use kernel::Text;
use serde::{Deserialize, Serialize};
use trust::{base64url, digest};

use crate::{DetailLine, FieldKey, Right, code::codes, hongkong::field};

/// Details in one request.
pub(crate) const DETAILS_MAX: usize = 5;
/// Documents in one `sign` detail.
pub(crate) const DOCUMENTS_MAX: usize = 10;
/// Characters of a label, a name or a reference.
const LABEL_CHARS: usize = 120;
/// Cents of one payment: ten million dollars.
const AMOUNT_CENTS_MAX: i64 = 1_000_000_000;

codes! {
    /// The type of a detail.
    DetailKind { Sign = "sign", ShareData = "share_data", ActFor = "act_for", Pay = "pay" }
}

/// One detail, as asked and, with a company filled in, as granted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Detail {
    Sign {
        documents: Vec<Document>,
    },
    ShareData {
        datatypes: Vec<FieldKey>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        purpose: Option<String>,
    },
    ActFor {
        /// Companies Registry number.
        company: String,
        /// Never more than the person's powers hold: asked at the request and at every refresh.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        actions: Vec<Action>,
    },
    Pay {
        #[serde(rename = "instructedAmount")]
        amount: Amount,
        #[serde(rename = "creditorName")]
        creditor: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
    },
}

/// A document to sign, by its digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub label: String,
    /// base64url SHA-256.
    pub hash: String,
}

codes! {
    /// What a person may do for a company.
    Action { Fill = "fill", Sign = "sign", Pay = "pay" }
}

impl Action {
    /// What powers call it.
    #[must_use]
    pub(crate) const fn right(self) -> Right {
        match self {
            Self::Fill => Right::Fill,
            Self::Sign | Self::Pay => Right::Sign,
        }
    }

    /// In English and in Chinese, for whoever agrees.
    const fn words(self) -> [&'static str; 2] {
        match self {
            Self::Fill => ["fill in forms", "填寫表格"],
            Self::Sign => ["ask you to sign", "請你簽署"],
            Self::Pay => ["ask you to pay", "請你付款"],
        }
    }
}

/// An amount of money, as decimal text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    pub currency: String,
    pub amount: String,
}

impl Detail {
    #[must_use]
    pub const fn kind(&self) -> DetailKind {
        match self {
            Self::Sign { .. } => DetailKind::Sign,
            Self::ShareData { .. } => DetailKind::ShareData,
            Self::ActFor { .. } => DetailKind::ActFor,
            Self::Pay { .. } => DetailKind::Pay,
        }
    }

    /// What may be done for a company; none of a detail about something else.
    pub(crate) fn actions(&self) -> Option<&[Action]> {
        match self {
            Self::ActFor { actions, .. } => Some(actions),
            _ => None,
        }
    }

    /// Whether the phone must approve, and not only the page.
    #[must_use]
    pub const fn needs_phone(&self) -> bool {
        matches!(self, Self::Sign { .. } | Self::Pay { .. })
    }

    /// Whether powers that `may` do this much hold every action asked for. Who names none may fill.
    #[must_use]
    pub(crate) fn is_held(&self, may: impl Fn(Right) -> bool) -> bool {
        match self {
            Self::ActFor { actions, .. } => actions.iter().all(|action| may(action.right())),
            _ => true,
        }
    }

    fn is_sound(&self) -> bool {
        let is_label = |text: &str| {
            let count = text.chars().count();
            (1..=LABEL_CHARS).contains(&count) && !text.chars().any(char::is_control)
        };
        match self {
            Self::Sign { documents } => {
                let is_hash =
                    |hash: &str| base64url::decode(hash).is_ok_and(|bytes| bytes.len() == 32);
                (1..=DOCUMENTS_MAX).contains(&documents.len())
                    && documents
                        .iter()
                        .all(|one| is_label(&one.label) && is_hash(&one.hash))
            }
            Self::ShareData { datatypes, purpose } => {
                !datatypes.is_empty()
                    && datatypes.len() <= FieldKey::ALL.len()
                    && purpose.as_deref().is_none_or(is_label)
            }
            Self::ActFor { company, .. } => is_label(company),
            Self::Pay {
                amount,
                creditor,
                reference,
            } => {
                let is_money = cents(&amount.amount)
                    .is_some_and(|cents| (1..=AMOUNT_CENTS_MAX).contains(&cents));
                amount.currency == "HKD"
                    && is_money
                    && is_label(creditor)
                    && reference.as_deref().is_none_or(is_label)
            }
        }
    }

    /// The lines a person reads before agreeing.
    #[must_use]
    pub fn lines(&self) -> Vec<DetailLine> {
        let line = |en: &str, tc: &str, value: &str| DetailLine {
            label: Text::new(en, tc),
            value: Text::same(value),
        };
        match self {
            Self::Sign { documents } => documents
                .iter()
                .map(|one| line("Sign", "簽署", &one.label))
                .collect(),
            Self::ShareData { datatypes, purpose } => {
                let fields: Vec<Text> = datatypes.iter().map(|field| field::name(*field)).collect();
                let en: Vec<&str> = fields.iter().map(|one| one.en.as_str()).collect();
                let tc: Vec<&str> = fields.iter().map(|one| one.tc.as_str()).collect();
                let mut lines = vec![DetailLine {
                    label: Text::new("Share", "提供資料"),
                    value: Text::new(en.join(", "), tc.join("、")),
                }];
                if let Some(purpose) = purpose {
                    lines.push(line("For", "用途", purpose));
                }
                lines
            }
            Self::ActFor { company, actions } => {
                let mut lines = vec![line("Act for company", "代表公司", company)];
                if !actions.is_empty() {
                    let en: Vec<&str> = actions.iter().map(|one| one.words()[0]).collect();
                    let tc: Vec<&str> = actions.iter().map(|one| one.words()[1]).collect();
                    lines.push(DetailLine {
                        label: Text::new("To", "可以"),
                        value: Text::new(en.join(", "), tc.join("、")),
                    });
                }
                lines
            }
            Self::Pay {
                amount,
                creditor,
                reference,
            } => {
                let mut lines = vec![
                    line(
                        "Pay",
                        "付款",
                        &format!("{} {}", amount.currency, amount.amount),
                    ),
                    line("To", "收款人", creditor),
                ];
                if let Some(reference) = reference {
                    lines.push(line("Reference", "參考編號", reference));
                }
                lines
            }
        }
    }
}

/// `1234.50` as cents; at most two decimals.
fn cents(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || part.len() > 2 || whole.len() > 9 {
        return None;
    }
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    whole
        .parse::<i64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(part)
}

/// Reads the parameter `authorization_details`.
#[must_use]
pub(crate) fn read(text: &str, allowed: &[DetailKind]) -> Option<Vec<Detail>> {
    let details: Vec<Detail> = serde_json::from_str(text).ok()?;
    let is_allowed = |one: &Detail| allowed.contains(&one.kind()) && one.is_sound();
    let is_sound = (1..=DETAILS_MAX).contains(&details.len()) && details.iter().all(is_allowed);
    is_sound.then_some(details)
}

/// What the phone signs for these details in one request: an approval of the same details for
/// another request is worth nothing here.
#[must_use]
pub(crate) fn digest_of(request: &str, details: &[Detail]) -> [u8; 32] {
    let details = serde_json::to_vec(details).unwrap_or_default();
    digest::sha256_parts(&[request.as_bytes(), &[0], &details])
}
