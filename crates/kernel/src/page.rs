//! Paging by cursor: a list says where it stopped, and the next page starts there. No page counts
//! rows it does not show.

use serde::Serialize;

use crate::limits;

/// Where the next page starts: an opaque word made by the list that reads it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Default)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// One page of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// `None` on the last page.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Cuts `rows`, which were read with a limit of [`Self::fetch`], into a page; `cursor` names the
    /// place after an item.
    #[must_use]
    pub fn cut(mut rows: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> Self {
        let size = limits::PAGE_ITEMS;
        let more = rows.len() > size;
        rows.truncate(size);
        let next = if more { rows.last().map(cursor) } else { None };
        Self { items: rows, next }
    }

    /// How many rows to ask for: one more than fits, to learn whether there is a next page.
    #[must_use]
    pub fn fetch() -> i64 {
        i64::try_from(limits::PAGE_ITEMS + 1).unwrap_or(i64::MAX)
    }
}
