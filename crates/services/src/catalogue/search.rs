//! The search index over the catalogue: built in memory when the catalogue is loaded, read without
//! locks, no engine beside it. A name counts more than a summary, a summary more than a department,
//! a department more than a form number that only happens to contain the word.

use std::collections::{BTreeMap, HashMap};

use super::fold::{QUERY_CHARS, QUERY_TOKENS, Token, fold, tokens};

/// Hits one search returns at most.
pub(super) const HITS: usize = 200;
/// Words that one mistyped word may stand for.
const TYPO_CANDIDATES: usize = 8;
/// Words that one beginning may stand for.
const PREFIX_CANDIDATES: usize = 40;
/// A word shorter than this must be typed right.
const TYPO_CHARS: usize = 4;

/// Where a word was found. The weights keep the order name > summary > department > form number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Name,
    Alias,
    Summary,
    Department,
    Form,
}

impl Place {
    const fn weight(self) -> f64 {
        match self {
            Self::Name => 10.0,
            Self::Alias => 7.0,
            Self::Summary => 4.0,
            Self::Department => 2.0,
            Self::Form => 1.5,
        }
    }
}

/// What a word of the query matched, and how well.
#[derive(Clone, Copy)]
enum Quality {
    Exact,
    Prefix,
    Typo,
    /// Both characters of a Chinese pair, apart: 狗牌 for 狗隻牌照.
    Apart,
}

impl Quality {
    const fn factor(self) -> f64 {
        match self {
            Self::Exact => 1.0,
            Self::Prefix => 0.7,
            Self::Typo => 0.4,
            Self::Apart => 0.25,
        }
    }
}

#[derive(Clone, Copy)]
struct Posting {
    entry: usize,
    weight: f64,
}

/// The index: for each token the entries that hold it.
#[derive(Default)]
pub(super) struct Index {
    postings: BTreeMap<Token, Vec<Posting>>,
    /// Words as written, with the stem they stand under: where a mistyped word is looked up.
    written: BTreeMap<String, Token>,
    names: Vec<Vec<String>>,
    online: Vec<bool>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index")
            .field("entries", &self.names.len())
            .field("tokens", &self.postings.len())
            .finish()
    }
}

impl Index {
    /// Adds the next entry; entries are numbered from 0 in the order they are added.
    /// An entry that can be used online stands before an equal one that cannot.
    pub(super) fn add(&mut self, texts: &[(Place, &str)], reach: Reach) {
        let entry = self.names.len();
        let mut best: HashMap<Token, f64> = HashMap::new();
        let mut names = Vec::new();
        for (place, text) in texts {
            let folded = fold(text);
            for (token, written) in tokens(&folded) {
                if matches!(token, Token::Word(_)) {
                    self.written.insert(written, token.clone());
                }
                for single in singles(&token) {
                    let weight = best.entry(single).or_default();
                    *weight = weight.max(place.weight() / 2.0);
                }
                let weight = best.entry(token).or_default();
                *weight = weight.max(place.weight());
            }
            if *place == Place::Name {
                names.push(folded);
            }
        }
        for (token, weight) in best {
            self.postings
                .entry(token)
                .or_default()
                .push(Posting { entry, weight });
        }
        self.names.push(names);
        self.online.push(reach == Reach::Online);
    }

    /// Numbers of the entries that answer `query`, best first; at most [`HITS`].
    #[must_use]
    pub(super) fn find(&self, query: &str) -> Vec<usize> {
        let query: String = query.chars().take(QUERY_CHARS).collect();
        let folded = fold(&query);
        let words: Vec<(Token, String)> = tokens(&folded).into_iter().take(QUERY_TOKENS).collect();
        if words.is_empty() {
            return Vec::new();
        }
        let mut scores: HashMap<usize, (f64, usize)> = HashMap::new();
        for (place, word) in words.iter().enumerate() {
            let is_last = place + 1 == words.len();
            for (entry, score) in self.matches(word, is_last) {
                let total = scores.entry(entry).or_default();
                total.0 += score;
                total.1 += 1;
            }
        }
        self.rank(&scores, words.len(), &folded)
    }

    fn rank(
        &self,
        scores: &HashMap<usize, (f64, usize)>,
        asked: usize,
        folded: &str,
    ) -> Vec<usize> {
        let phrase = folded.trim();
        let mut ranked: Vec<(f64, usize)> = scores
            .iter()
            .map(|(entry, (score, matched))| {
                let share = ratio(*matched, asked);
                let worth = score * share * share + self.bonus(*entry, phrase);
                (worth * self.reach(*entry), *entry, share)
            })
            // A long query may miss a word or two; one that misses half asks for something else.
            .filter(|(_, _, share)| *share > 0.5)
            .map(|(score, entry, _)| (score, entry))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.truncate(HITS);
        ranked.into_iter().map(|(_, entry)| entry).collect()
    }

    /// The whole query inside a name counts more than its words apart, at its beginning most.
    fn bonus(&self, entry: usize, phrase: &str) -> f64 {
        self.names
            .get(entry)
            .into_iter()
            .flatten()
            .map(|name| match name.find(phrase) {
                Some(_) if name == phrase => 40.0,
                Some(0) => 15.0,
                Some(_) => 8.0,
                None => 0.0,
            })
            .fold(0.0, f64::max)
    }

    /// What can be done here stands before what can only be read about, where both fit as well.
    fn reach(&self, entry: usize) -> f64 {
        match self.online.get(entry) {
            Some(true) => 1.5,
            _ => 1.0,
        }
    }

    /// The best score of each entry for one word of the query.
    fn matches(&self, (word, written): &(Token, String), is_last: bool) -> HashMap<usize, f64> {
        let mut best: HashMap<usize, f64> = HashMap::new();
        self.gather(word, Quality::Exact, &mut best);
        // The last word may still be being typed; the others count as finished once they are known.
        if is_last || !self.postings.contains_key(word) {
            for token in self.beginning_with(word) {
                self.gather(token, Quality::Prefix, &mut best);
            }
        }
        if best.is_empty() {
            for token in self.near(written) {
                self.gather(token, Quality::Typo, &mut best);
            }
        }
        // The pair across two words of a query (肆牌 in 食肆牌照) stands in no name.
        for (entry, score) in self.apart(word) {
            best.entry(entry).or_insert(score);
        }
        best
    }

    /// Entries that hold both characters of a pair, though not side by side.
    fn apart(&self, word: &Token) -> HashMap<usize, f64> {
        let singles = singles(word);
        let [first, second] = singles.as_slice() else {
            return HashMap::new();
        };
        let (mut one, mut two) = (HashMap::new(), HashMap::new());
        self.gather(first, Quality::Apart, &mut one);
        self.gather(second, Quality::Apart, &mut two);
        one.into_iter()
            .filter_map(|(entry, score)| Some((entry, score + two.get(&entry)?)))
            .collect()
    }

    fn gather(&self, token: &Token, quality: Quality, best: &mut HashMap<usize, f64>) {
        let Some(postings) = self.postings.get(token) else {
            return;
        };
        let rarity = self.rarity(postings.len());
        for posting in postings {
            let score = posting.weight * quality.factor() * rarity;
            let slot = best.entry(posting.entry).or_default();
            *slot = slot.max(score);
        }
    }

    fn rarity(&self, holders: usize) -> f64 {
        (1.0 + ratio(self.names.len(), holders.max(1))).ln()
    }

    fn beginning_with<'a>(&'a self, word: &'a Token) -> impl Iterator<Item = &'a Token> {
        self.postings
            .range(word.clone()..)
            .map(|(token, _)| token)
            .take_while(|token| same_script(token, word) && token.text().starts_with(word.text()))
            .filter(move |token| *token != word)
            .take(PREFIX_CANDIDATES)
    }

    fn near<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a Token> {
        let worth_it = word.chars().count() >= TYPO_CHARS;
        self.written
            .iter()
            .filter(move |(known, _)| worth_it && is_one_edit(known, word))
            .map(|(_, token)| token)
            .take(TYPO_CANDIDATES)
    }
}

/// Whether an entry can be used here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    Online,
    Information,
}

/// The two different characters of a Chinese pair; nothing for anything else.
fn singles(token: &Token) -> Vec<Token> {
    let Token::Han(pair) = token else {
        return Vec::new();
    };
    let mut chars = pair.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if first != second => {
            vec![
                Token::Han(first.to_string()),
                Token::Han(second.to_string()),
            ]
        }
        _ => Vec::new(),
    }
}

const fn same_script(a: &Token, b: &Token) -> bool {
    matches!(
        (a, b),
        (Token::Word(_), Token::Word(_)) | (Token::Han(_), Token::Han(_))
    )
}

fn ratio(part: usize, whole: usize) -> f64 {
    let number = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    number(part) / number(whole.max(1))
}

/// Whether one insertion, deletion, replacement or swap of neighbours turns `a` into `b`.
#[must_use]
pub(super) fn is_one_edit(a: &str, b: &str) -> bool {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    if a.len().abs_diff(b.len()) > 1 || a == b {
        return false;
    }
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count()
        .min(a.len().min(b.len()) - head.min(a.len().min(b.len())));
    let (rest_a, rest_b) = (
        a.get(head..a.len() - tail).unwrap_or_default(),
        b.get(head..b.len() - tail).unwrap_or_default(),
    );
    match (rest_a, rest_b) {
        ([], [_]) | ([_], []) | ([_], [_]) => true,
        ([x, y], [p, q]) => x == q && y == p,
        _ => false,
    }
}
