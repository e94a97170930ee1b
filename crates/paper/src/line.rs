//! Words into lines: shaping and line breaking (UAX #14) by parley, reduced to what drawing needs.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use kernel::Lang;
use parley::{
    FontContext, Layout, LayoutContext, LineHeight, OverflowWrap, StyleProperty, layout::Run,
};

use crate::{
    Error,
    face::{self, Face, Faces},
};

/// How words look. Sizes in points (1/72 inch).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Style {
    pub(crate) size: f32,
    pub(crate) leading: f32,
    pub(crate) weight: Weight,
    pub(crate) ink: Ink,
}

/// Strong is drawn by thickening the regular outline, so that one face of 7 MB serves both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Strong,
}

/// The inks of the house. Contrast on white is at least 4.5 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Text,
    Quiet,
    Brand,
}

/// One set line. Its height is the leading of its style.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) text: Arc<str>,
    pub(crate) spans: Vec<Span>,
    /// Advance without trailing space.
    pub(crate) width: f32,
    pub(crate) style: Style,
}

/// Glyphs of one face, in order.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) face: Face,
    pub(crate) x: f32,
    pub(crate) glyphs: Vec<Glyph>,
}

#[derive(Clone, Debug)]
pub(crate) struct Glyph {
    pub(crate) id: u32,
    pub(crate) advance: f32,
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) text: Range<usize>,
}

impl Line {
    /// Fills the measure by opening the space between all characters, as Chinese is set. A line with
    /// more room than two characters was broken for another reason and stays as it is.
    fn stretch(&mut self, width: f32) {
        let slack = width - self.width;
        let is_narrow = slack > 0.0 && slack < self.style.size * 2.0;
        let count = self
            .spans
            .iter()
            .map(|span| span.glyphs.len())
            .sum::<usize>();
        let gaps = f32::from(u16::try_from(count.saturating_sub(1)).unwrap_or(u16::MAX));
        if !is_narrow || gaps < 8.0 {
            return;
        }
        let glyphs = self.spans.iter_mut().flat_map(|span| &mut span.glyphs);
        for glyph in glyphs.take(count.saturating_sub(1)) {
            glyph.advance += slack / gaps;
        }
        self.width = width;
    }

    /// Places each span after the one before it.
    fn arrange(&mut self) {
        let mut x = 0.0;
        for span in &mut self.spans {
            span.x = x;
            x += span.glyphs.iter().map(|glyph| glyph.advance).sum::<f32>();
        }
    }
}

/// Sets words in one language and remembers the characters that no face could show.
pub(crate) struct Setter {
    faces: &'static Faces,
    fonts: FontContext,
    layouts: LayoutContext<()>,
    lang: Lang,
    missing: BTreeSet<char>,
}

impl Setter {
    pub(crate) fn new(lang: Lang) -> Result<Self, Error> {
        let faces = Faces::shared()?;
        Ok(Self {
            faces,
            fonts: faces.context.clone(),
            layouts: LayoutContext::new(),
            lang,
            missing: BTreeSet::new(),
        })
    }

    /// Breaks `words` into lines at most `width` points wide. A line feed starts a new line; other
    /// control characters are left out.
    pub(crate) fn lines(&mut self, words: &str, style: Style, width: f32) -> Vec<Line> {
        words
            .split('\n')
            .flat_map(|part| self.paragraph(part, style, width))
            .collect()
    }

    /// Ends the setting: an error when any character had no glyph.
    pub(crate) fn finish(self) -> Result<(), Error> {
        if self.missing.is_empty() {
            return Ok(());
        }
        Err(Error::Missing {
            characters: self.missing.into_iter().collect(),
        })
    }

    fn paragraph(&mut self, words: &str, style: Style, width: f32) -> Vec<Line> {
        let text: String = words
            .chars()
            .map(|c| if c == '\t' { ' ' } else { c })
            .filter(|c| !c.is_control())
            .collect();
        if text.trim().is_empty() {
            return Vec::new();
        }
        let text: Arc<str> = text.into();
        let layout = self.layout(&text, style, width);
        let last = layout.len().saturating_sub(1);
        let mut lines = Vec::with_capacity(layout.len());
        for (index, line) in layout.lines().enumerate() {
            let metrics = line.metrics();
            let mut set = Line {
                text: Arc::clone(&text),
                spans: line.runs().map(|run| self.span(&text, &run)).collect(),
                width: metrics.advance - metrics.hanging_advance,
                style,
            };
            if index < last && self.lang != Lang::En {
                set.stretch(width);
            }
            set.arrange();
            lines.push(set);
        }
        lines
    }

    fn layout(&mut self, text: &str, style: Style, width: f32) -> Layout<()> {
        let mut builder = self
            .layouts
            .ranged_builder(&mut self.fonts, text, 1.0, false);
        builder.push_default(StyleProperty::FontFamily(face::family(self.lang)));
        builder.push_default(StyleProperty::FontSize(style.size));
        builder.push_default(StyleProperty::LineHeight(LineHeight::Absolute(
            style.leading,
        )));
        builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::Anywhere));
        let mut layout = builder.build(text);
        layout.break_all_lines(Some(width));
        layout
    }

    fn span(&mut self, text: &str, run: &Run<'_, ()>) -> Span {
        let face = self.faces.of_blob(run.font().data.id());
        let mut glyphs: Vec<Glyph> = Vec::new();
        for cluster in run.visual_clusters() {
            let range = cluster.text_range();
            if cluster.is_ligature_continuation() {
                if let Some(last) = glyphs.last_mut() {
                    last.text.end = range.end;
                }
                continue;
            }
            for glyph in cluster.glyphs() {
                if glyph.id == 0 {
                    self.missing
                        .extend(text.get(range.clone()).into_iter().flat_map(str::chars));
                }
                glyphs.push(Glyph {
                    id: glyph.id,
                    advance: glyph.advance,
                    x: glyph.x,
                    y: glyph.y,
                    text: range.clone(),
                });
            }
        }
        Span {
            face,
            x: 0.0,
            glyphs,
        }
    }
}
