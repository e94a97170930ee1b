//! An address as a person keeps it: its parts, what is wrong with what was typed, and its lines as they
//! stand on an envelope.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::code::codes;

/// Characters of one line of an address.
pub(crate) const LINE_CHARS: usize = 100;
/// Lines of an address in free format.
const FREE_LINES: usize = 6;
/// Digits of a post office box.
const BOX_DIGITS: usize = 6;
/// Characters of a number in a street, as in `162A`.
const NUMBER_CHARS: usize = 10;
/// Characters of the number of a demarcation district, of a lot, and of a part of one.
const LOT_CHARS: usize = 20;
/// Hong Kong Island, Kowloon, New Territories.
pub const AREAS: &[&str] = &["hk", "kln", "nt"];
/// The same in words: code, English, Chinese.
const AREA_NAMES: [(&str, &str, &str); 3] = [
    ("hk", "Hong Kong Island", "香港島"),
    ("kln", "Kowloon", "九龍"),
    ("nt", "New Territories", "新界"),
];

codes! {
    /// How an address is written.
    #[derive(Default)]
    AddressKind {
        /// Premises in Hong Kong, in English.
        #[default]
        PremisesEn = "premises_en",
        /// Premises in Hong Kong, in Chinese.
        PremisesZh = "premises_zh",
        /// Lines as they stand on a letter: anywhere in the world.
        Free = "free",
        /// A box at a post office.
        PostBox = "post_box",
    }
}

impl AddressKind {
    const fn is_usual(&self) -> bool {
        matches!(self, Self::PremisesEn)
    }
}

/// A lot of land in a demarcation district, where a village house stands in no street.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Lot {
    /// The number of the demarcation district.
    pub dd: String,
    pub number: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub section: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subsection: String,
}

impl Lot {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn faults(&self) -> Vec<(&'static str, AddressFault)> {
        let is_given = !self.is_empty();
        let is_loose = !self.subsection.is_empty() && self.section.is_empty();
        let is_subsection = is_part_of_lot(&self.subsection) && !is_loose;
        let checks = [
            (is_given && !is_lot(&self.dd), "dd", AddressFault::Dd),
            (is_given && !is_lot(&self.number), "lot", AddressFault::Lot),
            (
                !is_part_of_lot(&self.section),
                "section",
                AddressFault::Section,
            ),
            (!is_subsection, "subsection", AddressFault::Subsection),
        ];
        wrong(&checks).collect()
    }
}

/// An address: of Hong Kong premises in one of two languages, in free lines, or a post office box. Of
/// premises, a building, an estate, a street or a lot, the district and the area are needed
/// to find a door; the rest is optional. The names are those of the address component of forms.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Address {
    #[serde(skip_serializing_if = "AddressKind::is_usual")]
    pub kind: AddressKind,
    /// Of an address in free format.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lines: String,
    /// The number of a box; `building` is its post office.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub post_box: String,
    pub flat: String,
    pub floor: String,
    pub block: String,
    pub building: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub estate: String,
    /// Of the estate.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// The number in the street, or the first of several.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub number_from: String,
    /// The last number of several.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub number_to: String,
    /// The street; with its number where that is not kept apart.
    pub street: String,
    #[serde(skip_serializing_if = "Lot::is_empty")]
    pub lot: Lot,
    /// The part of the district, for example Tai Wai of Sha Tin.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sub_district: String,
    pub district: String,
    pub area: String,
}

codes! {
    /// What is wrong with an address, so that its person can be told what to do.
    AddressFault {
        /// Neither building, estate, street nor lot.
        Place = "place",
        District = "district",
        Area = "area",
        /// A phase of nothing.
        Phase = "phase",
        /// A number without its street.
        Street = "street",
        /// A number in the street that is no number.
        Number = "number",
        /// A last number without the first, or before it.
        Order = "order",
        /// A lot needs the number of its demarcation district, and that is digits and letters.
        Dd = "dd",
        Lot = "lot",
        Section = "section",
        /// A subsection is one of a section.
        Subsection = "subsection",
        Lines = "lines",
        Box = "box",
        Office = "office",
        /// A part is longer than a line.
        Long = "long",
    }
}

impl Address {
    /// The parts of premises that are one line of text each, by their names.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, &str); 17] {
        [
            ("flat", &self.flat),
            ("floor", &self.floor),
            ("block", &self.block),
            ("building", &self.building),
            ("estate", &self.estate),
            ("phase", &self.phase),
            ("number_from", &self.number_from),
            ("number_to", &self.number_to),
            ("street", &self.street),
            ("dd", &self.lot.dd),
            ("lot", &self.lot.number),
            ("section", &self.lot.section),
            ("subsection", &self.lot.subsection),
            ("sub_district", &self.sub_district),
            ("district", &self.district),
            ("area", &self.area),
            ("post_box", &self.post_box),
        ]
    }

    fn parts_mut(&mut self) -> [&mut String; 17] {
        [
            &mut self.flat,
            &mut self.floor,
            &mut self.block,
            &mut self.building,
            &mut self.estate,
            &mut self.phase,
            &mut self.number_from,
            &mut self.number_to,
            &mut self.street,
            &mut self.lot.dd,
            &mut self.lot.number,
            &mut self.lot.section,
            &mut self.lot.subsection,
            &mut self.sub_district,
            &mut self.district,
            &mut self.area,
            &mut self.post_box,
        ]
    }

    /// The same without spaces around its parts and without empty lines.
    #[must_use]
    pub fn tidied(mut self) -> Self {
        for part in self.parts_mut() {
            *part = part.trim().to_owned();
        }
        let lines = self.lines.lines().map(str::trim);
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        self.lines = lines.join("\n");
        self
    }

    /// What is wrong, each with the name of the part it is about, in the order of a form.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, AddressFault)> {
        let mut faults: Vec<(&'static str, AddressFault)> = self
            .parts()
            .into_iter()
            .filter(|(_, part)| part.chars().count() > LINE_CHARS)
            .map(|(name, _)| (name, AddressFault::Long))
            .collect();
        match self.kind {
            AddressKind::Free => faults.extend(self.free_faults()),
            AddressKind::PostBox => faults.extend(self.box_faults()),
            AddressKind::PremisesEn | AddressKind::PremisesZh => {
                faults.extend(self.premises_faults());
            }
        }
        faults
    }

    fn free_faults(&self) -> Option<(&'static str, AddressFault)> {
        let is_long = |line: &str| line.chars().count() > LINE_CHARS;
        let is_wrong = self.lines.trim().is_empty()
            || self.lines.lines().count() > FREE_LINES
            || self.lines.lines().any(is_long);
        is_wrong.then_some(("lines", AddressFault::Lines))
    }

    fn box_faults(&self) -> Vec<(&'static str, AddressFault)> {
        let is_number = (1..=BOX_DIGITS).contains(&self.post_box.len())
            && self.post_box.bytes().all(|digit| digit.is_ascii_digit());
        let number = (!is_number).then_some(("post_box", AddressFault::Box));
        let office = self
            .building
            .is_empty()
            .then_some(("building", AddressFault::Office));
        number.into_iter().chain(office).collect()
    }

    fn premises_faults(&self) -> Vec<(&'static str, AddressFault)> {
        let is_nowhere = self.building.is_empty()
            && self.estate.is_empty()
            && self.street.is_empty()
            && self.lot.is_empty();
        let is_numbered = !(self.number_from.is_empty() && self.number_to.is_empty());
        let is_alone = self.estate.is_empty() && self.building.is_empty();
        let has_area = AREAS.contains(&self.area.as_str());
        let has_street = !self.street.is_empty();
        let checks = [
            (is_nowhere, "building", AddressFault::Place),
            (
                !is_number(&self.number_from),
                "number_from",
                AddressFault::Number,
            ),
            (
                !is_number(&self.number_to),
                "number_to",
                AddressFault::Number,
            ),
            (!self.is_in_order(), "number_to", AddressFault::Order),
            (is_numbered && !has_street, "street", AddressFault::Street),
            (self.district.is_empty(), "district", AddressFault::District),
            (!has_area, "area", AddressFault::Area),
            (
                !self.phase.is_empty() && is_alone,
                "phase",
                AddressFault::Phase,
            ),
        ];
        wrong(&checks).chain(self.lot.faults()).collect()
    }

    /// A last number comes after the first; `12A` to `12C` is not for a machine to judge.
    fn is_in_order(&self) -> bool {
        if self.number_to.is_empty() {
            return true;
        }
        match (
            self.number_from.parse::<u64>(),
            self.number_to.parse::<u64>(),
        ) {
            (Ok(from), Ok(to)) => from <= to,
            _ => !self.number_from.is_empty(),
        }
    }

    fn is_chinese(&self) -> bool {
        self.kind == AddressKind::PremisesZh
    }

    /// Estate and phase on one line.
    #[must_use]
    pub fn estate_line(&self) -> String {
        let is_bare = self.phase.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && self.phase.len() <= 3
            && !self.phase.is_empty();
        match (self.is_chinese(), is_bare) {
            (true, true) => format!("{}第{}期", self.estate, self.phase),
            (true, false) => format!("{}{}", self.estate, self.phase),
            (false, true) => joined(&[&format!("Phase {}", self.phase), &self.estate], ", "),
            (false, false) => joined(&[&self.phase, &self.estate], ", "),
        }
    }

    /// Number and street on one line.
    #[must_use]
    pub fn street_line(&self) -> String {
        let numbers = [self.number_from.as_str(), self.number_to.as_str()];
        match (self.is_chinese(), joined(&numbers, "-")) {
            (_, numbers) if numbers.is_empty() => self.street.clone(),
            (true, _) => format!("{}{}號", self.street, joined(&numbers, "至")),
            (false, numbers) => format!("{numbers} {}", self.street),
        }
    }

    /// The lot on one line, as the land registers write it.
    #[must_use]
    pub fn lot_line(&self) -> String {
        let Lot {
            dd,
            number,
            section,
            subsection,
        } = &self.lot;
        if self.lot.is_empty() {
            return String::new();
        }
        let part = |before: &str, text: &str, after: &str| {
            if text.is_empty() {
                String::new()
            } else {
                format!("{before}{text}{after}")
            }
        };
        if self.is_chinese() {
            let section = part("", section, "分段");
            let subsection = part("第", subsection, "小分段");
            return format!("丈量約份第{dd}約地段第{number}號{section}{subsection}");
        }
        let section = part(" S.", section, "");
        let subsection = part(" ss.", subsection, "");
        format!("Lot {number}{section}{subsection} in D.D. {dd}")
    }

    /// The lines of an envelope: small to large in English, large to small in Chinese. An address stays
    /// in the language it was written in.
    #[must_use]
    pub fn envelope(&self) -> Vec<String> {
        let mut lines = match self.kind {
            AddressKind::Free => self.lines.lines().map(str::to_owned).collect(),
            AddressKind::PostBox if self.building.is_ascii() => {
                vec![format!("P.O. Box {}", self.post_box), self.building.clone()]
            }
            AddressKind::PostBox => vec![
                self.building.clone(),
                format!("郵政信箱{}號", self.post_box),
            ],
            AddressKind::PremisesEn => self.english(),
            AddressKind::PremisesZh => self.chinese(),
        };
        lines.retain(|line| !line.is_empty());
        lines
    }

    fn english(&self) -> Vec<String> {
        let named = |before: &str, text: &str, after: &str| {
            if text.is_empty() {
                String::new()
            } else {
                format!("{before}{text}{after}")
            }
        };
        let rooms = [
            named("Flat ", &self.flat, ""),
            named("", &self.floor, "/F"),
            named("Block ", &self.block, ""),
        ];
        let rooms: Vec<&str> = rooms.iter().map(String::as_str).collect();
        let area = AREA_NAMES.iter().find(|(code, ..)| *code == self.area);
        let area = area.map_or("", |(_, en, _)| *en);
        vec![
            joined(&rooms, ", "),
            self.building.clone(),
            self.estate_line(),
            self.street_line(),
            self.lot_line(),
            joined(&[&self.sub_district, &self.district, area], ", "),
        ]
    }

    fn chinese(&self) -> Vec<String> {
        let named = |text: &str, unit: &str| {
            if text.is_empty() {
                String::new()
            } else {
                format!("{text}{unit}")
            }
        };
        let area = AREA_NAMES.iter().find(|(code, ..)| *code == self.area);
        let area = area.map_or("", |(.., tc)| *tc);
        vec![
            format!("{area}{}{}", self.district, self.sub_district),
            self.lot_line(),
            self.street_line(),
            format!("{}{}", self.estate_line(), self.building),
            [
                named(&self.block, "座"),
                named(&self.floor, "樓"),
                named(&self.flat, "室"),
            ]
            .concat(),
        ]
    }
}

/// Those of the checks that found something.
fn wrong(
    checks: &[(bool, &'static str, AddressFault)],
) -> impl Iterator<Item = (&'static str, AddressFault)> {
    let wrong = checks.iter().filter(|(is_wrong, ..)| *is_wrong);
    wrong.map(|(_, part, fault)| (*part, *fault))
}

/// The parts that hold something.
fn joined(parts: &[&str], comma: &str) -> String {
    let filled: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    filled.join(comma)
}

/// Nothing, or a number in a street: digits, then letters.
fn is_number(text: &str) -> bool {
    let is_begun = text.is_empty() || text.starts_with(|first: char| first.is_ascii_digit());
    is_begun && text.len() <= NUMBER_CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The number of a lot or of a demarcation district: digits with letters, as in `1234RP`.
fn is_lot(text: &str) -> bool {
    text.len() <= LOT_CHARS
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Nothing, or a section of a lot: letters and digits, as in `A RP`.
fn is_part_of_lot(text: &str) -> bool {
    text.len() <= LOT_CHARS
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b' ')
}
