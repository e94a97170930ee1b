//! The services studied in depth: which have a pack, and what the others still lack. What is lacking is
//! derived from what was found out about each, never written by hand.
//!
//! Called by `causeway pack outlook` and the portal's page of a service.

use std::sync::LazyLock;

use kernel::{Date, Lang, Text};
use serde::{Deserialize, Serialize};

const STUDIED: &str = include_str!("../data/studied.json");

/// One service studied in depth.
#[derive(Clone, Debug, Serialize)]
pub struct Outlook {
    pub service: String,
    pub name: Text,
    /// Department code.
    pub department: String,
    /// The day its pack was written; `None`: nobody can apply here yet.
    pub packed_on: Option<Date>,
    /// What stands between it and a pack; empty: ready to be packed, or packed.
    pub lacks: Vec<Lack>,
    /// Whether people choose a time or place in it, which Causeway cannot offer yet. A packed service
    /// does without.
    pub needs_booking: bool,
}

/// Something a service still lacks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    Booking,
    /// A quota, a ballot or a waiting list shares out less than is asked for.
    Quota,
    Hearing,
    /// A demand of the department that is paid, without an application.
    Bill,
    /// What is given is a card or a booklet.
    Token,
    FormulaFee,
    UnknownFee,
    /// An amount somebody remembers and nobody has read.
    RememberedFee,
    /// Data of other departments by which the application is decided.
    Records(Vec<String>),
    /// The facts are too little sure.
    Facts,
}

#[derive(Deserialize)]
struct Studied {
    id: String,
    department: String,
    kind: String,
    name: Text,
    confidence: String,
    #[serde(default)]
    booking: Option<String>,
    #[serde(default)]
    bill: bool,
    fees: Vec<Charge>,
    records: Vec<String>,
    issues: Thing,
    #[serde(default)]
    packed_on: Option<Date>,
}

#[derive(Deserialize)]
struct Charge {
    basis: String,
    #[serde(default)]
    cents: Option<i64>,
}

#[derive(Deserialize)]
struct Thing {
    kind: String,
    en: String,
}

/// Read once. Data of the binary that cannot be read is ruled out by a test.
static ALL: LazyLock<Vec<Outlook>> = LazyLock::new(|| {
    let studied: Vec<Studied> = serde_json::from_str(STUDIED).unwrap_or_default();
    studied.into_iter().map(Studied::outlook).collect()
});

/// Every service studied in depth, in the order of the study.
#[must_use]
pub fn outlook() -> &'static [Outlook] {
    &ALL
}

/// One service studied in depth.
#[must_use]
pub fn find_outlook(service: &str) -> Option<&'static Outlook> {
    outlook().iter().find(|one| one.service == service)
}

impl Outlook {
    /// How it stands, in a few words for its authors.
    #[must_use]
    pub fn standing(&self) -> String {
        let lacks: Vec<String> = self
            .lacks
            .iter()
            .map(|lack| lack.words().get(Lang::En).to_owned())
            .collect();
        match self.packed_on {
            Some(day) => format!("packed {day}"),
            None if lacks.is_empty() => "ready to be packed".to_owned(),
            None => format!("lacks {}", lacks.join("; ")),
        }
    }
}

impl Studied {
    fn outlook(self) -> Outlook {
        Outlook {
            lacks: match self.packed_on {
                Some(_) => Vec::new(),
                None => self.lacks(),
            },
            needs_booking: self.is_booked(),
            service: self.id,
            name: self.name,
            department: self.department,
            packed_on: self.packed_on,
        }
    }

    fn booking_says(&self, words: &[&str]) -> bool {
        let booking = self.booking.as_deref().unwrap_or_default();
        words.iter().any(|word| booking.contains(word))
    }

    /// Whether people choose a time or place. A walk-in or an optional counter is no booking.
    fn is_booked(&self) -> bool {
        self.kind == "booking" || self.booking_says(&["slot", "ballot", "quota", "interview"])
    }

    fn lacks(&self) -> Vec<Lack> {
        let is_known = |charge: &&Charge| charge.cents.is_some();
        let unknown = |charge: &Charge| charge.cents.is_none() && charge.basis == "n/a";
        let mut records: Vec<String> = self.records.clone();
        records.retain(|one| *one != self.department);
        records.dedup();
        let is_formula = self
            .fees
            .iter()
            .any(|charge| charge.cents.is_none() && !unknown(charge));
        let is_remembered = self
            .fees
            .iter()
            .filter(is_known)
            .any(|charge| charge.basis == "memory");
        let found = [
            (self.is_booked(), Lack::Booking),
            (
                self.booking_says(&["ballot", "quota", "waiting", "queue"]),
                Lack::Quota,
            ),
            (self.booking_says(&["hearing"]), Lack::Hearing),
            (self.bill || self.kind == "bill", Lack::Bill),
            (self.gives_token(), Lack::Token),
            (is_formula, Lack::FormulaFee),
            (self.fees.iter().any(unknown), Lack::UnknownFee),
            (is_remembered, Lack::RememberedFee),
            (!records.is_empty(), Lack::Records(records)),
            (self.confidence == "low", Lack::Facts),
        ];
        let lacks = found.into_iter().filter(|(lacks, _)| *lacks);
        lacks.map(|(_, lack)| lack).collect()
    }

    /// A card or a booklet cannot be sent to a phone.
    fn gives_token(&self) -> bool {
        let is_thing = matches!(self.issues.kind.as_str(), "record" | "booking");
        let name = self.issues.en.to_lowercase();
        let mut words = name.split(|c: char| !c.is_alphabetic());
        is_thing && words.any(|word| word == "card" || word == "passport")
    }
}

impl Lack {
    /// What is lacking, for a person.
    #[must_use]
    pub fn words(&self) -> Text {
        match self {
            Self::Booking => Text::new("booking of a time or place", "預約時間或地點"),
            Self::Quota => Text::new("a quota, ballot or queue", "配額、抽籤或輪候安排"),
            Self::Hearing => Text::new("a hearing", "聆訊安排"),
            Self::Bill => Text::new("bills that the department sends", "部門發出的帳單"),
            Self::Token => Text::new("a card or booklet that is handed over", "須領取的實體證件"),
            Self::FormulaFee => Text::new("a fee worked out from a formula", "按公式計算的費用"),
            Self::UnknownFee => Text::new(
                "its fee, to be asked of the department",
                "有待向部門查明的費用",
            ),
            Self::RememberedFee => Text::new(
                "its fee, to be confirmed with the department",
                "有待部門確認的費用",
            ),
            Self::Records(departments) => {
                let list = departments.join(", ");
                Text::new(
                    format!("records of others: {list}"),
                    format!("其他機構的紀錄：{}", departments.join("、")),
                )
            }
            Self::Facts => Text::new("facts that are sure enough", "足夠確實的資料"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    /// The services studied.
    const COUNT: usize = 63;

    #[test]
    fn every_service_studied_is_packed_or_says_what_it_lacks() {
        let all = outlook();
        assert_eq!(all.len(), COUNT);
        for one in all {
            let told = one.standing();
            let is_told = ["packed 20", "lacks ", "ready to be packed"]
                .iter()
                .any(|start| told.starts_with(start));
            assert!(is_told, "{}: {told}", one.service);
        }
        assert!(all.iter().filter(|one| one.packed_on.is_some()).count() >= 30);
    }

    #[test]
    fn the_day_of_a_pack_is_told_of_every_pack_and_of_no_other() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
        let files = packs::read_dir(&dir).unwrap();
        let packs: BTreeSet<String> = files
            .iter()
            .map(|file| file.name.trim_end_matches(".yaml").to_owned())
            .collect();
        let told: BTreeSet<String> = outlook()
            .iter()
            .filter(|one| one.packed_on.is_some())
            .map(|one| one.service.clone())
            .collect();
        assert_eq!(packs, told);
    }

    #[test]
    fn what_is_lacking_comes_from_what_was_found_out() {
        let lacks = |service: &str| find_outlook(service).unwrap().lacks.clone();
        assert!(lacks("td-driving-test-appointment").contains(&Lack::Booking));
        assert!(lacks("lcsd-sports-facility-booking").contains(&Lack::Quota));
        assert!(lacks("immd-hksar-passport").contains(&Lack::Token));
        assert!(lacks("tia-travel-agent-licence").contains(&Lack::UnknownFee));
        assert!(lacks("ird-stamp-duty-tenancy").contains(&Lack::FormulaFee));
        assert!(lacks("rvd-rates-government-rent-bill").contains(&Lack::Bill));
        assert!(lacks("afcd-dog-licence").is_empty());
    }

    #[test]
    fn topics_a_pack_may_name_are_those_of_the_catalogue() {
        let data: serde_json::Value =
            serde_json::from_str(include_str!("../data/categories.json")).unwrap();
        let ids = |topics: &serde_json::Value| -> BTreeSet<String> {
            let topics = topics.as_array().into_iter().flatten();
            topics
                .map(|one| one["id"].as_str().unwrap().to_owned())
                .collect()
        };
        let set = |known: &[&str]| -> BTreeSet<String> {
            known.iter().map(|one| (*one).to_owned()).collect()
        };
        let subjects = data["subjects"].as_array().into_iter().flatten();
        let subjects: BTreeSet<String> = subjects.flat_map(|one| ids(&one["children"])).collect();
        assert_eq!(subjects, set(&packs::SUBJECTS));
        assert_eq!(ids(&data["life_events"]), set(&packs::LIFE_EVENTS));
    }
}
