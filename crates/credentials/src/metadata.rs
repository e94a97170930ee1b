//! The documents wallets and verifiers read: issuer metadata (OpenID4VCI 1.0 section 12.2),
//! authorization server metadata (RFC 8414), issuer keys and type metadata of SD-JWT VC.

use std::collections::BTreeMap;

use kernel::{Lang, Text};
use serde::Serialize;
use trust::Purpose;
use utoipa::ToSchema;

use crate::{
    Issuer,
    licence::{ClaimType, LicenceType},
    offer::GRANT_TYPE,
    sd_jwt,
};

/// A name in one language.
#[derive(Debug, Serialize, ToSchema)]
pub struct Display {
    pub name: String,
    pub locale: String,
}

/// Issuer metadata.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuerMetadata {
    pub credential_issuer: String,
    pub authorization_servers: Vec<String>,
    pub credential_endpoint: String,
    pub nonce_endpoint: String,
    pub notification_endpoint: String,
    pub display: Vec<Display>,
    pub credential_configurations_supported: BTreeMap<String, Configuration>,
}

/// One credential configuration.
#[derive(Debug, Serialize, ToSchema)]
pub struct Configuration {
    pub format: String,
    pub scope: String,
    pub vct: String,
    pub cryptographic_binding_methods_supported: Vec<String>,
    pub credential_signing_alg_values_supported: Vec<String>,
    pub proof_types_supported: ProofTypes,
    pub credential_metadata: CredentialMetadata,
}

/// The proof types accepted: `jwt` only.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProofTypes {
    pub jwt: ProofAlgorithms,
}

/// The algorithms of a proof type.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProofAlgorithms {
    pub proof_signing_alg_values_supported: Vec<String>,
}

/// How a credential is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct CredentialMetadata {
    pub display: Vec<Display>,
    pub claims: Vec<ClaimMetadata>,
}

/// How a claim is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimMetadata {
    pub path: Vec<String>,
    pub display: Vec<Display>,
}

/// Authorization server metadata.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServerMetadata {
    pub issuer: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    pub response_types_supported: Vec<String>,
    pub grant_types_supported: Vec<String>,
    pub token_endpoint_auth_methods_supported: Vec<String>,
    pub dpop_signing_alg_values_supported: Vec<String>,
    pub authorization_details_types_supported: Vec<String>,
    #[serde(rename = "pre-authorized_grant_anonymous_access_supported")]
    pub anonymous_access_supported: bool,
}

/// A key set with what each key is for.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeySet {
    pub keys: Vec<Key>,
}

/// A public key.
#[derive(Debug, Serialize, ToSchema)]
pub struct Key {
    pub kty: String,
    pub crv: String,
    pub x: String,
    pub y: String,
    pub kid: String,
    pub alg: String,
    #[serde(rename = "use")]
    pub usage: String,
}

/// `jwt-vc-issuer` metadata.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyMetadata {
    pub issuer: String,
    pub jwks: KeySet,
}

/// Type metadata of SD-JWT VC, at the address in `vct`.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypeMetadata {
    pub vct: String,
    pub name: String,
    pub display: Vec<TypeDisplay>,
    pub claims: Vec<TypeClaim>,
}

/// The name of a type in one language.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypeDisplay {
    pub name: String,
    pub locale: String,
}

/// A claim of a type.
#[derive(Debug, Serialize, ToSchema)]
pub struct TypeClaim {
    pub path: Vec<String>,
    pub sd: String,
    pub display: Vec<ClaimLabel>,
}

/// The label of a claim in one language.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimLabel {
    pub label: String,
    pub locale: String,
}

/// The issuer metadata document.
#[must_use]
pub fn issuer(issuer: &Issuer) -> IssuerMetadata {
    let configurations = issuer
        .types()
        .values()
        .map(|kind| (kind.kind.clone(), configuration(issuer, kind)))
        .collect();
    IssuerMetadata {
        credential_issuer: issuer.identifier(),
        authorization_servers: vec![issuer.identifier()],
        credential_endpoint: issuer.url("/credentials/credential"),
        nonce_endpoint: issuer.url("/credentials/nonce"),
        notification_endpoint: issuer.url("/credentials/notification"),
        display: display(&Text::new("Causeway e-licences", "Causeway 電子牌照")),
        credential_configurations_supported: configurations,
    }
}

fn configuration(issuer: &Issuer, kind: &LicenceType) -> Configuration {
    let es256 = || vec!["ES256".to_owned()];
    let claims = kind.claims.iter().map(|claim| ClaimMetadata {
        path: vec![claim.name.clone()],
        display: display(&claim.label),
    });
    Configuration {
        format: sd_jwt::TYPE.to_owned(),
        scope: kind.kind.clone(),
        vct: issuer.vct(&kind.kind),
        cryptographic_binding_methods_supported: vec!["jwk".to_owned()],
        credential_signing_alg_values_supported: es256(),
        proof_types_supported: ProofTypes {
            jwt: ProofAlgorithms {
                proof_signing_alg_values_supported: es256(),
            },
        },
        credential_metadata: CredentialMetadata {
            display: display(&kind.title),
            claims: claims.collect(),
        },
    }
}

/// The authorization server metadata document.
#[must_use]
pub fn server(issuer: &Issuer) -> ServerMetadata {
    ServerMetadata {
        issuer: issuer.identifier(),
        token_endpoint: issuer.url("/credentials/token"),
        jwks_uri: issuer.url("/credentials/jwks"),
        response_types_supported: Vec::new(),
        grant_types_supported: vec![GRANT_TYPE.to_owned()],
        token_endpoint_auth_methods_supported: vec!["none".to_owned()],
        dpop_signing_alg_values_supported: vec!["ES256".to_owned()],
        authorization_details_types_supported: vec!["openid_credential".to_owned()],
        anonymous_access_supported: true,
    }
}

/// The keys that sign credentials and all that did: licences outlive keys.
#[must_use]
pub fn keys(issuer: &Issuer) -> KeySet {
    let keys = issuer.keys().all(Purpose::CredentialIssuer);
    let keys = keys.into_iter().map(|known| {
        let jwk = known.key.jwk();
        Key {
            kty: jwk.kty,
            crv: jwk.crv,
            x: jwk.x,
            y: jwk.y,
            kid: known.kid,
            alg: "ES256".to_owned(),
            usage: "sig".to_owned(),
        }
    });
    KeySet {
        keys: keys.collect(),
    }
}

/// The issuer key metadata of SD-JWT VC.
#[must_use]
pub fn issuer_keys(issuer: &Issuer) -> KeyMetadata {
    KeyMetadata {
        issuer: issuer.identifier(),
        jwks: keys(issuer),
    }
}

/// The type metadata of one kind of licence.
#[must_use]
pub fn type_metadata(issuer: &Issuer, kind: &LicenceType) -> TypeMetadata {
    let names = display(&kind.title)
        .into_iter()
        .map(|Display { name, locale }| TypeDisplay { name, locale });
    TypeMetadata {
        vct: issuer.vct(&kind.kind),
        name: kind.title.en.clone(),
        display: names.collect(),
        claims: kind.claims.iter().map(type_claim).collect(),
    }
}

fn type_claim(claim: &ClaimType) -> TypeClaim {
    let labels = display(&claim.label)
        .into_iter()
        .map(|Display { name, locale }| ClaimLabel {
            label: name,
            locale,
        });
    TypeClaim {
        path: vec![claim.name.clone()],
        sd: "always".to_owned(),
        display: labels.collect(),
    }
}

fn display(text: &Text) -> Vec<Display> {
    Lang::ALL
        .into_iter()
        .map(|lang| Display {
            name: text.get(lang).to_owned(),
            locale: lang.tag().to_owned(),
        })
        .collect()
}
