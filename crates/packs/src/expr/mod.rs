//! The expression language: CEL's surface syntax over a small, typed, total core. An expression is
//! parsed once, type-checked against the questions of its pack, and can then neither fail nor loop:
//! what cannot be computed is *unknown*.

mod eval;
mod functions;
mod lex;
mod parse;
mod types;

pub(crate) use Node as ExprNode;
pub(crate) use eval::{Names, Val, evaluate};
pub(crate) use functions::Function;
pub(crate) use types::{Declared, Ty, type_of};

use regex::Regex;

use crate::defect::{Code, Span};

/// Characters of one expression.
pub(crate) const EXPRESSION_CHARS: usize = 2_000;
/// Nesting of one expression.
pub(crate) const EXPRESSION_DEPTH: usize = 32;
/// Operators, names and literals of one expression.
pub(crate) const EXPRESSION_NODES: usize = 500;
/// Characters of a regular expression.
pub(crate) const PATTERN_CHARS: usize = 200;
/// Bytes the compiled form of a regular expression may take.
const PATTERN_BYTES: usize = 256 * 1024;

/// A parsed expression and where it was written.
#[derive(Debug, Clone)]
pub struct Expr {
    pub(crate) source: String,
    pub(crate) at: Span,
    pub(crate) root: Node,
}

impl Expr {
    /// The number, when the expression is written as a plain whole number: an amount in cents.
    #[must_use]
    pub fn as_number(&self) -> Option<i64> {
        self.source.trim().parse().ok()
    }
}

impl PartialEq for Expr {
    /// Two expressions are equal when they are written alike.
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Expr {}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Characters from the start of the expression.
    pub(crate) offset: u32,
    pub(crate) term: Term,
}

#[derive(Debug, Clone)]
pub(crate) enum Term {
    Int(i64),
    Text(String),
    Bool(bool),
    Date(kernel::Date),
    Name(String),
    List(Vec<Node>),
    Member(Box<Node>, String),
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    Choose(Box<Node>, Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
    Matches(Box<Node>, Regex),
    Has(Box<Node>),
    Over(Box<Over>),
}

/// `items.exists(x, …)` and its like.
#[derive(Debug, Clone)]
pub(crate) struct Over {
    pub(crate) fold: Fold,
    pub(crate) items: Node,
    pub(crate) variable: String,
    pub(crate) body: Node,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    Exists,
    All,
    Count,
    Sum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Plus,
    Minus,
    Times,
}

impl Binary {
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
        }
    }
}

/// Why text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) code: Code,
    pub(crate) offset: u32,
    pub(crate) wrong: String,
    pub(crate) mend: String,
}

impl Expr {
    /// Parses `source`, written at `at`.
    pub(crate) fn parse(source: &str, at: Span) -> Result<Self, Flaw> {
        Ok(Self {
            source: source.to_owned(),
            at,
            root: parse::parse(source)?,
        })
    }

    /// The number, when the expression is nothing else.
    pub(crate) const fn literal_int(&self) -> Option<i64> {
        match self.root.term {
            Term::Int(number) => Some(number),
            _ => None,
        }
    }

    /// What the author wrote.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where in the file the node at `offset` stands.
    pub(crate) fn place(&self, offset: u32) -> Span {
        if self.source.contains('\n') {
            self.at
        } else {
            self.at.right(offset)
        }
    }

    /// Every name the expression mentions, without the variables of macros; names of questions inside
    /// a group come as `group.question`.
    pub(crate) fn names(&self) -> Vec<(String, Span)> {
        let mut found = Vec::new();
        self.root.walk(&mut Vec::new(), &mut |name, offset| {
            found.push((name.to_owned(), self.place(offset)));
        });
        found
    }
}

impl Node {
    /// Sees this node and all below it.
    pub(crate) fn each(&self, see: &mut dyn FnMut(&Self)) {
        see(self);
        match &self.term {
            Term::Int(_) | Term::Text(_) | Term::Bool(_) | Term::Date(_) | Term::Name(_) => {}
            Term::List(nodes) | Term::Call(_, nodes) => {
                nodes.iter().for_each(|node| node.each(see))
            }
            Term::Member(node, _)
            | Term::Not(node)
            | Term::Negate(node)
            | Term::Matches(node, _)
            | Term::Has(node) => node.each(see),
            Term::Binary(_, left, right) => {
                left.each(see);
                right.each(see);
            }
            Term::Choose(test, yes, no) => {
                test.each(see);
                yes.each(see);
                no.each(see);
            }
            Term::Over(over) => {
                over.items.each(see);
                over.body.each(see);
            }
        }
    }

    fn walk<'n>(&'n self, locals: &mut Vec<&'n str>, see: &mut dyn FnMut(&str, u32)) {
        match &self.term {
            Term::Int(_) | Term::Text(_) | Term::Bool(_) | Term::Date(_) => {}
            Term::Name(name) => {
                if !locals.contains(&name.as_str()) {
                    see(name, self.offset);
                }
            }
            Term::List(nodes) | Term::Call(_, nodes) => {
                for node in nodes {
                    node.walk(locals, see);
                }
            }
            Term::Member(node, _)
            | Term::Not(node)
            | Term::Negate(node)
            | Term::Matches(node, _)
            | Term::Has(node) => node.walk(locals, see),
            Term::Binary(_, left, right) => {
                left.walk(locals, see);
                right.walk(locals, see);
            }
            Term::Choose(test, yes, no) => {
                test.walk(locals, see);
                yes.walk(locals, see);
                no.walk(locals, see);
            }
            Term::Over(over) => {
                over.items.walk(locals, see);
                locals.push(&over.variable);
                over.body.walk(locals, see);
                locals.pop();
            }
        }
    }
}

/// Compiles an author's regular expression so that it matches the whole text. Rust's engine runs in
/// time linear in the text; the length and the compiled size are bounded here.
pub(crate) fn whole_pattern(pattern: &str) -> Result<Regex, String> {
    if pattern.chars().count() > PATTERN_CHARS {
        return Err(format!("it is longer than {PATTERN_CHARS} characters"));
    }
    regex::RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(PATTERN_BYTES)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "it needs too much memory".to_owned(),
            other => other
                .to_string()
                .lines()
                .last()
                .unwrap_or("it is malformed")
                .to_owned(),
        })
}

/// For fuzzing: any text may be parsed; nothing may panic.
#[must_use]
pub fn expression_parses(source: &str) -> bool {
    Expr::parse(source, Span::default()).is_ok()
}

#[cfg(test)]
mod tests;
