//! The parts around the body: letterhead, reference and date, addressee, signature, verification.

use qrcode::{EcLevel, QrCode};

use crate::{
    Document, Error, Lean, Signature, Verify, block,
    block::start,
    line::{Ink, Style, Weight},
    page::{Cell, Code, Composer, Fill, LEFT, MEASURE, RIGHT, Set, Shape},
    tag::{Kind, Tree},
    words,
};

const ARCH: f32 = 36.0;
const META_WIDTH: f32 = 150.0;
const OFFICE_WIDTH: f32 = 190.0;
const CODE_SIZE: f32 = 66.0;

const SMALL: Style = Style {
    size: 8.2,
    leading: 12.2,
    weight: Weight::Regular,
    ink: Ink::Quiet,
};

pub(crate) fn set(document: &Document) -> Result<Set, Error> {
    let mut page = Composer::new(document.lang)?;
    notice(&mut page, document);
    letterhead(&mut page, document);
    opening(&mut page, document)?;
    for block in &document.body {
        block::set(&mut page, block)?;
    }
    if let Some(signature) = &document.signature {
        sign(&mut page, signature)?;
    }
    if let Some(verify) = &document.verify {
        check(&mut page, verify)?;
    }
    page.finish()
}

fn notice(page: &mut Composer, document: &Document) {
    let Some(words) = &document.notice else {
        return;
    };
    let style = Style {
        ink: Ink::Text,
        ..SMALL
    };
    let lines = page.setter.lines(words, style, MEASURE - 16.0);
    let height = lines.iter().map(|l| l.style.leading).sum::<f32>() + 6.0;
    let part = page.tree.add(Tree::root(), Kind::Paragraph);
    let top = page.y - 26.0;
    let shape = Shape::Box {
        width: MEASURE,
        height,
        fill: Fill::Tint,
    };
    page.place(LEFT, top, shape, None);
    page.fixed(start(part, LEFT + 8.0, MEASURE - 16.0, lines), top + 3.0);
    page.y = page.y.max(top + height + 12.0);
}

fn letterhead(page: &mut Composer, document: &Document) {
    let top = page.y;
    page.place(LEFT, top, Shape::Arch { size: ARCH }, None);
    let style = Style {
        size: 15.0,
        leading: 21.0,
        weight: Weight::Strong,
        ink: Ink::Brand,
    };
    let head = &document.letterhead;
    let office_width = if head.office.is_empty() {
        0.0
    } else {
        OFFICE_WIDTH
    };
    let x = LEFT + ARCH + 12.0;
    let width = RIGHT - x - office_width - 12.0;
    let part = page.tree.add(Tree::root(), Kind::Paragraph);
    let lines = page.setter.lines(&head.department, style, width);
    let tall: f32 = lines.iter().map(|l| l.style.leading).sum();
    page.fixed(
        start(part, x, width, lines),
        top + ((ARCH - tall) / 2.0).max(0.0),
    );
    let mut bottom = top + tall.max(ARCH);
    if !head.office.is_empty() {
        let part = page.tree.add(Tree::root(), Kind::Paragraph);
        let lines = page
            .setter
            .lines(&head.office.join("\n"), SMALL, OFFICE_WIDTH);
        let cell = Cell {
            lean: Lean::End,
            ..start(part, RIGHT - OFFICE_WIDTH, OFFICE_WIDTH, lines)
        };
        bottom = bottom.max(top + page.fixed(cell, top));
    }
    page.y = bottom + 11.0;
    page.rule(1.1, Fill::Brand);
    page.y += 22.0;
}

/// Addressee on the left as in a window envelope, reference and date on the right, then salutation
/// and subject.
fn opening(page: &mut Composer, document: &Document) -> Result<(), Error> {
    let top = page.y;
    let mut bottom = top;
    if !document.addressee.is_empty() {
        let body = page.body();
        let part = page.tree.add(Tree::root(), Kind::Paragraph);
        let width = MEASURE - META_WIDTH - 24.0;
        let lines = page
            .setter
            .lines(&document.addressee.join("\n"), body, width);
        bottom = top + page.fixed(start(part, LEFT, width, lines), top);
    }
    bottom = bottom.max(top + particulars(page, document, top));
    page.y = bottom + 18.0;
    if let Some(salutation) = &document.salutation {
        let body = page.body();
        let words = words::with_comma(document.lang, salutation);
        let lines = page.setter.lines(&words, body, MEASURE);
        let part = page.tree.add(Tree::root(), Kind::Paragraph);
        page.flow(part, LEFT, lines)?;
        page.gap(10.0);
    }
    let title = Style {
        size: 15.0,
        leading: 22.0,
        weight: Weight::Strong,
        ink: Ink::Text,
    };
    page.heading(&document.title, 1, title)?;
    page.gap(10.0);
    Ok(())
}

fn particulars(page: &mut Composer, document: &Document, top: f32) -> f32 {
    let x = RIGHT - META_WIDTH;
    let value = page.body();
    let mut y = top;
    let reference = document
        .reference
        .as_ref()
        .map(|reference| (words::reference(document.lang), reference.clone()));
    let date = (
        words::date(document.lang),
        document.date.long(document.lang),
    );
    for (name, words) in reference.into_iter().chain([date]) {
        let part = page.tree.add(Tree::root(), Kind::Paragraph);
        let name = page.setter.lines(name, SMALL, META_WIDTH);
        let words = page.setter.lines(&words, value, META_WIDTH);
        y += page.fixed(start(part, x, META_WIDTH, name), y);
        y += page.fixed(start(part, x, META_WIDTH, words), y) + 5.0;
    }
    y - top
}

fn sign(page: &mut Composer, signature: &Signature) -> Result<(), Error> {
    let body = page.body();
    let strong = Style {
        weight: Weight::Strong,
        ..body
    };
    page.gap(6.0);
    page.need(body.leading * 4.0 + 30.0)?;
    let closing = words::with_comma(page.lang, &signature.closing);
    let closing = closing.trim_end_matches('：').to_owned();
    let part = page.tree.add(Tree::root(), Kind::Paragraph);
    let lines = page.setter.lines(&closing, body, MEASURE);
    page.flow(part, LEFT, lines)?;
    page.y += 26.0;
    let part = page.tree.add(Tree::root(), Kind::Paragraph);
    for (words, style) in [
        (&signature.name, strong),
        (&signature.post, body),
        (&signature.on_behalf_of, body),
    ] {
        let lines = page.setter.lines(words, style, MEASURE);
        page.flow(part, LEFT, lines)?;
    }
    page.gap(6.0);
    Ok(())
}

fn check(page: &mut Composer, verify: &Verify) -> Result<(), Error> {
    let style = Style {
        size: 8.8,
        leading: 13.6,
        ..SMALL
    };
    let code_width = if verify.code.is_some() {
        CODE_SIZE + 16.0
    } else {
        0.0
    };
    let width = MEASURE - code_width;
    let lines = page.setter.lines(&verify.words, style, width);
    let tall: f32 = lines.iter().map(|l| l.style.leading).sum();
    let height = if verify.code.is_some() {
        tall.max(CODE_SIZE)
    } else {
        tall
    };
    page.gap(10.0);
    page.need(height + 12.0)?;
    page.rule(0.5, Fill::Hair);
    page.y += 12.0;
    let top = page.y;
    if let Some(words) = &verify.code {
        let alt = words::code(page.lang).to_owned();
        let part = page.tree.add(Tree::root(), Kind::Figure { alt });
        let shape = Shape::Code(code(words)?);
        page.place(LEFT, top, shape, Some(part));
    }
    let part = page.tree.add(Tree::root(), Kind::Paragraph);
    let inset = if verify.code.is_some() {
        ((height - tall) / 2.0).max(0.0)
    } else {
        0.0
    };
    page.fixed(start(part, LEFT + code_width, width, lines), top + inset);
    page.y = top + height;
    Ok(())
}

fn code(words: &str) -> Result<Code, Error> {
    let code = QrCode::with_error_correction_level(words, EcLevel::M)
        .map_err(|_| Error::Code { bytes: words.len() })?;
    Ok(Code {
        per_side: code.width(),
        modules: code
            .to_colors()
            .into_iter()
            .map(|color| color == qrcode::Color::Dark)
            .collect(),
        size: CODE_SIZE,
    })
}
