//! Posted forms: named values in the order they came, repeated names kept, and uploaded files. The
//! guard parses the body once, within limits, before the handler runs.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Multipart, Request},
    http::{StatusCode, header, request::Parts},
};
use kernel::limits;

use crate::Failure;

/// Fields of one form.
const FIELDS: usize = 1_000;
/// Bytes of one field's value.
const FIELD_BYTES: usize = 64 * 1024;
/// Characters kept of a file's own name.
const FILE_NAME_CHARS: usize = 120;

/// The named values of a form post or of a query string. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Form(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    fields: Vec<(String, String)>,
    files: Vec<Upload>,
}

/// One uploaded file, held in memory within `limits::UPLOAD_BYTES`.
#[derive(Clone)]
pub struct Upload {
    /// The name of the form field.
    pub field: String,
    /// The file's name on the sender's device, without any directory; for showing, never for storing.
    pub file_name: String,
    /// The type the browser claimed. Check the bytes before believing it.
    pub claimed_type: String,
    pub bytes: Bytes,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({}, {} bytes)", self.field, self.bytes.len())
    }
}

impl Form {
    /// From named values, for tests and for forms made by code.
    #[must_use]
    pub fn from_fields(fields: Vec<(String, String)>) -> Self {
        Self(Arc::new(Inner {
            fields,
            files: Vec::new(),
        }))
    }

    /// Reads `a=1&b=2&b=3`; values beyond the field limit are an error.
    ///
    /// # Errors
    /// Too many fields, or not form data.
    pub fn parse(text: &[u8]) -> Result<Self, Failure> {
        let fields: Vec<(String, String)> =
            serde_urlencoded::from_bytes(text).map_err(|_| malformed())?;
        if fields.len() > FIELDS || fields.iter().any(|(_, value)| value.len() > FIELD_BYTES) {
            return Err(too_large());
        }
        Ok(Self::from_fields(fields))
    }

    /// The first value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first value of `name` without surrounding white space; empty when absent.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default().trim()
    }

    /// Every value of `name`, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter()
            .filter(move |(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Names and values in the order they were sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .fields
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The uploaded files with content; an empty file input sends none.
    #[must_use]
    pub fn files(&self) -> &[Upload] {
        &self.0.files
    }

    /// The first file of `field`.
    #[must_use]
    pub fn file(&self, field: &str) -> Option<&Upload> {
        self.0.files.iter().find(|file| file.field == field)
    }

    /// The names of the file fields, for a page that asks to choose the files again.
    pub(crate) fn file_fields(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.files.iter().map(|file| file.field.clone()).collect();
        names.dedup();
        names
    }
}

impl<S: Sync> FromRequestParts<S> for Form {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// Reads the body of a form post within `limit` bytes.
pub(crate) async fn read(request: Request, limit: usize) -> Result<(Request, Form), Failure> {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let (parts, body) = request.into_parts();
    if kind.starts_with("multipart/form-data") {
        let rebuilt = Request::from_parts(parts.clone(), body);
        let form = read_multipart(rebuilt, limit).await?;
        return Ok((Request::from_parts(parts, axum::body::Body::empty()), form));
    }
    let bytes = axum::body::to_bytes(body, limit.min(limits::FORM_BYTES))
        .await
        .map_err(|_| too_large())?;
    if !kind.starts_with("application/x-www-form-urlencoded") && !bytes.is_empty() {
        return Err(unsupported());
    }
    let form = Form::parse(&bytes)?;
    Ok((Request::from_parts(parts, axum::body::Body::empty()), form))
}

async fn read_multipart(request: Request, limit: usize) -> Result<Form, Failure> {
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|_| malformed())?;
    let mut inner = Inner::default();
    let mut total = 0usize;
    while let Some(mut part) = parts
        .next_field()
        .await
        .map_err(|error| refused(error.status()))?
    {
        if inner.fields.len() + inner.files.len() >= FIELDS {
            return Err(too_large());
        }
        let field = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(base_name);
        let claimed_type = part.content_type().unwrap_or_default().to_owned();
        let own_limit = if file_name.is_some() {
            limits::UPLOAD_BYTES
        } else {
            FIELD_BYTES
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = part
            .chunk()
            .await
            .map_err(|error| refused(error.status()))?
        {
            total += chunk.len();
            if bytes.len() + chunk.len() > own_limit || total > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        match file_name {
            Some(_) if bytes.is_empty() => {}
            Some(file_name) => {
                inner.files.push(Upload {
                    field,
                    file_name,
                    claimed_type,
                    bytes: bytes.into(),
                });
            }
            None => inner
                .fields
                .push((field, String::from_utf8(bytes).map_err(|_| malformed())?)),
        }
    }
    Ok(Form(Arc::new(inner)))
}

fn base_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    name.chars()
        .filter(|c| !c.is_control())
        .take(FILE_NAME_CHARS)
        .collect()
}

fn refused(status: StatusCode) -> Failure {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        too_large()
    } else {
        malformed()
    }
}

fn malformed() -> Failure {
    Failure::of(&crate::Error::Malformed)
}

fn too_large() -> Failure {
    Failure::of(&crate::Error::TooLarge)
}

fn unsupported() -> Failure {
    Failure::of(&crate::Error::UnsupportedType)
}
