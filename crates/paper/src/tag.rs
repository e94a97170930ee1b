//! The structure tree under construction. Setting decides the shape; drawing adds the leaves, page
//! by page, because the writer hands out a leaf only when something is drawn.

use std::num::NonZeroU16;

use krilla::tagging::{
    Identifier, ListNumbering, Node, TableHeaderScope, Tag, TagGroup, TagKind, TagTree,
};

/// A place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(usize);

/// What a part of the document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Part,
    Heading { level: u16, words: String },
    Paragraph,
    List,
    NumberedList,
    Item,
    Label,
    ItemBody,
    Table,
    Head,
    Body,
    Foot,
    Row,
    ColumnName,
    RowName,
    Cell,
    Figure { alt: String },
}

pub(crate) struct Tree {
    parts: Vec<Part>,
}

struct Part {
    kind: Kind,
    children: Vec<Child>,
}

enum Child {
    Part(Place),
    Leaf(Identifier),
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self {
            parts: vec![Part {
                kind: Kind::Part,
                children: Vec::new(),
            }],
        }
    }

    pub(crate) const fn root() -> Place {
        Place(0)
    }

    pub(crate) fn add(&mut self, parent: Place, kind: Kind) -> Place {
        let place = Place(self.parts.len());
        self.parts.push(Part {
            kind,
            children: Vec::new(),
        });
        if let Some(part) = self.parts.get_mut(parent.0) {
            part.children.push(Child::Part(place));
        }
        place
    }

    pub(crate) fn leaf(&mut self, place: Place, leaf: Identifier) {
        if let Some(part) = self.parts.get_mut(place.0) {
            part.children.push(Child::Leaf(leaf));
        }
    }

    /// The finished tree for the writer.
    pub(crate) fn finish(&self, lang: &str) -> TagTree {
        let mut tree = TagTree::new().with_lang(Some(lang.to_owned()));
        if let Some(root) = self.parts.first() {
            for child in &root.children {
                tree.push(self.node(child));
            }
        }
        tree
    }

    fn node(&self, child: &Child) -> Node {
        match child {
            Child::Leaf(leaf) => Node::Leaf(*leaf),
            Child::Part(place) => Node::Group(self.group(*place)),
        }
    }

    fn group(&self, place: Place) -> TagGroup {
        let Some(part) = self.parts.get(place.0) else {
            return TagGroup::new(Tag::P);
        };
        let mut group = TagGroup::new(tag(&part.kind));
        for child in &part.children {
            group.push(self.node(child));
        }
        group
    }
}

fn tag(kind: &Kind) -> TagKind {
    match kind {
        Kind::Part => Tag::Part.into(),
        Kind::Heading { level, words } => {
            let level = NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN);
            Tag::Hn(level, Some(words.clone())).into()
        }
        Kind::Paragraph => Tag::P.into(),
        Kind::List => Tag::L(ListNumbering::Disc).into(),
        Kind::NumberedList => Tag::L(ListNumbering::Decimal).into(),
        Kind::Item => Tag::LI.into(),
        Kind::Label => Tag::Lbl.into(),
        Kind::ItemBody => Tag::LBody.into(),
        Kind::Table => Tag::Table.into(),
        Kind::Head => Tag::THead.into(),
        Kind::Body => Tag::TBody.into(),
        Kind::Foot => Tag::TFoot.into(),
        Kind::Row => Tag::TR.into(),
        Kind::ColumnName => Tag::TH(TableHeaderScope::Column).into(),
        Kind::RowName => Tag::TH(TableHeaderScope::Row).into(),
        Kind::Cell => Tag::TD.into(),
        Kind::Figure { alt } => Tag::Figure(Some(alt.clone())).into(),
    }
}
