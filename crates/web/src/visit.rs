//! One request of one visitor: language, place, who is signed in, and the answers a handler gives.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use kernel::{Actor, Lang};
use minijinja::{Value, value::Object};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    Error, Failure, Form, Outcome, Page, SignedIn, Site,
    assets::hex,
    ctx,
    rate::Key,
    seal::Token,
    session::{Data, Loaded},
};

const FLASH_PURPOSE: &str = "flash";
/// The mark of a session on a shared kiosk: what such a session remembers begins with it.
pub(crate) const KIOSK: &str = "web.kiosk";
/// A page on a kiosk that nobody touches for this long asks whether anybody is there.
pub const KIOSK_STILL_SECONDS: u64 = 120;
/// How long the question stands before everything is wiped.
pub const KIOSK_WIPE_SECONDS: u64 = 45;

/// The visit a handler answers. Cheap to clone; all clones see the same session.
#[derive(Clone)]
pub struct Visit(Arc<Inner>);

struct Inner {
    site: Site,
    lang: Lang,
    path: String,
    query_text: String,
    query: Form,
    request_id: String,
    wants_json: AtomicBool,
    is_kiosk: bool,
    browser: Mutex<Browser>,
}

/// What the visitor's browser holds, and what it will be told to hold.
#[derive(Default)]
pub(crate) struct Browser {
    token: Option<Token>,
    /// The cookie must be sent: the token is new to the browser.
    is_new: bool,
    is_ended: bool,
    has_row: bool,
    signed_in: Option<Arc<SignedIn>>,
    data: Data,
    flash_in: Option<Flash>,
    flash_out: Option<Flash>,
    is_flash_shown: bool,
    /// Whether the device is to become a kiosk, or to be one no longer.
    kiosk_out: Option<bool>,
}

/// A message shown once, on the next page.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Flash {
    kind: String,
    key: String,
    values: BTreeMap<String, String>,
}

/// What a visit is made from. Only the shell makes one.
pub(crate) struct Arrival {
    pub(crate) site: Site,
    pub(crate) lang: Lang,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) request_id: String,
    pub(crate) wants_json: bool,
    pub(crate) token: Option<Token>,
    pub(crate) loaded: Option<Loaded>,
    pub(crate) flash: Option<String>,
    pub(crate) is_kiosk: bool,
}

/// Cookies to set on the answer.
pub(crate) struct Departure {
    pub(crate) session: Option<String>,
    pub(crate) clears_session: bool,
    pub(crate) flash: Option<String>,
    pub(crate) clears_flash: bool,
    pub(crate) kiosk: Option<bool>,
}

impl Visit {
    pub(crate) fn arrive(arrival: Arrival) -> Self {
        let query = Form::parse(arrival.query.as_bytes()).unwrap_or_default();
        let flash_in = arrival
            .flash
            .zip(arrival.token.as_ref())
            .and_then(|(sealed, token)| {
                use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
                let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
                serde_json::from_slice(&token.open(FLASH_PURPOSE, &sealed).ok()?).ok()
            });
        let has_row = arrival.loaded.is_some();
        let (signed_in, mut data) = arrival
            .loaded
            .map(|loaded| (loaded.signed_in, loaded.data))
            .unwrap_or_default();
        if arrival.is_kiosk {
            data.insert(KIOSK.to_owned(), serde_json::Value::Bool(true));
        }
        let browser = Browser {
            token: arrival.token,
            has_row,
            signed_in: signed_in.map(Arc::new),
            data,
            flash_in,
            ..Browser::default()
        };
        Self(Arc::new(Inner {
            site: arrival.site,
            lang: arrival.lang,
            path: arrival.path,
            query_text: arrival.query,
            query,
            request_id: arrival.request_id,
            wants_json: AtomicBool::new(arrival.wants_json),
            is_kiosk: arrival.is_kiosk,
            browser: Mutex::new(browser),
        }))
    }

    #[must_use]
    pub fn site(&self) -> &Site {
        &self.0.site
    }

    #[must_use]
    pub fn lang(&self) -> Lang {
        self.0.lang
    }

    /// The path as asked for: `/en/services/td-full-driving-licence-renewal`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The query's named values.
    #[must_use]
    pub fn query(&self) -> &Form {
        &self.0.query
    }

    /// Path and query: the place to come back to.
    #[must_use]
    pub fn here(&self) -> String {
        let Inner {
            path, query_text, ..
        } = &*self.0;
        if query_text.is_empty() {
            path.clone()
        } else {
            format!("{path}?{query_text}")
        }
    }

    /// A path in the visitor's language: `visit.to("/find")` is `/tc/find`.
    #[must_use]
    pub fn to(&self, path: &str) -> String {
        format!("/{}{path}", self.0.lang)
    }

    /// Whether the browser is a shared kiosk: large targets, a short session, nothing kept.
    #[must_use]
    pub fn is_kiosk(&self) -> bool {
        self.0.is_kiosk
    }

    /// Makes this browser a kiosk from the next page on, or a browser of one person again. What was
    /// signed in and remembered on it ends here.
    ///
    /// # Errors
    /// The store failed.
    pub async fn set_kiosk(&self, is_kiosk: bool) -> Result<(), Error> {
        self.sign_out().await?;
        self.browser().kiosk_out = Some(is_kiosk);
        Ok(())
    }

    /// The request's id, as told to the visitor on an error page.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// The message in the visitor's language.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        self.t_with(key, &[])
    }

    /// The message in the visitor's language with its placeholders filled.
    #[must_use]
    pub fn t_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.0.site.words(self.0.lang, key, values)
    }

    /// Who is signed in on this browser.
    #[must_use]
    pub fn signed_in(&self) -> Option<Arc<SignedIn>> {
        self.browser().signed_in.clone()
    }

    /// Who is signed in, where the route's access guarantees that somebody is.
    ///
    /// # Errors
    /// Nobody is signed in: the route is public.
    pub fn require(&self) -> Outcome<Arc<SignedIn>> {
        self.signed_in()
            .ok_or_else(|| Failure::of(&Error::SignedOut))
    }

    /// Who is counted by limits: the person, else the browser whose session is known here, else the
    /// network address. A cookie that names no session counts for nothing, because anybody makes one.
    pub(crate) fn key(&self, address: std::net::IpAddr) -> Key {
        let browser = self.browser();
        if let Some(who) = &browser.signed_in {
            return Key::Named("person", who.actor.subject().to_owned());
        }
        match &browser.token {
            Some(token) if browser.has_row => Key::Named("session", hex(&token.hash())),
            _ => Key::address(address),
        }
    }

    /// The author of this visit's writes.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.signed_in()
            .map_or(Actor::Visitor, |who| who.actor.clone())
    }

    /// Renders a page of this visit. An error in rendering becomes the error page.
    #[must_use]
    pub fn page(&self, template: &str, context: impl Serialize) -> Page {
        Page::new(self.render(template, context))
    }

    /// Renders a template of this visit to text: a part of a page, fetched by a script.
    ///
    /// # Errors
    /// The template is unknown or does not fit its context.
    pub fn render(&self, template: &str, context: impl Serialize) -> Result<String, Error> {
        let merged = minijinja::value::merge_maps([crate::value(context), self.base()]);
        self.0.site.renderer().render(template, self.0.lang, merged)
    }

    fn base(&self) -> Value {
        let site = &self.0.site;
        let user = self.signed_in().map(|who| {
            let is_staff = who.roles.iter().any(|role| *role != kernel::Role::Resident);
            ctx! {
                name => who.name,
                roles => who.roles,
                duties => who.duties,
                level => who.level,
                is_staff,
                company => matches!(&who.actor, Actor::Resident { company: Some(_), .. }),
            }
        });
        let flash = self.take_flash().map(|flash| {
            let pairs: Vec<(&str, &str)> = flash
                .values
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect();
            ctx! { kind => flash.kind, words => self.t_with(&flash.key, &pairs) }
        });
        let mut base = BTreeMap::<String, Value>::new();
        base.insert("path".to_owned(), Value::from(self.0.path.as_str()));
        base.insert("query".to_owned(), Value::from(self.0.query_text.as_str()));
        base.insert("here".to_owned(), Value::from(self.here()));
        base.insert(
            "csrf".to_owned(),
            Value::from_object(FormToken(self.clone())),
        );
        base.insert("user".to_owned(), Value::from(user));
        base.insert("flash".to_owned(), Value::from(flash));
        let site_url = site.config().base_url.trim_end_matches('/');
        base.insert("site_url".to_owned(), Value::from(site_url));
        base.insert("kiosk".to_owned(), Value::from(self.0.is_kiosk));
        base.insert("kiosk_still".to_owned(), Value::from(KIOSK_STILL_SECONDS));
        base.insert("demo".to_owned(), Value::from(site.is_demo()));
        base.insert(
            "request_id".to_owned(),
            Value::from(self.0.request_id.as_str()),
        );
        Value::from(base)
    }

    /// Sends the visitor on with `303 See Other`, after a post. Only to a path on this site; anything
    /// else goes to the home page.
    #[must_use]
    pub fn redirect(&self, path: &str) -> Response {
        let home = format!("/{}", self.0.lang);
        see_other(crate::local_path(Some(path), &home))
    }

    /// Sends the visitor to another site that the code chose: a payment provider.
    #[must_use]
    pub fn redirect_away(&self, url: &str) -> Response {
        see_other(url)
    }

    /// Shows the message `key` once, as a success, on the next page.
    pub fn flash(&self, key: &str) {
        self.flash_with("success", key, &[]);
    }

    /// Shows the message `key` once on the next page; `kind` is `success`, `info` or `warning`.
    pub fn flash_with(&self, kind: &str, key: &str, values: &[(&str, &str)]) {
        let values = values
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let mut browser = self.browser();
        browser.flash_out = Some(Flash {
            kind: kind.to_owned(),
            key: key.to_owned(),
            values,
        });
        self.ensure_token(&mut browser);
    }

    fn take_flash(&self) -> Option<Flash> {
        let mut browser = self.browser();
        browser.is_flash_shown |= browser.flash_in.is_some();
        browser.flash_in.clone()
    }

    /// What this browser was told to remember under `name`.
    #[must_use]
    pub fn recall<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let value = self.browser().data.get(name).cloned()?;
        serde_json::from_value(value).ok()
    }

    /// Remembers `value` under `name` until the session ends; encrypted under the browser's key.
    ///
    /// # Errors
    /// The session holds too much, or the store failed.
    pub async fn remember<T: Serialize>(&self, name: &str, value: &T) -> Result<(), Error> {
        let value = serde_json::to_value(value).map_err(|_| Error::Seal)?;
        self.change(|data| data.insert(name.to_owned(), value))
            .await
    }

    /// Forgets what was remembered under `name`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn forget(&self, name: &str) -> Result<(), Error> {
        if self.browser().data.contains_key(name) {
            self.change(|data| data.remove(name)).await?;
        }
        Ok(())
    }

    async fn change<R>(&self, edit: impl FnOnce(&mut Data) -> R) -> Result<(), Error> {
        let (token, has_row, signed_in, data) = {
            let mut browser = self.browser();
            edit(&mut browser.data);
            let token = self.ensure_token(&mut browser);
            (
                token,
                browser.has_row,
                browser.signed_in.clone(),
                browser.data.clone(),
            )
        };
        let sessions = self.0.site.sessions();
        if has_row {
            return sessions.save(&token, signed_in.as_deref(), &data).await;
        }
        // The token may still name the row of a session that has ended.
        sessions
            .insert(&token, signed_in.as_deref(), &data, Some(&token))
            .await?;
        self.browser().has_row = true;
        Ok(())
    }

    /// Signs `who` in on this browser, under a fresh token; what the browser was told to remember
    /// stays.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sign_in(&self, who: SignedIn) -> Result<(), Error> {
        let (old, data) = {
            let browser = self.browser();
            (browser.token.clone(), browser.data.clone())
        };
        let token = self
            .0
            .site
            .sessions()
            .begin(Some(&who), &data, old.as_ref())
            .await?;
        let mut browser = self.browser();
        browser.token = Some(token);
        browser.is_new = true;
        browser.is_ended = false;
        browser.has_row = true;
        browser.signed_in = Some(Arc::new(who));
        Ok(())
    }

    /// The key under which the session of this browser is kept, as [`crate::LiveSession`] has it.
    #[must_use]
    pub fn session_key(&self) -> Option<Vec<u8>> {
        let browser = self.browser();
        let token = browser.token.as_ref().filter(|_| browser.has_row);
        token.map(Token::hash)
    }

    /// Ends the session on this browser and forgets what it remembered.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sign_out(&self) -> Result<(), Error> {
        let token = self.browser().token.clone();
        if let Some(token) = token {
            self.0.site.sessions().end(&token).await?;
        }
        let mut browser = self.browser();
        *browser = Browser {
            is_ended: true,
            ..Browser::default()
        };
        Ok(())
    }

    /// The token a form of this visit must carry in its field `csrf`; makes a session secret for a
    /// visitor who has none yet. Templates write `{{ csrf }}`.
    #[must_use]
    pub fn form_token(&self) -> String {
        let token = self.ensure_token(&mut self.browser());
        token.form_token(self.0.site.env())
    }

    pub(crate) fn is_form_token(&self, given: &str) -> bool {
        self.browser()
            .token
            .as_ref()
            .is_some_and(|token| token.is_form_token(given))
    }

    /// The language a half-filled form asks to be shown in, when the toggle of a page with a form was
    /// pressed: save what `form` holds without judging it, then redirect there.
    #[must_use]
    pub fn switch(&self, form: &Form) -> Option<Lang> {
        form.get("switch_lang").and_then(|code| code.parse().ok())
    }

    /// Whether errors of this visit are answered as JSON problems.
    pub(crate) fn wants_json(&self) -> bool {
        self.0.wants_json.load(Ordering::Relaxed)
    }

    pub(crate) fn answer_json(&self) {
        self.0.wants_json.store(true, Ordering::Relaxed);
    }

    fn ensure_token(&self, browser: &mut Browser) -> Token {
        if let Some(token) = &browser.token {
            return token.clone();
        }
        let token = Token::draw(self.0.site.env());
        browser.token = Some(token.clone());
        browser.is_new = true;
        browser.is_ended = false;
        token
    }

    pub(crate) fn depart(&self) -> Departure {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let browser = self.browser();
        let session = browser
            .token
            .as_ref()
            .filter(|_| browser.is_new)
            .map(Token::cookie);
        let flash = browser
            .flash_out
            .as_ref()
            .zip(browser.token.as_ref())
            .and_then(|(flash, token)| {
                let plain = serde_json::to_vec(flash).ok()?;
                let sealed = token.seal(self.0.site.env(), FLASH_PURPOSE, &plain).ok()?;
                Some(URL_SAFE_NO_PAD.encode(sealed))
            });
        Departure {
            session,
            clears_session: browser.is_ended,
            clears_flash: flash.is_none() && browser.is_flash_shown,
            flash,
            kiosk: browser.kiosk_out,
        }
    }

    fn browser(&self) -> MutexGuard<'_, Browser> {
        self.0
            .browser
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn see_other(place: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(place) else {
        return Failure::of(&Error::Malformed).into_response();
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Visit({} {})", self.0.request_id, self.0.path)
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            Failure::of(&Error::Setup(
                "a route outside web::app asked for a visit".to_owned(),
            ))
        })
    }
}

/// Becomes a form token when a template prints it, so that a page without a form starts no session.
#[derive(Debug)]
struct FormToken(Visit);

impl Object for FormToken {
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.form_token())
    }
}
