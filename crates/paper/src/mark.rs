//! The Causeway mark: three arches over water, drawn as one path so that it prints at any size.

use krilla::geom::{Path, PathBuilder};

/// Quarter-circle handle length for cubic Béziers.
const ROUND: f32 = 0.552_284_8;

/// The mark in a square of `size` points with its corner at `x`, `y`.
pub(crate) fn arch(x: f32, y: f32, size: f32) -> Option<Path> {
    let unit = size / 24.0;
    let at = |across: f32, down: f32| (x + across * unit, y + down * unit);
    let mut path = PathBuilder::new();
    deck(&mut path, &at);
    for left in [1.6_f32, 8.8, 16.0] {
        opening(&mut path, &at, left);
    }
    water(&mut path, &at);
    path.finish()
}

fn deck(path: &mut PathBuilder, at: &impl Fn(f32, f32) -> (f32, f32)) {
    let corners = [at(0.0, 5.0), at(24.0, 5.0), at(24.0, 16.6), at(0.0, 16.6)];
    polygon(path, &corners);
}

/// An opening under the deck, wound the other way so that it stays white.
fn opening(path: &mut PathBuilder, at: &impl Fn(f32, f32) -> (f32, f32), left: f32) {
    const SPAN: f32 = 6.4;
    const TOP: f32 = 8.6;
    const FOOT: f32 = 16.6;
    let radius = SPAN / 2.0;
    let handle = radius * ROUND;
    let (x0, y0) = at(left, FOOT);
    path.move_to(x0, y0);
    let (x1, y1) = at(left + SPAN, FOOT);
    path.line_to(x1, y1);
    let (x2, y2) = at(left + SPAN, TOP + radius);
    path.line_to(x2, y2);
    curve(
        path,
        at(left + SPAN, TOP + radius - handle),
        at(left + radius + handle, TOP),
        at(left + radius, TOP),
    );
    curve(
        path,
        at(left + radius - handle, TOP),
        at(left, TOP + radius - handle),
        at(left, TOP + radius),
    );
    path.close();
}

fn water(path: &mut PathBuilder, at: &impl Fn(f32, f32) -> (f32, f32)) {
    polygon(
        path,
        &[at(0.0, 18.6), at(24.0, 18.6), at(24.0, 20.2), at(0.0, 20.2)],
    );
}

fn polygon(path: &mut PathBuilder, corners: &[(f32, f32)]) {
    for (index, (x, y)) in corners.iter().enumerate() {
        if index == 0 {
            path.move_to(*x, *y);
        } else {
            path.line_to(*x, *y);
        }
    }
    path.close();
}

fn curve(path: &mut PathBuilder, a: (f32, f32), b: (f32, f32), end: (f32, f32)) {
    path.cubic_to(a.0, a.1, b.0, b.1, end.0, end.1);
}
