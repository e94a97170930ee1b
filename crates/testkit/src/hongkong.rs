//! A department that speaks the Hong Kong wire form: its secret, its certificate, its requests, and the
//! address where it takes results.
//!
//! Written from the description of the interface, and by itself: what it signs, seals and opens goes
//! straight to the library, never through `trust` or `identity`, so that a mistake of theirs does not
//! cancel out. Only registering it uses the platform's own functions, as two people at the desk would.

mod corpid_sign;
mod machine;

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, bail};
use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rsa::{KeySize, PrivateDecryptingKey},
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
use serde_json::Value;
use store::Store;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use trust::{Vault, envelope::Padding};

pub use corpid_sign::Corporate;
use machine::PERSONAL;
pub use machine::{Machine, Reply, Signed, key_path};

use crate::{Answer, App};

/// Where the department's own pages are.
pub const REDIRECT: &str = "https://eservice.example/back";

/// A department's machine.
pub struct Department<'a> {
    app: &'a App,
    machine: Machine,
}

impl Deref for Department<'_> {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        &self.machine
    }
}

impl DerefMut for Department<'_> {
    fn deref_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }
}

impl std::fmt::Debug for Department<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Department({})", self.id)
    }
}

/// A private key with its certificate in PEM.
///
/// # Errors
/// The library fails.
pub fn certificate(name: &str) -> anyhow::Result<(PrivateDecryptingKey, String)> {
    let (private, key, terms) = drawn(name)?;
    let pem = pem_of(terms.self_signed(&key)?.der());
    Ok((private, pem))
}

/// The same, issued by an authority.
///
/// # Errors
/// As [`certificate`].
pub fn issued(
    name: &str,
    issuer: &rcgen::Issuer<'_, rcgen::KeyPair>,
) -> anyhow::Result<(PrivateDecryptingKey, String)> {
    let (private, key, terms) = drawn(name)?;
    let pem = pem_of(terms.signed_by(&key, issuer)?.der());
    Ok((private, pem))
}

type Drawn = (
    PrivateDecryptingKey,
    rcgen::KeyPair,
    rcgen::CertificateParams,
);

fn drawn(name: &str) -> anyhow::Result<Drawn> {
    let private = PrivateDecryptingKey::generate(KeySize::Rsa2048)?;
    let der: Pkcs8V1Der<'_> = private.as_der()?;
    let key = rcgen::KeyPair::try_from(der.as_ref())?;
    let mut terms = rcgen::CertificateParams::new(vec![name.to_owned()])?;
    terms.not_before = rcgen::date_time_ymd(2026, 1, 1);
    terms.not_after = rcgen::date_time_ymd(2028, 1, 1);
    Ok((private, key, terms))
}

/// A certificate in PEM.
#[must_use]
pub fn pem_of(der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
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
        let (store, vault) = (&app.system.store, app.system.keys.vault());
        let machine = enrol((store, &vault), (id, callback), edit).await?;
        Ok(Self { app, machine })
    }

    /// The department's machine, of a client that people registered at the desk.
    #[must_use]
    pub fn of(app: &'a App, id: &str, (secret, private): (&str, PrivateDecryptingKey)) -> Self {
        let env = app.system.store.env().clone();
        let machine = Machine::new(env, (id, secret), (private, Padding::default()));
        Self { app, machine }
    }

    /// Takes one step with the registration, as `who` at the desk.
    ///
    /// # Errors
    /// The step does not fit.
    pub async fn step(&self, who: &'static str, change: ClientChange) -> anyhow::Result<()> {
        step(&self.app.system.store, (who, &self.id), change).await
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
        let get = key_path(path);
        let answer = self.send(&get, &self.sign(""), "").await?;
        self.take_content_key(path, &answer.body)
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

    /// Calls an endpoint with sealed parameters and opens what comes back.
    ///
    /// # Errors
    /// There is no answer of the wire.
    pub async fn call(&self, path: &str, parameters: &Value) -> anyhow::Result<Reply> {
        if self.key_for(path).is_none() {
            self.fetch_key_for(path).await?;
        }
        let body = self.sealed(path, parameters)?;
        let answer = self.send(path, &self.sign(&body), &body).await?;
        if !answer.status.is_success() {
            bail!("{} {}", answer.status, answer.text());
        }
        self.read(path, &answer.body)
    }
}

async fn step(
    store: &Store,
    (who, id): (&'static str, &str),
    change: ClientChange,
) -> anyhow::Result<()> {
    change_client(store, &Actor::system(who), id, (change, None)).await?;
    Ok(())
}

/// Registers a department whose results go to `callback`, and puts it in force: its machine.
///
/// # Errors
/// The store fails.
pub async fn enrol(
    (store, vault): (&Store, &Vault),
    (id, callback): (&str, &str),
    edit: impl FnOnce(&mut Registration),
) -> anyhow::Result<Machine> {
    let (private, pem) = certificate("eservice.example")?;
    let mut registration = registration(callback, pem);
    edit(&mut registration);
    let secret = format!("secret-of-{id}");
    let wire = registration.wire.as_mut().context("no wire form")?;
    wire.renew(vault, id, (&secret, 0))?;
    let padding = wire.padding;
    let own = id.to_owned();
    store
        .write(&Actor::system("author"), move |tx| {
            let (proposal, own) = (registration.clone(), own.clone());
            async move { create_client_in(&tx, &own, "td", &proposal).await }
        })
        .await?;
    step(store, ("author", id), ClientChange::Submit).await?;
    step(store, ("second", id), ClientChange::Approve).await?;
    let env = store.env().clone();
    Ok(Machine::new(env, (id, &secret), (private, padding)))
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
