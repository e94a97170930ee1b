//! What a crate's test asks of its templates and words: everything parses, every key that is used
//! exists, every key that exists is used, and every import names a macro that is there.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use crate::{
    Bundle, Error, Messages,
    assets::Assets,
    page,
    render::{Renderer, Source},
};

/// Source files read from one crate.
const FILES: usize = 2_000;

/// The defects of `bundle`, one sentence each; empty when all is well. `manifest_dir` is the crate's
/// `env!("CARGO_MANIFEST_DIR")`: keys used by its Rust code are looked for below `src`.
#[must_use]
pub fn bundle(bundle: &Bundle, manifest_dir: &str) -> Vec<String> {
    let bundles: Vec<Bundle> = if bundle.area == page::BUNDLE.area {
        vec![*bundle]
    } else {
        vec![page::BUNDLE, *bundle]
    };
    let messages = match assemble(&bundles) {
        Ok(messages) => messages,
        Err(error) => return vec![error.to_string()],
    };
    let sources = rust_sources(Path::new(manifest_dir));
    let mut defects = unknown_keys(bundle, &messages);
    defects.extend(unused_keys(bundle, &messages, &sources));
    defects.extend(unknown_templates(bundle, &bundles));
    defects
}

/// Parses all templates and reads all messages.
fn assemble(bundles: &[Bundle]) -> Result<Arc<Messages>, Error> {
    let files: Vec<(&str, &str)> = bundles
        .iter()
        .filter(|bundle| !bundle.messages.trim().is_empty())
        .map(|bundle| (bundle.area, bundle.messages))
        .collect();
    let messages = Arc::new(Messages::read(&files)?);
    Renderer::new(Source {
        templates: bundles
            .iter()
            .flat_map(|bundle| bundle.templates)
            .copied()
            .collect(),
        messages: Arc::clone(&messages),
        assets: Arc::new(Assets::new(
            bundles.iter().flat_map(|bundle| bundle.assets),
        )?),
        reload: None,
    })?;
    Ok(messages)
}

fn unknown_keys(bundle: &Bundle, messages: &Messages) -> Vec<String> {
    let mut defects = Vec::new();
    for (name, text) in bundle.templates {
        for call in calls(&without_comments(text), "t(") {
            let is_prefix = call.rest.trim_start().starts_with('~');
            let is_known = if is_prefix {
                messages.keys().any(|key| key.starts_with(call.word))
            } else {
                messages.text(call.word).is_some()
            };
            if !is_known {
                defects.push(format!("{name}: there is no message {}", call.word));
            }
        }
    }
    defects
}

fn unused_keys(bundle: &Bundle, messages: &Messages, sources: &str) -> Vec<String> {
    let mut words: BTreeSet<&str> = quoted(sources).collect();
    for (_, text) in bundle.templates {
        words.extend(quoted(text));
    }
    let prefixes: Vec<&str> = words
        .iter()
        .copied()
        .map(|word| word.split_once('{').map_or(word, |(before, _)| before))
        .filter(|word| word.contains('.') && word.ends_with(['.', '_', '-']))
        .collect();
    let own = format!("{}.", bundle.area);
    messages
        .keys()
        .filter(|key| key.starts_with(&own) && !words.contains(key))
        .filter(|key| !prefixes.iter().any(|prefix| key.starts_with(prefix)))
        .map(|key| format!("message {key} is not used"))
        .collect()
}

fn unknown_templates(bundle: &Bundle, bundles: &[Bundle]) -> Vec<String> {
    let known: BTreeSet<&str> = bundles
        .iter()
        .flat_map(|bundle| bundle.templates)
        .map(|(name, _)| *name)
        .collect();
    let mut defects = Vec::new();
    for (name, text) in bundle.templates {
        let lines = text.lines().filter(|line| line.contains("{%"));
        for line in lines.filter(|line| !line.contains("ignore missing")) {
            let is_reference = ["extends ", "from ", "import ", "include "]
                .iter()
                .any(|word| line.contains(word));
            let named = quoted(line).find(|word| word.ends_with(".html"));
            if let Some(other) = named.filter(|other| is_reference && !known.contains(other)) {
                defects.push(format!("{name}: there is no template {other}"));
            }
            if let Some(other) = named.filter(|_| line.contains("import ")) {
                defects.extend(unknown_macros(name, line, other, bundles));
            }
        }
    }
    defects
}

/// `{% from "web/parts.html" import a, b %}` names macros that the other file defines.
fn unknown_macros(name: &str, line: &str, other: &str, bundles: &[Bundle]) -> Vec<String> {
    let all = bundles.iter().flat_map(|bundle| bundle.templates);
    let Some((_, text)) = all.into_iter().find(|(template, _)| *template == other) else {
        return Vec::new();
    };
    let Some((before, names)) = line.split_once("import ") else {
        return Vec::new();
    };
    if !before.contains("from ") {
        return Vec::new();
    }
    names
        .split("%}")
        .next()
        .unwrap_or_default()
        .split(',')
        .filter_map(|item| item.split_whitespace().next())
        .filter(|item| !text.contains(&format!("macro {item}(")))
        .map(|item| format!("{name}: {other} has no macro {item}"))
        .collect()
}

/// The template without `{# … #}`, where words may show how a macro is called.
fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("{#") {
        kept.push_str(before);
        rest = comment.split_once("#}").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

struct Call<'a> {
    word: &'a str,
    rest: &'a str,
}

/// The quoted first arguments of `opening`, where it is a word of its own.
fn calls<'a>(text: &'a str, opening: &str) -> Vec<Call<'a>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(opening) {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.') {
            continue;
        }
        let tail = text.get(at + opening.len()..).unwrap_or_default();
        let Some(quote) = tail.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            continue;
        };
        if let Some((word, rest)) = tail.get(1..).and_then(|tail| tail.split_once(quote)) {
            found.push(Call { word, rest });
        }
    }
    found
}

/// Every word between two quotes of one kind on one line.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let of = |quote: char| {
        text.lines().flat_map(move |line| {
            line.match_indices(quote).filter_map(move |(at, _)| {
                let tail = line.get(at + 1..)?;
                tail.split_once(quote).map(|(word, _)| word)
            })
        })
    };
    of('"').chain(of('\''))
}

fn rust_sources(manifest_dir: &Path) -> String {
    let mut waiting = vec![manifest_dir.join("src")];
    let mut text = String::new();
    let mut files = 0;
    while let Some(place) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&place) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && files < FILES {
                files += 1;
                text.push_str(&fs::read_to_string(&path).unwrap_or_default());
                text.push('\n');
            }
        }
    }
    text
}
