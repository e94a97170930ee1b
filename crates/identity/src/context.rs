//! What identity's routes hold: the store, the vault and the register.

use std::{fmt, sync::Arc};

use ::store::Store;
use trust::Vault;

use crate::{CompaniesRegister, Presence, Register, SimulatedCompanies, SimulatedPresence};

/// The state of identity's routes. Cheap to clone.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    store: Store,
    vault: Vault,
    register: Arc<dyn Register>,
    companies: Arc<dyn CompaniesRegister>,
    presence: Arc<dyn Presence>,
}

impl Identity {
    /// With a register of people, and none of companies yet: see [`Identity::with_companies`].
    #[must_use]
    pub fn new(store: Store, vault: Vault, register: Arc<dyn Register>) -> Self {
        Self(Arc::new(Inner {
            store,
            vault,
            register,
            companies: Arc::new(SimulatedCompanies::default()),
            presence: Arc::new(SimulatedPresence),
        }))
    }

    /// The same with a register of companies.
    #[must_use]
    pub fn with_companies(&self, companies: Arc<dyn CompaniesRegister>) -> Self {
        Self(Arc::new(Inner {
            store: self.0.store.clone(),
            vault: self.0.vault.clone(),
            register: Arc::clone(&self.0.register),
            companies,
            presence: Arc::clone(&self.0.presence),
        }))
    }

    #[must_use]
    pub fn presence(&self) -> &dyn Presence {
        &*self.0.presence
    }

    #[must_use]
    pub fn companies(&self) -> &dyn CompaniesRegister {
        &*self.0.companies
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    #[must_use]
    pub fn register(&self) -> &dyn Register {
        &*self.0.register
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({:?})", self.0.register)
    }
}
