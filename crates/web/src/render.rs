//! Templates: minijinja with strict undefined values, one environment per language so that `t`,
//! `money` and the date filters know theirs everywhere, macros included.

use std::{fmt::Write as _, path::PathBuf, sync::Arc};

use kernel::{Date, Lang, Money, Time};
use minijinja::{
    AutoEscape, Environment, ErrorKind, State, UndefinedBehavior, Value,
    syntax::SyntaxConfig,
    value::{Kwargs, Serde},
};

use crate::{Error, Messages, assets::Assets};

type TemplateError = minijinja::Error;

/// Turns anything serde can write into a template value. [`crate::ctx!`] does it for each entry.
pub fn value<T: serde::Serialize>(value: T) -> Value {
    Value::from(Serde(value))
}

/// The context of a page: `ctx! { title => "…", rows }`. Values are anything serde can write.
#[macro_export]
macro_rules! ctx {
    () => { $crate::value(::std::collections::BTreeMap::<String, $crate::Value>::new()) };
    ($($key:ident $(=> $value:expr)?),+ $(,)?) => {{
        let mut map = ::std::collections::BTreeMap::<String, $crate::Value>::new();
        $(map.insert(stringify!($key).to_owned(), $crate::ctx!(@value $key $(=> $value)?));)+
        $crate::value(map)
    }};
    (@value $key:ident) => { $crate::value(&$key) };
    (@value $key:ident => $value:expr) => { $crate::value(&$value) };
}

/// All templates of the site, ready in each language.
#[derive(Debug)]
pub(crate) struct Renderer {
    langs: [Environment<'static>; 3],
    source: Source,
}

/// What the environments are made from, kept for reloading while a page is being written.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) templates: Vec<(&'static str, &'static str)>,
    pub(crate) messages: Arc<Messages>,
    pub(crate) assets: Arc<Assets>,
    /// The `crates` directory to read templates from at each render, instead of the built-in ones.
    pub(crate) reload: Option<PathBuf>,
}

impl Renderer {
    pub(crate) fn new(source: Source) -> Result<Self, Error> {
        let [en, tc, sc] = Lang::ALL.map(|lang| source.environment(lang));
        Ok(Self {
            langs: [en?, tc?, sc?],
            source,
        })
    }

    /// Renders `name`; `context` wins nothing over the shell's own names, which come from `base`.
    pub(crate) fn render(&self, name: &str, lang: Lang, context: Value) -> Result<String, Error> {
        if self.source.reload.is_some() {
            let fresh = self.source.environment(lang)?;
            return render_in(&fresh, name, context);
        }
        let [en, tc, sc] = &self.langs;
        let environment = match lang {
            Lang::En => en,
            Lang::Tc => tc,
            Lang::Sc => sc,
        };
        render_in(environment, name, context)
    }
}

fn render_in(environment: &Environment, name: &str, context: Value) -> Result<String, Error> {
    let template = environment
        .get_template(name)
        .map_err(|error| explain(&error))?;
    template.render(context).map_err(|error| explain(&error))
}

/// A template error with its causes on one line.
fn explain(error: &TemplateError) -> Error {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let _ = write!(words, ": {next}");
        cause = next.source();
    }
    Error::Render(words)
}

impl Source {
    fn environment(&self, lang: Lang) -> Result<Environment<'static>, Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        environment.set_syntax(syntax.map_err(|error| explain(&error))?);
        environment.set_formatter(format_value);
        for (name, text) in &self.templates {
            let text = self.reloaded(name).unwrap_or_else(|| (*text).to_owned());
            environment
                .add_template_owned(*name, text)
                .map_err(|error| explain(&error))?;
        }
        environment.add_global("lang", lang.code());
        environment.add_global("lang_tag", lang.tag());
        add_words(&mut environment, lang, Arc::clone(&self.messages));
        add_filters(&mut environment, lang);
        let assets = Arc::clone(&self.assets);
        environment.add_function("asset", move |name: &str| {
            assets
                .url(name)
                .ok_or_else(|| refuse(format!("there is no asset {name}")))
        });
        Ok(environment)
    }

    /// `portal/home.html` is `portal/templates/home.html` below the `crates` directory.
    fn reloaded(&self, name: &str) -> Option<String> {
        let (area, file) = name.split_once('/')?;
        let path = self
            .reload
            .as_ref()?
            .join(area)
            .join("templates")
            .join(file);
        std::fs::read_to_string(path).ok()
    }
}

fn add_words(environment: &mut Environment<'static>, lang: Lang, messages: Arc<Messages>) {
    environment.add_function("t", move |key: &str, values: Kwargs| {
        translate(&messages, lang, key, &values)
    });
    environment.add_filter("text", move |value: Value| pick(&value, lang));
    environment.add_function("path_in", |state: &mut State, to: &str| {
        let lang = to
            .parse::<Lang>()
            .map_err(|()| refuse(format!("{to} is not a language")))?;
        let of = |name: &str| {
            state
                .lookup(name)
                .map(|v| v.to_string())
                .unwrap_or_default()
        };
        Ok::<_, TemplateError>(crate::path_in(&of("path"), &of("query"), lang))
    });
    environment.add_function("url", move |path: &str| format!("/{lang}{path}"));
}

fn translate(
    messages: &Messages,
    lang: Lang,
    key: &str,
    values: &Kwargs,
) -> Result<Value, TemplateError> {
    let is_markup = key.ends_with("_html");
    let words = messages
        .fill(key, lang, |name| {
            let value: Value = values.get(name).ok()?;
            let plain = value.to_string();
            Some(if is_markup && !value.is_safe() {
                escape(&plain)
            } else {
                plain
            })
        })
        .map_err(|error| refuse(error.to_string()))?;
    values.assert_all_used()?;
    Ok(if is_markup {
        Value::from_safe_string(words)
    } else {
        Value::from(words)
    })
}

/// `{en, tc, sc}` in the page's language; plain strings pass through.
fn pick(value: &Value, lang: Lang) -> Result<Value, TemplateError> {
    if value.as_str().is_some() {
        return Ok(value.clone());
    }
    let words = value.get_attr(lang.code())?;
    if words.is_undefined() {
        Err(refuse("this is not a text in three languages"))
    } else {
        Ok(words)
    }
}

fn add_filters(environment: &mut Environment<'static>, lang: Lang) {
    environment.add_filter("money", |cents: i64| Money::from_cents(cents).to_string());
    environment.add_filter("date", move |value: Value| {
        as_date(&value).map(|date| date.long(lang))
    });
    environment.add_filter("datetime", move |micros: i64| {
        Time::from_micros(micros).long(lang)
    });
    environment.add_filter("clock", |micros: i64| Time::from_micros(micros).clock());
    environment.add_filter("iso", |micros: i64| Time::from_micros(micros).rfc3339());
    environment.add_filter("urlencode", |text: &str| crate::lang::encode(text));
    environment.add_filter("lines", |text: &str| {
        let lines: Vec<String> = text.lines().map(escape).collect();
        Value::from_safe_string(lines.join("<br>"))
    });
}

/// A date from `2026-11-22`, or the Hong Kong date of an instant in microseconds.
fn as_date(value: &Value) -> Result<Date, TemplateError> {
    if let Some(text) = value.as_str() {
        return text.parse().map_err(|error| refuse(format!("{error}")));
    }
    let micros = i64::try_from(value.clone())?;
    Ok(Time::from_micros(micros).date())
}

fn refuse(words: impl Into<String>) -> TemplateError {
    TemplateError::new(ErrorKind::InvalidOperation, words.into())
}

/// Escapes for HTML text and quoted attributes. The slash stays as it is: every attribute of ours
/// is quoted, and addresses stay readable.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

fn format_value(
    out: &mut minijinja::Output,
    state: &mut State,
    value: &Value,
) -> Result<(), TemplateError> {
    let is_html = matches!(state.auto_escape(), AutoEscape::Html);
    if !is_html || value.is_safe() || value.is_undefined() {
        return minijinja::escape_formatter(out, state, value);
    }
    if value.is_none() {
        return Ok(());
    }
    out.write_str(&escape(&value.to_string()))
        .map_err(TemplateError::from)
}
