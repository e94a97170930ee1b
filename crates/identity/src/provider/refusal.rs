//! Refusals in the exact words of RFC 6749, 6750, 7009, 8628, 9126, 9396, 9449 and CIBA Core.

use serde::Serialize;
use utoipa::ToSchema;
use web::{Failure, HeaderValue, IntoResponse, Response, StatusCode, header};

use crate::code::codes;

codes! {
    /// The error word on the wire.
    Word {
        AccessDenied = "access_denied",
        AuthorizationPending = "authorization_pending",
        ConsentRequired = "consent_required",
        ExpiredLoginHint = "unknown_user_id",
        ExpiredToken = "expired_token",
        InteractionRequired = "interaction_required",
        InvalidBindingMessage = "invalid_binding_message",
        InvalidClient = "invalid_client",
        InvalidDetails = "invalid_authorization_details",
        InvalidDpopProof = "invalid_dpop_proof",
        InvalidGrant = "invalid_grant",
        InvalidRequest = "invalid_request",
        InvalidRequestObject = "invalid_request_object",
        InvalidRequestUri = "invalid_request_uri",
        InvalidScope = "invalid_scope",
        InvalidTarget = "invalid_target",
        InvalidToken = "invalid_token",
        InsufficientAuthentication = "insufficient_user_authentication",
        InsufficientScope = "insufficient_scope",
        LoginRequired = "login_required",
        ServerError = "server_error",
        SlowDown = "slow_down",
        UnauthorizedClient = "unauthorized_client",
        UnmetAuthentication = "unmet_authentication_requirements",
        UnsupportedGrantType = "unsupported_grant_type",
        UnsupportedResponseType = "unsupported_response_type",
        UnsupportedTokenType = "unsupported_token_type",
        UseDpopNonce = "use_dpop_nonce",
    }
}

/// Why a request is refused: the word, and a sentence for the developer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{word}: {reason}")]
pub struct Refusal {
    pub word: Word,
    pub reason: &'static str,
    /// RFC 9470: what would satisfy the resource.
    pub wanted: Option<String>,
}

/// The error body of RFC 6749 section 5.2.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusalBody {
    error: String,
    error_description: String,
}

impl Refusal {
    #[must_use]
    pub const fn new(word: Word, reason: &'static str) -> Self {
        Self {
            word,
            reason,
            wanted: None,
        }
    }

    pub(crate) const fn request(reason: &'static str) -> Self {
        Self::new(Word::InvalidRequest, reason)
    }

    pub(crate) const fn grant(reason: &'static str) -> Self {
        Self::new(Word::InvalidGrant, reason)
    }

    pub(crate) const fn client(reason: &'static str) -> Self {
        Self::new(Word::InvalidClient, reason)
    }

    pub(crate) const fn dpop(reason: &'static str) -> Self {
        Self::new(Word::InvalidDpopProof, reason)
    }

    pub(crate) const fn token(reason: &'static str) -> Self {
        Self::new(Word::InvalidToken, reason)
    }

    /// The answer of an endpoint that clients call.
    pub(crate) fn answer(&self) -> Response {
        tracing::info!(
            error = self.word.code(),
            reason = self.reason,
            "client request refused"
        );
        let status = match self.word {
            Word::InvalidClient => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = RefusalBody {
            error: self.word.code().to_owned(),
            error_description: self.reason.to_owned(),
        };
        let mut response = (status, web::Json(body)).into_response();
        if self.word == Word::InvalidClient {
            let challenge = HeaderValue::from_static("Basic realm=\"causeway\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// The answer of a protected resource (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470).
    pub(crate) fn challenge(&self, scheme: &str) -> Response {
        let mut words = format!(
            "{scheme} error=\"{}\", error_description=\"{}\"",
            self.word.code(),
            self.reason
        );
        if scheme == "DPoP" {
            words.push_str(", algs=\"ES256 EdDSA Ed25519\"");
        }
        if let Some(wanted) = &self.wanted {
            words.push_str(", ");
            words.push_str(wanted);
        }
        let mut response = self.answer();
        *response.status_mut() = match self.word {
            Word::InsufficientScope => StatusCode::FORBIDDEN,
            _ => StatusCode::UNAUTHORIZED,
        };
        if let Ok(words) = HeaderValue::from_str(&words) {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, words);
        }
        response
    }
}

/// What an endpoint ends with when it does not answer: a refusal on the wire, or a failure of ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Failed(#[from] crate::Error),
    /// Asked too often: answered as everywhere else on the site.
    #[error(transparent)]
    Held(#[from] web::Error),
    /// The registration of this client is no longer what this process knew: the call begins again.
    #[error("the registration of {0} has changed")]
    Changed(String),
}

impl Fault {
    pub(crate) fn answer(self) -> Response {
        match self {
            Self::Refused(refusal) => refusal.answer(),
            Self::Failed(error) => Failure::of(&error).into_response(),
            Self::Held(error) => Failure::of(&error).into_response(),
            Self::Changed(_) => Refusal::client("the client is unknown").answer(),
        }
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
