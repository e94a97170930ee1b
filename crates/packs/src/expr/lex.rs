//! Text to tokens.

use super::Flaw;
use crate::defect::Code;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Int(i64),
    Text(String),
    Name(String),
    /// An operator or bracket, as written.
    Sign(&'static str),
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 22] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "?", ":", "(", ")", "[", "]",
    ",", ".", "/", "%",
];

pub(super) fn tokens(source: &str) -> Result<Vec<(Token, u32)>, Flaw> {
    let chars: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&first) = chars.get(at) {
        if first.is_whitespace() {
            at += 1;
            continue;
        }
        let rest = chars.get(at..).unwrap_or_default();
        let (token, length) = token(first, rest, offset(at))?;
        found.push((token, offset(at)));
        at += length;
    }
    Ok(found)
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn token(first: char, rest: &[char], at: u32) -> Result<(Token, usize), Flaw> {
    if first.is_ascii_digit() {
        return number(rest, at);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let name: String = rest
            .iter()
            .take_while(|c| c.is_ascii_alphanumeric() || **c == '_')
            .collect();
        let length = name.len();
        return Ok((Token::Name(name), length));
    }
    if first == '\'' || first == '"' {
        return text(first, rest, at);
    }
    for sign in SIGNS {
        let length = sign.len();
        if rest
            .get(..length)
            .is_some_and(|head| head.iter().copied().eq(sign.chars()))
        {
            return Ok((Token::Sign(sign), length));
        }
    }
    let (wrong, mend) = match first {
        '=' => ("a single `=` compares nothing".to_owned(), "Write `==`"),
        '&' | '|' => (
            format!("a single `{first}` is no operator"),
            "Write it twice",
        ),
        _ => (
            format!("`{first}` does not belong in an expression"),
            "Remove it, or put text in quotes",
        ),
    };
    Err(Flaw {
        code: Code::ExpressionSyntax,
        offset: at,
        wrong,
        mend: mend.to_owned(),
    })
}

fn number(rest: &[char], at: u32) -> Result<(Token, usize), Flaw> {
    let digits: String = rest
        .iter()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
        .collect();
    let flaw = |wrong: String, mend: &str| Flaw {
        code: Code::ExpressionSyntax,
        offset: at,
        wrong,
        mend: mend.to_owned(),
    };
    if digits.contains('.') {
        let mend =
            "Use whole numbers: cents for money, and div_up, div_down or round_half_up to divide";
        return Err(flaw(format!("`{digits}` is not a whole number"), mend));
    }
    let value = digits.parse().map_err(|_| {
        flaw(
            format!("`{digits}` is not a whole number"),
            "Write digits only, at most 18 of them",
        )
    })?;
    Ok((Token::Int(value), digits.len()))
}

fn text(quote: char, rest: &[char], at: u32) -> Result<(Token, usize), Flaw> {
    let mut words = String::new();
    let mut escaped = false;
    for (place, &c) in rest.iter().enumerate().skip(1) {
        match c {
            _ if escaped => {
                words.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            c if c == quote => return Ok((Token::Text(words), place + 1)),
            c => words.push(c),
        }
    }
    Err(Flaw {
        code: Code::ExpressionSyntax,
        offset: at,
        wrong: "the text that begins here has no end".to_owned(),
        mend: format!("Close it with {quote}"),
    })
}
