//! Pages into the bytes of a file: PDF/A-2a and PDF/UA-1, both enforced by the writer.

use krilla::{
    SerializeSettings,
    color::rgb,
    configure::{Accessibility, Archival, ConfigurationBuilder},
    destination::XyzDestination,
    geom::{PathBuilder, Point, Rect},
    metadata::{DateTime, Metadata, TextDirection},
    outline::{Outline, OutlineNode},
    page::PageSettings,
    paint::{Fill as Paint, FillRule, LineCap, Stroke},
    surface::Surface,
    tagging::{Artifact, ArtifactType, ContentTag, SpanTag},
    text::{GlyphId, KrillaGlyph},
};

use crate::{
    Document, Error,
    face::Faces,
    line::{Ink, Line, Setter, Style, Weight},
    mark,
    page::{Code, Fill, HEIGHT, Item, LEFT, MEASURE, RIGHT, Set, Shape, WIDTH},
    tag::Tree,
    words,
};

/// How far strong letters are thickened, as a part of their size.
const STRONG: f32 = 0.024;
/// The optical centre of a line of Chinese and Latin words above their baseline, as a part of the size.
const CENTRE: f32 = 0.365;

pub(crate) fn write(document: &Document, mut set: Set) -> Result<Vec<u8>, Error> {
    let mut file = krilla::Document::new_with(settings()?);
    file.set_metadata(metadata(document));
    let count = set.pages.len();
    let pages = std::mem::take(&mut set.pages);
    for (index, items) in pages.into_iter().enumerate() {
        let size = PageSettings::from_wh(WIDTH, HEIGHT)
            .ok_or_else(|| Error::Refused("page size".to_owned()))?;
        let mut page = file.start_page_with(size);
        let mut surface = page.surface();
        if index > 0 {
            furniture(&mut surface, head(document)?)?;
        }
        for item in items {
            draw(&mut surface, &item, &mut set.tree)?;
        }
        furniture(&mut surface, foot(document, index + 1, count)?)?;
        surface.finish();
        page.finish();
    }
    let mut outline = Outline::new();
    for entry in set.outline {
        let target = XyzDestination::new(entry.page, Point::from_xy(0.0, entry.y - 12.0));
        outline.push_child(OutlineNode::new(entry.words, target));
    }
    file.set_outline(outline);
    file.set_tag_tree(set.tree.finish(document.lang.tag()));
    file.finish()
        .map_err(|error| Error::Refused(format!("{error:?}")))
}

fn settings() -> Result<SerializeSettings, Error> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| Error::Refused(format!("{error:?}")))?;
    Ok(SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    })
}

fn metadata(document: &Document) -> Metadata {
    let date = document.date;
    let year = u16::try_from(date.year()).unwrap_or(1970);
    let small = |number: i8| u8::try_from(number).unwrap_or(1);
    let created = DateTime::new(year)
        .month(small(date.month()))
        .day(small(date.day()))
        .hour(0)
        .minute(0)
        .second(0)
        .utc_offset_hour(8)
        .utc_offset_minute(0);
    let mut metadata = Metadata::new()
        .title(document.title.clone())
        .language(document.lang.tag().to_owned())
        .creator("Causeway".to_owned())
        .text_direction(TextDirection::LeftToRight)
        .creation_date(created);
    if !document.letterhead.department.is_empty() {
        metadata = metadata.authors(vec![document.letterhead.department.clone()]);
    }
    if let Some(reference) = &document.reference {
        metadata = metadata.description(reference.clone());
    }
    metadata
}

fn draw(surface: &mut Surface<'_>, item: &Item, tree: &mut Tree) -> Result<(), Error> {
    let tag = match (&item.part, &item.shape) {
        (None, _) => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
        (Some(_), Shape::Words(_)) => ContentTag::Span(SpanTag::empty()),
        (Some(_), _) => ContentTag::Other,
    };
    let leaf = surface.start_tagged(tag);
    paint(surface, item)?;
    surface.end_tagged();
    if let Some(part) = item.part {
        tree.leaf(part, leaf);
    }
    Ok(())
}

fn paint(surface: &mut Surface<'_>, item: &Item) -> Result<(), Error> {
    match &item.shape {
        Shape::Words(line) => return words_at(surface, line, item.x, item.y),
        Shape::Box {
            width,
            height,
            fill,
        } => {
            surface.set_stroke(None);
            surface.set_fill(Some(solid(colour(*fill))));
            let mut path = PathBuilder::new();
            if let Some(rect) = Rect::from_xywh(item.x, item.y, *width, *height) {
                path.push_rect(rect);
            }
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Shape::Arch { size } => arch(surface, item, *size),
        Shape::Code(code) => modules(surface, code, item),
    }
    Ok(())
}

fn arch(surface: &mut Surface<'_>, item: &Item, size: f32) {
    let mark = mark::mark(item.x, item.y, size);
    surface.set_stroke(None);
    for (path, fill) in [(mark.sun, sun()), (mark.deck, colour(Fill::Brand))] {
        surface.set_fill(Some(solid(fill)));
        if let Some(path) = path {
            surface.draw_path(&path);
        }
    }
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: water().into(),
        width: mark.wave_width,
        line_cap: LineCap::Round,
        ..Stroke::default()
    }));
    if let Some(path) = mark.wave {
        surface.draw_path(&path);
    }
    surface.set_stroke(None);
}

fn words_at(surface: &mut Surface<'_>, line: &Line, x: f32, y: f32) -> Result<(), Error> {
    let faces = Faces::shared()?;
    let style = line.style;
    let ink = ink(style.ink);
    surface.set_fill(Some(solid(ink)));
    surface.set_stroke(match style.weight {
        Weight::Regular => None,
        Weight::Strong => Some(Stroke {
            paint: ink.into(),
            width: style.size * STRONG,
            ..Stroke::default()
        }),
    });
    let baseline = y + style.leading / 2.0 + style.size * CENTRE;
    for span in &line.spans {
        let glyphs: Vec<KrillaGlyph> = span
            .glyphs
            .iter()
            .map(|glyph| {
                KrillaGlyph::new(
                    GlyphId::new(glyph.id),
                    glyph.advance / style.size,
                    glyph.x / style.size,
                    glyph.y / style.size,
                    0.0,
                    glyph.text.clone(),
                    None,
                )
            })
            .collect();
        surface.draw_glyphs(
            Point::from_xy(x + span.x, baseline),
            &glyphs,
            faces.font(span.face).clone(),
            &line.text,
            style.size,
            false,
        );
    }
    surface.set_stroke(None);
    Ok(())
}

fn modules(surface: &mut Surface<'_>, code: &Code, item: &Item) {
    let side = f32::from(u16::try_from(code.per_side).unwrap_or(u16::MAX)).max(1.0);
    let step = code.size / side;
    let mut path = PathBuilder::new();
    for (row, modules) in code.modules.chunks(code.per_side.max(1)).enumerate() {
        let y = item.y + step * f32::from(u16::try_from(row).unwrap_or(0));
        for (column, _) in modules.iter().enumerate().filter(|(_, dark)| **dark) {
            let x = item.x + step * f32::from(u16::try_from(column).unwrap_or(0));
            if let Some(rect) = Rect::from_xywh(x, y, step, step) {
                path.push_rect(rect);
            }
        }
    }
    surface.set_stroke(None);
    surface.set_fill(Some(solid(rgb::Color::black())));
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

/// The band at the head or foot of a page: words left and right and a hairline.
struct Furniture {
    kind: ArtifactType,
    top: f32,
    rule: f32,
    left: Vec<Line>,
    right: Vec<Line>,
}

const FURNITURE: Style = Style {
    size: 8.0,
    leading: 12.0,
    weight: Weight::Regular,
    ink: Ink::Quiet,
};

fn head(document: &Document) -> Result<Furniture, Error> {
    let mut setter = Setter::new(document.lang)?;
    let right = document.notice.clone().unwrap_or_default();
    Ok(Furniture {
        kind: ArtifactType::Header,
        top: 44.0,
        rule: 62.0,
        left: first(&mut setter, &document.title, MEASURE * 0.55),
        right: first(&mut setter, &right, MEASURE * 0.42),
    })
}

fn foot(document: &Document, number: usize, count: usize) -> Result<Furniture, Error> {
    let mut setter = Setter::new(document.lang)?;
    let mut left = document.letterhead.department.clone();
    if let Some(reference) = &document.reference {
        if !left.is_empty() {
            left.push_str(" · ");
        }
        left.push_str(reference);
    }
    let right = words::page(document.lang, number, count);
    Ok(Furniture {
        kind: ArtifactType::Footer,
        top: HEIGHT - 46.0,
        rule: HEIGHT - 52.0,
        left: first(&mut setter, &left, MEASURE * 0.75),
        right: first(&mut setter, &right, MEASURE * 0.24),
    })
}

/// The first line only: furniture never grows.
fn first(setter: &mut Setter, words: &str, width: f32) -> Vec<Line> {
    let mut lines = setter.lines(words, FURNITURE, width);
    lines.truncate(1);
    lines
}

fn furniture(surface: &mut Surface<'_>, furniture: Furniture) -> Result<(), Error> {
    let tag = ContentTag::Artifact(Artifact::with_kind(furniture.kind));
    surface.start_tagged(tag);
    let rule = Item {
        x: LEFT,
        y: furniture.rule,
        shape: Shape::Box {
            width: MEASURE,
            height: 0.5,
            fill: Fill::Hair,
        },
        part: None,
    };
    paint(surface, &rule)?;
    for line in furniture.left {
        words_at(surface, &line, LEFT, furniture.top)?;
    }
    for line in furniture.right {
        words_at(surface, &line, RIGHT - line.width, furniture.top)?;
    }
    surface.end_tagged();
    Ok(())
}

fn solid(colour: rgb::Color) -> Paint {
    Paint {
        paint: colour.into(),
        rule: FillRule::NonZero,
        ..Paint::default()
    }
}

fn ink(ink: Ink) -> rgb::Color {
    match ink {
        Ink::Text => rgb::Color::new(0x10, 0x26, 0x2c),
        Ink::Quiet => rgb::Color::new(0x4b, 0x60, 0x67),
        Ink::Brand => rgb::Color::new(0x08, 0x4a, 0x55),
    }
}

fn colour(fill: Fill) -> rgb::Color {
    match fill {
        Fill::Brand => rgb::Color::new(0x08, 0x4a, 0x55),
        Fill::Hair => rgb::Color::new(0xd4, 0xdc, 0xdc),
        Fill::Tint => rgb::Color::new(0xe6, 0xf1, 0xf1),
    }
}

fn sun() -> rgb::Color {
    rgb::Color::new(0xf4, 0xb2, 0x4a)
}

fn water() -> rgb::Color {
    rgb::Color::new(0x4f, 0xa9, 0xb4)
}
