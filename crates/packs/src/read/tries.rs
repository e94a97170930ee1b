//! Golden journeys and the values they give.

use super::{Object, Reader};
use crate::{
    defect::{At, Code, suggest},
    field::{Field, FieldKind},
    pack::Pack,
    tries::{Then, Try},
    value::{Address, Answers, FileAnswer, Value},
    yaml::{Kind, Node},
};

pub(crate) const TRY_KEYS: [&str; 5] = ["name", "today", "given", "take", "then"];
pub(crate) const THEN_KEYS: [&str; 10] = [
    "pages",
    "complete",
    "fee",
    "eligible",
    "refused_by",
    "warned_by",
    "error_at",
    "state",
    "valid_until",
    "let",
];

impl Reader<'_> {
    pub(super) fn tries(&mut self, object: Object<'_>, pack: &Pack) -> Vec<Try> {
        let Some(node) = self.need(object, "try") else {
            return Vec::new();
        };
        let items = self.list(node, "try");
        items
            .iter()
            .filter_map(|item| self.a_try(item, pack))
            .collect()
    }

    fn a_try(&mut self, item: &Node, pack: &Pack) -> Option<Try> {
        let object = self.object(item, "a try", &TRY_KEYS)?;
        let name = self.need_string(object, "name");
        let given = object.get("given").and_then(|node| self.map(node, "given"));
        let given = given
            .map(|given| self.given(given, pack))
            .unwrap_or_default();
        let take = object
            .get("take")
            .map(|node| self.strings(node, "take"))
            .unwrap_or_default();
        let then = self.need(object, "then").and_then(|node| self.then(node));
        let today = self
            .need(object, "today")
            .and_then(|node| self.date(node, "today"));
        Some(Try {
            name,
            today: today?,
            given,
            take,
            then: then?,
            at: item.span,
        })
    }

    fn given(&mut self, object: Object<'_>, pack: &Pack) -> Answers {
        let mut answers = Answers::new();
        for (key, node) in object.entries() {
            if pack.flawed_names.contains(&key.text) {
                continue;
            }
            let Some(field) = pack.field(&key.text) else {
                let mend = suggest(&key.text, pack.fields().map(|field| field.id.as_str()));
                let wrong = format!("`{}` is no question of this service", key.text);
                self.defects.add(Code::UnknownName, key.span, wrong, mend);
                continue;
            };
            if let Some(value) = read_value(self, field, node) {
                answers.set(&key.text, value);
            }
        }
        answers
    }

    fn then(&mut self, node: &Node) -> Option<Then> {
        let object = self.object(node, "then", &THEN_KEYS)?;
        for (key, value) in object.entries().iter().filter(|(_, value)| value.is_null()) {
            let wrong = format!("`{}` is to be nothing, which compares nothing", key.text);
            let mend = "Write what must come true (refused_by: fee for an amount that is refused), or \
                        remove the key";
            self.wrong(value.span, wrong, mend);
        }
        let at = |key: &str| object.get(key).map(|node| node.span).unwrap_or_default();
        let pages = object.get("pages").map(|node| self.strings(node, "pages"));
        let pages = pages.map(|ids| ids.into_iter().map(|id| id.value).collect());
        let mut truth = |key: &str| object.get(key).and_then(|node| self.truth(node, key));
        let (complete, eligible) = (truth("complete"), truth("eligible"));
        let mut string = |key: &str| object.get(key).and_then(|node| self.at(node, key));
        let (refused_by, warned_by) = (string("refused_by"), string("warned_by"));
        let (error_at, state) = (string("error_at"), string("state"));
        let fee = object.get("fee").and_then(|node| self.int(node, "fee"));
        let valid_until = object
            .get("valid_until")
            .and_then(|node| self.date(node, "valid_until"));
        let lets = object.get("let").and_then(|node| self.map(node, "let"));
        let lets = lets.map_or(&[][..], |lets| lets.entries());
        Some(Then {
            pages: pages.map(|pages| At::new(pages, at("pages"))),
            complete: complete.map(|complete| At::new(complete, at("complete"))),
            fee: fee.map(|fee| At::new(fee, at("fee"))),
            eligible: eligible.map(|eligible| At::new(eligible, at("eligible"))),
            valid_until: valid_until.map(|date| At::new(date, at("valid_until"))),
            refused_by,
            warned_by,
            error_at,
            state,
            lets: lets
                .iter()
                .map(|(key, node)| (key.text.clone(), node.clone()))
                .collect(),
        })
    }
}

/// A value written in a pack, by the type of its question. Nothing is judged here except its shape: a
/// try may give an answer that is refused.
pub(crate) fn read_value(reader: &mut Reader<'_>, field: &Field, node: &Node) -> Option<Value> {
    Some(match &field.kind {
        FieldKind::Number { .. } => Value::Int(reader.int(node, &field.id)?),
        FieldKind::Money { .. } => Value::Money(reader.money(node, &field.id)?),
        FieldKind::Date => Value::Date(reader.date(node, &field.id)?),
        FieldKind::YesNo | FieldKind::Declaration => Value::Bool(reader.truth(node, &field.id)?),
        FieldKind::Choice { .. } => Value::Choice(option(reader, field, node)?),
        FieldKind::Choices { .. } => {
            let items = reader.list(node, &field.id);
            let ids = items.iter().filter_map(|item| option(reader, field, item));
            Value::Choices(ids.collect())
        }
        FieldKind::AddressHk => Value::Address(address(reader, node)?),
        FieldKind::File { kinds, .. } => {
            let count = reader.count(node, &field.id, 20)?;
            let kind = kinds.first().map_or("pdf", |kind| kind.code());
            Value::Files(
                (1..=count)
                    .map(|place| sample_file(&field.id, kind, place))
                    .collect(),
            )
        }
        FieldKind::Group { fields, .. } => {
            let items = reader.list(node, &field.id);
            Value::Items(
                items
                    .iter()
                    .map(|item| item_answers(reader, fields, item))
                    .collect(),
            )
        }
        _ => Value::Text(reader.string(node, &field.id)?),
    })
}

fn option(reader: &mut Reader<'_>, field: &Field, node: &Node) -> Option<String> {
    let id = reader.string(node, &field.id)?;
    let ids = field.kind.options().iter().map(|choice| choice.id.as_str());
    if ids.clone().any(|known| known == id) {
        return Some(id);
    }
    let wrong = format!("`{id}` is not in the list of `{}`", field.id);
    reader
        .defects
        .add(Code::UnknownReference, node.span, wrong, suggest(&id, ids));
    None
}

fn address(reader: &mut Reader<'_>, node: &Node) -> Option<Address> {
    let object = reader.object(node, "an address", &Address::PARTS)?;
    let mut address = Address::default();
    for (key, node) in object.entries() {
        if let (Some(part), Some(text)) =
            (address.part_mut(&key.text), reader.string(node, &key.text))
        {
            *part = text;
        }
    }
    Some(address)
}

fn item_answers(reader: &mut Reader<'_>, fields: &[Field], node: &Node) -> Answers {
    let mut answers = Answers::new();
    let Kind::Map(entries) = &node.kind else {
        reader.wrong(
            node.span,
            "an item of a group is not a mapping",
            "Write { question: answer }",
        );
        return answers;
    };
    for (key, node) in entries {
        let Some(field) = fields.iter().find(|field| field.id == key.text) else {
            let mend = suggest(&key.text, fields.iter().map(|field| field.id.as_str()));
            let wrong = format!("`{}` is no question of this group", key.text);
            reader.defects.add(Code::UnknownName, key.span, wrong, mend);
            continue;
        };
        if let Some(value) = read_value(reader, field, node) {
            answers.set(&key.text, value);
        }
    }
    answers
}

fn sample_file(field: &str, kind: &str, place: u32) -> FileAnswer {
    FileAnswer {
        id: format!("{field}-{place}"),
        name: format!("{field}-{place}.{kind}"),
        kind: kind.to_owned(),
        bytes: 1_000,
        sha256: "0".repeat(64),
    }
}
