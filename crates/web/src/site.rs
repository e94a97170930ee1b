//! The site: everything pages share, made once at start and handed to every request.

use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use kernel::{Env, Lang, Text};
use serde::Deserialize;
use store::Store;

use crate::{
    Error, Messages, Sessions,
    assets::{Asset, Assets},
    openapi::Recorder,
    rate::Limiter,
    render::{Renderer, Source},
    traffic::{Traffic, TrafficRow},
};

/// What one crate brings to the pages.
#[derive(Debug, Clone, Copy)]
pub struct Bundle {
    /// The crate's name: the first part of its template names, message keys and asset names.
    pub area: &'static str,
    /// `("portal/home.html", include_str!("../templates/home.html"))`.
    pub templates: &'static [(&'static str, &'static str)],
    /// `include_str!("../messages.yaml")`; empty when the crate has none.
    pub messages: &'static str,
    pub assets: &'static [Asset],
}

/// How this installation is reached and how it behaves.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SiteConfig {
    /// The address people type: `https://causeway.example.hk`. With `https`, cookies are marked
    /// `Secure` and named `__Host-…`, and HSTS is sent.
    pub base_url: String,
    /// Shows on every page that services, people and payments are simulated.
    pub is_demo: bool,
    /// Proxies whose `X-Forwarded-For` is believed. From anybody else the header is ignored.
    pub trusted_proxies: Vec<IpAddr>,
    /// Minutes without a request after which a session ends.
    pub idle_minutes: u64,
    /// The `crates` directory to read templates from at every render, while writing pages.
    pub templates_dir: Option<PathBuf>,
    /// Whether clients are limited in how often they may ask. Off only in tests.
    pub has_rate_limits: bool,
    /// Keeps JSON answers for comparison with the OpenAPI document. On only in tests.
    pub records_answers: bool,
}

impl Default for SiteConfig {
    fn default() -> Self {
        Self {
            base_url: "http://127.0.0.1:8080".to_owned(),
            is_demo: false,
            trusted_proxies: Vec::new(),
            idle_minutes: 30,
            templates_dir: None,
            has_rate_limits: true,
            records_answers: false,
        }
    }
}

impl SiteConfig {
    /// Whether people reach the site over TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.base_url.starts_with("https://")
    }
}

/// The shared site. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Site(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: SiteConfig,
    store: Store,
    messages: Arc<Messages>,
    renderer: Renderer,
    assets: Arc<Assets>,
    sessions: Sessions,
    limiter: Limiter,
    recorder: Recorder,
    traffic: Traffic,
}

impl Site {
    /// Puts the site together: the shell's own bundle and those of the crates with pages.
    ///
    /// # Errors
    /// A template that does not parse, a message file that does not hold, two assets of one name.
    pub fn new(config: SiteConfig, store: Store, bundles: &[Bundle]) -> Result<Self, Error> {
        let bundles: Vec<Bundle> = std::iter::once(crate::page::BUNDLE)
            .chain(bundles.iter().copied())
            .collect();
        let files: Vec<(&str, &str)> = bundles
            .iter()
            .filter(|bundle| !bundle.messages.trim().is_empty())
            .map(|bundle| (bundle.area, bundle.messages))
            .collect();
        let messages = Arc::new(Messages::read(&files)?);
        let assets = Arc::new(Assets::new(
            bundles.iter().flat_map(|bundle| bundle.assets),
        )?);
        let renderer = Renderer::new(Source {
            templates: bundles
                .iter()
                .flat_map(|bundle| bundle.templates)
                .copied()
                .collect(),
            messages: Arc::clone(&messages),
            assets: Arc::clone(&assets),
            reload: config.templates_dir.clone(),
        })?;
        let idle = Duration::from_secs(config.idle_minutes.max(1) * 60);
        let sessions = Sessions::new(store.clone(), Some(idle));
        let limiter = Limiter::new(store.env(), config.has_rate_limits);
        let recorder = Recorder::new(config.records_answers);
        Ok(Self(Arc::new(Inner {
            config,
            store,
            messages,
            renderer,
            assets,
            sessions,
            limiter,
            recorder,
            traffic: Traffic::default(),
        })))
    }

    #[must_use]
    pub fn config(&self) -> &SiteConfig {
        &self.0.config
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    #[must_use]
    pub fn env(&self) -> &Env {
        self.0.store.env()
    }

    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    #[must_use]
    pub fn messages(&self) -> &Messages {
        &self.0.messages
    }

    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.0.config.is_demo
    }

    /// The message in all three languages. An unknown key is logged and shown as itself; the check
    /// of each crate finds it earlier.
    #[must_use]
    pub fn text(&self, key: &str) -> Text {
        self.0.messages.text(key).cloned().unwrap_or_else(|| {
            tracing::error!(key, "there is no such message");
            Text::same(key)
        })
    }

    /// The message in one language with its placeholders filled.
    #[must_use]
    pub fn words(&self, lang: Lang, key: &str, values: &[(&str, &str)]) -> String {
        let value = |name: &str| {
            values
                .iter()
                .find(|(slot, _)| *slot == name)
                .map(|(_, value)| (*value).to_owned())
        };
        self.0
            .messages
            .fill(key, lang, value)
            .unwrap_or_else(|error| {
                tracing::error!(key, %error, "a message could not be filled");
                key.to_owned()
            })
    }

    /// The address of an asset with its content hash, or `None` for an unknown name.
    #[must_use]
    pub fn asset_url(&self, name: &str) -> Option<String> {
        self.0.assets.url(name)
    }

    /// The asset itself, for the few files that need a stable address (a service worker).
    #[must_use]
    pub fn asset(&self, name: &str) -> axum::response::Response {
        self.0.assets.stable(name)
    }

    /// Renders a template outside a visit: a letter, a message body.
    ///
    /// # Errors
    /// The template is unknown or does not fit its context.
    pub fn render(
        &self,
        name: &str,
        lang: Lang,
        context: impl serde::Serialize,
    ) -> Result<String, Error> {
        self.0.renderer.render(name, lang, crate::value(context))
    }

    /// JSON answers since start, when `records_answers` is set.
    #[must_use]
    pub fn recorded(&self) -> Vec<crate::openapi::Answered> {
        self.0.recorder.answers()
    }

    /// Answers since start by route and status, for the metrics.
    #[must_use]
    pub fn traffic(&self) -> Vec<TrafficRow> {
        self.0.traffic.rows()
    }

    pub(crate) fn count(&self) -> &Traffic {
        &self.0.traffic
    }

    pub(crate) fn renderer(&self) -> &Renderer {
        &self.0.renderer
    }

    pub(crate) fn assets(&self) -> &Assets {
        &self.0.assets
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }
}
