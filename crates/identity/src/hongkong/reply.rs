//! Answers of the wire: HTTP 200 with a code, and content sealed under the key the request came under.
//! What is wrong with us, and not with the request, is an HTTP status and no code.

use serde::Serialize;
use serde_json::Value;
use trust::{digest, envelope::ContentKey};
use utoipa::ToSchema;
use web::{Failure, IntoResponse, Response};

use super::{
    HongKong,
    key::KeyContent,
    word::{Dialect, Word},
};

/// Why a request is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Refusal {
    pub(crate) word: Word,
    /// The parameter it is about.
    pub(crate) parameter: Option<&'static str>,
}

impl Word {
    /// A refusal about one parameter.
    pub(crate) const fn of(self, parameter: &'static str) -> Refusal {
        Refusal {
            word: self,
            parameter: Some(parameter),
        }
    }
}

/// What a request ends with when it is not answered: a code of the wire, or a failure of ours.
#[derive(Debug)]
pub(crate) enum Fault {
    Refused(Refusal, Dialect),
    Failed(crate::Error),
    /// Asked too often: answered as everywhere else on the site.
    Held(web::Error),
}

impl Fault {
    /// The same, told in the caller's dialect.
    pub(crate) fn in_dialect(self, dialect: Dialect) -> Self {
        match self {
            Self::Refused(refusal, _) => Self::Refused(refusal, dialect),
            other => other,
        }
    }

    pub(crate) fn answer(self, hk: &HongKong) -> Response {
        match self {
            Self::Refused(refusal, dialect) => {
                tracing::info!(
                    code = refusal.word.code(),
                    parameter = refusal.parameter,
                    "wire request refused"
                );
                web::Json(Reply::of(hk, dialect, refusal)).into_response()
            }
            Self::Failed(error) => Failure::of(&error).into_response(),
            Self::Held(error) => Failure::of(&error).into_response(),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal, Dialect::IamSmart)
    }
}

impl From<Word> for Refusal {
    fn from(word: Word) -> Self {
        Self {
            word,
            parameter: None,
        }
    }
}

impl From<Word> for Fault {
    fn from(word: Word) -> Self {
        Refusal::from(word).into()
    }
}

impl From<crate::Error> for Fault {
    fn from(error: crate::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<web::Error> for Fault {
    fn from(error: web::Error) -> Self {
        Self::Held(error)
    }
}

impl From<::store::Error> for Fault {
    fn from(error: ::store::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<trust::Error> for Fault {
    fn from(error: trust::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<journal::Error> for Fault {
    fn from(error: journal::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// An answer. The two texts are one: one interface names it `msg`, the other `message`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reply {
    #[serde(rename = "txID")]
    tx_id: String,
    code: String,
    msg: String,
    message: String,
    /// Base64 of the sealed content.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

/// The answer that brings a content key, which is sealed by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyReply {
    #[serde(rename = "txID")]
    tx_id: String,
    code: String,
    msg: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<KeyContent>,
}

/// The name of one exchange, in the shape that clients know.
pub(crate) fn tx_id(bytes: [u8; 16]) -> String {
    format!("<T={}>", digest::hex(&bytes))
}

impl Reply {
    fn of(hk: &HongKong, dialect: Dialect, refusal: Refusal) -> Self {
        let words = match refusal.parameter {
            Some(parameter) => format!("{} {{{parameter}}}", refusal.word.message()),
            None => refusal.word.message().to_owned(),
        };
        Self {
            tx_id: tx_id(hk.env().bytes()),
            code: refusal.word.sent(dialect),
            msg: words.clone(),
            message: words,
            content: None,
        }
    }

    /// Success, with `content` sealed under `key`.
    pub(crate) fn sealed(
        hk: &HongKong,
        dialect: Dialect,
        (key, content): (&ContentKey, Option<&Value>),
    ) -> Result<Self, Fault> {
        let sealed = content
            .map(|content| key.seal(hk.env(), content.to_string().as_bytes()))
            .transpose()
            .map_err(|_| Fault::from(Word::NotSealed).in_dialect(dialect))?;
        Ok(Self {
            content: sealed,
            ..Self::of(hk, dialect, Word::Success.into())
        })
    }

    pub(crate) fn with_key(self, content: Option<KeyContent>) -> KeyReply {
        KeyReply {
            tx_id: self.tx_id,
            code: self.code,
            msg: self.msg,
            message: self.message,
            content,
        }
    }

    pub(crate) fn success(hk: &HongKong, dialect: Dialect) -> Self {
        Self::of(hk, dialect, Word::Success.into())
    }
}
