//! Questions of a pack as a page shows them: each with the words to show again, its error, and the
//! name its input has. Input names are the pack's with `-` for `.`, because a dot cannot stand in a
//! style sheet or a fragment without escaping; ids of packs have neither.

use std::collections::BTreeMap;

use kernel::{Lang, Text};
use packs::{Address, Answers, Choice, DISTRICTS, Field, FieldKind, Form, Value};
use serde::Serialize;

/// Options of a choice up to which all are shown at once; more go into a list to open.
const RADIOS: usize = 7;
/// Boxes of an empty item offered at the end of a group.
const SPARE_ITEMS: usize = 1;

/// One question ready for a template.
#[derive(Serialize)]
pub(crate) struct FieldView {
    /// Which macro draws it.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    label: String,
    hint: String,
    error: String,
    is_required: bool,
    is_locked: bool,
    value: String,
    values: Vec<String>,
    parts: BTreeMap<String, String>,
    options: Vec<OptionView>,
    width: &'static str,
    input_mode: &'static str,
    autocomplete: &'static str,
    suffix: String,
    limit: u32,
    files: Option<FilesView>,
    items: Vec<ItemView>,
    item_title: String,
    can_add: bool,
}

#[derive(Serialize)]
pub(crate) struct OptionView {
    value: String,
    words: String,
}

/// An item of a repeat group.
#[derive(Serialize)]
struct ItemView {
    number: usize,
    fields: Vec<FieldView>,
}

/// What a file question takes and has.
#[derive(Serialize)]
struct FilesView {
    kinds: String,
    accept: String,
    max_mb: u32,
    is_full: bool,
    have: Vec<FileView>,
    /// The paper that the person keeps and could use, in words.
    kept: Option<String>,
}

/// One received file.
#[derive(Serialize)]
pub(crate) struct FileView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kilobytes: u64,
    /// `received`, `not_scanned`, `clean`, `infected`.
    pub(crate) state: String,
}

/// What questions are shown with.
pub(crate) struct Showing<'a> {
    pub(crate) lang: Lang,
    /// Input values, under the pack's names.
    pub(crate) form: Form,
    /// Words by the pack's input name.
    pub(crate) errors: BTreeMap<String, Text>,
    pub(crate) locked: &'a BTreeMap<String, String>,
    pub(crate) answers: &'a Answers,
    /// Scan states by document id.
    pub(crate) scans: BTreeMap<String, String>,
    /// The paper with an address that the person keeps.
    pub(crate) kept: Option<KeptView>,
}

/// A paper that answers a question at one press.
pub(crate) struct KeptView {
    pub(crate) words: String,
    /// Lower-case hexadecimal, to tell that it is there already.
    pub(crate) sha256: String,
}

/// `partners.0.name` as an input name.
pub(crate) fn input_name(path: &str) -> String {
    path.replace('.', "-")
}

/// The pack's name of an input.
pub(crate) fn pack_name(input: &str) -> String {
    input.replace('-', ".")
}

impl Showing<'_> {
    pub(crate) fn fields(&self, fields: &[&Field]) -> Vec<FieldView> {
        fields
            .iter()
            .map(|field| self.field(field, &field.id))
            .collect()
    }

    fn field(&self, field: &Field, path: &str) -> FieldView {
        let look = look(&field.kind);
        let locked = self.locked.contains_key(&field.id) && self.is_locked(field);
        FieldView {
            kind: look.kind,
            name: input_name(path),
            label: field.label.get(self.lang).to_owned(),
            hint: field
                .hint
                .as_ref()
                .map(|hint| hint.get(self.lang).to_owned())
                .unwrap_or_default(),
            error: self.error(path),
            is_required: field.required,
            is_locked: locked,
            value: self.form.get(path).unwrap_or_default().to_owned(),
            values: self.form.all(path).map(str::to_owned).collect(),
            parts: self.parts(path),
            options: options(&field.kind, self.lang),
            width: look.width,
            input_mode: look.input_mode,
            autocomplete: look.autocomplete,
            suffix: suffix(&field.kind, self.lang),
            limit: limit(&field.kind),
            files: self.files(field),
            items: self.items(field, path),
            item_title: item_title(&field.kind, self.lang),
            can_add: self.can_add(field),
        }
    }

    fn is_locked(&self, field: &Field) -> bool {
        field.prefill.as_ref().is_some_and(|prefill| prefill.locked) && self.answers.has(&field.id)
    }

    fn error(&self, path: &str) -> String {
        self.errors
            .get(path)
            .map(|words| words.get(self.lang).to_owned())
            .unwrap_or_default()
    }

    /// `day`, `month`, `year` of a date; the parts of an address.
    fn parts(&self, path: &str) -> BTreeMap<String, String> {
        ["day", "month", "year"]
            .into_iter()
            .chain(Address::PARTS)
            .map(|part| {
                let value = self.form.get(&format!("{path}.{part}")).unwrap_or_default();
                (part.to_owned(), value.to_owned())
            })
            .collect()
    }

    fn files(&self, field: &Field) -> Option<FilesView> {
        let FieldKind::File {
            kinds, max_mb, max, ..
        } = &field.kind
        else {
            return None;
        };
        let have: Vec<FileView> = match self.answers.get(&field.id) {
            Some(Value::Files(files)) => files
                .iter()
                .map(|file| FileView {
                    id: file.id.clone(),
                    name: file.name.clone(),
                    kilobytes: file.bytes.div_ceil(1024),
                    state: self
                        .scans
                        .get(&file.id)
                        .cloned()
                        .unwrap_or_else(|| "received".to_owned()),
                })
                .collect(),
            _ => Vec::new(),
        };
        Some(FilesView {
            kinds: kinds
                .iter()
                .map(|kind| kind.code().to_uppercase())
                .collect::<Vec<_>>()
                .join(", "),
            accept: kinds
                .iter()
                .map(|kind| format!(".{}", kind.code()))
                .collect::<Vec<_>>()
                .join(","),
            max_mb: *max_mb,
            is_full: have.len() >= usize::try_from(*max).unwrap_or(usize::MAX),
            have,
            kept: self.kept(field),
        })
    }

    /// The paper the person keeps, for a question that takes it and does not have it yet.
    fn kept(&self, field: &Field) -> Option<String> {
        let kept = self
            .kept
            .as_ref()
            .filter(|_| services::takes_kept_paper(field))?;
        let is_there = match self.answers.get(&field.id) {
            Some(Value::Files(files)) => files.iter().any(|file| file.sha256 == kept.sha256),
            _ => false,
        };
        (!is_there).then(|| kept.words.clone())
    }

    fn items(&self, field: &Field, path: &str) -> Vec<ItemView> {
        let FieldKind::Group {
            fields, min, max, ..
        } = &field.kind
        else {
            return Vec::new();
        };
        let prefix = format!("{path}.");
        let seen = self
            .form
            .iter()
            .filter_map(|(name, _)| name.strip_prefix(&prefix)?.split('.').next()?.parse().ok())
            .max()
            .map_or(0, |last: usize| last + 1);
        let least = usize::try_from(*min).unwrap_or(0).max(SPARE_ITEMS);
        let most = usize::try_from(*max).unwrap_or(usize::MAX);
        (0..seen.max(least).min(most))
            .map(|index| ItemView {
                number: index + 1,
                fields: fields
                    .iter()
                    .map(|inner| self.field(inner, &format!("{path}.{index}.{}", inner.id)))
                    .collect(),
            })
            .collect()
    }

    fn can_add(&self, field: &Field) -> bool {
        let FieldKind::Group { max, .. } = &field.kind else {
            return false;
        };
        let have = match self.answers.get(&field.id) {
            Some(Value::Items(items)) => items.len(),
            _ => 0,
        };
        have < usize::try_from(*max).unwrap_or(usize::MAX)
    }
}

/// How an input looks.
struct Look {
    kind: &'static str,
    width: &'static str,
    input_mode: &'static str,
    autocomplete: &'static str,
}

fn look(kind: &FieldKind) -> Look {
    let plain = |kind| Look {
        kind,
        width: "",
        input_mode: "",
        autocomplete: "off",
    };
    match kind {
        FieldKind::LongText { .. } => plain("long_text"),
        FieldKind::Number { .. } => Look {
            width: "10",
            input_mode: "numeric",
            ..plain("text")
        },
        FieldKind::Money { .. } => plain("money"),
        FieldKind::Date => plain("date"),
        FieldKind::YesNo => plain("yes_no"),
        FieldKind::Choice { options } if options.len() <= RADIOS => plain("radios"),
        FieldKind::Choice { .. } => plain("select"),
        FieldKind::Choices { .. } => plain("checkboxes"),
        FieldKind::AddressHk => plain("address"),
        FieldKind::File { .. } => plain("file"),
        FieldKind::Declaration => plain("declaration"),
        FieldKind::Group { .. } => plain("group"),
        FieldKind::PersonName => Look {
            autocomplete: "name",
            ..plain("text")
        },
        FieldKind::PhoneHk => Look {
            width: "10",
            input_mode: "tel",
            autocomplete: "tel",
            ..plain("text")
        },
        FieldKind::Email => Look {
            input_mode: "email",
            autocomplete: "email",
            ..plain("text")
        },
        FieldKind::Hkid
        | FieldKind::CompanyNumber
        | FieldKind::BusinessNumber
        | FieldKind::VehicleMark => Look {
            width: "10",
            ..plain("text")
        },
        FieldKind::Text { .. } | FieldKind::PersonNameZh => plain("text"),
    }
}

fn options(kind: &FieldKind, lang: Lang) -> Vec<OptionView> {
    if matches!(kind, FieldKind::AddressHk) {
        return districts(lang);
    }
    let view = |choice: &Choice| OptionView {
        value: choice.id.clone(),
        words: choice.label.get(lang).to_owned(),
    };
    kind.options().iter().map(view).collect()
}

fn districts(lang: Lang) -> Vec<OptionView> {
    DISTRICTS
        .iter()
        .map(|district| OptionView {
            value: district.id.to_owned(),
            words: Text::new(district.en, district.tc).get(lang).to_owned(),
        })
        .collect()
}

fn suffix(kind: &FieldKind, lang: Lang) -> String {
    match kind {
        FieldKind::Number {
            unit: Some(unit), ..
        } => unit.get(lang).to_owned(),
        _ => String::new(),
    }
}

fn limit(kind: &FieldKind) -> u32 {
    match kind {
        FieldKind::Text { max, .. } | FieldKind::LongText { max, .. } => *max,
        _ => 200,
    }
}

fn item_title(kind: &FieldKind, lang: Lang) -> String {
    match kind {
        FieldKind::Group { item, .. } => item.get(lang).to_owned(),
        _ => String::new(),
    }
}
