//! What a person sees while a command takes its time. Machines, and files, see nothing of it.

use std::{borrow::Cow, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use super::Out;

/// Between two pictures of something that goes on.
const TICK: Duration = Duration::from_millis(120);

/// A bar of `length` in the words of `template`.
pub(super) fn bar(out: &Out, template: &str, length: u64) -> ProgressBar {
    if out.is_json() {
        return ProgressBar::hidden();
    }
    ProgressBar::new(length).with_style(style(template))
}

pub(super) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Something whose end nobody knows beforehand: what it is, and since when.
pub(super) fn waiting(out: &Out, words: impl Into<Cow<'static, str>>) -> ProgressBar {
    let bar = bar(out, "", 0);
    wait(&bar, words);
    bar
}

/// Turns `bar` into the sign of something that goes on.
pub(super) fn wait(bar: &ProgressBar, words: impl Into<Cow<'static, str>>) {
    bar.set_style(style("{spinner} {msg}, {elapsed}"));
    bar.set_message(words);
    bar.enable_steady_tick(TICK);
}
