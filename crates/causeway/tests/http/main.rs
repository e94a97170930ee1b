//! The whole product through its real router: what people do, what goes wrong, what they are told.
//! The clock is the test's, phones are simulated, and nothing leaves the process.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod access;
mod accounts;
mod addresses;
mod answers;
mod carried;
mod clients;
mod codes;
mod companies;
mod corpid;
mod corpid_authority;
mod corpid_documents;
mod corpid_documents_refused;
mod corpid_forms;
mod corpid_powers;
mod corpid_signing;
mod declared;
mod devices;
mod documents;
mod files;
mod guests;
mod hongkong;
mod hongkong_ends;
mod hongkong_keys;
mod hongkong_login;
mod hongkong_signing;
mod journey;
mod keys;
mod kiosk;
mod limits;
mod openid;
mod operators;
mod own_data;
mod owners;
mod passkeys;
mod phones;
mod programme;
mod refused;
mod reports;
mod shut;
mod signing;
mod statistics;
mod swept;
mod telling;
mod tls;
mod twice;
mod unsaid;
mod whole;
mod wire;
