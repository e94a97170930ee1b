//! YAML text to a tree of nodes that know where they were written. Only the plain part of YAML is
//! let in: no anchors, aliases, merge keys, tags or directives, because a reader of a pack must see
//! what it says without resolving anything. Scalars stay text; what they mean is decided by the key
//! that asks for them, so `no` is never a boolean by accident.

use serde_saphyr::granit_parser::{Event, Marker, Parser, ScalarStyle, Span as YamlSpan};

use crate::defect::{Code, Defects, Span};

/// Bytes of one pack.
pub(crate) const PACK_BYTES: usize = 512 * 1024;
/// Nesting of mappings and lists.
pub(crate) const PACK_DEPTH: usize = 16;
/// Scalars, lists and mappings of one pack.
pub(crate) const PACK_NODES: usize = 50_000;

/// One node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// `plain` scalars were written without quotes and may stand for nothing (`null`).
    Scalar {
        text: String,
        plain: bool,
        block: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Node {
    /// `a text`, `a list`, `a mapping`: for messages.
    pub(crate) const fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Scalar { .. } => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    /// The text of `key`, where the node is a mapping that has it.
    pub(crate) fn word_at(&self, key: &str) -> Option<&str> {
        let Kind::Map(entries) = &self.kind else {
            return None;
        };
        let (_, node) = entries.iter().find(|(written, _)| written.text == key)?;
        match &node.kind {
            Kind::Scalar { text, .. } => Some(text.trim()),
            _ => None,
        }
    }

    /// Written as nothing at all, `~` or `null`.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true, .. }
            if matches!(text.as_str(), "" | "~" | "null"))
    }
}

/// Parses one document. `None` when the text cannot be read at all; the reason is in `defects`.
pub(crate) fn parse(text: &str, defects: &mut Defects) -> Option<Node> {
    if text.len() > PACK_BYTES {
        let wrong = format!(
            "the file has {} bytes, a pack has at most {PACK_BYTES}",
            text.len()
        );
        let mend = "Split the service, or move long lists into a shorter form";
        defects.add(Code::TooLarge, Span { line: 1, column: 1 }, wrong, mend);
        return None;
    }
    let mut builder = Builder::new(defects);
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => builder.take(event, span)?,
            Err(error) => {
                let at = place(*error.marker());
                let wrong = format!("this is not YAML: {}", error.info());
                let mend =
                    "Look at the indentation, quotes and brackets here and on the line above";
                builder.defects.add(Code::YamlSyntax, at, wrong, mend);
                return None;
            }
        }
    }
    let done = builder.root.take();
    if done.is_none() {
        let at = Span { line: 1, column: 1 };
        builder.defects.add(
            Code::YamlSyntax,
            at,
            "the file is empty",
            "Write a service pack",
        );
    }
    done
}

fn place(mark: Marker) -> Span {
    Span {
        line: u32::try_from(mark.line()).unwrap_or(u32::MAX),
        column: u32::try_from(mark.col().saturating_add(1)).unwrap_or(u32::MAX),
    }
}

enum Open {
    List(Span, Vec<Node>),
    Map(Span, Vec<(Key, Node)>, Option<Key>),
}

struct Builder<'d> {
    defects: &'d mut Defects,
    stack: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
}

impl<'d> Builder<'d> {
    const fn new(defects: &'d mut Defects) -> Self {
        Self {
            defects,
            stack: Vec::new(),
            root: None,
            nodes: 0,
            documents: 0,
        }
    }

    fn take(&mut self, event: Event<'_>, span: YamlSpan) -> Option<()> {
        let at = place(span.start);
        self.nodes += 1;
        if self.nodes > PACK_NODES || self.stack.len() > PACK_DEPTH {
            let wrong = format!(
                "the file is larger than {PACK_NODES} values or deeper than {PACK_DEPTH} levels"
            );
            self.defects
                .add(Code::TooLarge, at, wrong, "Make it simpler");
            return None;
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.refuse(at, "a second document begins here");
                    return None;
                }
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.refuse(at, "`*name` repeats something written elsewhere");
                let kind = Kind::Scalar {
                    text: String::new(),
                    plain: true,
                    block: false,
                };
                self.put(Node { span: at, kind });
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.properties(at, anchor, tag.is_some());
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                    block: !matches!(
                        style,
                        ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted
                    ),
                };
                self.put(Node { span: at, kind });
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.properties(at, anchor, tag.is_some());
                self.stack.push(Open::List(at, Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                self.properties(at, anchor, tag.is_some());
                self.stack.push(Open::Map(at, Vec::new(), None));
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => {}
        }
        Some(())
    }

    fn properties(&mut self, at: Span, anchor: usize, tagged: bool) {
        if anchor != 0 {
            self.refuse(at, "`&name` names a part of the file");
        }
        if tagged {
            self.refuse(at, "`!tag` changes the type of a value");
        }
    }

    fn refuse(&mut self, at: Span, what: &str) {
        let mend = "Packs use plain YAML only: write the value out where it is needed";
        self.defects.add(Code::YamlFeature, at, what, mend);
    }

    fn close(&mut self) {
        let node = match self.stack.pop() {
            Some(Open::List(span, items)) => Node {
                span,
                kind: Kind::List(items),
            },
            Some(Open::Map(span, entries, _)) => Node {
                span,
                kind: Kind::Map(entries),
            },
            None => return,
        };
        self.put(node);
    }

    fn put(&mut self, node: Node) {
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, entries, waiting)) => match waiting.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    let key = key(node, entries, self.defects);
                    *waiting = Some(key);
                }
            },
        }
    }
}

fn key(node: Node, entries: &[(Key, Node)], defects: &mut Defects) -> Key {
    let Kind::Scalar { text, .. } = node.kind else {
        let mend = "Write a single word before the colon";
        defects.add(
            Code::YamlFeature,
            node.span,
            "a list or mapping stands as a key",
            mend,
        );
        return Key {
            text: String::new(),
            span: node.span,
        };
    };
    if text == "<<" {
        let mend = "Packs use plain YAML only: write the keys out where they are needed";
        defects.add(
            Code::YamlFeature,
            node.span,
            "`<<` merges keys written elsewhere",
            mend,
        );
    } else if let Some((first, _)) = entries.iter().find(|(key, _)| key.text == text) {
        let wrong = format!("`{text}` is already given on line {}", first.span.line);
        defects.add(Code::KeyTwice, node.span, wrong, "Keep one of the two");
    }
    Key {
        text,
        span: node.span,
    }
}
