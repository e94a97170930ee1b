//! A department that speaks the Hong Kong wire form: its secret, its certificate, its requests, and the
//! address where it takes results.
//!
//! Written from the description of the interface, and by itself: what it signs, seals and opens goes
//! straight to the library, never through `trust` or `identity`, so that a mistake of theirs does not
//! cancel out. Only registering it uses the platform's own functions, as two people at the desk would.

mod corpid_sign;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    encoding::{AsDer as _, Pkcs8V1Der},
    hmac,
    rsa::{
        KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey,
        PrivateDecryptingKey,
    },
};
use axum::{
    body::Body,
    http::{Request, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use identity::{
    hongkong::{Dialect, Wire, WireScope},
    provider::{ClientChange, ClientProfile, Registration, change_client, create_client_in},
};
use kernel::{Actor, Text};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use trust::envelope::Padding;

pub use corpid_sign::Corporate;

use crate::{Answer, App};

/// Bytes of the length in front of an envelope, of its IV and of its tag.
const LENGTH: usize = 4;
const IV: usize = 12;
const TAG: usize = 16;
/// What stands before the paths about people, and about companies.
const PERSONAL: &str = "/api/v1/";
const CORPORATE: &str = "/api/eservice/v1/";
/// Where the department's own pages are.
pub const REDIRECT: &str = "https://eservice.example/back";

/// A department's machine.
pub struct Department<'a> {
    app: &'a App,
    pub id: String,
    pub secret: String,
    private: PrivateDecryptingKey,
    padding: Padding,
    content_key: Mutex<Option<Vec<u8>>>,
    corp_key: Mutex<Option<Vec<u8>>>,
}

impl std::fmt::Debug for Department<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Department({})", self.id)
    }
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

/// A private key with its certificate in PEM.
///
/// # Errors
/// The library fails.
pub fn certificate(name: &str) -> anyhow::Result<(PrivateDecryptingKey, String)> {
    let private = PrivateDecryptingKey::generate(KeySize::Rsa2048)?;
    let der: Pkcs8V1Der<'_> = private.as_der()?;
    let key = rcgen::KeyPair::try_from(der.as_ref())?;
    let mut terms = rcgen::CertificateParams::new(vec![name.to_owned()])?;
    terms.not_before = rcgen::date_time_ymd(2026, 1, 1);
    terms.not_after = rcgen::date_time_ymd(2028, 1, 1);
    let body = STANDARD.encode(terms.self_signed(&key)?.der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    Ok((private, pem))
}

/// The base64 of the SHA-256 of a card number without its check digit, as departments send it.
#[must_use]
pub fn card_hash(stem: &str) -> String {
    STANDARD.encode(sha256(stem.as_bytes()))
}

/// SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes)
        .as_ref()
        .to_vec()
}

/// Standard base64.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of standard base64.
///
/// # Errors
/// It is none.
pub fn unbase64(text: &str) -> anyhow::Result<Vec<u8>> {
    Ok(STANDARD.decode(text)?)
}

impl<'a> Department<'a> {
    /// A department whose results go to `callback`, registered and in force.
    ///
    /// # Errors
    /// The store fails.
    pub async fn register(app: &'a App, id: &str, callback: &str) -> anyhow::Result<Self> {
        Self::register_with(app, id, callback, |_| {}).await
    }

    /// A department that asks about companies too, registered and in force.
    ///
    /// # Errors
    /// The store fails.
    pub async fn register_corporate(
        app: &'a App,
        id: &str,
        callback: &str,
    ) -> anyhow::Result<Self> {
        Self::register_with(app, id, callback, |own| {
            own.profile = ClientProfile::CorpId;
            if let Some(wire) = &mut own.wire {
                wire.scopes = WireScope::ALL.to_vec();
            }
        })
        .await
    }

    /// As [`Department::register`], with another registration.
    ///
    /// # Errors
    /// As [`Department::register`].
    pub async fn register_with(
        app: &'a App,
        id: &str,
        callback: &str,
        edit: impl FnOnce(&mut Registration),
    ) -> anyhow::Result<Self> {
        let (private, pem) = certificate("eservice.example")?;
        let mut registration = registration(callback, pem);
        edit(&mut registration);
        let secret = format!("secret-of-{id}");
        let vault = app.system.keys.vault();
        let wire = registration.wire.as_mut().context("no wire form")?;
        wire.renew(&vault, id, (&secret, 0))?;
        let padding = wire.padding;
        let (proposal, own) = (registration.clone(), id.to_owned());
        app.system
            .store
            .write(&Actor::system("author"), move |tx| {
                let (proposal, own) = (proposal.clone(), own.clone());
                async move { create_client_in(&tx, &own, "td", &proposal).await }
            })
            .await?;
        let department = Self {
            app,
            id: id.to_owned(),
            secret,
            private,
            padding,
            content_key: Mutex::new(None),
            corp_key: Mutex::new(None),
        };
        department.step("author", ClientChange::Submit).await?;
        department.step("second", ClientChange::Approve).await?;
        Ok(department)
    }

    /// The department's machine, of a client that people registered at the desk.
    #[must_use]
    pub fn of(app: &'a App, id: &str, (secret, private): (&str, PrivateDecryptingKey)) -> Self {
        Self {
            app,
            id: id.to_owned(),
            secret: secret.to_owned(),
            private,
            padding: Padding::default(),
            content_key: Mutex::new(None),
            corp_key: Mutex::new(None),
        }
    }

    /// Takes one step with the registration, as `who` at the desk.
    ///
    /// # Errors
    /// The step does not fit.
    pub async fn step(&self, who: &'static str, change: ClientChange) -> anyhow::Result<()> {
        let store = &self.app.system.store;
        change_client(store, &Actor::system(who), &self.id, (change, None)).await?;
        Ok(())
    }

    /// Puts a changed registration in force.
    ///
    /// # Errors
    /// As [`Department::step`].
    pub async fn change(&self, edit: impl FnOnce(&mut Registration)) -> anyhow::Result<()> {
        let store = &self.app.system.store;
        let found = identity::provider::find_client(store, &self.id).await?;
        let found = found.context("the client is gone")?;
        let mut registration = found.registration.clone().context("not in force")?;
        edit(&mut registration);
        let proposal = ClientChange::Propose(Box::new(registration), found.revision);
        self.step("author", proposal).await?;
        self.step("author", ClientChange::Submit).await?;
        self.step("second", ClientChange::Approve).await
    }

    /// The department has another private key from now on.
    pub fn take_key(&mut self, private: PrivateDecryptingKey) {
        self.private = private;
    }

    /// The headers of a request with this body, right in every way.
    #[must_use]
    pub fn sign(&self, body: &str) -> Signed {
        let env = self.app.system.store.env();
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

    /// Sends a request with these headers.
    ///
    /// # Errors
    /// It cannot be sent.
    pub async fn send(&self, path: &str, signed: &Signed, body: &str) -> anyhow::Result<Answer> {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header("clientID", &signed.client)
            .header("signatureMethod", &signed.method)
            .header("timestamp", &signed.timestamp)
            .header("nonce", &signed.nonce)
            .header("signature", &signed.signature)
            .body(Body::from(body.to_owned()))?;
        self.app.browser().send(request).await
    }

    /// Fetches the content key and opens it. The answer's code.
    ///
    /// # Errors
    /// The answer cannot be read.
    pub async fn fetch_key(&self) -> anyhow::Result<Value> {
        self.fetch_key_for(PERSONAL).await
    }

    /// The same for the interface that `path` belongs to.
    ///
    /// # Errors
    /// As [`Department::fetch_key`].
    pub async fn fetch_key_for(&self, path: &str) -> anyhow::Result<Value> {
        let base = if path.starts_with(CORPORATE) {
            CORPORATE
        } else {
            PERSONAL
        };
        let get = format!("{base}security/getKey");
        let answer = self.send(&get, &self.sign(""), "").await?;
        let answer: Value = serde_json::from_slice(&answer.body)?;
        let sealed = answer.pointer("/content/secretKey");
        if let Some(sealed) = sealed.and_then(Value::as_str) {
            let key = self.open_key(sealed)?;
            *self.key_for(path) = Some(key);
        }
        Ok(answer)
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
    pub fn own_key(&self) -> std::sync::MutexGuard<'_, Option<Vec<u8>>> {
        self.content_key
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The content key for the interface that `path` belongs to.
    pub fn key_for(&self, path: &str) -> std::sync::MutexGuard<'_, Option<Vec<u8>>> {
        if path.starts_with(CORPORATE) {
            self.corp_key.lock().unwrap_or_else(PoisonError::into_inner)
        } else {
            self.own_key()
        }
    }

    /// The token of a person, sealed under the person's interface to go inside a company's call.
    ///
    /// # Errors
    /// There is no key.
    pub async fn sealed_token(&self, token: &Value) -> anyhow::Result<String> {
        if self.own_key().is_none() {
            self.fetch_key().await?;
        }
        let key = self.own_key().clone().context("no content key")?;
        self.seal(&key, &token.to_string())
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

    /// Calls an endpoint with sealed parameters and opens what comes back.
    ///
    /// # Errors
    /// There is no answer of the wire.
    pub async fn call(&self, path: &str, parameters: &Value) -> anyhow::Result<Reply> {
        if self.key_for(path).is_none() {
            self.fetch_key_for(path).await?;
        }
        let key = self.key_for(path).clone().context("no content key")?;
        let body = json!({ "content": self.seal(&key, &parameters.to_string())? }).to_string();
        let answer = self.send(path, &self.sign(&body), &body).await?;
        if !answer.status.is_success() {
            bail!("{} {}", answer.status, answer.text());
        }
        let answer: Value = serde_json::from_slice(&answer.body)?;
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

    fn seal(&self, key: &[u8], text: &str) -> anyhow::Result<String> {
        let iv = self.app.system.store.env().bytes::<IV>();
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

fn scopes_of(dialect: Dialect) -> Vec<WireScope> {
    let all = WireScope::ALL.iter().copied();
    all.filter(|scope| scope.dialect() == dialect).collect()
}

fn registration(callback: &str, certificate: String) -> Registration {
    let wire = Wire {
        scopes: scopes_of(Dialect::IamSmart),
        purpose: Text::new("To give you a permit", "向你發出許可證"),
        certificate,
        padding: Padding::default(),
        callback_uris: vec![callback.to_owned()],
        secrets: Vec::new(),
    };
    let name = Text::new("Parking permits", "泊車許可證");
    Registration::over_wire(
        ClientProfile::IamSmart,
        name,
        "td-parking".to_owned(),
        vec![REDIRECT.to_owned()],
        wire,
    )
}

/// Where results arrive: a listener on the loopback interface that keeps what it was told.
#[derive(Debug, Clone)]
pub struct Letterbox {
    pub address: String,
    heard: Arc<Mutex<Vec<String>>>,
    status: Arc<Mutex<u16>>,
}

impl Letterbox {
    /// Listens on a free port until the test ends, and answers 200.
    ///
    /// # Errors
    /// There is no port.
    pub async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let letterbox = Self {
            address: format!(
                "http://127.0.0.1:{}/callback",
                listener.local_addr()?.port()
            ),
            heard: Arc::default(),
            status: Arc::new(Mutex::new(200)),
        };
        let own = letterbox.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A call that breaks off is not heard; the platform tries again.
                let _ = own.take(stream).await;
            }
        });
        Ok(letterbox)
    }

    /// What it answers from now on.
    pub fn answer(&self, status: u16) {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// What it heard since it was last asked.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *heard)
    }

    async fn take(&self, mut stream: TcpStream) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        let body = loop {
            if stream.read_buf(&mut bytes).await? == 0 {
                bail!("the call broke off");
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let length = head
                .lines()
                .filter_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .next()
                .unwrap_or(0);
            if body.len() >= length {
                break body.to_owned();
            }
        };
        let status = *self.status.lock().unwrap_or_else(PoisonError::into_inner);
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(body);
        let answer = format!("HTTP/1.1 {status} Heard\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).await?;
        Ok(())
    }
}
