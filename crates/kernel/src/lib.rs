//! The words everybody uses: typed ids, money, time, text in three languages, Hong Kong identifiers
//! with check digits, actors, limits and paging.
//!
//! Invariants: nothing here does I/O except [`Env::system`], which is the one place that reads the
//! wall clock and the operating system's randomness; every value that exists is valid (parse at the
//! edge); no macro, no driver and no web type lives here, because every edit rebuilds the house.

mod actor;
mod date;
mod env;
mod id;
mod identifier;
pub mod limits;
mod money;
mod page;
mod secret;
mod text;
mod time;

pub use actor::{Actor, Role};
pub use date::{Date, DateError};
pub use env::{Env, FakeEnv};
pub use id::{Id, IdError};
pub use identifier::{
    BusinessNumber, CompanyNumber, Email, Hkid, IdentifierError, PhoneHk, VehicleMark,
};
pub use money::{Money, MoneyError};
pub use page::{Cursor, Page};
pub use secret::Secret;
pub use text::{Lang, Text, simplify};
pub use time::Time;

#[cfg(test)]
mod tests;
