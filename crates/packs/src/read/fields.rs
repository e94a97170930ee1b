//! Pages, questions and lists of choices.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Money, Text, limits};

use super::{Object, Reader, word_pairs};
use crate::{
    defect::{Code, nearest, suggest},
    expr::whole_pattern,
    field::{Choice, Class, Field, FieldKind, FileKind, Must, Page, Pattern, Prefill},
    yaml::Node,
};

pub(crate) const PAGE_KEYS: [&str; 5] = ["id", "title", "intro", "when", "fields"];
/// Keys every question may have.
pub(crate) const FIELD_KEYS: [&str; 11] = [
    "id", "type", "label", "hint", "required", "when", "must", "prefill", "purpose", "locked",
    "class",
];
pub(crate) const MUST_KEYS: [&str; 2] = ["rule", "say"];
pub(crate) const CHOICE_KEYS: [&str; 2] = ["id", "label"];
/// Types and the keys only they have.
pub(crate) const FIELD_TYPES: [(&str, &[&str]); 20] = [
    (
        "text",
        &["min_length", "max_length", "pattern", "pattern_says"],
    ),
    ("long_text", &["min_length", "max_length"]),
    ("number", &["min", "max", "unit"]),
    ("money", &["min", "max"]),
    ("date", &[]),
    ("yes_no", &[]),
    ("choice", &["list", "options"]),
    ("choices", &["list", "options", "min", "max"]),
    ("person_name", &[]),
    ("person_name_zh", &[]),
    ("hkid", &[]),
    ("phone_hk", &[]),
    ("email", &[]),
    ("address_hk", &[]),
    ("company_number", &[]),
    ("business_number", &[]),
    ("vehicle_mark", &[]),
    ("file", &["kinds", "max_mb", "many"]),
    ("declaration", &[]),
    ("group", &["fields", "many", "item"]),
];

const MOST_FILES: u32 = 20;
const MOST_ITEMS: u32 = 50;
const MOST_CHARS: u32 = 4_000;

pub(crate) type Lists = BTreeMap<String, Vec<Choice>>;

/// What reading a question needs to know of the rest of the pack.
struct Surroundings<'s> {
    lists: &'s Lists,
    purposes: &'s BTreeMap<String, Text>,
    flawed: &'s mut BTreeSet<String>,
    used_lists: BTreeSet<String>,
    used_purposes: BTreeSet<String>,
}

impl Reader<'_> {
    pub(super) fn lists(&mut self, object: Object<'_>) -> Lists {
        let map = object.get("lists").and_then(|node| self.map(node, "lists"));
        let entries = map.map_or(&[][..], |map| map.entries());
        entries
            .iter()
            .map(|(key, node)| {
                self.check_id(&key.text, key.span, "a list");
                (key.text.clone(), self.choices(node))
            })
            .collect()
    }

    fn choices(&mut self, node: &Node) -> Vec<Choice> {
        let items = self.list(node, "the list of choices");
        let mut found: Vec<Choice> = Vec::with_capacity(items.len());
        for item in items {
            let Some(choice) = self.object(item, "a choice", &CHOICE_KEYS) else {
                continue;
            };
            let id = self
                .need(choice, "id")
                .and_then(|node| self.choice_id(node));
            let label = self.need_text(choice, "label");
            let Some(id) = id else { continue };
            if found.iter().any(|other| other.id == id) {
                let wrong = format!("the choice `{id}` is declared twice");
                self.defects.add(
                    Code::IdTwice,
                    item.span,
                    wrong,
                    "Give one of them another id",
                );
            }
            found.push(Choice { id, label });
        }
        if found.is_empty() {
            self.wrong(
                node.span,
                "the list has no choices",
                "Add `- { id: …, label: { en: …, tc: … } }`",
            );
        }
        found
    }

    pub(super) fn pages(
        &mut self,
        object: Object<'_>,
        lists: &Lists,
        purposes: &BTreeMap<String, Text>,
        flawed: &mut BTreeSet<String>,
    ) -> Vec<Page> {
        let Some(node) = self.need(object, "pages") else {
            return Vec::new();
        };
        let items = self.list(node, "pages");
        if items.is_empty() {
            self.wrong(
                node.span,
                "the pack asks nothing",
                "Add a page with at least one question",
            );
        }
        let mut around = Surroundings {
            lists,
            purposes,
            flawed,
            used_lists: BTreeSet::new(),
            used_purposes: BTreeSet::new(),
        };
        let pages = items
            .iter()
            .filter_map(|item| self.page(item, &mut around))
            .collect();
        let Surroundings {
            used_lists,
            used_purposes,
            ..
        } = around;
        self.unused(object, "lists", &used_lists);
        self.unused(object, "purposes", &used_purposes);
        pages
    }

    fn unused(&mut self, object: Object<'_>, section: &str, used: &BTreeSet<String>) {
        let Some(map) = object
            .get(section)
            .and_then(|node| self.map(node, "the section"))
        else {
            return;
        };
        for (key, _) in map.entries() {
            if !used.contains(&key.text) {
                let wrong = format!("`{}` under `{section}` is never used", key.text);
                self.defects
                    .add(Code::Unused, key.span, wrong, "Use it or remove it");
            }
        }
    }

    fn page(&mut self, node: &Node, around: &mut Surroundings<'_>) -> Option<Page> {
        let object = self.object(node, "a page", &PAGE_KEYS)?;
        let id = self
            .need(object, "id")
            .and_then(|node| self.id(node, "a page"));
        let fields = self.need(object, "fields");
        let items = fields.map_or(&[][..], |node| self.list(node, "fields"));
        if let (Some(fields), true) = (fields, items.is_empty()) {
            self.wrong(
                fields.span,
                "the page asks nothing",
                "Add a question or remove the page",
            );
        }
        Some(Page {
            title: self.need_text(object, "title"),
            intro: self.get_text(object, "intro"),
            when: self.get_expr(object, "when"),
            fields: items
                .iter()
                .filter_map(|item| self.field(item, around, false))
                .collect(),
            id: id.unwrap_or_default(),
            at: node.span,
        })
    }

    fn field(&mut self, node: &Node, around: &mut Surroundings<'_>, inner: bool) -> Option<Field> {
        let open = self.map(node, "a question")?;
        let id_node = self.need(open, "id")?;
        let id = self.string(id_node, "id")?;
        if !self.check_id(&id, id_node.span, "a question") {
            around.flawed.insert(id.to_ascii_lowercase());
            around.flawed.insert(id);
            return None;
        }
        let kind_node = self.need(open, "type");
        let kind_name = kind_node.and_then(|node| self.string(node, "type"));
        let known = FIELD_TYPES
            .iter()
            .find(|(name, _)| Some(*name) == kind_name.as_deref());
        let Some((kind_name, extra)) = known else {
            if let (Some(node), Some(name)) = (kind_node, kind_name) {
                let mend = suggest(&name, FIELD_TYPES.iter().map(|(name, _)| *name));
                self.wrong(node.span, format!("there is no type `{name}`"), mend);
            }
            around.flawed.insert(id);
            return None;
        };
        let keys: Vec<&str> = FIELD_KEYS.iter().chain(*extra).copied().collect();
        let what = format!("a question of type {kind_name}");
        let object = self.object(node, &what, &keys)?;
        if inner && matches!(*kind_name, "group" | "file" | "declaration") {
            let wrong = format!("a question of type {kind_name} stands inside a group");
            self.wrong(node.span, wrong, "Ask it outside the group");
        }
        let before = self.defects.len();
        let kind = self.kind(object, kind_name, around);
        let flawed = self.defects.len() > before;
        let Some(kind) = kind.filter(|_| !flawed || *kind_name == "group") else {
            around.flawed.insert(id);
            return None;
        };
        Some(Field {
            label: self.need_text(object, "label"),
            hint: self.get_text(object, "hint"),
            required: self.truth_or(object, "required", true),
            when: self.get_expr(object, "when"),
            must: self.musts(object),
            prefill: self.prefill(object, around),
            class: object
                .get("class")
                .and_then(|node| self.word(node, "class", word_pairs!(Class)))
                .unwrap_or_else(|| kind.class_default()),
            at: node.span,
            id,
            kind,
        })
    }

    fn musts(&mut self, object: Object<'_>) -> Vec<Must> {
        let items = object
            .get("must")
            .map_or(&[][..], |node| self.list(node, "must"));
        items
            .iter()
            .filter_map(|item| {
                let must = self.object(item, "a rule", &MUST_KEYS)?;
                let say = self.need_text(must, "say");
                let rule = self
                    .need(must, "rule")
                    .and_then(|node| self.expr(node, "rule"))?;
                Some(Must { rule, say })
            })
            .collect()
    }

    fn prefill(&mut self, object: Object<'_>, around: &mut Surroundings<'_>) -> Option<Prefill> {
        let Some(node) = object.get("prefill") else {
            for key in ["purpose", "locked"] {
                if let Some(node) = object.get(key) {
                    let wrong = format!("`{key}` stands without `prefill`");
                    self.wrong(
                        node.span,
                        wrong,
                        "Remove it, or say what the answer is filled from",
                    );
                }
            }
            return None;
        };
        let source = self.string(node, "prefill")?;
        let Some(purpose_node) = object.get("purpose") else {
            let wrong = "a known fact is used without saying why";
            let mend = "Add `purpose:` with the id of an entry under `purposes`";
            self.defects
                .add(Code::PurposeMissing, node.span, wrong, mend);
            return None;
        };
        let purpose_id = self.string(purpose_node, "purpose")?;
        around.used_purposes.insert(purpose_id.clone());
        let meant = nearest(&purpose_id, around.purposes.keys().map(String::as_str));
        around.used_purposes.extend(meant.map(str::to_owned));
        let purpose = around.purposes.get(&purpose_id);
        if purpose.is_none() {
            let mend = suggest(&purpose_id, around.purposes.keys().map(String::as_str));
            let wrong = format!("there is no purpose `{purpose_id}`");
            self.defects
                .add(Code::UnknownReference, purpose_node.span, wrong, mend);
        }
        Some(Prefill {
            source,
            purpose: purpose?.clone(),
            purpose_id,
            locked: self.truth_or(object, "locked", false),
            at: node.span,
        })
    }

    fn kind(
        &mut self,
        object: Object<'_>,
        name: &str,
        around: &mut Surroundings<'_>,
    ) -> Option<FieldKind> {
        let line = u32::try_from(limits::LINE_CHARS).unwrap_or(MOST_CHARS);
        Some(match name {
            "text" => {
                let (min, max) = self.lengths(object, line);
                FieldKind::Text {
                    min,
                    max,
                    pattern: self.pattern(object),
                }
            }
            "long_text" => {
                let (min, max) = self.lengths(object, MOST_CHARS);
                FieldKind::LongText { min, max }
            }
            "number" => FieldKind::Number {
                min: object.get("min").and_then(|node| self.int(node, "min")),
                max: object.get("max").and_then(|node| self.int(node, "max")),
                unit: self.get_text(object, "unit"),
            },
            "money" => FieldKind::Money {
                min: object.get("min").and_then(|node| self.money(node, "min")),
                max: object.get("max").and_then(|node| self.money(node, "max")),
            },
            "date" => FieldKind::Date,
            "yes_no" => FieldKind::YesNo,
            "choice" => FieldKind::Choice {
                options: self.options(object, around)?,
            },
            "choices" => self.many_choices(object, around)?,
            "person_name" => FieldKind::PersonName,
            "person_name_zh" => FieldKind::PersonNameZh,
            "hkid" => FieldKind::Hkid,
            "phone_hk" => FieldKind::PhoneHk,
            "email" => FieldKind::Email,
            "address_hk" => FieldKind::AddressHk,
            "company_number" => FieldKind::CompanyNumber,
            "business_number" => FieldKind::BusinessNumber,
            "vehicle_mark" => FieldKind::VehicleMark,
            "file" => self.file(object),
            "declaration" => FieldKind::Declaration,
            _ => self.group(object, around)?,
        })
    }

    fn many_choices(
        &mut self,
        object: Object<'_>,
        around: &mut Surroundings<'_>,
    ) -> Option<FieldKind> {
        let options = self.options(object, around)?;
        let all = u32::try_from(options.len()).unwrap_or(u32::MAX);
        Some(FieldKind::Choices {
            min: self.count_or(object, "min", (all, 1)),
            max: self.count_or(object, "max", (all, all)),
            options,
        })
    }

    fn group(&mut self, object: Object<'_>, around: &mut Surroundings<'_>) -> Option<FieldKind> {
        let fields = self.need(object, "fields")?;
        let items = self.list(fields, "fields");
        let fields = items
            .iter()
            .filter_map(|item| self.field(item, around, true))
            .collect();
        let (min, max) = self.many(object, MOST_ITEMS);
        Some(FieldKind::Group {
            fields,
            min,
            max,
            item: self.need_text(object, "item"),
        })
    }

    fn file(&mut self, object: Object<'_>) -> FieldKind {
        let kinds = self
            .need(object, "kinds")
            .map_or(&[][..], |node| self.list(node, "kinds"));
        let kinds: Vec<FileKind> = kinds
            .iter()
            .filter_map(|item| self.word(item, "a kind of file", word_pairs!(FileKind)))
            .collect();
        let most_mb = u32::try_from(limits::UPLOAD_BYTES / (1024 * 1024)).unwrap_or(1);
        let (min, max) = self.many(object, MOST_FILES);
        FieldKind::File {
            kinds,
            max_mb: self.count_or(object, "max_mb", (most_mb, most_mb)),
            min,
            max,
        }
    }

    /// `(most, default)`.
    fn count_or(&mut self, object: Object<'_>, key: &str, (most, default): (u32, u32)) -> u32 {
        object
            .get(key)
            .and_then(|node| self.count(node, key, most))
            .unwrap_or(default)
    }

    fn lengths(&mut self, object: Object<'_>, most: u32) -> (u32, u32) {
        let min = self.count_or(object, "min_length", (most, 1));
        let max = self.count_or(object, "max_length", (most, most));
        if min > max {
            self.wrong(
                object.span,
                "min_length is more than max_length",
                "Swap them",
            );
        }
        (min, max)
    }

    fn pattern(&mut self, object: Object<'_>) -> Option<Pattern> {
        let says = self.get_text(object, "pattern_says");
        let node = object.get("pattern")?;
        let source = self.string(node, "pattern")?;
        match whole_pattern(&source) {
            Ok(regex) => Some(Pattern {
                source,
                says,
                regex,
            }),
            Err(why) => {
                let wrong = format!("the pattern cannot be used: {why}");
                let mend = "Write a Rust regular expression of at most 200 characters, without look-around";
                self.defects.add(Code::BadPattern, node.span, wrong, mend);
                None
            }
        }
    }

    pub(super) fn money(&mut self, node: &Node, what: &str) -> Option<Money> {
        let text = self.string(node, what)?;
        let money = text.parse().ok();
        if money.is_none() {
            let wrong = format!("{what} is `{text}`, not an amount");
            self.wrong(node.span, wrong, "Write dollars, for example 1234.50");
        }
        money
    }

    fn options(
        &mut self,
        object: Object<'_>,
        around: &mut Surroundings<'_>,
    ) -> Option<Vec<Choice>> {
        match (object.get("list"), object.get("options")) {
            (Some(node), None) => {
                let name = self.string(node, "list")?;
                around.used_lists.insert(name.clone());
                let meant = nearest(&name, around.lists.keys().map(String::as_str));
                around.used_lists.extend(meant.map(str::to_owned));
                let found = around.lists.get(&name).cloned();
                if found.is_none() {
                    let mend = suggest(&name, around.lists.keys().map(String::as_str));
                    let wrong = format!("there is no list `{name}`");
                    self.defects
                        .add(Code::UnknownReference, node.span, wrong, mend);
                }
                found
            }
            (None, Some(node)) => Some(self.choices(node)),
            _ => {
                let mend = "Write `list:` with the id of a list, or `options:` with the choices";
                self.wrong(object.span, "the choices are not named once", mend);
                None
            }
        }
    }

    /// `many: 1..3` or `many: 2`; one when absent.
    fn many(&mut self, object: Object<'_>, most: u32) -> (u32, u32) {
        let Some(node) = object.get("many") else {
            return (1, 1);
        };
        let Some(text) = self.string(node, "many") else {
            return (1, 1);
        };
        let (min, max) = text.split_once("..").unwrap_or((&text, &text));
        match (min.trim().parse(), max.trim().parse()) {
            (Ok(min), Ok(max)) if min <= max && (1..=most).contains(&max) => (min, max),
            _ => {
                let wrong = format!("many is `{text}`");
                self.wrong(
                    node.span,
                    wrong,
                    format!("Write least..most, for example 1..3, at most {most}"),
                );
                (1, 1)
            }
        }
    }
}
