//! The top of a pack.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Text;

use super::{NONE, Object, Reader, word_pairs};
use crate::{
    chart::Chart,
    defect::{At, Code, Defects, Span, suggest},
    pack::{
        Appeal, Applicant, Audience, Claim, Confidence, DepartmentCheck, IdentityNeed, Issue, Keep,
        Letter, Level, Pack, Period, Promise, ServiceKind, Source, SourceDate, Unit,
    },
    scope::Scope,
    topics::{LIFE_EVENTS, SUBJECTS},
    yaml::Node,
};

/// Keys of a pack.
pub(crate) const PACK_KEYS: [&str; 33] = [
    "service",
    "version",
    "owner",
    "kind",
    "confidence",
    "legal",
    "forms",
    "sources",
    "notes",
    "name",
    "summary",
    "who_can_apply",
    "what_happens_next",
    "audience",
    "subjects",
    "life_events",
    "keywords",
    "identity",
    "promise",
    "purposes",
    "lists",
    "pages",
    "let",
    "eligibility",
    "fee",
    "checks",
    "duplicates",
    "case",
    "letters",
    "issue",
    "appeal",
    "keep",
    "try",
];
pub(crate) const SOURCE_KEYS: [&str; 3] = ["url", "date", "note"];
pub(crate) const IDENTITY_KEYS: [&str; 3] = ["level", "sign", "one_live_application_per"];
pub(crate) const PROMISE_KEYS: [&str; 3] = ["working_days", "calendar_days", "none"];
pub(crate) const CHECK_KEYS: [&str; 3] = ["id", "department", "record"];
pub(crate) const LETTER_KEYS: [&str; 2] = ["title", "body"];
pub(crate) const ISSUE_KEYS: [&str; 6] = [
    "kind",
    "title",
    "number",
    "valid_from",
    "valid_until",
    "claims",
];
pub(crate) const APPEAL_KEYS: [&str; 3] = ["body", "within_days", "law"];
pub(crate) const KEEP_KEYS: [&str; 2] = ["drafts", "records"];

/// Days a promise, a timer or an appeal may count.
const MOST_DAYS: u32 = 3_660;
const MOST_PERIOD: u32 = 36_500;
const MOST_VERSION: u32 = 100_000;

/// Reads the pack; `None` when the root is not a mapping.
pub(crate) fn read(root: &Node, file: &str, defects: &mut Defects) -> Option<(Pack, Scope)> {
    let mut reader = Reader { defects };
    let object = reader.object(root, "the pack", &PACK_KEYS)?;
    let mut flawed = BTreeSet::new();
    let lists = reader.lists(object);
    let purposes = reader.purposes(object);
    let pages = reader.pages(object, &lists, &purposes, &mut flawed);
    let mut scope = Scope::of(&pages, &flawed);
    let lets = reader.lets(object, &mut scope);
    let eligibility = reader.eligibility(object, &mut flawed);
    let (fee, fee_elsewhere) = reader.fee(object, &scope);
    let (promise, no_promise) = reader.promise(object);
    let appeal = object.get("appeal");
    let pack = Pack {
        service: reader.service(object, file),
        version: reader.version(object),
        owner: reader.need_string(object, "owner"),
        kind: reader
            .need_word(object, "kind", word_pairs!(ServiceKind))
            .unwrap_or(ServiceKind::Record),
        confidence: reader
            .need_word(object, "confidence", word_pairs!(Confidence))
            .unwrap_or(Confidence::Low),
        legal: reader.plain_strings(object, "legal"),
        forms: reader.plain_strings(object, "forms"),
        sources: reader.sources(object),
        notes: reader.get_string(object, "notes"),
        name: reader.need_text(object, "name"),
        summary: reader.need_text(object, "summary"),
        who_can_apply: reader.need_text(object, "who_can_apply"),
        what_happens_next: reader.get_text(object, "what_happens_next"),
        audience: reader.audience(object),
        subjects: reader.topics(object, "subjects", &SUBJECTS),
        life_events: reader.topics(object, "life_events", &LIFE_EVENTS),
        keywords: reader.keywords(object),
        identity: reader.identity(object),
        promise,
        no_promise,
        lets,
        eligibility,
        fee,
        fee_elsewhere,
        checks: reader.checks(object),
        duplicates: reader.duplicates(object),
        case: reader.case(object),
        letters: reader.letters(object),
        issue: object.get("issue").and_then(|node| reader.issue(node)),
        has_no_appeal: appeal.is_some_and(|node| node.is_word(NONE)),
        appeal: appeal.and_then(|node| reader.appeal(node)),
        keep: reader.keep(object),
        tries: Vec::new(),
        purposes,
        pages,
        flawed_names: flawed,
        owner_at: place(object, "owner"),
        keep_at: place(object, "keep"),
        try_at: place(object, "try"),
    };
    let tries = reader.tries(object, &pack);
    Some((Pack { tries, ..pack }, scope))
}

/// Where the value of `key` stands, or the mapping when it is absent.
fn place(object: Object<'_>, key: &str) -> Span {
    object.get(key).map_or(object.span, |node| node.span)
}

/// The topics that share a word with the one that is not there.
fn near_topics(topic: &str, known: &[&str]) -> String {
    /// Letters from which a word tells something: not `a`, `in`, `to`.
    const TELLING: usize = 3;
    let words = topic.split(['/', '-']);
    let words: Vec<&str> = words.filter(|word| word.len() >= TELLING).collect();
    let shares = |one: &&&str| one.split(['/', '-']).any(|word| words.contains(&word));
    let near: Vec<&str> = known.iter().filter(shares).copied().collect();
    let list = "packs/README.md lists them";
    if near.is_empty() {
        return list.to_owned();
    }
    format!("Near it: {}; {list}", near.join(" "))
}

impl Reader<'_> {
    pub(super) fn need_string(&mut self, object: Object<'_>, key: &str) -> String {
        self.need(object, key)
            .and_then(|node| self.string(node, key))
            .unwrap_or_default()
    }

    fn need_word<T: Copy>(
        &mut self,
        object: Object<'_>,
        key: &str,
        all: &[(&'static str, T)],
    ) -> Option<T> {
        self.need(object, key)
            .and_then(|node| self.word(node, key, all))
    }

    fn get_string(&mut self, object: Object<'_>, key: &str) -> Option<String> {
        object.get(key).and_then(|node| self.string(node, key))
    }

    fn case(&mut self, object: Object<'_>) -> Chart {
        self.need(object, "case")
            .map_or_else(Chart::default, |node| self.chart(node))
    }

    fn version(&mut self, object: Object<'_>) -> u32 {
        let node = self.need(object, "version");
        let version = node.and_then(|node| self.count(node, "version", MOST_VERSION));
        if let (Some(node), Some(0)) = (node, version) {
            self.wrong(node.span, "version is 0", "Begin with 1");
        }
        version.unwrap_or_default()
    }

    fn service(&mut self, object: Object<'_>, file: &str) -> String {
        let Some(node) = self.need(object, "service") else {
            return String::new();
        };
        let service = self.string(node, "service").unwrap_or_default();
        let shape = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if service.is_empty() || service.len() > 80 || !service.chars().all(shape) {
            let wrong = format!("`{service}` cannot be the id of a service");
            self.defects.add(
                Code::BadId,
                node.span,
                wrong,
                "Use small letters, digits and `-`",
            );
        }
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let stem = name
            .strip_suffix(".yaml")
            .or_else(|| name.strip_suffix(".yml"))
            .unwrap_or(name);
        if stem != service {
            let wrong = format!("the file `{name}` holds the service `{service}`");
            self.defects
                .add(Code::BadId, node.span, wrong, "Give both the same name");
        }
        service
    }

    fn purposes(&mut self, object: Object<'_>) -> BTreeMap<String, Text> {
        let map = object
            .get("purposes")
            .and_then(|node| self.map(node, "purposes"));
        let entries = map.map_or(&[][..], |map| map.entries());
        entries
            .iter()
            .filter_map(|(key, node)| {
                self.check_id(&key.text, key.span, "a purpose");
                self.text(node, "the purpose")
                    .map(|text| (key.text.clone(), text))
            })
            .collect()
    }

    fn sources(&mut self, object: Object<'_>) -> Vec<Source> {
        let Some(node) = self.need(object, "sources") else {
            return Vec::new();
        };
        let items = self.list(node, "sources");
        if items.is_empty() {
            self.wrong(
                node.span,
                "no source is named",
                "Say where the facts were read",
            );
        }
        items
            .iter()
            .filter_map(|item| {
                let source = self.object(item, "a source", &SOURCE_KEYS)?;
                let url = self.need_string(source, "url");
                if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
                    let wrong = format!("`{url}` is not a web address");
                    self.wrong(item.span, wrong, "Begin it with https://");
                }
                Some(Source {
                    url,
                    date: source.get("date").and_then(|node| self.source_date(node)),
                    note: source
                        .get("note")
                        .and_then(|node| self.string(node, "note")),
                })
            })
            .collect()
    }

    fn source_date(&mut self, node: &Node) -> Option<SourceDate> {
        let text = self.string(node, "date")?;
        let date = text.parse().ok();
        if date.is_none() {
            let mend = "Write as much as is known: 2020-12-31, 2020-12 or 2020";
            self.wrong(
                node.span,
                format!("date is `{text}`, not a real date"),
                mend,
            );
        }
        date
    }

    fn audience(&mut self, object: Object<'_>) -> Vec<Audience> {
        let Some(node) = self.need(object, "audience") else {
            return Vec::new();
        };
        let items = self.list(node, "audience");
        items
            .iter()
            .filter_map(|item| self.word(item, "audience", word_pairs!(Audience)))
            .collect()
    }

    /// Topics of the catalogue's tree.
    fn topics(&mut self, object: Object<'_>, key: &str, known: &[&'static str]) -> Vec<String> {
        let items = object.get(key).map(|node| self.strings(node, key));
        let items = items.unwrap_or_default();
        for item in &items {
            if !known.contains(&item.value.as_str()) {
                let wrong = format!("the catalogue has no `{}` among its {key}", item.value);
                let mend = match suggest(&item.value, known.iter().copied()) {
                    hint if hint.starts_with("Did") => hint,
                    _ => near_topics(&item.value, known),
                };
                self.defects
                    .add(Code::UnknownReference, item.span, wrong, mend);
            }
        }
        items.into_iter().map(|item| item.value).collect()
    }

    fn keywords(&mut self, object: Object<'_>) -> Vec<Text> {
        let items = object
            .get("keywords")
            .map_or(&[][..], |node| self.list(node, "keywords"));
        items
            .iter()
            .filter_map(|item| self.text(item, "a keyword"))
            .collect()
    }

    fn identity(&mut self, object: Object<'_>) -> IdentityNeed {
        let none = IdentityNeed {
            level: Level::Basic,
            sign: false,
            one_live_application_per: None,
        };
        let Some(node) = self.need(object, "identity") else {
            return none;
        };
        let Some(identity) = self.object(node, "identity", &IDENTITY_KEYS) else {
            return none;
        };
        let level = self
            .need(identity, "level")
            .and_then(|node| self.word(node, "level", word_pairs!(Level)))
            .unwrap_or(Level::Basic);
        let sign = self.truth_or(identity, "sign", false);
        if sign && level == Level::Basic {
            let wrong = "a basic sign-in cannot sign";
            self.wrong(node.span, wrong, "Use level: plus, or sign: false");
        }
        let one_live_application_per = identity
            .get("one_live_application_per")
            .and_then(|node| self.word(node, "one_live_application_per", word_pairs!(Applicant)));
        IdentityNeed {
            level,
            sign,
            one_live_application_per,
        }
    }

    /// The promised time, or in what words the department promises none.
    fn promise(&mut self, object: Object<'_>) -> (Option<Promise>, Option<Text>) {
        let Some(node) = self.need(object, "promise") else {
            return (None, None);
        };
        if node.is_word(NONE) {
            return (None, None);
        }
        let Some(promise) = self.object(node, "promise", &PROMISE_KEYS) else {
            return (None, None);
        };
        let keys = PROMISE_KEYS.map(|key| promise.get(key));
        match keys {
            [Some(days), None, None] | [None, Some(days), None] => {
                let working = promise.has("working_days");
                let days = self.count(days, "the promise", MOST_DAYS);
                if days == Some(0) {
                    let wrong = "nothing can be answered within 0 days";
                    let mend = "Write the days, 1 for the same day, or `promise: none`";
                    self.wrong(node.span, wrong, mend);
                }
                (days.map(|days| Promise { days, working }), None)
            }
            [None, None, Some(why)] => (None, self.text(why, "why no time is promised")),
            _ => {
                let mend = "Write working_days: 10 or calendar_days: 30, or `promise: none`";
                self.wrong(node.span, "the promise needs one number of days", mend);
                (None, None)
            }
        }
    }

    fn checks(&mut self, object: Object<'_>) -> Vec<DepartmentCheck> {
        let items = object
            .get("checks")
            .map_or(&[][..], |node| self.list(node, "checks"));
        items
            .iter()
            .filter_map(|item| {
                let check = self.object(item, "a check", &CHECK_KEYS)?;
                Some(DepartmentCheck {
                    id: self
                        .need(check, "id")
                        .and_then(|node| self.id(node, "a check"))?,
                    department: self.need_string(check, "department"),
                    record: self.need_text(check, "record"),
                    at: item.span,
                })
            })
            .collect()
    }

    fn duplicates(&mut self, object: Object<'_>) -> Vec<Vec<At<String>>> {
        let items = object
            .get("duplicates")
            .map_or(&[][..], |node| self.list(node, "duplicates"));
        items
            .iter()
            .map(|item| self.strings(item, "a set of questions"))
            .collect()
    }

    fn letters(&mut self, object: Object<'_>) -> Vec<Letter> {
        let map = object
            .get("letters")
            .and_then(|node| self.map(node, "letters"));
        let entries = map.map_or(&[][..], |map| map.entries());
        entries
            .iter()
            .filter_map(|(key, node)| {
                self.check_id(&key.text, key.span, "a letter");
                let letter = self.object(node, "a letter", &LETTER_KEYS)?;
                let title = self.need_text(letter, "title");
                let body = self
                    .need(letter, "body")
                    .and_then(|node| self.letter_body(node));
                let at = key.span;
                Some(Letter {
                    id: key.text.clone(),
                    title,
                    body: body.unwrap_or_default(),
                    at,
                })
            })
            .collect()
    }

    fn issue(&mut self, node: &Node) -> Option<Issue> {
        let object = self.object(node, "issue", &ISSUE_KEYS)?;
        let claims = self
            .need(object, "claims")
            .and_then(|node| self.map(node, "claims"));
        let claims = claims.map_or(&[][..], |map| map.entries());
        Some(Issue {
            kind: self
                .need(object, "kind")
                .and_then(|node| self.id(node, "a credential"))?,
            title: self.need_text(object, "title"),
            number: self
                .need(object, "number")
                .and_then(|node| self.at(node, "number"))?,
            valid_from: self.get_expr(object, "valid_from"),
            valid_until: self.get_expr(object, "valid_until"),
            claims: claims
                .iter()
                .filter_map(|(key, node)| {
                    self.check_id(&key.text, key.span, "a claim");
                    let value = self.expr(node, "the claim")?;
                    Some(Claim {
                        name: key.text.clone(),
                        value,
                    })
                })
                .collect(),
            at: node.span,
        })
    }

    fn appeal(&mut self, node: &Node) -> Option<Appeal> {
        if node.is_word(NONE) {
            return None;
        }
        let object = self.object(node, "appeal", &APPEAL_KEYS)?;
        Some(Appeal {
            body: self.need_text(object, "body"),
            within_days: object
                .get("within_days")
                .and_then(|node| self.count(node, "within_days", MOST_DAYS)),
            law: object.get("law").and_then(|node| self.string(node, "law")),
        })
    }

    fn keep(&mut self, object: Object<'_>) -> Keep {
        let none = Period {
            count: 0,
            unit: Unit::Days,
        };
        let keep = self
            .need(object, "keep")
            .and_then(|node| self.object(node, "keep", &KEEP_KEYS));
        let mut period = |key: &str| {
            keep.and_then(|keep| self.need(keep, key))
                .and_then(|node| self.period(node, key))
                .unwrap_or(none)
        };
        Keep {
            drafts: period("drafts"),
            records: period("records"),
        }
    }

    /// `30 days`, `6 months`, `7 years`.
    pub(super) fn period(&mut self, node: &Node, what: &str) -> Option<Period> {
        let text = self.string(node, what)?;
        let (count, unit) = text.split_once(' ').unwrap_or((&text, ""));
        let unit = match unit.trim() {
            "day" | "days" => Some(Unit::Days),
            "month" | "months" => Some(Unit::Months),
            "year" | "years" => Some(Unit::Years),
            _ => None,
        };
        let count = count
            .parse()
            .ok()
            .filter(|count| (1..=MOST_PERIOD).contains(count));
        if let (Some(count), Some(unit)) = (count, unit) {
            return Some(Period { count, unit });
        }
        let mend = "Write a number and days, months or years: 30 days";
        self.wrong(
            node.span,
            format!("{what} is `{text}`, not a length of time"),
            mend,
        );
        None
    }
}
