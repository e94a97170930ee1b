//! What the expressions of a pack may mention: the types of questions and lets, and when each becomes
//! known.

use std::collections::BTreeMap;

use crate::{
    expr::{Declared, Expr, Ty},
    field::{Field, FieldKind, Page},
    table::{Domain, Table},
};

/// When a name is known: the place of its page and of its question on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Position {
    pub(crate) page: usize,
    pub(crate) field: usize,
}

#[derive(Debug, Clone)]
struct Known {
    ty: Ty,
    position: Position,
    /// Bounds a number or money question sets itself.
    bounds: (Option<i64>, Option<i64>),
    /// `false` when a question may stay unanswered although it is shown.
    required: bool,
}

/// Names and types of one pack.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    names: BTreeMap<String, Known>,
    groups: BTreeMap<String, BTreeMap<String, Ty>>,
}

impl Scope {
    /// The questions of `pages`; `flawed` names get a type that agrees with everything.
    pub(crate) fn of<'f>(pages: &[Page], flawed: impl IntoIterator<Item = &'f String>) -> Self {
        let mut scope = Self::default();
        for name in flawed {
            scope.add_wrong(name);
        }
        for (page, asked) in pages.iter().enumerate() {
            for (field, question) in asked.fields.iter().enumerate() {
                scope.add_field(question, Position { page, field });
            }
        }
        scope
    }

    pub(crate) fn add_wrong(&mut self, name: &str) {
        let known = Known {
            ty: Ty::Wrong,
            position: Position::default(),
            bounds: (None, None),
            required: true,
        };
        self.names.insert(name.to_owned(), known);
    }

    fn add_field(&mut self, field: &Field, position: Position) {
        let bounds = match &field.kind {
            FieldKind::Number { min, max, .. } => (*min, *max),
            FieldKind::Money { min, max } => (
                min.map(kernel::Money::cents).or(Some(0)),
                max.map(kernel::Money::cents),
            ),
            _ => (None, None),
        };
        if let FieldKind::Group { fields, .. } = &field.kind {
            let types = fields
                .iter()
                .map(|inner| (inner.id.clone(), field_type(inner)))
                .collect();
            self.groups.insert(field.id.clone(), types);
        }
        let known = Known {
            ty: field_type(field),
            position,
            bounds,
            required: field.required,
        };
        // Of two questions with one id the first counts; the checker tells of the second.
        self.names.entry(field.id.clone()).or_insert(known);
    }

    /// Adds a let, known when the last thing it mentions is.
    pub(crate) fn add_let(&mut self, name: &str, ty: Ty, mentions: &[String]) {
        let position = self.position(mentions);
        let known = Known {
            ty,
            position,
            bounds: (None, None),
            required: true,
        };
        self.names.insert(name.to_owned(), known);
    }

    /// When all of `mentions` are known.
    pub(crate) fn position(&self, mentions: &[String]) -> Position {
        mentions
            .iter()
            .filter_map(|name| self.names.get(name))
            .map(|known| known.position)
            .max()
            .unwrap_or_default()
    }

    pub(crate) fn position_of(&self, name: &str) -> Option<Position> {
        self.names
            .get(name)
            .filter(|known| known.ty != Ty::Wrong)
            .map(|known| known.position)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    pub(crate) fn is_required(&self, name: &str) -> bool {
        self.names.get(name).is_none_or(|known| known.required)
    }

    /// What a table must cover for this input; `None` when a table cannot take it.
    pub(crate) fn domain(&self, name: &str) -> Option<Domain> {
        let known = self.names.get(name)?;
        let (from, to) = known.bounds;
        Some(match &known.ty {
            Ty::Int => Domain::Int { from, to },
            Ty::Money => Domain::Money { from, to },
            Ty::Date => Domain::Date,
            Ty::Bool => Domain::Bool,
            Ty::Choice(ids) => Domain::Choice(ids.to_vec()),
            _ => return None,
        })
    }

    /// The view from inside a group: its questions by their own ids.
    pub(crate) const fn inside<'s>(&'s self, group: &'s str) -> Inside<'s> {
        Inside { scope: self, group }
    }
}

/// Every name an expression or the parts of a table mention.
pub(crate) fn mentions(expr: &Expr) -> Vec<String> {
    expr.names().into_iter().map(|(name, _)| name).collect()
}

pub(crate) fn table_mentions(table: &Table) -> Vec<String> {
    use crate::table::{Condition, RowResult};
    let mut found: Vec<String> = table
        .inputs
        .iter()
        .map(|input| input.value.clone())
        .collect();
    for row in &table.rows {
        if let Condition::When(rule) = &row.condition {
            found.extend(mentions(rule));
        }
        if let RowResult::Value(value) = &row.result {
            found.extend(mentions(value));
        }
    }
    found
}

fn field_type(field: &Field) -> Ty {
    match &field.kind {
        FieldKind::Number { .. } => Ty::Int,
        FieldKind::Money { .. } => Ty::Money,
        FieldKind::Date => Ty::Date,
        FieldKind::YesNo | FieldKind::Declaration => Ty::Bool,
        FieldKind::Choice { .. } => Ty::Choice(ids(field)),
        FieldKind::Choices { .. } => Ty::List(Box::new(Ty::Choice(ids(field)))),
        FieldKind::AddressHk => Ty::Address,
        FieldKind::File { .. } => Ty::List(Box::new(Ty::Text)),
        FieldKind::Group { .. } => Ty::List(Box::new(Ty::Item(field.id.clone()))),
        _ => Ty::Text,
    }
}

fn ids(field: &Field) -> std::rc::Rc<[String]> {
    field
        .kind
        .options()
        .iter()
        .map(|choice| choice.id.clone())
        .collect()
}

impl Declared for Scope {
    fn ty(&self, name: &str) -> Option<Ty> {
        self.names.get(name).map(|known| known.ty.clone())
    }

    fn names(&self) -> Vec<String> {
        self.names.keys().cloned().collect()
    }

    fn ty_in_group(&self, group: &str, name: &str) -> Option<Ty> {
        self.groups
            .get(group)
            .and_then(|types| types.get(name))
            .cloned()
    }

    fn names_in_group(&self, group: &str) -> Vec<String> {
        self.groups
            .get(group)
            .map(|types| types.keys().cloned().collect())
            .unwrap_or_default()
    }
}

/// See [`Scope::inside`].
pub(crate) struct Inside<'s> {
    scope: &'s Scope,
    group: &'s str,
}

impl Declared for Inside<'_> {
    fn ty(&self, name: &str) -> Option<Ty> {
        self.scope
            .ty_in_group(self.group, name)
            .or_else(|| self.scope.ty(name))
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.scope.names_in_group(self.group);
        names.extend(self.scope.names());
        names
    }

    fn ty_in_group(&self, group: &str, name: &str) -> Option<Ty> {
        self.scope.ty_in_group(group, name)
    }

    fn names_in_group(&self, group: &str) -> Vec<String> {
        self.scope.names_in_group(group)
    }
}
