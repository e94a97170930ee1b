//! The certificate of somebody who calls over TLS, as the terminator in front passes it on. The chain
//! was checked there; here it is identified.

use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::{Error, base64url, digest};

/// Characters of the header's value.
const HEADER_CHARS: usize = 16 * 1024;
/// Names of one certificate that are looked at.
const NAMES_MAX: usize = 100;

/// What is known of a caller's certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerCertificate {
    /// base64url SHA-256 of the DER form: `x5t#S256` of RFC 8705.
    pub print: String,
    names: Vec<String>,
}

impl PeerCertificate {
    /// Reads the value of the terminator's header: `:base64:` (RFC 9440) or PEM, percent-encoded.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is neither.
    pub fn from_header(value: &str) -> Result<Self, Error> {
        if value.len() > HEADER_CHARS {
            return Err(Error::Malformed("certificate"));
        }
        let inner = value
            .trim()
            .strip_prefix(':')
            .and_then(|rest| rest.strip_suffix(':'));
        let text = match inner {
            Some(text) => text.to_owned(),
            None => body_of_pem(&decode_percent(value)?)?,
        };
        Self::from_der(&base64url::decode_standard(&text)?)
    }

    /// # Errors
    /// [`Error::Malformed`] when it is not one certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| Error::Malformed("certificate"))?;
        if !rest.is_empty() {
            return Err(Error::Malformed("certificate"));
        }
        let extension = certificate
            .subject_alternative_name()
            .map_err(|_| Error::Malformed("certificate"))?;
        let names = extension
            .iter()
            .flat_map(|names| &names.value.general_names)
            .take(NAMES_MAX)
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
                _ => None,
            })
            .collect();
        Ok(Self {
            print: base64url::encode(digest::sha256(der)),
            names,
        })
    }

    /// Whether the certificate was made out for this DNS name. No wildcards.
    #[must_use]
    pub fn is_for(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.names.contains(&name)
    }
}

fn body_of_pem(pem: &str) -> Result<String, Error> {
    let body = pem
        .trim()
        .strip_prefix("-----BEGIN CERTIFICATE-----")
        .and_then(|rest| rest.split_once("-----END CERTIFICATE-----"))
        .ok_or(Error::Malformed("certificate"))?
        .0;
    Ok(body.split_whitespace().collect())
}

fn decode_percent(text: &str) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next()), digit(rest.next()));
        let byte = high
            .zip(low)
            .and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(byte.ok_or(Error::Malformed("certificate"))?);
    }
    String::from_utf8(bytes).map_err(|_| Error::Malformed("certificate"))
}
