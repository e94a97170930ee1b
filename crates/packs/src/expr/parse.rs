//! Tokens to a tree, by precedence climbing. Depth and size are bounded while parsing, so that no text
//! can exhaust the stack.

use super::lex::{Token, tokens};
use super::{
    Binary, EXPRESSION_CHARS, EXPRESSION_DEPTH, EXPRESSION_NODES, Flaw, Fold, Function, Node, Over,
    Term, whole_pattern,
};
use crate::defect::{Code, suggest};

pub(super) fn parse(source: &str) -> Result<Node, Flaw> {
    if source.chars().count() > EXPRESSION_CHARS {
        return Err(too_large(0));
    }
    let mut parser = Parser {
        tokens: tokens(source)?,
        at: 0,
        depth: 0,
        nodes: 0,
    };
    if parser.tokens.is_empty() {
        return Err(flaw(
            0,
            "the expression is empty",
            "Write a rule, for example `age >= 18`",
        ));
    }
    let root = parser.choose()?;
    match parser.peek() {
        None => Ok(root),
        Some((token, offset)) => {
            let wrong = format!("{} does not continue the expression", shown(token));
            let mend = match token {
                Token::Name(name) if name == "and" => "Write `&&`",
                Token::Name(name) if name == "or" => "Write `||`",
                Token::Sign("/" | "%") => {
                    "Use div_up, div_down or round_half_up, which say how to round"
                }
                _ => "Put an operator before it, or remove it",
            };
            Err(flaw(*offset, wrong, mend))
        }
    }
}

fn flaw(offset: u32, wrong: impl Into<String>, mend: impl Into<String>) -> Flaw {
    Flaw {
        code: Code::ExpressionSyntax,
        offset,
        wrong: wrong.into(),
        mend: mend.into(),
    }
}

fn too_large(offset: u32) -> Flaw {
    Flaw {
        code: Code::ExpressionTooLarge,
        offset,
        wrong: format!(
            "the expression has more than {EXPRESSION_CHARS} characters, {EXPRESSION_NODES} parts or \
             {EXPRESSION_DEPTH} levels"
        ),
        mend: "Name its parts under `let`".to_owned(),
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Int(number) => format!("`{number}`"),
        Token::Text(words) => format!("`'{words}'`"),
        Token::Name(name) => format!("`{name}`"),
        Token::Sign(sign) => format!("`{sign}`"),
    }
}

struct Parser {
    tokens: Vec<(Token, u32)>,
    at: usize,
    depth: usize,
    nodes: usize,
}

impl Parser {
    fn peek(&self) -> Option<&(Token, u32)> {
        self.tokens.get(self.at)
    }

    fn offset(&self) -> u32 {
        self.peek()
            .or_else(|| self.tokens.last())
            .map_or(0, |(_, offset)| *offset)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some((Token::Sign(next), _)) if *next == sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str, after: &str) -> Result<(), Flaw> {
        if self.take(sign) {
            return Ok(());
        }
        Err(flaw(
            self.offset(),
            format!("`{sign}` is missing after {after}"),
            format!("Add `{sign}`"),
        ))
    }

    fn node(&mut self, offset: u32, term: Term) -> Result<Node, Flaw> {
        self.nodes += 1;
        if self.nodes > EXPRESSION_NODES {
            return Err(too_large(offset));
        }
        Ok(Node { offset, term })
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Flaw>) -> Result<T, Flaw> {
        self.depth += 1;
        if self.depth > EXPRESSION_DEPTH {
            return Err(too_large(self.offset()));
        }
        let found = parse(self);
        self.depth -= 1;
        found
    }

    /// `test ? yes : no`, the loosest form.
    fn choose(&mut self) -> Result<Node, Flaw> {
        self.deeper(|parser| {
            let test = parser.binary(0)?;
            if !parser.take("?") {
                return Ok(test);
            }
            let yes = parser.choose()?;
            parser.expect(":", "the first answer of `? :`")?;
            let no = parser.choose()?;
            let offset = test.offset;
            parser.node(
                offset,
                Term::Choose(Box::new(test), Box::new(yes), Box::new(no)),
            )
        })
    }

    fn binary(&mut self, weakest: u8) -> Result<Node, Flaw> {
        let mut left = self.unary()?;
        while let Some((operator, strength)) = self.operator() {
            if strength < weakest {
                break;
            }
            self.at += 1;
            let right = self.binary(strength + 1)?;
            let offset = left.offset;
            left = self.node(
                offset,
                Term::Binary(operator, Box::new(left), Box::new(right)),
            )?;
            if (2..=3).contains(&strength)
                && let Some((next, 2..=3)) = self.operator()
            {
                let wrong = format!("`{}` compares the result of a comparison", next.symbol());
                return Err(flaw(self.offset(), wrong, "Join two comparisons with `&&`"));
            }
        }
        Ok(left)
    }

    fn operator(&self) -> Option<(Binary, u8)> {
        let (token, _) = self.peek()?;
        Some(match token {
            Token::Sign("||") => (Binary::Or, 0),
            Token::Sign("&&") => (Binary::And, 1),
            Token::Sign("==") => (Binary::Equal, 2),
            Token::Sign("!=") => (Binary::NotEqual, 2),
            Token::Sign("<") => (Binary::Less, 3),
            Token::Sign("<=") => (Binary::LessOrEqual, 3),
            Token::Sign(">") => (Binary::Greater, 3),
            Token::Sign(">=") => (Binary::GreaterOrEqual, 3),
            Token::Name(name) if name == "in" => (Binary::In, 3),
            Token::Sign("+") => (Binary::Plus, 4),
            Token::Sign("-") => (Binary::Minus, 4),
            Token::Sign("*") => (Binary::Times, 5),
            _ => return None,
        })
    }

    fn unary(&mut self) -> Result<Node, Flaw> {
        self.deeper(|parser| {
            let offset = parser.offset();
            if parser.take("!") {
                let inner = parser.unary()?;
                return parser.node(offset, Term::Not(Box::new(inner)));
            }
            if parser.take("-") {
                let inner = parser.unary()?;
                return match inner.term {
                    Term::Int(number) => parser.node(offset, Term::Int(-number)),
                    _ => parser.node(offset, Term::Negate(Box::new(inner))),
                };
            }
            parser.postfix()
        })
    }

    fn postfix(&mut self) -> Result<Node, Flaw> {
        let mut node = self.primary()?;
        while self.take(".") {
            let offset = self.offset();
            let name = self.name("after the dot")?;
            node = if self.take("(") {
                self.over(node, &name, offset)?
            } else {
                let start = node.offset;
                self.node(start, Term::Member(Box::new(node), name))?
            };
        }
        Ok(node)
    }

    fn name(&mut self, place: &str) -> Result<String, Flaw> {
        if let Some((Token::Name(name), _)) = self.peek() {
            let name = name.clone();
            self.at += 1;
            return Ok(name);
        }
        Err(flaw(
            self.offset(),
            format!("a name is missing {place}"),
            "Write one",
        ))
    }

    fn over(&mut self, items: Node, name: &str, offset: u32) -> Result<Node, Flaw> {
        let fold = match name {
            "exists" => Fold::Exists,
            "all" => Fold::All,
            "count" => Fold::Count,
            "sum" => Fold::Sum,
            other => {
                let wrong = format!("`.{other}( )` is not known");
                return Err(flaw(
                    offset,
                    wrong,
                    suggest(other, ["exists", "all", "count", "sum"]),
                ));
            }
        };
        let variable = self.name("for each item")?;
        self.expect(",", "the name of the item")?;
        let body = self.choose()?;
        self.expect(")", "the rule for each item")?;
        let start = items.offset;
        self.node(
            start,
            Term::Over(Box::new(Over {
                fold,
                items,
                variable,
                body,
            })),
        )
    }

    fn primary(&mut self) -> Result<Node, Flaw> {
        let Some((token, offset)) = self.peek().cloned() else {
            let mend = "Write a name, a number or a text in quotes";
            return Err(flaw(self.offset(), "the expression ends too early", mend));
        };
        self.at += 1;
        match token {
            Token::Int(number) => self.node(offset, Term::Int(number)),
            Token::Text(words) => self.node(offset, Term::Text(words)),
            Token::Name(name) if name == "true" => self.node(offset, Term::Bool(true)),
            Token::Name(name) if name == "false" => self.node(offset, Term::Bool(false)),
            Token::Name(name) if self.take("(") => self.call(&name, offset),
            Token::Name(name) if matches!(name.as_str(), "in" | "null" | "and" | "or" | "not") => {
                let mend = match name.as_str() {
                    "null" => "Use has(x) to ask whether a question was answered",
                    "not" => "Write `!`",
                    _ => "Write a name, a number or a text in quotes before it",
                };
                Err(flaw(offset, format!("`{name}` cannot stand here"), mend))
            }
            Token::Name(name) => self.node(offset, Term::Name(name)),
            Token::Sign("(") => {
                let inner = self.choose()?;
                self.expect(")", "the bracketed part")?;
                Ok(inner)
            }
            Token::Sign("[") => {
                let items = self.list("]")?;
                self.node(offset, Term::List(items))
            }
            other @ Token::Sign(_) => {
                let wrong = format!("{} cannot stand here", shown(&other));
                Err(flaw(
                    offset,
                    wrong,
                    "Write a name, a number or a text in quotes before it",
                ))
            }
        }
    }

    /// Expressions up to `end`, separated by commas.
    fn list(&mut self, end: &str) -> Result<Vec<Node>, Flaw> {
        let mut items = Vec::new();
        if self.take(end) {
            return Ok(items);
        }
        loop {
            items.push(self.choose()?);
            if self.take(end) {
                return Ok(items);
            }
            if !self.take(",") {
                let wrong = format!("`{end}` is missing");
                return Err(flaw(self.offset(), wrong, format!("Add `,` or `{end}`")));
            }
        }
    }

    fn call(&mut self, name: &str, offset: u32) -> Result<Node, Flaw> {
        let arguments = self.list(")")?;
        match name {
            "has" => {
                let inner = one(arguments, name, offset)?;
                self.node(offset, Term::Has(Box::new(inner)))
            }
            "date" => {
                let written = one(arguments, name, offset)?;
                let date = match &written.term {
                    Term::Text(words) => words.parse().ok(),
                    _ => None,
                };
                let mend = "Write it as date('2026-11-22')";
                let date = date.ok_or_else(|| flaw(offset, "this is not a real date", mend))?;
                self.node(offset, Term::Date(date))
            }
            "matches" => self.matches(arguments, offset),
            _ => {
                let Some(function) = Function::find(name) else {
                    let wrong = format!("there is no function `{name}`");
                    return Err(Flaw {
                        code: Code::UnknownName,
                        offset,
                        wrong,
                        mend: suggest(name, Function::names()),
                    });
                };
                let wanted = function.arguments();
                if arguments.len() != wanted {
                    let wrong = format!("{name}( ) takes {wanted} values, not {}", arguments.len());
                    return Err(flaw(offset, wrong, format!("Write {}", function.usage())));
                }
                self.node(offset, Term::Call(function, arguments))
            }
        }
    }

    fn matches(&mut self, arguments: Vec<Node>, offset: u32) -> Result<Node, Flaw> {
        let mend = "Write matches(field, 'pattern')";
        let Ok([text, pattern]) = <[Node; 2]>::try_from(arguments) else {
            return Err(flaw(offset, "matches( ) takes a text and a pattern", mend));
        };
        let Term::Text(pattern) = pattern.term else {
            return Err(flaw(pattern.offset, "the pattern is not written out", mend));
        };
        let regex = whole_pattern(&pattern).map_err(|why| Flaw {
            code: Code::BadPattern,
            offset,
            wrong: format!("the pattern `{pattern}` cannot be used: {why}"),
            mend: "Write a Rust regular expression without look-around".to_owned(),
        })?;
        self.node(offset, Term::Matches(Box::new(text), regex))
    }
}

fn one(arguments: Vec<Node>, name: &str, offset: u32) -> Result<Node, Flaw> {
    let mut arguments = arguments.into_iter();
    match (arguments.next(), arguments.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(flaw(
            offset,
            format!("{name}( ) takes one value"),
            format!("Write {name}(x)"),
        )),
    }
}
