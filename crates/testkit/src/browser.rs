//! A browser without a screen.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use http_body_util::BodyExt as _;
use identity::{Approval, Decision, demo};
use kernel::Id;
use tower::ServiceExt as _;

use crate::{App, Sheet};

/// Redirects followed before a test gives up.
const HOPS: usize = 10;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    /// Where it was found, after redirects.
    pub path: String,
    pub headers: axum::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.headers.get(header::LOCATION)?.to_str().ok()
    }

    /// The form of the page whose address ends with `action`.
    ///
    /// # Errors
    /// The page has none; the error shows where the browser is instead.
    pub fn form(&self, action: &str) -> anyhow::Result<Sheet> {
        let here = || {
            format!(
                "{} {} has no form to {action}:\n{}",
                self.status,
                self.path,
                self.words()
            )
        };
        Sheet::find(&self.text(), action).with_context(here)
    }

    /// What a person reads: the text of the page's main part without its tags.
    #[must_use]
    pub fn words(&self) -> String {
        let html = self.text();
        let main = html
            .split_once("<main")
            .map_or(html.as_str(), |(_, rest)| rest);
        let main = main.split("</main>").next().unwrap_or_default();
        let texts = main
            .split('<')
            .filter_map(|part| Some(part.split_once('>')?.1));
        let words: Vec<&str> = texts.flat_map(str::split_whitespace).collect();
        words.join(" ")
    }

    /// Whether the page says `words`.
    #[must_use]
    pub fn says(&self, words: &str) -> bool {
        self.text().contains(words)
    }
}

/// A browser with its cookies.
#[derive(Debug)]
pub struct Browser<'a> {
    app: &'a App,
    cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self {
            app,
            cookies: BTreeMap::new(),
        }
    }

    /// The cookies, for tests that steal or keep them.
    pub fn cookies(&mut self) -> &mut BTreeMap<String, String> {
        &mut self.cookies
    }

    /// One request, no redirect followed.
    ///
    /// # Errors
    /// The request cannot be built or the body cannot be read.
    pub async fn send(&mut self, request: Request<Body>) -> anyhow::Result<Answer> {
        let (mut parts, body) = request.into_parts();
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            parts
                .headers
                .insert(header::COOKIE, cookies.join("; ").parse()?);
        }
        let path = parts.uri.to_string();
        let response = self
            .app
            .router()
            .oneshot(Request::from_parts(parts, body))
            .await?;
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str()?);
        }
        let body = body.collect().await?.to_bytes().to_vec();
        Ok(Answer {
            status: parts.status,
            path,
            headers: parts.headers,
            body,
        })
    }

    fn keep(&mut self, cookie: &str) {
        let first = cookie.split(';').next().unwrap_or_default();
        let Some((name, value)) = first.split_once('=') else {
            return;
        };
        if value.is_empty() || cookie.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Opens a page and follows redirects.
    ///
    /// # Errors
    /// Too many redirects.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        let mut path = path.to_owned();
        for _ in 0..HOPS {
            let request = Request::builder().uri(&path).body(Body::empty())?;
            let answer = self.send(request).await?;
            match answer.location() {
                Some(next) if answer.status.is_redirection() => path = next.to_owned(),
                _ => return Ok(answer),
            }
        }
        bail!("more than {HOPS} redirects, last to {path}")
    }

    /// Posts a form and follows the redirect. `csrf` is added from `page` when it is not given.
    ///
    /// # Errors
    /// The request fails.
    pub async fn post(
        &mut self,
        page: &Answer,
        action: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let mut pairs: Vec<(String, String)> = fields
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        if !pairs.iter().any(|(name, _)| name == "csrf") {
            let token = hidden(&page.text(), "csrf").context("the page has no form token")?;
            pairs.push(("csrf".to_owned(), token));
        }
        let answer = self.post_raw(action, &encode(&pairs)).await?;
        self.follow(answer).await
    }

    /// Fills in the page's form to `action` as a person does and follows the redirect: what stands
    /// there stays, and those of `answers` that the form asks for go in.
    ///
    /// # Errors
    /// The page has no such form, or the request fails.
    pub async fn fill(
        &mut self,
        page: &Answer,
        action: &str,
        answers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let sheet = page.form(action)?;
        let answer = self
            .post_raw(&sheet.action, &encode(&sheet.filled(answers)))
            .await?;
        self.follow(answer).await
    }

    /// Goes where `answer` points, if it is a redirect.
    async fn follow(&mut self, answer: Answer) -> anyhow::Result<Answer> {
        match answer.location() {
            Some(next) if answer.status.is_redirection() => {
                let next = next.to_owned();
                self.get(&next).await
            }
            _ => Ok(answer),
        }
    }

    /// Posts a form body as it is; follows nothing.
    ///
    /// # Errors
    /// The request fails.
    pub async fn post_raw(&mut self, action: &str, body: &str) -> anyhow::Result<Answer> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(action)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, &self.app.system.site.config().base_url)
            .body(Body::from(body.to_owned()))?;
        self.send(request).await
    }

    /// Posts a multipart form with one file.
    ///
    /// # Errors
    /// The request fails.
    pub async fn post_file(
        &mut self,
        page: &Answer,
        action: &str,
        fields: &[(&str, &str)],
        (field, name, bytes): (&str, &str, &[u8]),
    ) -> anyhow::Result<Answer> {
        const BOUNDARY: &str = "causeway-test-boundary";
        let token = hidden(&page.text(), "csrf").context("the page has no form token")?;
        let mut body = Vec::new();
        for (key, value) in fields.iter().copied().chain([("csrf", token.as_str())]) {
            body.extend(
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{key}\"\r\n\r\n{value}\r\n")
                    .bytes(),
            );
        }
        body.extend(
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            )
            .bytes(),
        );
        body.extend(bytes);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
        let request = Request::builder()
            .method(Method::POST)
            .uri(action)
            .header(
                header::CONTENT_TYPE,
                format!("multipart/form-data; boundary={BOUNDARY}"),
            )
            .header(header::ORIGIN, &self.app.system.site.config().base_url)
            .body(Body::from(body))?;
        let answer = self.send(request).await?;
        self.follow(answer).await
    }

    /// Signs in as the demo person `key` with their simulated phone and opens `next`; who is signed in
    /// already goes straight on.
    ///
    /// # Errors
    /// The sign-in does not go through.
    pub async fn sign_in(&mut self, key: &str, next: &str) -> anyhow::Result<Answer> {
        let lang = next.split('/').nth(1).unwrap_or("en").to_owned();
        let is_desk = next.starts_with(&format!("/{lang}/desk"));
        let door = if is_desk { "desk/sign-in" } else { "sign-in" };
        let waiting = self.get(&format!("/{lang}/{door}?next={next}")).await?;
        if waiting.path.contains("/approvals/") {
            self.approve(key, &waiting).await
        } else {
            Ok(waiting)
        }
    }

    /// Approves on the simulated phone what the waiting page `waiting` asks, and goes on.
    ///
    /// # Errors
    /// The page is no waiting page, or the phone's answer is refused.
    pub async fn approve(&mut self, key: &str, waiting: &Answer) -> anyhow::Result<Answer> {
        let id = waiting.path.rsplit('/').next().unwrap_or_default();
        let id: Id<Approval> = id
            .parse()
            .with_context(|| format!("{} waits for no phone", waiting.path))?;
        let (store, vault) = (&self.app.system.store, self.app.system.keys.vault());
        let phone = demo::phone(store, &vault, key).await?;
        let shown = identity::open(store, &phone.device, id).await?;
        demo::answer(store, &phone, &shown, Decision::Approve).await?;
        self.get(&waiting.path.clone()).await
    }
}

/// Pairs as `application/x-www-form-urlencoded`.
#[must_use]
pub fn encode(pairs: &[(String, String)]) -> String {
    let plain = |text: &str| -> String {
        text.bytes()
            .map(|b| match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                    char::from(b).to_string()
                }
                b' ' => "+".to_owned(),
                _ => format!("%{b:02X}"),
            })
            .collect()
    };
    pairs
        .iter()
        .map(|(k, v)| format!("{}={}", plain(k), plain(v)))
        .collect::<Vec<_>>()
        .join("&")
}

/// The value of the first input called `name` in `html`.
#[must_use]
pub fn hidden(html: &str, name: &str) -> Option<String> {
    let at = html.find(&format!("name=\"{name}\""))?;
    let rest = html.get(at..)?;
    let value = rest.get(rest.find("value=\"")? + 7..)?;
    value.get(..value.find('"')?).map(str::to_owned)
}

/// The names of every input, select and textarea in `html`, each once, in order.
#[must_use]
pub fn fields(html: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in html.split(" name=\"").skip(1) {
        let name = part.split('"').next().unwrap_or_default().to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
