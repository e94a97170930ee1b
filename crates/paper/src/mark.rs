//! The Causeway mark: a sun behind a deck on arches, over waves; the same drawing as on every page,
//! in a square of 48 units.

use krilla::geom::{Path, PathBuilder};

/// Handle length of a cubic Bézier that draws a quarter of a circle.
const ROUND: f32 = 0.552_284_8;

/// The three parts of the mark.
pub(crate) struct Mark {
    /// Filled.
    pub(crate) sun: Option<Path>,
    /// Filled.
    pub(crate) deck: Option<Path>,
    /// Stroked with [`Mark::wave_width`].
    pub(crate) wave: Option<Path>,
    pub(crate) wave_width: f32,
}

/// Draws in the mark's own units at a place and a size.
struct Pen {
    path: PathBuilder,
    x: f32,
    y: f32,
    unit: f32,
}

/// The mark in a square of `size` points with its corner at `x`, `y`.
pub(crate) fn mark(x: f32, y: f32, size: f32) -> Mark {
    let unit = size / 48.0;
    let pen = || Pen {
        path: PathBuilder::new(),
        x,
        y,
        unit,
    };
    Mark {
        sun: sun(pen()),
        deck: deck(pen()),
        wave: wave(pen()),
        wave_width: 2.5 * unit,
    }
}

/// The upper half of the sun; the deck stands before the rest.
fn sun(mut pen: Pen) -> Option<Path> {
    pen.go(15.0, 18.0);
    pen.line(15.0, 17.0);
    pen.quarter((15.0, 17.0), (24.0, 8.0), true);
    pen.quarter((24.0, 8.0), (33.0, 17.0), false);
    pen.line(33.0, 18.0);
    pen.path.close();
    pen.path.finish()
}

fn deck(mut pen: Pen) -> Option<Path> {
    pen.go(3.5, 18.0);
    pen.line(44.5, 18.0);
    pen.quarter((44.5, 18.0), (46.5, 20.0), false);
    pen.line(46.5, 36.5);
    for (right, left) in [(42.0, 31.0), (30.0, 18.0), (17.0, 6.0)] {
        let radius = (right - left) / 2.0;
        let top = 36.5 - radius;
        pen.line(right, 36.5);
        pen.quarter((right, 36.5), (right - radius, top), true);
        pen.quarter((right - radius, top), (left, 36.5), false);
    }
    pen.line(1.5, 36.5);
    pen.line(1.5, 20.0);
    pen.quarter((1.5, 20.0), (3.5, 18.0), true);
    pen.path.close();
    pen.path.finish()
}

fn wave(mut pen: Pen) -> Option<Path> {
    pen.go(2.5, 42.5);
    let mut at = 2.5;
    for (step, bend) in [(10.8, -2.4), (10.7, 2.4), (10.7, -2.4), (10.8, 2.4)] {
        let third = step / 3.0;
        pen.curve(
            (at + third, 42.5 + bend),
            (at + third * 2.0, 42.5 + bend),
            (at + step, 42.5),
        );
        at += step;
    }
    pen.path.finish()
}

impl Pen {
    fn at(&self, (across, down): (f32, f32)) -> (f32, f32) {
        (self.x + across * self.unit, self.y + down * self.unit)
    }

    fn go(&mut self, across: f32, down: f32) {
        let (x, y) = self.at((across, down));
        self.path.move_to(x, y);
    }

    fn line(&mut self, across: f32, down: f32) {
        let (x, y) = self.at((across, down));
        self.path.line_to(x, y);
    }

    /// A quarter of a circle or ellipse, leaving `from` upright (or level) and arriving the other way.
    fn quarter(&mut self, from: (f32, f32), to: (f32, f32), leaves_upright: bool) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let (a, b) = if leaves_upright {
            ((from.0, from.1 + dy * ROUND), (to.0 - dx * ROUND, to.1))
        } else {
            ((from.0 + dx * ROUND, from.1), (to.0, to.1 - dy * ROUND))
        };
        self.curve(a, b, to);
    }

    fn curve(&mut self, a: (f32, f32), b: (f32, f32), end: (f32, f32)) {
        let (a, b, end) = (self.at(a), self.at(b), self.at(end));
        self.path.cubic_to(a.0, a.1, b.0, b.1, end.0, end.1);
    }
}
