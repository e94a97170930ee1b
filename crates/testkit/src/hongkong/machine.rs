//! What a department's machine holds and does by itself: its secret, its private key, its content keys;
//! signing, sealing and opening.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, bail};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hmac,
    rsa::{
        OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey,
        PrivateDecryptingKey,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use kernel::Env;
use serde_json::{Value, json};
use trust::envelope::Padding;

/// Bytes of the length in front of an envelope, of its IV and of its tag.
const LENGTH: usize = 4;
const IV: usize = 12;
const TAG: usize = 16;
/// What stands before the paths about people, and about companies.
pub(super) const PERSONAL: &str = "/api/v1/";
const CORPORATE: &str = "/api/eservice/v1/";
/// A department's machine, whatever it sends its requests with.
#[derive(Debug)]
pub struct Machine {
    env: Env,
    pub id: String,
    pub secret: String,
    private: PrivateDecryptingKey,
    padding: Padding,
    content_key: Mutex<Option<Vec<u8>>>,
    corp_key: Mutex<Option<Vec<u8>>>,
}

/// What a call came back with.
#[derive(Debug, Clone)]
pub struct Reply {
    pub code: String,
    pub message: String,
    /// Opened.
    pub content: Value,
}

/// The headers of a request, each of which a test may spoil.
#[derive(Debug, Clone)]
pub struct Signed {
    pub client: String,
    pub method: String,
    pub timestamp: String,
    pub nonce: String,
    pub signature: String,
}

/// The path that brings the content key for calls of `path`.
#[must_use]
pub fn key_path(path: &str) -> String {
    let base = if path.starts_with(CORPORATE) {
        CORPORATE
    } else {
        PERSONAL
    };
    format!("{base}security/getKey")
}

impl Machine {
    /// A machine with its secret and its private key.
    #[must_use]
    pub fn new(
        env: Env,
        (id, secret): (&str, &str),
        (private, padding): (PrivateDecryptingKey, Padding),
    ) -> Self {
        Self {
            env,
            id: id.to_owned(),
            secret: secret.to_owned(),
            private,
            padding,
            content_key: Mutex::new(None),
            corp_key: Mutex::new(None),
        }
    }

    /// The department has another private key from now on.
    pub fn take_key(&mut self, private: PrivateDecryptingKey) {
        self.private = private;
    }

    /// The headers of a request with this body, right in every way.
    #[must_use]
    pub fn sign(&self, body: &str) -> Signed {
        let env = &self.env;
        let nonce: String = env
            .bytes::<16>()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let mut signed = Signed {
            client: self.id.clone(),
            method: "HmacSHA256".to_owned(),
            timestamp: (env.now().micros() / 1_000).to_string(),
            nonce,
            signature: String::new(),
        };
        signed.signature = signed.mac(&self.secret, body);
        signed
    }

    /// Takes the content key out of the answer to [`key_path`]: the answer.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn take_content_key(&self, path: &str, answer: &[u8]) -> anyhow::Result<Value> {
        let answer: Value = serde_json::from_slice(answer)?;
        let sealed = answer.pointer("/content/secretKey");
        if let Some(sealed) = sealed.and_then(Value::as_str) {
            let key = self.open_key(sealed)?;
            *self.key_for(path) = Some(key);
        }
        Ok(answer)
    }

    /// The body of a call, its parameters sealed.
    ///
    /// # Errors
    /// There is no content key.
    pub fn sealed(&self, path: &str, parameters: &Value) -> anyhow::Result<String> {
        let key = self.key_for(path).clone().context("no content key")?;
        Ok(json!({ "content": self.seal(&key, &parameters.to_string())? }).to_string())
    }

    /// Opens what a call came back with.
    ///
    /// # Errors
    /// It is no answer of the wire.
    pub fn read(&self, path: &str, answer: &[u8]) -> anyhow::Result<Reply> {
        let key = self.key_for(path).clone().context("no content key")?;
        let answer: Value = serde_json::from_slice(answer)?;
        let content = match answer.get("content").and_then(Value::as_str) {
            Some(sealed) => serde_json::from_slice(&open(&key, sealed)?)?,
            None => Value::Null,
        };
        let text = |name: &str| text_of(&answer, name);
        Ok(Reply {
            code: text("code"),
            message: text("message"),
            content,
        })
    }

    /// Opens a content key sealed to the department's certificate.
    ///
    /// # Errors
    /// It was sealed to another.
    pub fn open_key(&self, sealed: &str) -> anyhow::Result<Vec<u8>> {
        let sealed = STANDARD.decode(sealed)?;
        let mut out = vec![0; self.private.key_size_bytes()];
        let key = match self.padding {
            Padding::Pkcs1 => Pkcs1PrivateDecryptingKey::new(self.private.clone())?
                .decrypt(&sealed, &mut out)?
                .to_vec(),
            Padding::OaepSha256 => OaepPrivateDecryptingKey::new(self.private.clone())?
                .decrypt(&OAEP_SHA256_MGF1SHA256, &sealed, &mut out, None)?
                .to_vec(),
        };
        Ok(key)
    }

    /// The content key the department uses; a test may take another.
    pub fn own_key(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.content_key
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The content key for the interface that `path` belongs to.
    pub fn key_for(&self, path: &str) -> MutexGuard<'_, Option<Vec<u8>>> {
        if path.starts_with(CORPORATE) {
            self.corp_key.lock().unwrap_or_else(PoisonError::into_inner)
        } else {
            self.own_key()
        }
    }

    /// Opens the person's part of an answer about a company, by the key that comes with it.
    ///
    /// # Errors
    /// It is not what it should be.
    pub fn open_personal(&self, content: &Value) -> anyhow::Result<Value> {
        let key = self.open_key(&text_of(content, "iAMSecretKey"))?;
        let plain = open(&key, &text_of(content, "iAMContent"))?;
        Ok(serde_json::from_slice(&plain)?)
    }

    pub(crate) fn seal(&self, key: &[u8], text: &str) -> anyhow::Result<String> {
        let iv = self.env.bytes::<IV>();
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?);
        let mut body = text.as_bytes().to_vec();
        let nonce = Nonce::assume_unique_for_key(iv);
        cipher.seal_in_place_append_tag(nonce, Aad::empty(), &mut body)?;
        let length = u32::try_from(IV)?.to_be_bytes();
        Ok(STANDARD.encode([&length[..], &iv, &body].concat()))
    }

    /// Opens a result that was posted here: its code, its name, its content.
    ///
    /// # Errors
    /// It is not what it should be.
    pub fn open_callback(&self, body: &str) -> anyhow::Result<(String, String, Value)> {
        let body: Value = serde_json::from_str(body)?;
        let text = |name: &str| text_of(&body, name);
        let key = self.open_key(&text("secretKey"))?;
        let content = serde_json::from_slice(&open(&key, &text("content"))?)?;
        Ok((text("code"), text("txID"), content))
    }
}

impl Signed {
    /// The signature these headers should have.
    #[must_use]
    pub fn mac(&self, secret: &str, body: &str) -> String {
        let parts = [
            self.client.as_str(),
            &self.method,
            &self.timestamp,
            &self.nonce,
            body,
        ];
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        STANDARD.encode(hmac::sign(&key, parts.concat().as_bytes()))
    }
}

fn text_of(value: &Value, name: &str) -> String {
    let text = value.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn open(key: &[u8], sealed: &str) -> anyhow::Result<Vec<u8>> {
    let bytes = STANDARD.decode(sealed)?;
    let (length, rest) = bytes.split_at_checked(LENGTH).context("no length")?;
    if u32::from_be_bytes(length.try_into()?) != u32::try_from(IV)? {
        bail!("the IV has another length");
    }
    let (iv, body) = rest.split_at_checked(IV).context("no IV")?;
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key)?);
    let mut body = body.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(iv)?;
    cipher.open_in_place(nonce, Aad::empty(), &mut body)?;
    let length = body.len().checked_sub(TAG).context("no tag")?;
    body.truncate(length);
    Ok(body)
}
