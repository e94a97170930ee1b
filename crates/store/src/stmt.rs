//! Statements: one SQL text for both engines, with a name, registered per crate.

use std::sync::OnceLock;

use crate::Error;

/// One SQL statement, declared with [`crate::sql!`].
#[derive(Debug)]
pub struct Stmt {
    name: &'static str,
    texts: [&'static str; 2],
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
    places: OnceLock<Result<Vec<usize>, Error>>,
}

/// Declares the statements of one file, and `STATEMENTS`, the list of them all.
///
/// ```ignore
/// store::sql! {
///     FIND_CASE = "SELECT id, state FROM case_file WHERE id = $1";
///     CLOSE_CASE = "UPDATE case_file SET state = $2 WHERE id = $1";
/// }
/// ```
///
/// The text runs on both engines. Parameters are `$1…$n`, bound by number whatever their order.
/// Tokens: `{each}($1)` is a table with the column `value` over a JSON array of texts,
/// `{id}(value)` turns 32 hexadecimal digits into an identifier, `{int}(value)` a text into a number.
#[macro_export]
macro_rules! sql {
    ($($(#[$meta:meta])* $name:ident = $text:expr;)+) => {
        $(
            $(#[$meta])*
            pub(crate) static $name: $crate::Stmt = $crate::Stmt::new(stringify!($name), $text);
        )+
        /// Every statement of this file, for the test that prepares them on both engines.
        pub(crate) static STATEMENTS: &[&$crate::Stmt] = &[$(&$name),+];
    };
}

impl Stmt {
    /// Use [`crate::sql!`].
    #[must_use]
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        Self::twin(name, text, text)
    }

    /// A statement that one text cannot say, for SQLite and for Postgres. The reason stands beside
    /// it.
    #[must_use]
    pub const fn twin(name: &'static str, sqlite: &'static str, postgres: &'static str) -> Self {
        Self {
            name,
            texts: [sqlite, postgres],
            sqlite: OnceLock::new(),
            postgres: OnceLock::new(),
            places: OnceLock::new(),
        }
    }

    /// The name of the constant.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The text for SQLite.
    #[must_use]
    pub fn sqlite(&self) -> &str {
        self.sqlite.get_or_init(|| {
            let [text, _] = self.texts;
            text.replace("{each}", "json_each")
                .replace("{id}", "unhex")
                .replace("{int}(value)", "CAST(value AS INTEGER)")
        })
    }

    /// The text for Postgres.
    #[must_use]
    pub fn postgres(&self) -> &str {
        self.postgres.get_or_init(|| {
            let [_, text] = self.texts;
            text.replace("{each}", "json_array_elements_text")
                .replace("{id}", "uuid")
                .replace("{int}(value)", "CAST(value AS BIGINT)")
        })
    }

    /// For each SQLite parameter in its own order, which of the caller's parameters it is. SQLite
    /// numbers `$2, $1` by first appearance, so the names decide, resolved once per statement.
    pub(crate) fn places<'a>(
        &self,
        names: impl Iterator<Item = Option<&'a str>>,
    ) -> Result<&[usize], Error> {
        self.places
            .get_or_init(|| places(self.name, names))
            .as_deref()
            .map_err(Clone::clone)
    }
}

fn places<'a>(
    statement: &str,
    names: impl Iterator<Item = Option<&'a str>>,
) -> Result<Vec<usize>, Error> {
    let mut places = Vec::new();
    for name in names {
        let number: Option<usize> = name
            .and_then(|name| name.strip_prefix('$'))
            .and_then(|digits| digits.parse().ok());
        match number {
            Some(number) if number > 0 => places.push(number - 1),
            _ => {
                return Err(Error::database(format!(
                    "{statement}: parameters are written $1 to $n, not {}",
                    name.unwrap_or("?")
                )));
            }
        }
    }
    let mut sorted = places.clone();
    sorted.sort_unstable();
    if sorted.iter().copied().ne(0..places.len()) {
        return Err(Error::database(format!(
            "{statement}: the parameters leave a gap between $1 and ${}",
            sorted.last().map_or(0, |last| last + 1)
        )));
    }
    Ok(places)
}
