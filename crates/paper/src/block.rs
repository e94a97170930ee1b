//! The blocks of the body: how each looks and what it is in the structure.

use crate::{
    Block, Column, Error, Fact, Lean, Table,
    line::{Ink, Style, Weight},
    page::{Cell, Composer, Fill, LEFT, MEASURE, Shape},
    tag::{Kind, Place, Tree},
};

const INDENT: f32 = 18.0;
const HAIR: f32 = 0.5;
const CELL_PADDING: f32 = 4.5;
/// Between the columns of a table.
const GUTTER: f32 = 12.0;
/// The share of the measure that the names of facts take.
const NAME_SHARE: f32 = 0.34;

pub(crate) fn set(page: &mut Composer, block: &Block) -> Result<(), Error> {
    match block {
        Block::Heading(words) => heading(page, words),
        Block::Paragraph(words) => paragraph(page, words),
        Block::List(items) => list(page, items, Kind::List),
        Block::Numbered(items) => list(page, items, Kind::NumberedList),
        Block::Facts(facts) => rows(page, facts),
        Block::Table(table) => tabulate(page, table),
        Block::Highlight(fact) => highlight(page, fact),
    }
}

fn heading(page: &mut Composer, words: &str) -> Result<(), Error> {
    let style = Style {
        size: 11.5,
        leading: 18.0,
        weight: Weight::Strong,
        ink: Ink::Brand,
    };
    page.gap(8.0);
    page.heading(words, 2, style)?;
    page.gap(3.0);
    Ok(())
}

fn paragraph(page: &mut Composer, words: &str) -> Result<(), Error> {
    let body = page.body();
    let lines = page.setter.lines(words, body, MEASURE);
    let part = page.tree.add(Tree::root(), Kind::Paragraph);
    page.flow(part, LEFT, lines)?;
    page.gap(8.0);
    Ok(())
}

fn list(page: &mut Composer, items: &[String], kind: Kind) -> Result<(), Error> {
    let body = page.body();
    let is_numbered = kind == Kind::NumberedList;
    let list = page.tree.add(Tree::root(), kind);
    for (index, item) in items.iter().enumerate() {
        let label = if is_numbered {
            format!("{}.", index + 1)
        } else {
            "•".to_owned()
        };
        let part = page.tree.add(list, Kind::Item);
        let label_part = page.tree.add(part, Kind::Label);
        let body_part = page.tree.add(part, Kind::ItemBody);
        let label = page.setter.lines(&label, body, INDENT);
        let lines = page.setter.lines(item, body, MEASURE - INDENT);
        let together = lines.len().min(2);
        page.need(body.leading * f32::from(u8::try_from(together).unwrap_or(2)))?;
        let top = page.y;
        page.fixed(start(label_part, LEFT + 3.0, INDENT, label), top);
        page.flow(body_part, LEFT + INDENT, lines)?;
        page.gap(3.0);
    }
    page.gap(6.0);
    Ok(())
}

fn rows(page: &mut Composer, facts: &[Fact]) -> Result<(), Error> {
    let body = page.body();
    let name_style = Style {
        ink: Ink::Quiet,
        ..body
    };
    let name_width = MEASURE * NAME_SHARE;
    let value_x = LEFT + name_width + GUTTER;
    let value_width = MEASURE - name_width - GUTTER;
    let table = page.tree.add(Tree::root(), Kind::Table);
    let table = page.tree.add(table, Kind::Body);
    page.gap(2.0);
    page.need(body.leading + CELL_PADDING * 2.0)?;
    page.rule(HAIR, Fill::Hair);
    for fact in facts {
        let row = page.tree.add(table, Kind::Row);
        let name_part = page.tree.add(row, Kind::RowName);
        let value_part = page.tree.add(row, Kind::Cell);
        let name = page.setter.lines(&fact.name, name_style, name_width);
        let value = page.setter.lines(&fact.value, body, value_width);
        let cells = vec![
            start(name_part, LEFT, name_width, name),
            start(value_part, value_x, value_width, value),
        ];
        page.row(cells, CELL_PADDING)?;
        page.rule(HAIR, Fill::Hair);
    }
    page.gap(12.0);
    Ok(())
}

fn tabulate(page: &mut Composer, table: &Table) -> Result<(), Error> {
    let body = page.body();
    let head_style = Style {
        size: 9.0,
        leading: 14.0,
        weight: Weight::Strong,
        ink: Ink::Quiet,
    };
    let foot_style = Style {
        weight: Weight::Strong,
        ..body
    };
    let part = page.tree.add(Tree::root(), Kind::Table);
    let names: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
    page.gap(2.0);
    page.need(head_style.leading + body.leading + CELL_PADDING * 4.0)?;
    let head = page.tree.add(part, Kind::Head);
    let head = page.tree.add(head, Kind::Row);
    let cells = cells(page, &table.columns, &names, (head, true, head_style));
    page.row(cells, CELL_PADDING * 0.6)?;
    page.rule(0.9, Fill::Brand);
    let middle = page.tree.add(part, Kind::Body);
    for row in &table.rows {
        let row_part = page.tree.add(middle, Kind::Row);
        let cells = self::cells(page, &table.columns, row, (row_part, false, body));
        page.row(cells, CELL_PADDING)?;
        page.rule(HAIR, Fill::Hair);
    }
    if let Some(foot) = &table.foot {
        let foot_part = page.tree.add(part, Kind::Foot);
        let foot_part = page.tree.add(foot_part, Kind::Row);
        let cells = self::cells(page, &table.columns, foot, (foot_part, false, foot_style));
        page.row(cells, CELL_PADDING)?;
        page.rule(0.9, Fill::Brand);
    }
    page.gap(12.0);
    Ok(())
}

/// The cells of one row: `(row, whether the row names the columns, style)`.
fn cells(
    page: &mut Composer,
    columns: &[Column],
    words: &[String],
    (row, is_head, style): (Place, bool, Style),
) -> Vec<Cell> {
    let shares: f32 = columns.iter().map(|c| f32::from(c.share.max(1))).sum();
    let gutters = f32::from(u8::try_from(columns.len().saturating_sub(1)).unwrap_or(0)) * GUTTER;
    let mut x = LEFT;
    let mut cells = Vec::with_capacity(columns.len());
    for (column, text) in columns.iter().zip(words) {
        let width = (MEASURE - gutters) * f32::from(column.share.max(1)) / shares.max(1.0);
        let kind = if is_head {
            Kind::ColumnName
        } else {
            Kind::Cell
        };
        let part = page.tree.add(row, kind);
        cells.push(Cell {
            part,
            x,
            width,
            lean: column.lean,
            lines: page.setter.lines(text, style, width),
        });
        x += width + GUTTER;
    }
    cells
}

fn highlight(page: &mut Composer, fact: &Fact) -> Result<(), Error> {
    const PAD: f32 = 14.0;
    const BAR: f32 = 3.0;
    let name_style = Style {
        size: 9.5,
        leading: 15.0,
        weight: Weight::Regular,
        ink: Ink::Quiet,
    };
    let value_style = Style {
        size: 21.0,
        leading: 29.0,
        weight: Weight::Strong,
        ink: Ink::Brand,
    };
    let x = LEFT + BAR + PAD;
    let width = MEASURE - BAR - PAD * 2.0;
    let part = page.tree.add(Tree::root(), Kind::Paragraph);
    let name = page.setter.lines(&fact.name, name_style, width);
    let value = page.setter.lines(&fact.value, value_style, width);
    let height = name
        .iter()
        .chain(&value)
        .map(|line| line.style.leading)
        .sum::<f32>()
        + PAD * 1.4;
    page.gap(2.0);
    page.need(height)?;
    let top = page.y;
    page.place(LEFT, top, panel(MEASURE, height, Fill::Tint), None);
    page.place(LEFT, top, panel(BAR, height, Fill::Brand), None);
    let used = page.fixed(start(part, x, width, name), top + PAD * 0.7);
    page.fixed(start(part, x, width, value), top + PAD * 0.7 + used);
    page.y = top + height;
    page.gap(14.0);
    Ok(())
}

const fn panel(width: f32, height: f32, fill: Fill) -> Shape {
    Shape::Box {
        width,
        height,
        fill,
    }
}

pub(crate) const fn start(part: Place, x: f32, width: f32, lines: Vec<crate::line::Line>) -> Cell {
    Cell {
        part,
        x,
        width,
        lean: Lean::Start,
        lines,
    }
}
