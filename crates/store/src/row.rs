//! One row of a result.

use std::sync::Arc;

use kernel::{Date, Id, Money, Time};
use serde::de::DeserializeOwned;

use crate::{Error, FromValue, Value, value};

/// One row of a result; columns are read by name.
#[derive(Debug, Clone)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

/// A type that can be read from a row.
pub trait FromRow: Sized {
    /// # Errors
    /// [`Error::Decode`] names the column that is missing or holds something else.
    fn from_row(row: &Row) -> Result<Self, Error>;
}

impl Row {
    pub(crate) fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// The value of the column called `name`.
    ///
    /// # Errors
    /// [`Error::Decode`] when there is no such column or it holds something else.
    pub fn get<T: FromValue>(&self, name: &str) -> Result<T, Error> {
        let place = self.columns.iter().position(|column| column == name);
        let value = place
            .and_then(|place| self.values.get(place))
            .ok_or_else(|| Error::decode(name, "anything: the statement does not return it"))?;
        value::decode(name, value)
    }

    /// The value of the column at `place`, counted from zero.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn at<T: FromValue>(&self, place: usize) -> Result<T, Error> {
        let name = self.columns.get(place).map_or("?", String::as_str);
        let value = self
            .values
            .get(place)
            .ok_or_else(|| Error::decode(name, "anything: the row is shorter"))?;
        value::decode(name, value)
    }

    /// The JSON column called `name`, read as a `T`.
    ///
    /// # Errors
    /// As [`Row::get`]; also when the JSON is not a `T`.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, Error> {
        let text: String = self.get(name)?;
        serde_json::from_str(&text)
            .map_err(|_| Error::decode(name, "JSON of the shape this program reads"))
    }

    /// The names of the columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }
}

impl FromRow for Row {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(row.clone())
    }
}

macro_rules! first_column {
    ($($kind:ty),+) => {$(
        impl FromRow for $kind {
            fn from_row(row: &Row) -> Result<Self, Error> {
                row.at(0)
            }
        }
        impl FromRow for Option<$kind> {
            fn from_row(row: &Row) -> Result<Self, Error> {
                row.at(0)
            }
        }
    )+};
}
first_column!(
    i64,
    bool,
    f64,
    String,
    Vec<u8>,
    Time,
    Date,
    Money,
    serde_json::Value
);

impl<N> FromRow for Id<N> {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.at(0)
    }
}

macro_rules! tuples {
    ($(($($kind:ident $place:tt),+))+) => {$(
        impl<$($kind: FromValue),+> FromRow for ($($kind,)+) {
            fn from_row(row: &Row) -> Result<Self, Error> {
                Ok(($(row.at::<$kind>($place)?,)+))
            }
        }
    )+};
}
tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}
