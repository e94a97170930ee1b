//! The tables of identity, one file a noun. Functions ending in `_in` run inside the caller's write.

pub(crate) mod answer;
pub(crate) mod approval;
pub(crate) mod assertion;
pub(crate) mod browser;
pub(crate) mod commission;
pub(crate) mod company;
pub(crate) mod consent;
pub(crate) mod counter;
pub(crate) mod device;
pub(crate) mod email_claim;
pub(crate) mod enrolment;
pub(crate) mod invitation;
pub(crate) mod keeper;
pub(crate) mod member;
pub(crate) mod officer;
pub(crate) mod passkey;
pub(crate) mod person;
pub(crate) mod profile;
pub(crate) mod profile_version;
pub(crate) mod proposal;
pub(crate) mod recheck;
pub(crate) mod recovery;
pub(crate) mod registrant;
pub(crate) mod signing;
pub(crate) mod simulation;
pub(crate) mod spending;
pub(crate) mod standing;
pub(crate) mod token;
pub(crate) mod wake;
pub(crate) mod wallet;
pub(crate) mod wallet_offer;
pub(crate) mod wallet_share;

use serde::Serialize;
use serde_json::Value;

use crate::Error;

/// The migrations of identity.
pub static MIGRATIONS: ::store::Migrations = ::store::migrations!(
    "identity",
    "0001_create_person.sql",
    "0002_create_approval.sql",
    "0003_create_profile.sql",
    "0004_create_office.sql",
    "0005_create_registrant_count.sql",
    "0006_create_simulation.sql",
    "0007_index_passing_approval.sql",
    "0008_know_reader_department.sql",
    "0009_create_oidc_client.sql",
    "0010_create_oidc_grant.sql",
    "0011_create_oidc_ciba.sql",
    "0012_create_signing.sql",
    "0013_create_company_member.sql",
    "0014_create_guardianship.sql",
    "0015_keep_profile_versions.sql",
    "0016_create_hongkong.sql",
    "0017_create_passkey.sql",
    "0018_create_recovery.sql",
    "0019_sign_for_client.sql",
    "0020_create_email_claim.sql",
    "0021_speak_corpid.sql",
    "0022_sign_for_company.sql",
    "0023_create_oidc_key_set.sql",
    "0024_count_client_use.sql",
    "0025_name_resource.sql",
    "0026_show_presence_before_signing.sql",
    "0027_wake_phone.sql",
    "0028_limit_month.sql",
    "0029_name_biller.sql",
    "0030_know_passport.sql",
    "0031_create_company_wallet.sql",
    "0032_count_unfinished_request.sql",
    "0033_check_register_again.sql",
    "0034_ask_register_apart.sql",
);

/// Every statement of this crate, for the test that prepares them on both engines.
#[must_use]
pub fn statements() -> Vec<&'static ::store::Stmt> {
    [
        approval::STATEMENTS,
        assertion::STATEMENTS,
        browser::STATEMENTS,
        commission::STATEMENTS,
        company::STATEMENTS,
        consent::STATEMENTS,
        counter::STATEMENTS,
        device::STATEMENTS,
        email_claim::STATEMENTS,
        enrolment::STATEMENTS,
        invitation::STATEMENTS,
        member::STATEMENTS,
        officer::STATEMENTS,
        passkey::STATEMENTS,
        person::STATEMENTS,
        profile::STATEMENTS,
        profile_version::STATEMENTS,
        proposal::STATEMENTS,
        recheck::STATEMENTS,
        recovery::STATEMENTS,
        registrant::STATEMENTS,
        signing::STATEMENTS,
        simulation::STATEMENTS,
        spending::STATEMENTS,
        standing::STATEMENTS,
        token::STATEMENTS,
        wake::STATEMENTS,
        wallet::STATEMENTS,
        wallet_offer::STATEMENTS,
        wallet_share::STATEMENTS,
        &crate::provider::store::statements(),
        &crate::hongkong::store::statements(),
    ]
    .concat()
}

pub(crate) fn json<T: Serialize>(value: &T) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|_| Error::Corrupt("JSON"))
}
