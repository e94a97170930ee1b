//! The one way from an error to an answer. A domain error says what happened through [`Explain`];
//! the shell turns it into an RFC 9457 problem or an error page in the visitor's language, and logs
//! it once.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use kernel::{Lang, Text};
use serde::Serialize;
use serde_json::json;

/// What a handler answers with when it can fail.
pub type Outcome<T> = Result<T, Failure>;

/// What every error of a domain must be able to say. A person sees `title` (what happened) and
/// `advice` (what is safe and what to do next) in their language; a machine sees `code`.
pub trait Explain: std::error::Error {
    /// Stable, listed in docs/errors.md: `ID-003`.
    fn code(&self) -> &'static str;
    fn status(&self) -> StatusCode;
    fn title(&self) -> Text;
    fn advice(&self) -> Text;
    /// Whether the error's own words may hold personal data; they are then kept out of logs.
    fn is_personal(&self) -> bool {
        false
    }
    /// Seconds after which a retry makes sense.
    fn retry_after(&self) -> Option<u64> {
        None
    }
}

/// One line of the list of errors: what `docs/errors.md` and the page `/{lang}/errors` show.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    pub code: &'static str,
    pub status: u16,
    pub title: Text,
    pub advice: Text,
}

/// The explanations of `errors`: one sample of each variant.
pub fn explain<E: Explain>(errors: &[E]) -> Vec<Explanation> {
    errors
        .iter()
        .map(|error| Explanation {
            code: error.code(),
            status: error.status().as_u16(),
            title: error.title(),
            advice: error.advice(),
        })
        .collect()
}

/// An error on its way to becoming an answer.
#[derive(Clone, Debug)]
pub struct Failure(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    code: &'static str,
    status: StatusCode,
    title: Text,
    advice: Text,
    log: Option<String>,
    retry_after: Option<u64>,
}

impl Failure {
    #[must_use]
    pub fn of<E: Explain + ?Sized>(error: &E) -> Self {
        Self(Box::new(Inner {
            code: error.code(),
            status: error.status(),
            title: error.title(),
            advice: error.advice(),
            log: (!error.is_personal()).then(|| chain(error)),
            retry_after: error.retry_after(),
        }))
    }

    /// The page or thing does not exist, or not for this visitor: the two must look the same.
    #[must_use]
    pub fn not_found() -> Self {
        Self::of(&crate::Error::NotFound)
    }

    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    #[must_use]
    pub fn title(&self) -> &Text {
        &self.0.title
    }

    #[must_use]
    pub fn advice(&self) -> &Text {
        &self.0.advice
    }

    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        self.0.retry_after
    }

    /// The body of RFC 9457. `request` is the request's id, for support.
    #[must_use]
    pub fn problem(&self, base_url: &str, lang: Lang, request: &str) -> serde_json::Value {
        json!({
            "type": format!("{base_url}/{lang}/errors#{}", self.0.code),
            "title": self.0.title.get(lang),
            "status": self.0.status.as_u16(),
            "detail": self.0.advice.get(lang),
            "code": self.0.code,
            "request": request,
        })
    }

    /// Writes the one log line of this error.
    pub(crate) fn log(&self, route: &str) {
        let words = self
            .0
            .log
            .as_deref()
            .unwrap_or("not written: may hold personal data");
        let (code, status) = (self.0.code, self.0.status.as_u16());
        if self.0.status.is_server_error() {
            tracing::error!(code, status, route, error = words, "request failed");
        } else {
            tracing::debug!(code, status, route, error = words, "request refused");
        }
    }
}

impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::of(&error)
    }
}

/// Carries the failure to the shell, which knows the visitor's language and wish of format.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

fn chain<E: std::error::Error + ?Sized>(error: &E) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        words.push_str(": ");
        words.push_str(&next.to_string());
        cause = next.source();
    }
    words
}

/// Whether trying again helps: the store is busy, or closes because the platform is being replaced.
const fn is_passing(error: &store::Error) -> bool {
    error.is_temporary() || matches!(error, store::Error::Closed)
}

/// The store's errors as a visitor meets them when no domain has a better word for them.
impl Explain for store::Error {
    fn code(&self) -> &'static str {
        Self::code(self)
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Unique { .. } => StatusCode::CONFLICT,
            error if is_passing(error) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(&self) -> Text {
        match self {
            Self::NotFound { .. } => crate::Error::NotFound.title(),
            Self::Unique { .. } => Text::new("This exists already", "這項資料已經存在"),
            Self::Closed => Text::new("The service is not available now", "系統暫停服務"),
            error if error.is_temporary() => Text::new("The service is busy", "系統繁忙"),
            _ => crate::Error::Panicked.title(),
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::NotFound { .. } => crate::Error::NotFound.advice(),
            Self::Unique { .. } => Text::new(
                "Nothing was changed. Go back and look at what is there.",
                "資料沒有改動。請返回查看現有資料。",
            ),
            error if is_passing(error) => Text::new(
                "What you saved before is safe. Wait a minute and try again.",
                "你之前儲存的資料沒有遺失。請稍等一分鐘再試。",
            ),
            _ => crate::Error::Panicked.advice(),
        }
    }

    fn retry_after(&self) -> Option<u64> {
        is_passing(self).then_some(30)
    }
}
