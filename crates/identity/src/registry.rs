//! The adapter to the register of companies. The real one is the Companies Registry's, with the Business
//! Registration Office and the issuers of LEI and D-U-N-S beside it; this build carries
//! [`SimulatedCompanies`], filled with invented companies, behind the same trait.

use std::{collections::HashMap, fmt, future::Future, pin::Pin};

use kernel::{BusinessNumber, CompanyNumber};
use trust::Vault;

use crate::{
    CompanyStatus, FactKey, FactSource, IdentityDocument, PersonName, RegisterDown, store::person,
};

/// What the register holds about one company.
#[derive(Clone, PartialEq, Debug)]
pub struct CompanyRecord {
    pub company_number: CompanyNumber,
    pub business_number: BusinessNumber,
    pub name: PersonName,
    pub address: String,
    pub status: CompanyStatus,
    /// Every other field that some source holds.
    pub facts: Vec<(FactKey, String, FactSource)>,
    /// The identity cards or passports of the directors, or of the owner of a business.
    pub directors: Vec<IdentityDocument>,
}

impl CompanyRecord {
    /// Whether the register names the holder of these documents, given by their blind indices: a register
    /// may know a director by a passport that has been replaced since.
    #[must_use]
    pub(crate) fn is_director(&self, vault: &Vault, held: &[Vec<u8>]) -> bool {
        let mut directors = self.directors.iter();
        directors.any(|one| held.contains(&person::index_of(vault, one)))
    }
}

/// A boxed answer of the register.
pub type CompanyAnswer<'a> =
    Pin<Box<dyn Future<Output = Result<Option<CompanyRecord>, RegisterDown>> + Send + 'a>>;

/// The adapter to the register of companies.
pub trait CompaniesRegister: Send + Sync + fmt::Debug {
    /// The company with this number of the Companies Registry.
    fn find<'a>(&'a self, number: &'a CompanyNumber) -> CompanyAnswer<'a>;

    /// Whether the answers are invented, so that pages say so.
    fn is_simulated(&self) -> bool {
        false
    }
}

/// A register of invented companies.
#[derive(Debug, Default)]
pub struct SimulatedCompanies {
    records: HashMap<String, CompanyRecord>,
}

impl SimulatedCompanies {
    #[must_use]
    pub fn new(records: impl IntoIterator<Item = CompanyRecord>) -> Self {
        let records = records
            .into_iter()
            .map(|record| (record.company_number.as_str().to_owned(), record))
            .collect();
        Self { records }
    }
}

impl CompaniesRegister for SimulatedCompanies {
    fn find<'a>(&'a self, number: &'a CompanyNumber) -> CompanyAnswer<'a> {
        let found = self.records.get(number.as_str()).cloned();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn is_simulated(&self) -> bool {
        true
    }
}
