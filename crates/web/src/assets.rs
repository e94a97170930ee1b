//! Style sheets, scripts and pictures, embedded in the binary. The address of an asset carries one
//! hash of all of them: a browser keeps them for a year, and modules reach each other by relative
//! paths within the same hash.

use std::{collections::BTreeMap, io::Write as _};

use aws_lc_rs::digest;
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};

use crate::{Error, Failure};

/// Characters of the hash in an address.
const HASH_CHARS: usize = 12;
/// A type that does not shrink is not compressed.
const MIN_GAIN_BYTES: usize = 64;

/// One embedded file: its name with the crate's name first (`portal/app.js`), and its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    pub name: &'static str,
    pub bytes: &'static [u8],
}

#[derive(Debug)]
pub(crate) struct Assets {
    hash: String,
    files: BTreeMap<&'static str, File>,
}

#[derive(Debug)]
struct File {
    mime: &'static str,
    raw: Bytes,
    gzip: Option<Bytes>,
    etag: HeaderValue,
}

impl Assets {
    pub(crate) fn new<'a>(assets: impl Iterator<Item = &'a Asset>) -> Result<Self, Error> {
        let mut files = BTreeMap::new();
        let mut whole = digest::Context::new(&digest::SHA256);
        for asset in assets {
            whole.update(asset.name.as_bytes());
            whole.update(asset.bytes);
            if files.insert(asset.name, File::new(asset)?).is_some() {
                return Err(Error::Setup(format!(
                    "asset {} is embedded twice",
                    asset.name
                )));
            }
        }
        let hash = hex(whole.finish().as_ref());
        Ok(Self { hash, files })
    }

    pub(crate) fn url(&self, name: &str) -> Option<String> {
        self.files
            .contains_key(name)
            .then(|| format!("/assets/{}/{name}", self.hash))
    }

    /// Answers `/assets/{hash}/{name}`. An older hash (a page kept open across a release) gets the
    /// present file, which the browser then does not keep.
    pub(crate) fn answer(&self, hash: &str, name: &str, headers: &HeaderMap) -> Response {
        let Some(file) = self.files.get(name) else {
            return Failure::not_found().into_response();
        };
        let caching = if hash == self.hash {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let known = headers.get(header::IF_NONE_MATCH);
        let mut response = if known == Some(&file.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            file.response(accepts_gzip(headers))
        };
        let out = response.headers_mut();
        out.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        out.insert(header::ETAG, file.etag.clone());
        response
    }

    pub(crate) fn stable(&self, name: &str) -> Response {
        let Some(file) = self.files.get(name) else {
            return Failure::not_found().into_response();
        };
        let mut response = file.response(false);
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

impl File {
    fn new(asset: &Asset) -> Result<Self, Error> {
        let refuse = || Error::Setup(format!("asset {} cannot be prepared", asset.name));
        let mime = mime(asset.name).ok_or_else(refuse)?;
        let hash = hex(digest::digest(&digest::SHA256, asset.bytes).as_ref());
        let etag = HeaderValue::from_str(&format!("\"{hash}\"")).map_err(|_| refuse())?;
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(asset.bytes).map_err(|_| refuse())?;
        let packed = packer.finish().map_err(|_| refuse())?;
        let gzip = (packed.len() + MIN_GAIN_BYTES < asset.bytes.len()).then(|| packed.into());
        Ok(Self {
            mime,
            raw: Bytes::from_static(asset.bytes),
            gzip,
            etag,
        })
    }

    fn response(&self, takes_gzip: bool) -> Response {
        let packed = self.gzip.as_ref().filter(|_| takes_gzip);
        let bytes = packed.unwrap_or(&self.raw).clone();
        let mut response = Body::from(bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.mime));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if packed.is_some() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accepted| {
            accepted.split(',').any(|item| {
                let (name, rest) = item.split_once(';').unwrap_or((item, ""));
                name.trim() == "gzip" && rest.trim() != "q=0"
            })
        })
}

fn mime(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes.iter().take(HASH_CHARS / 2) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
