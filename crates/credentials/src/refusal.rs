//! Refusals of the issuing protocol, with the exact error words of RFC 6749, RFC 6750, RFC 9449 and
//! OpenID4VCI 1.0.

use serde::Serialize;
use utoipa::ToSchema;
use web::{HeaderValue, IntoResponse, Response, StatusCode, header};

/// Why a request of a wallet is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    #[error("a parameter is missing, unexpected or malformed: {0}")]
    InvalidRequest(&'static str),
    #[error("the code is wrong, used or expired, or the transaction code is wrong")]
    InvalidGrant,
    #[error("this grant type is not offered")]
    UnsupportedGrantType,
    #[error("this authorization detail is not offered")]
    InvalidAuthorizationDetails,
    #[error("the access token is missing, unknown or expired")]
    InvalidToken,
    #[error("the DPoP proof does not hold")]
    InvalidDpopProof,
    #[error("the credential request is malformed: {0}")]
    InvalidCredentialRequest(&'static str),
    #[error("this credential configuration is not offered to this token")]
    UnknownCredentialConfiguration,
    #[error("this credential identifier is not offered to this token")]
    UnknownCredentialIdentifier,
    #[error("the proof of possession does not hold: {0}")]
    InvalidProof(&'static str),
    #[error("the nonce is unknown, used or expired; fetch another")]
    InvalidNonce,
    #[error("encryption of responses is not offered")]
    InvalidEncryptionParameters,
    #[error("the licence cannot be issued any more")]
    CredentialRequestDenied,
    #[error("no such notification")]
    InvalidNotificationId,
    #[error("this notification is malformed")]
    InvalidNotificationRequest,
}

/// The error body of OAuth 2.0 (RFC 6749 section 5.2).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefusalBody {
    pub error: String,
    pub error_description: String,
}

impl Refusal {
    /// The error word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidGrant => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::InvalidToken => "invalid_token",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::InvalidCredentialRequest(_) => "invalid_credential_request",
            Self::UnknownCredentialConfiguration => "unknown_credential_configuration",
            Self::UnknownCredentialIdentifier => "unknown_credential_identifier",
            Self::InvalidProof(_) => "invalid_proof",
            Self::InvalidNonce => "invalid_nonce",
            Self::InvalidEncryptionParameters => "invalid_encryption_parameters",
            Self::CredentialRequestDenied => "credential_request_denied",
            Self::InvalidNotificationId => "invalid_notification_id",
            Self::InvalidNotificationRequest => "invalid_notification_request",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidToken => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        tracing::info!(error = self.word(), reason = %self, "wallet request refused");
        let body = RefusalBody {
            error: self.word().to_owned(),
            error_description: self.to_string(),
        };
        let mut response = (self.status(), web::Json(body)).into_response();
        if self == Self::InvalidToken {
            let challenge =
                HeaderValue::from_static("DPoP algs=\"ES256\", Bearer error=\"invalid_token\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
