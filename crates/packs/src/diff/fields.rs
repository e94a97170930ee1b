//! Changes of pages and questions: what older answers can no longer say.

use kernel::Text;

use super::{ChangeClass, Changes};
use crate::{
    field::{Field, FieldKind},
    pack::Pack,
};

impl Changes {
    pub(super) fn pages(&mut self, old: &Pack, new: &Pack) {
        for page in &new.pages {
            let path = format!("pages.{}", page.id);
            match old.page(&page.id) {
                None => self.add(ChangeClass::Compatible, &path, "the page is new"),
                Some(before) => {
                    self.text(format!("{path}.title"), &before.title, &page.title);
                    let intro = (&before.intro, &page.intro);
                    self.same(
                        ChangeClass::TextOnly,
                        &format!("{path}.intro"),
                        intro,
                        "the words changed",
                    );
                    let when = (&before.when, &page.when);
                    let what = "the condition of the page changed";
                    self.same(ChangeClass::Compatible, &format!("{path}.when"), when, what);
                }
            }
        }
        for page in old.pages.iter().filter(|page| new.page(&page.id).is_none()) {
            self.add(
                ChangeClass::Compatible,
                format!("pages.{}", page.id),
                "the page is gone",
            );
        }
        let order =
            |pack: &Pack| -> Vec<String> { pack.fields().map(|field| field.id.clone()).collect() };
        let (before, after) = (order(old), order(new));
        let kept: Vec<&String> = after.iter().filter(|id| before.contains(id)).collect();
        if before
            .iter()
            .filter(|id| after.contains(id))
            .collect::<Vec<_>>()
            != kept
        {
            self.add(
                ChangeClass::Compatible,
                "pages",
                "questions are asked in another order",
            );
        }
        let old_fields: Vec<&Field> = old.fields().collect();
        let new_fields: Vec<&Field> = new.fields().collect();
        self.fields("fields", &old_fields, &new_fields);
    }

    fn fields(&mut self, prefix: &str, old: &[&Field], new: &[&Field]) {
        for field in new {
            let path = format!("{prefix}.{}", field.id);
            match old.iter().find(|before| before.id == field.id) {
                Some(before) => self.field(&path, before, field),
                None if field.required && field.when.is_none() => {
                    let what =
                        "a question that must be answered is new: older applications lack it";
                    self.add(ChangeClass::NeedsMigration, path, what);
                }
                None => self.add(ChangeClass::Compatible, path, "the question is new"),
            }
        }
        for field in old
            .iter()
            .filter(|field| new.iter().all(|after| after.id != field.id))
        {
            let path = format!("{prefix}.{}", field.id);
            let what = "the question is gone: older answers to it have no place";
            self.add(ChangeClass::NeedsMigration, path, what);
        }
    }

    fn field(&mut self, path: &str, old: &Field, new: &Field) {
        use ChangeClass::{Compatible, NeedsMigration};
        self.field_words(path, old, new);
        if old.kind.code() != new.kind.code() {
            let (old, new) = (old.kind.code(), new.kind.code());
            let what = format!("the type changed from {old} to {new}");
            return self.add(NeedsMigration, format!("{path}.type"), what);
        }
        if old.required != new.required {
            let (class, what) = if new.required {
                let what = "the question must be answered now: older applications may lack it";
                (NeedsMigration, what)
            } else {
                (Compatible, "the question may stay unanswered now")
            };
            self.add(class, format!("{path}.required"), what);
        }
        let when = (&old.when, &new.when);
        let what = "the condition of the question changed";
        self.same(Compatible, &format!("{path}.when"), when, what);
        let must = (&rules(old), &rules(new));
        let what = "the rules about the answer changed";
        self.same(Compatible, &format!("{path}.must"), must, what);
        let source = (&prefill(old), &prefill(new));
        let what = "the answer is filled from another place";
        self.same(Compatible, &format!("{path}.prefill"), source, what);
        let class = (&old.class, &new.class);
        let what = "the protection of the answer changed";
        self.same(NeedsMigration, &format!("{path}.class"), class, what);
        self.kind(path, &old.kind, &new.kind);
    }

    fn field_words(&mut self, path: &str, old: &Field, new: &Field) {
        use ChangeClass::TextOnly;
        self.text(format!("{path}.label"), &old.label, &new.label);
        let hint = (&old.hint, &new.hint);
        self.same(TextOnly, &format!("{path}.hint"), hint, "the words changed");
        let words = |field: &Field| -> Vec<Text> {
            field.must.iter().map(|must| must.say.clone()).collect()
        };
        let says = (&words(old), &words(new));
        self.same(TextOnly, &format!("{path}.must"), says, "the words changed");
    }

    fn kind(&mut self, path: &str, old: &FieldKind, new: &FieldKind) {
        if let (FieldKind::Group { fields: before, .. }, FieldKind::Group { fields: after, .. }) =
            (old, new)
        {
            let (before, after): (Vec<&Field>, Vec<&Field>) =
                (before.iter().collect(), after.iter().collect());
            self.fields(path, &before, &after);
        }
        for choice in old.options() {
            match new.options().iter().find(|after| after.id == choice.id) {
                None => {
                    let what = format!(
                        "the choice `{}` is gone: older answers may hold it",
                        choice.id
                    );
                    self.add(ChangeClass::NeedsMigration, format!("{path}.options"), what);
                }
                Some(after) => self.text(
                    format!("{path}.options.{}", choice.id),
                    &choice.label,
                    &after.label,
                ),
            }
        }
        for choice in new.options() {
            if old.options().iter().all(|before| before.id != choice.id) {
                let what = format!("the choice `{}` is new", choice.id);
                self.add(ChangeClass::Compatible, format!("{path}.options"), what);
            }
        }
        let what = "the bounds of the answer changed";
        self.same(
            ChangeClass::Compatible,
            path,
            (&bounds(old), &bounds(new)),
            what,
        );
    }
}

pub(super) fn rules(field: &Field) -> Vec<&str> {
    field.must.iter().map(|must| must.rule.source()).collect()
}

pub(super) fn prefill(field: &Field) -> Option<(&str, bool)> {
    let prefill = field.prefill.as_ref()?;
    Some((&prefill.source, prefill.locked))
}

/// What a question takes, apart from choices and words.
pub(super) fn bounds(kind: &FieldKind) -> String {
    match kind {
        FieldKind::Text { min, max, pattern } => {
            format!(
                "{min} {max} {:?}",
                pattern.as_ref().map(|pattern| &pattern.source)
            )
        }
        FieldKind::LongText { min, max } | FieldKind::Choices { min, max, .. } => {
            format!("{min} {max}")
        }
        FieldKind::Number { min, max, .. } => format!("{min:?} {max:?}"),
        FieldKind::Money { min, max } => format!("{min:?} {max:?}"),
        FieldKind::File {
            kinds,
            max_mb,
            min,
            max,
        } => format!("{kinds:?} {max_mb} {min} {max}"),
        FieldKind::Group { min, max, .. } => format!("{min} {max}"),
        _ => String::new(),
    }
}
