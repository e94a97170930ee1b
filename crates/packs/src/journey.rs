//! Following a pack: which pages and questions show, what is missing, where to go next. Hidden answers
//! are dropped here, on the server, before anything else looks at them.

use kernel::Text;

use crate::{
    expr::{Expr, Names, evaluate},
    field::{Field, FieldKind, Page},
    judge,
    known::{Facts, InItem, Known},
    pack::Pack,
    value::{Answers, Value},
    words,
};

/// The way through a pack for some answers.
#[derive(Debug, Clone)]
pub struct Journey<'p> {
    /// The pages that show, in order.
    pub pages: Vec<PageView<'p>>,
    /// The answers without those to hidden questions.
    pub answers: Answers,
}

/// One page that shows.
#[derive(Debug, Clone)]
pub struct PageView<'p> {
    pub page: &'p Page,
    /// The questions that show, in order.
    pub fields: Vec<&'p Field>,
    /// What is missing or wrong; empty when the page is complete.
    pub errors: Vec<FieldError>,
}

/// One answer that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The name of the input: `dob`, or `partners.0.hkid` inside a group.
    pub path: String,
    /// The question; the group's id for questions inside it.
    pub field: String,
    /// The item of a group, from 0.
    pub index: Option<usize>,
    pub message: Text,
}

impl FieldError {
    pub(crate) fn at(field: &Field, message: Text) -> Self {
        Self {
            path: field.id.clone(),
            field: field.id.clone(),
            index: None,
            message,
        }
    }

    pub(crate) fn in_item(group: &str, index: usize, field: &Field, message: Text) -> Self {
        Self {
            path: format!("{group}.{index}.{}", field.id),
            field: group.to_owned(),
            index: Some(index),
            message,
        }
    }
}

impl PageView<'_> {
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.errors.is_empty()
    }
}

impl<'p> Journey<'p> {
    /// The first page with something missing: where a resumed draft goes on.
    #[must_use]
    pub fn next(&self) -> Option<&PageView<'p>> {
        self.pages.iter().find(|page| !page.is_complete())
    }

    /// Whether every page is complete.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.next().is_none()
    }

    #[must_use]
    pub fn page(&self, id: &str) -> Option<&PageView<'p>> {
        self.pages.iter().find(|view| view.page.id == id)
    }

    /// The page after the page `id`; `None` at the end.
    #[must_use]
    pub fn after(&self, id: &str) -> Option<&PageView<'p>> {
        let place = self.place(id)?;
        self.pages.get(place + 1)
    }

    /// The page before the page `id`; `None` at the start.
    #[must_use]
    pub fn before(&self, id: &str) -> Option<&PageView<'p>> {
        let place = self.place(id)?;
        place.checked_sub(1).and_then(|place| self.pages.get(place))
    }

    /// Whether the person may open the page: everything before it is complete.
    #[must_use]
    pub fn may_open(&self, id: &str) -> bool {
        self.place(id)
            .is_some_and(|place| self.pages.iter().take(place).all(PageView::is_complete))
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.pages.iter().position(|view| view.page.id == id)
    }
}

impl Pack {
    /// The pages and questions that show for `answers`, with what is missing on each.
    #[must_use]
    pub fn journey(&self, answers: &Answers, facts: &Facts<'_>) -> Journey<'_> {
        let mut clean = Answers::new();
        let mut pages = Vec::with_capacity(self.pages.len());
        for page in &self.pages {
            let fields = self.show_page(page, answers, &mut clean, facts);
            if !fields.is_empty() {
                let errors = self.page_errors(&fields, &clean, facts);
                pages.push(PageView {
                    page,
                    fields,
                    errors,
                });
            }
        }
        Journey {
            pages,
            answers: clean,
        }
    }

    /// Everything that is missing or wrong, in the order of the pages. Empty when the application may
    /// be submitted, eligibility aside.
    #[must_use]
    pub fn check_all(&self, answers: &Answers, facts: &Facts<'_>) -> Vec<FieldError> {
        let journey = self.journey(answers, facts);
        journey
            .pages
            .into_iter()
            .flat_map(|page| page.errors)
            .collect()
    }

    /// The author's rules about answers that are broken, as `born.must 1`; types and bounds are not
    /// looked at.
    pub(crate) fn broken_rules(&self, answers: &Answers, facts: &Facts<'_>) -> Vec<String> {
        let known = Known::new(self, answers, facts);
        let mut broken = Vec::new();
        let mut look = |field: &Field, names: &dyn Names| {
            for (place, must) in (1..).zip(&field.must) {
                if evaluate(&must.rule.root, names).truth() == Some(false) {
                    broken.push(must_path(field, place));
                }
            }
        };
        for field in self.fields().filter(|field| answers.has(&field.id)) {
            look(field, &known);
            if let (FieldKind::Group { fields, .. }, Some(Value::Items(items))) =
                (&field.kind, answers.get(&field.id))
            {
                for item in items {
                    let inside = InItem {
                        outer: &known,
                        item,
                        fields,
                    };
                    fields.iter().for_each(|inner| look(inner, &inside));
                }
            }
        }
        broken
    }

    /// The questions of `page` that show, moving their answers from `answers` to `clean`.
    fn show_page<'p>(
        &'p self,
        page: &'p Page,
        answers: &Answers,
        clean: &mut Answers,
        facts: &Facts<'_>,
    ) -> Vec<&'p Field> {
        if !self.shows(page.when.as_ref(), clean, facts) {
            return Vec::new();
        }
        let mut fields = Vec::with_capacity(page.fields.len());
        for field in &page.fields {
            if !self.shows(field.when.as_ref(), clean, facts) {
                continue;
            }
            if let Some(value) = answers.get(&field.id) {
                let value = self.clean_value(field, value, clean, facts);
                clean.set(&field.id, value);
            }
            fields.push(field);
        }
        fields
    }

    fn shows(&self, when: Option<&Expr>, answers: &Answers, facts: &Facts<'_>) -> bool {
        when.is_none_or(|rule| {
            let known = Known::new(self, answers, facts);
            evaluate(&rule.root, &known).truth() == Some(true)
        })
    }

    /// Items of a group lose the answers to questions hidden in them.
    fn clean_value(
        &self,
        field: &Field,
        value: &Value,
        clean: &Answers,
        facts: &Facts<'_>,
    ) -> Value {
        let (FieldKind::Group { fields, .. }, Value::Items(items)) = (&field.kind, value) else {
            return value.clone();
        };
        let known = Known::new(self, clean, facts);
        let items = items.iter().map(|item| {
            let mut kept = Answers::new();
            for inner in shown_in_item(fields, item, &known) {
                if let Some(value) = item.get(&inner.id) {
                    kept.set(&inner.id, value.clone());
                }
            }
            kept
        });
        Value::Items(items.collect())
    }

    /// What is missing or wrong among `fields`.
    pub(crate) fn page_errors(
        &self,
        fields: &[&Field],
        answers: &Answers,
        facts: &Facts<'_>,
    ) -> Vec<FieldError> {
        let known = Known::new(self, answers, facts);
        let mut errors = Vec::new();
        for field in fields {
            let value = answers.get(&field.id);
            if let Some(message) = refuse(field, value, &known) {
                errors.push(FieldError::at(field, message));
            } else if let (FieldKind::Group { fields, .. }, Some(Value::Items(items))) =
                (&field.kind, value)
            {
                for (index, item) in items.iter().enumerate() {
                    let inside = InItem {
                        outer: &known,
                        item,
                        fields,
                    };
                    for inner in shown_in_item(fields, item, &known) {
                        if let Some(message) = refuse(inner, item.get(&inner.id), &inside) {
                            errors.push(FieldError::in_item(&field.id, index, inner, message));
                        }
                    }
                }
            }
        }
        errors
    }
}

/// What a rule about an answer is called when something is told about it.
pub(crate) fn must_path(field: &Field, place: usize) -> String {
    format!("{}.must {place}", field.id)
}

/// The questions that show inside one item of a group.
pub(crate) fn shown_in_item<'f>(
    fields: &'f [Field],
    item: &Answers,
    outer: &dyn Names,
) -> Vec<&'f Field> {
    let mut kept = Answers::new();
    let mut shown = Vec::with_capacity(fields.len());
    for field in fields {
        let inside = InItem {
            outer,
            item: &kept,
            fields,
        };
        let shows = field
            .when
            .as_ref()
            .is_none_or(|rule| evaluate(&rule.root, &inside).truth() == Some(true));
        if shows {
            if let Some(value) = item.get(&field.id) {
                kept.set(&field.id, value.clone());
            }
            shown.push(field);
        }
    }
    shown
}

/// Why the question's answer (or its absence) cannot be taken.
fn refuse(field: &Field, value: Option<&Value>, names: &dyn Names) -> Option<Text> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return field.required.then(|| needed(&field.kind)).flatten();
    };
    judge::refuse(field, value).or_else(|| {
        let broken = field
            .must
            .iter()
            .find(|must| evaluate(&must.rule.root, names).truth() == Some(false));
        broken.map(|must| must.say.clone())
    })
}

/// A required list of at least nought may stay empty.
fn needed(kind: &FieldKind) -> Option<Text> {
    match kind {
        FieldKind::File { min: 0, .. }
        | FieldKind::Group { min: 0, .. }
        | FieldKind::Choices { min: 0, .. } => None,
        kind => Some(words::required(kind)),
    }
}
