//! What a piece of paper says, before it has a shape. One document is in one language; the caller
//! picks the words, because only the caller knows whom the paper is for.

use kernel::{Date, Lang};

use crate::Error;

/// Lines of an address or of an office's particulars.
pub const LINES_MAX: usize = 8;
/// Blocks of one document.
pub const BLOCKS_MAX: usize = 400;
/// Characters of one paragraph, cell or list item.
pub const WORDS_MAX: usize = 8_000;
/// Rows of one table.
pub const ROWS_MAX: usize = 2_000;
/// Columns of one table.
pub const COLUMNS_MAX: usize = 8;
/// Pages of one document.
pub const PAGES_MAX: usize = 60;

/// A letter, a receipt, a licence or any other paper a department sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub lang: Lang,
    /// The subject line; also the document title that a screen reader and a file list show.
    pub title: String,
    pub letterhead: Letterhead,
    /// "Our reference"; printed on every page after the first.
    pub reference: Option<String>,
    /// The date on the paper and in its metadata. Bytes depend on nothing else outside the document.
    pub date: Date,
    /// Name and address, one line each.
    pub addressee: Vec<String>,
    /// "Dear Ms Chan" without the comma; `None` on receipts and notices.
    pub salutation: Option<String>,
    pub body: Vec<Block>,
    pub signature: Option<Signature>,
    pub verify: Option<Verify>,
    /// A line in the band at the top of every page, such as "Demonstration: not a legal document".
    pub notice: Option<String>,
}

/// Who sends the paper.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Letterhead {
    pub department: String,
    /// The office, its address, telephone and e-mail, one line each.
    pub office: Vec<String>,
}

/// A piece of the body, in reading order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    Heading(String),
    Paragraph(String),
    List(Vec<String>),
    /// Steps or reasons that are referred to by number.
    Numbered(Vec<String>),
    /// Names and values, such as a licence number and its expiry.
    Facts(Vec<Fact>),
    Table(Table),
    /// One figure that must be seen first: the amount paid, the appointment time.
    Highlight(Fact),
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub name: String,
    pub value: String,
}

/// Rows under column names. Every row has as many cells as there are columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<String>>,
    /// A last row set apart, such as the total.
    pub foot: Option<Vec<String>>,
}

/// A column: its name, its share of the width and the side its cells lean to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// Shares are relative: 3 and 1 make three quarters and one quarter.
    pub share: u16,
    pub lean: Lean,
}

/// The side a cell's text leans to. Amounts lean to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Lean {
    #[default]
    Start,
    End,
}

/// Who signs. A person's name is never converted between scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// "Yours sincerely" without the comma.
    pub closing: String,
    pub name: String,
    pub post: String,
    /// "for Commissioner for Transport"; empty when the signer is the head of the department.
    pub on_behalf_of: String,
}

/// How a reader checks that the paper is genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verify {
    /// One or two sentences.
    pub words: String,
    /// What the QR code holds, usually an address; `None` prints the words alone.
    pub code: Option<String>,
}

impl Document {
    /// An empty document with a title; fill the other fields as needed.
    #[must_use]
    pub fn new(lang: Lang, title: impl Into<String>, date: Date) -> Self {
        Self {
            lang,
            title: title.into(),
            letterhead: Letterhead::default(),
            reference: None,
            date,
            addressee: Vec::new(),
            salutation: None,
            body: Vec::new(),
            signature: None,
            verify: None,
            notice: None,
        }
    }
}

impl Fact {
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

impl Column {
    #[must_use]
    pub fn new(name: impl Into<String>, share: u16, lean: Lean) -> Self {
        Self {
            name: name.into(),
            share,
            lean,
        }
    }
}

impl Document {
    /// Checks every limit before any work is done.
    pub(crate) fn check(&self) -> Result<(), Error> {
        within(self.body.len(), "blocks", BLOCKS_MAX)?;
        within(self.addressee.len(), "address lines", LINES_MAX)?;
        within(self.letterhead.office.len(), "office lines", LINES_MAX)?;
        words(&self.title)?;
        self.body.iter().try_for_each(Block::check)
    }
}

impl Block {
    fn check(&self) -> Result<(), Error> {
        match self {
            Self::Heading(text) | Self::Paragraph(text) => words(text),
            Self::List(items) | Self::Numbered(items) => {
                within(items.len(), "list items", BLOCKS_MAX)?;
                items.iter().try_for_each(|item| words(item))
            }
            Self::Facts(facts) => {
                within(facts.len(), "facts", BLOCKS_MAX)?;
                facts.iter().try_for_each(Fact::check)
            }
            Self::Highlight(fact) => fact.check(),
            Self::Table(table) => table.check(),
        }
    }
}

impl Fact {
    fn check(&self) -> Result<(), Error> {
        words(&self.name)?;
        words(&self.value)
    }
}

impl Table {
    fn check(&self) -> Result<(), Error> {
        let columns = self.columns.len();
        for (row, cells) in self.rows.iter().chain(&self.foot).enumerate() {
            if cells.len() != columns {
                return Err(Error::Ragged {
                    row: row + 1,
                    cells: cells.len(),
                    columns,
                });
            }
            cells.iter().try_for_each(|cell| words(cell))?;
        }
        within(self.rows.len(), "table rows", ROWS_MAX)?;
        within(columns, "table columns", COLUMNS_MAX)
    }
}

fn words(text: &str) -> Result<(), Error> {
    within(text.chars().count(), "characters in one block", WORDS_MAX)
}

const fn within(count: usize, what: &'static str, limit: usize) -> Result<(), Error> {
    if count > limit {
        return Err(Error::TooLong { what, limit });
    }
    Ok(())
}
