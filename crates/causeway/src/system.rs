//! The running system: every crate with what it needs, the routes of all, the work of all.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use credentials::Issuer;
use identity::{
    Identity,
    hongkong::HongKong,
    provider::{Provider, ProviderConfig},
};
use journal::{Calendar, Runner};
use kernel::{Actor, Env, Secret};
use notify::{Courier, SimulatedCarrier};
use payments::{Shroff, sandbox::Sandbox};
use services::{Parts, Scanner, Services};
use store::{Migrations, Store, StoreConfig};
use trust::{KeyStore, Notary, Pkcs11, Pkcs11Settings, Token, envelope::Authorities};
use web::{Routes, Site, SiteConfig};

use crate::{config::Config, operations::Gauges, outbound::Caller};

/// The tables of the house, from the ground up.
pub static MIGRATIONS: [&Migrations; 9] = [
    &journal::MIGRATIONS,
    &web::MIGRATIONS,
    &trust::MIGRATIONS,
    &identity::MIGRATIONS,
    &payments::MIGRATIONS,
    &credentials::MIGRATIONS,
    &notify::MIGRATIONS,
    &insight::MIGRATIONS,
    &services::MIGRATIONS,
];

/// How often expired drafts, sessions, approvals and offers are removed.
const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// Templates, words and files of every crate with pages.
#[must_use]
pub fn bundles() -> Vec<web::Bundle> {
    vec![
        identity::BUNDLE,
        payments::BUNDLE,
        notify::BUNDLE,
        portal::app::BUNDLE,
        portal::verify::BUNDLE,
        portal::BUNDLE,
        desk::BUNDLE,
    ]
}

/// Everything that runs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct System {
    pub store: Store,
    pub keys: KeyStore,
    pub site: Site,
    pub services: Services,
    pub identity: Identity,
    pub provider: Provider,
    pub(crate) notary: Notary,
    pub(crate) issuer: Issuer,
    pub(crate) gauges: Gauges,
    pulse: desk::Pulse,
    calendar: Calendar,
    courier: Courier,
    shroff: Shroff,
    sandbox: Sandbox,
    authorities: Option<Arc<Authorities>>,
}

/// Knobs that only tests turn.
#[derive(Debug, Clone, Copy, Default)]
pub struct Knobs {
    pub has_rate_limits: bool,
    pub records_answers: bool,
}

impl System {
    /// Opens stores and keys and puts the crates together.
    ///
    /// # Errors
    /// The data directory, the database or the keys cannot be opened, or a template or message file
    /// of the binary does not hold.
    pub async fn open(config: &Config, env: Env) -> anyhow::Result<Self> {
        let knobs = Knobs {
            has_rate_limits: true,
            records_answers: false,
        };
        Self::open_with(config, env, knobs).await
    }

    /// As [`System::open`], with the knobs of a test.
    ///
    /// # Errors
    /// As [`System::open`].
    pub async fn open_with(config: &Config, env: Env, knobs: Knobs) -> anyhow::Result<Self> {
        let dir = &config.store.data_dir;
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let keys = open_keys(config, &env)?;
        let store = StoreConfig::new(config.store_url());
        let store = Store::open(&store, env.clone(), &MIGRATIONS)
            .await
            .with_context(|| format!("cannot open {}", config.store_url()))?;
        let site = Site::new(site_config(config, knobs), store.clone(), &bundles())?;
        let base_url = &config.server.base_url;
        let notary = Notary::new(keys.clone(), base_url);
        let issuer = Issuer::new(base_url, keys.clone(), &env)?;
        let calendar = Calendar::new();
        calendar.refresh(&store).await?;
        let parts = Parts {
            store: store.clone(),
            keys: keys.clone(),
            calendar: calendar.clone(),
            issuer: issuer.clone(),
            scanner: scanner(&config.upload.clamd),
            base_url: base_url.clone(),
        };
        let services = Services::open(parts).await?;
        let vault = keys.vault();
        let register = Arc::new(identity::demo::register());
        let identity = Identity::new(store.clone(), vault.clone(), register)
            .with_companies(Arc::new(identity::demo::companies()));
        let provider = provider(config, &identity, &keys)?;
        let secret = Secret::new(keys.secret("sandbox-bank")?.expose().to_vec());
        let sandbox = Sandbox::new(store.clone(), secret, base_url);
        let shroff = Shroff::new(
            store.clone(),
            Arc::new(sandbox.clone()),
            base_url,
            config.server.demo,
        )
        .sealed_by(notary.clone());
        let carrier = Arc::new(SimulatedCarrier::new(store.clone()));
        let courier = Courier::new(store.clone(), vault, carrier.clone(), carrier);
        let gauges = Gauges::new(&env);
        let pulse = crate::operations::pulse(config, &keys, &gauges);
        Ok(Self {
            store,
            keys,
            site,
            services,
            identity,
            provider,
            notary,
            issuer,
            gauges,
            pulse,
            calendar,
            courier,
            shroff,
            sandbox,
            authorities: authorities(config)?,
        })
    }

    /// Every route of the product.
    #[must_use]
    pub fn routes(&self) -> Routes {
        let room = identity::SigningRoom::new(self.identity.clone(), self.notary.clone());
        let portal = portal::Portal {
            services: self.services.clone(),
            identity: self.identity.clone(),
            store: self.store.clone(),
            licences: self.licences(),
            signing: room.clone(),
        };
        let desk = desk::Desk {
            services: self.services.clone(),
            store: self.store.clone(),
            identity: self.identity.clone(),
            pulse: self.pulse.clone(),
        };
        let routes = portal::routes(&portal)
            .merge(portal::app::routes())
            .merge(desk::routes(&desk))
            .merge(identity::routes(&self.identity))
            .merge(identity::provider::routes(&self.provider))
            .merge(identity::provider::signing_routes(&self.provider, &room))
            .merge(identity::hongkong::routes(&self.hongkong()))
            .merge(credentials::routes().with_state(&self.licences()))
            .merge(payments::pages::routes(&self.shroff))
            .merge(payments::sandbox::routes(&self.sandbox))
            .merge(crate::evidence::routes(self))
            .merge(crate::notary::routes(self))
            .merge(web::error_list(crate::explanations::all()))
            .merge(crate::operations::routes(self));
        if self.site.is_demo() {
            routes
                .merge(portal::demo_phone::routes(&self.identity))
                .merge(notify::demo_routes(&self.store))
        } else {
            routes
        }
    }

    fn licences(&self) -> credentials::Desk {
        credentials::Desk {
            issuer: self.issuer.clone(),
            store: self.store.clone(),
        }
    }

    fn hongkong(&self) -> HongKong {
        let room = identity::SigningRoom::new(self.identity.clone(), self.notary.clone());
        HongKong::new(self.provider.clone(), room).trusting(self.authorities.clone())
    }

    /// The whole site as one router.
    pub fn app(&self) -> axum::Router {
        web::app(&self.site, self.routes())
    }

    /// The background work of all crates.
    #[must_use]
    pub fn runner(&self) -> Runner {
        let runner = Runner::new(self.store.clone(), self.calendar.clone());
        let runner = payments::jobs(runner, &self.shroff, Some(&self.sandbox));
        let runner = notify::jobs(runner, &self.courier);
        let runner = identity::provider::jobs(runner, &self.provider);
        let runner = identity::hongkong::jobs(runner, &self.hongkong());
        let runner = insight::jobs(runner, &self.store);
        let runner = services::jobs(runner, &self.services);
        let runner = crate::wallet::jobs(runner, self);
        let runner = crate::alarm::jobs(runner);
        let runner = crate::evidence::jobs(runner, self);
        let system = self.clone();
        let identity = self.identity.clone();
        let runner = runner.every("identity.recheck", identity::RECHECK_EVERY, move || {
            let identity = identity.clone();
            async move {
                identity::recheck(&identity).await?;
                Ok(())
            }
        });
        runner.every("causeway.sweep", SWEEP_EVERY, move || {
            let system = system.clone();
            async move {
                system.sweep().await?;
                Ok(())
            }
        })
    }

    /// Removes what has expired: drafts, records past their retention, sessions, approvals, offers.
    async fn sweep(&self) -> Result<(), services::Error> {
        self.services.sweep().await?;
        if let Err(error) = self.site.sessions().sweep().await {
            tracing::warn!(%error, "ended sessions could not be removed");
        }
        identity::sweep(&self.store).await?;
        self.store
            .write(&Actor::system("causeway"), |tx| async move {
                credentials::sweep(&tx).await
            })
            .await?;
        self.services.reload().await
    }
}

/// The authorities that must have issued the certificates of departments, when there are any.
fn authorities(config: &Config) -> anyhow::Result<Option<Arc<Authorities>>> {
    let path = &config.hongkong.authorities_file;
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let pem = std::fs::read_to_string(path)
        .with_context(|| format!("hongkong.authorities_file: cannot read {}", path.display()))?;
    let all = Authorities::from_pem(&pem)
        .with_context(|| format!("hongkong.authorities_file: {}", path.display()))?;
    Ok(Some(Arc::new(all)))
}

fn provider(config: &Config, identity: &Identity, keys: &KeyStore) -> anyhow::Result<Provider> {
    let openid = ProviderConfig {
        base_url: config.server.base_url.clone(),
        certificate_header: config.openid.certificate_header.parse().ok(),
    };
    let is_local = !config.server.base_url.starts_with("https://");
    let outbound = Arc::new(Caller::new(is_local, &config.outbound)?);
    Ok(Provider::new(
        identity.clone(),
        keys.clone(),
        openid,
        outbound,
    )?)
}

/// The keys of the data directory, in a token when the configuration names one.
///
/// # Errors
/// The directory or the token cannot be opened.
pub(crate) fn open_keys(config: &Config, env: &Env) -> anyhow::Result<KeyStore> {
    let keys = &config.keys;
    let token: Option<Arc<dyn Token>> = if keys.module.as_os_str().is_empty() {
        None
    } else {
        let settings = Pkcs11Settings {
            module: keys.module.clone(),
            label: keys.label.clone(),
            pin: Secret::new(keys.pin()?),
        };
        let token = Pkcs11::open(&settings).context("cannot open the key token")?;
        Some(Arc::new(token))
    };
    KeyStore::open_with(&config.store.data_dir, env, token).context("cannot open the keys")
}

fn site_config(config: &Config, knobs: Knobs) -> SiteConfig {
    SiteConfig {
        base_url: config.server.base_url.clone(),
        is_demo: config.server.demo,
        trusted_proxies: config.server.trusted_proxies.clone(),
        idle_minutes: u64::from(config.session.idle_minutes),
        templates_dir: config.server.templates_dir.clone(),
        has_rate_limits: knobs.has_rate_limits,
        records_answers: knobs.records_answers,
    }
}

fn scanner(address: &str) -> Scanner {
    if let Some(place) = address.strip_prefix("tcp://") {
        Scanner::Tcp(place.to_owned())
    } else if let Some(path) = address.strip_prefix("unix://") {
        Scanner::Unix(path.into())
    } else {
        Scanner::Absent
    }
}
