//! Lines onto pages: an A4 column that words flow down, breaking where a reader would not mind.
//! Measures in points from the top left corner.

use kernel::Lang;

use crate::{
    Error, Lean, PAGES_MAX,
    line::{Ink, Line, Setter, Style, Weight},
    tag::{Kind, Place, Tree},
};

pub(crate) const WIDTH: f32 = 595.28;
pub(crate) const HEIGHT: f32 = 841.89;
pub(crate) const LEFT: f32 = 64.0;
pub(crate) const RIGHT: f32 = WIDTH - 64.0;
pub(crate) const MEASURE: f32 = RIGHT - LEFT;
/// Where the column starts on the first page and on the pages after it.
pub(crate) const TOP_FIRST: f32 = 48.0;
const TOP_NEXT: f32 = 86.0;
const BOTTOM: f32 = HEIGHT - 62.0;

/// Something drawn at a place. `part` is where it belongs in the structure; ornaments belong nowhere.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) shape: Shape,
    pub(crate) part: Option<Place>,
}

#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Words(Line),
    Box { width: f32, height: f32, fill: Fill },
    Code(Code),
    Arch { size: f32 },
}

/// Fills of rules and panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    Brand,
    Hair,
    Tint,
}

/// The dark modules of a QR code, row by row, and the side of the drawn square.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) modules: Vec<bool>,
    pub(crate) per_side: usize,
    pub(crate) size: f32,
}

/// A heading's words and where it stands, for the outline.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) words: String,
    pub(crate) page: usize,
    pub(crate) y: f32,
}

/// A cell that has been broken into lines.
pub(crate) struct Cell {
    pub(crate) part: Place,
    pub(crate) x: f32,
    pub(crate) width: f32,
    pub(crate) lean: Lean,
    pub(crate) lines: Vec<Line>,
}

/// The finished pages.
pub(crate) struct Set {
    pub(crate) pages: Vec<Vec<Item>>,
    pub(crate) tree: Tree,
    pub(crate) outline: Vec<Entry>,
}

pub(crate) struct Composer {
    pub(crate) setter: Setter,
    pub(crate) tree: Tree,
    pub(crate) lang: Lang,
    pub(crate) y: f32,
    pages: Vec<Vec<Item>>,
    outline: Vec<Entry>,
    is_fresh: bool,
}

impl Composer {
    pub(crate) fn new(lang: Lang) -> Result<Self, Error> {
        Ok(Self {
            setter: Setter::new(lang)?,
            tree: Tree::new(),
            lang,
            y: TOP_FIRST,
            pages: vec![Vec::new()],
            outline: Vec::new(),
            is_fresh: true,
        })
    }

    pub(crate) fn finish(self) -> Result<Set, Error> {
        self.setter.finish()?;
        Ok(Set {
            pages: self.pages,
            tree: self.tree,
            outline: self.outline,
        })
    }

    /// The style of running text.
    pub(crate) const fn body(&self) -> Style {
        Style {
            size: 10.5,
            leading: match self.lang {
                Lang::En => 16.0,
                Lang::Tc | Lang::Sc => 18.0,
            },
            weight: Weight::Regular,
            ink: Ink::Text,
        }
    }

    pub(crate) fn place(&mut self, x: f32, y: f32, shape: Shape, part: Option<Place>) {
        self.is_fresh = false;
        if let Some(page) = self.pages.last_mut() {
            page.push(Item { x, y, shape, part });
        }
    }

    /// Empty space down the column; none at the top of a page.
    pub(crate) fn gap(&mut self, height: f32) {
        if !self.is_fresh {
            self.y += height;
        }
    }

    /// Starts a new page unless `height` points fit on this one.
    pub(crate) fn need(&mut self, height: f32) -> Result<(), Error> {
        if self.y + height > BOTTOM && !self.is_fresh {
            self.turn()?;
        }
        Ok(())
    }

    pub(crate) fn turn(&mut self) -> Result<(), Error> {
        if self.pages.len() == PAGES_MAX {
            return Err(Error::TooLong {
                what: "pages",
                limit: PAGES_MAX,
            });
        }
        self.pages.push(Vec::new());
        self.y = TOP_NEXT;
        self.is_fresh = true;
        Ok(())
    }

    /// Sets words down the column as one part of the structure. No page ends after a paragraph's
    /// first line or begins with its last.
    pub(crate) fn flow(&mut self, part: Place, x: f32, lines: Vec<Line>) -> Result<(), Error> {
        let count = lines.len();
        for (index, line) in lines.into_iter().enumerate() {
            let leading = line.style.leading;
            let together = if count > 1 && (index == 0 || index + 2 == count) {
                leading * 2.0
            } else {
                leading
            };
            self.need(together)?;
            let y = self.y;
            self.place(x, y, Shape::Words(line), Some(part));
            self.y += leading;
        }
        Ok(())
    }

    /// Lines at a fixed spot, outside the flow. Gives the height used.
    pub(crate) fn fixed(&mut self, cell: Cell, top: f32) -> f32 {
        let mut y = top;
        for line in cell.lines {
            let x = match cell.lean {
                Lean::Start => cell.x,
                Lean::End => cell.x + cell.width - line.width,
            };
            let leading = line.style.leading;
            self.place(x, y, Shape::Words(line), Some(cell.part));
            y += leading;
        }
        y - top
    }

    /// Cells side by side. A row stays whole when a page can hold it; a longer one is continued.
    pub(crate) fn row(&mut self, cells: Vec<Cell>, padding: f32) -> Result<(), Error> {
        let height = tallest(&cells) + padding * 2.0;
        if height <= BOTTOM - TOP_NEXT {
            self.need(height)?;
        }
        let mut rest = cells;
        loop {
            self.y += padding;
            let room = BOTTOM - padding - self.y;
            let (now, later) = split(rest, room);
            let used = tallest(&now);
            let top = self.y;
            for cell in now {
                self.fixed(cell, top);
            }
            self.y = top + used + padding;
            if later.iter().all(|cell| cell.lines.is_empty()) {
                return Ok(());
            }
            self.turn()?;
            rest = later;
        }
    }

    pub(crate) fn rule(&mut self, thickness: f32, fill: Fill) {
        let y = self.y;
        let shape = Shape::Box {
            width: MEASURE,
            height: thickness,
            fill,
        };
        self.place(LEFT, y, shape, None);
    }

    /// A heading with its entry in the outline, kept with the two lines after it.
    pub(crate) fn heading(&mut self, words: &str, level: u16, style: Style) -> Result<(), Error> {
        let lines = self.setter.lines(words, style, MEASURE);
        let height: f32 = lines.iter().map(|line| line.style.leading).sum();
        self.need(height + self.body().leading * 2.5)?;
        self.outline.push(Entry {
            words: words.to_owned(),
            page: self.pages.len() - 1,
            y: self.y,
        });
        let kind = Kind::Heading {
            level,
            words: words.to_owned(),
        };
        let part = self.tree.add(Tree::root(), kind);
        self.flow(part, LEFT, lines)
    }
}

fn tallest(cells: &[Cell]) -> f32 {
    cells
        .iter()
        .map(|cell| cell.lines.iter().map(|line| line.style.leading).sum())
        .fold(0.0, f32::max)
}

/// The lines of each cell that fit in `room` (at least one, so that setting always ends), and the rest.
fn split(cells: Vec<Cell>, room: f32) -> (Vec<Cell>, Vec<Cell>) {
    cells
        .into_iter()
        .map(|mut cell| {
            let mut height = 0.0;
            let fit = cell
                .lines
                .iter()
                .take_while(|line| {
                    height += line.style.leading;
                    height <= room
                })
                .count()
                .max(1)
                .min(cell.lines.len());
            let later = Cell {
                lines: cell.lines.split_off(fit),
                ..cell
            };
            (cell, later)
        })
        .unzip()
}
