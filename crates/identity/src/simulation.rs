//! A register of people who do not exist, as large and as old as the real one was.
//!
//! The table is that of the written reply to question 13 in the Legislative Council on 18 August
//! 2021: 803,700 registrants by age band and level. The same seed and day give the same people.
//! Names are made of syllables of no language and of the sign 擬 (simulated), which is no surname;
//! card numbers begin with QQ, which no card does, and have right check digits. Nobody here has a
//! phone, so nobody can sign in.

use std::{ops::Range, sync::Arc};

use ::store::Store;
use kernel::{Date, Hkid, Id, Time};
use trust::Vault;

use crate::{
    Error, Level, Person, PersonName, RegisterEntry, Sex,
    store::{
        person::{self, SealedPerson},
        simulation as rows,
    },
};

/// People written in one transaction.
pub const BATCH: i64 = 10_000;
/// Card numbers there are under one prefix.
const NUMBERS: u64 = 1_000_000;
/// Shares no factor with [`NUMBERS`], so that stepping by it meets each number once.
const STRIDE: u64 = 618_033;

/// Youngest and oldest age reached in the year, level, and how many people. Nobody is put at eleven,
/// because half of those who reach it this year have not yet.
const TABLE: [(i64, i64, Level, i64); 14] = [
    (12, 20, Level::Basic, 17_000),
    (21, 30, Level::Basic, 79_800),
    (31, 40, Level::Basic, 124_200),
    (41, 50, Level::Basic, 140_200),
    (51, 60, Level::Basic, 114_300),
    (61, 70, Level::Basic, 56_900),
    (71, 96, Level::Basic, 13_600),
    (12, 20, Level::Plus, 6_300),
    (21, 30, Level::Plus, 19_900),
    (31, 40, Level::Plus, 48_200),
    (41, 50, Level::Plus, 69_500),
    (51, 60, Level::Plus, 65_000),
    (61, 70, Level::Plus, 39_300),
    (71, 96, Level::Plus, 9_500),
];

const ONSETS: [&str; 16] = [
    "Vr", "Zb", "Kl", "Dv", "Thr", "Gn", "Skl", "Vl", "Zd", "Bl", "Dr", "Fn", "Grv", "Mn", "Plv",
    "Zw",
];
const RHYMES: [&str; 16] = [
    "axo", "ebul", "irpo", "osk", "udno", "arvi", "ezzo", "ilka", "omber", "ubex", "astu", "evno",
    "ixa", "oldu", "umbri", "apto",
];
const SIGNS: [char; 16] = [
    '甲', '乙', '丙', '丁', '戊', '己', '庚', '辛', '壬', '癸', '子', '丑', '寅', '卯', '辰', '巳',
];

/// Which people: the same seed and day give the same ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Simulation {
    pub seed: u32,
    /// The day on which the bands are those of the table.
    pub as_at: Date,
}

/// Why nobody can be simulated into a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occupied {
    /// There are people in it that this did not write.
    People,
    /// It holds people of another seed.
    OtherSeed(i64),
}

/// Where a simulation begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Start {
    pub simulation: Simulation,
    /// People written already by a run that was stopped.
    pub done: i64,
}

impl Simulation {
    /// The name by which a register knows what fills it.
    pub const NAME: &'static str = "lcq13";

    /// How many people there are.
    #[must_use]
    pub fn people() -> i64 {
        TABLE.iter().map(|(_, _, _, count)| count).sum()
    }

    /// The person with this number, from 0 to [`Simulation::people`].
    #[must_use]
    pub fn person(self, number: i64) -> Option<(RegisterEntry, Level)> {
        let mut before = 0;
        let (youngest, oldest, level, _) = TABLE.iter().find(|(_, _, _, count)| {
            before += count;
            number < before
        })?;
        let number = u64::try_from(number).ok()?;
        let mut dice = Dice::new(self.seed, number);
        let age = youngest + dice.below(oldest - youngest + 1);
        let year = i16::try_from(i64::from(self.as_at.year()) - age).ok()?;
        let born = Date::new(year, 1, 1).ok()?.plus_days(dice.below(365));
        let sex = if dice.below(2) == 0 {
            Sex::Female
        } else {
            Sex::Male
        };
        let entry = RegisterEntry {
            hkid: card_number(self.seed, number)?,
            name: dice.name(),
            sex,
            born,
        };
        Some((entry, *level))
    }

    /// Where to begin in this register: at the start of an empty one, or where a run with the same
    /// seed was stopped. The day of that run stands.
    ///
    /// # Errors
    /// The store fails.
    pub async fn start(self, store: &Store) -> Result<Result<Start, Occupied>, Error> {
        let (written, has_people) = rows::find(store, Self::NAME).await?;
        Ok(match written {
            Some(written) if written.seed == i64::from(self.seed) => Ok(Start {
                simulation: Self {
                    as_at: written.as_at,
                    ..self
                },
                done: written.done,
            }),
            Some(written) => Err(Occupied::OtherSeed(written.seed)),
            None if has_people => Err(Occupied::People),
            None => Ok(Start {
                simulation: self,
                done: 0,
            }),
        })
    }

    /// Makes and seals the people with these numbers; [`BATCH`] is a good many. Takes a while and
    /// waits for nothing, so it belongs on a thread of its own.
    ///
    /// # Errors
    /// The vault fails.
    pub fn seal(self, vault: &Vault, numbers: Range<i64>) -> Result<Sealed, Error> {
        let from = numbers.start;
        let sealed = numbers
            .filter_map(|number| {
                let (entry, level) = self.person(number)?;
                Some(person::seal(vault, self.id(number), entry, level))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Sealed {
            simulation: self,
            from,
            people: sealed.into(),
        })
    }

    /// In order of number, so that rows are written one after the other.
    fn id(self, number: i64) -> Id<Person> {
        let start = Time::start_of(self.as_at).micros();
        let at = Time::from_micros(start - (Self::people() - number) * 1_000);
        let mut dice = Dice::new(self.seed, u64::try_from(number).unwrap_or_default() ^ SALT);
        Id::from_parts(at, dice.bytes())
    }
}

/// Keeps the draws of identifiers apart from those of people.
const SALT: u64 = 0x5eed_1d00_0000_0000;

/// People ready to be written.
#[derive(Clone, Debug)]
pub struct Sealed {
    simulation: Simulation,
    from: i64,
    people: Arc<[SealedPerson]>,
}

impl Sealed {
    /// How many.
    #[must_use]
    pub fn count(&self) -> i64 {
        i64::try_from(self.people.len()).unwrap_or(i64::MAX)
    }

    /// Writes them in one transaction, with the numbers of the register, one usage event for each
    /// group and one audit record.
    ///
    /// # Errors
    /// [`Error::NotFound`] when another process has gone on meanwhile; the store fails.
    pub async fn write(self, store: &Store) -> Result<(), Error> {
        rows::write(store, self.simulation, self.from, self.people).await
    }
}

fn card_number(seed: u32, number: u64) -> Option<Hkid> {
    let digits = (number * STRIDE + u64::from(seed)) % NUMBERS;
    let stem = format!("QQ{digits:06}");
    format!("{stem}{}", Hkid::check_digit(&stem)?).parse().ok()
}

/// Even draws from a seed and a number (SplitMix64): quick, repeatable, and for nothing secret.
struct Dice(u64);

impl Dice {
    const fn new(seed: u32, number: u64) -> Self {
        Self((seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.rotate_left(32))
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: i64) -> i64 {
        let bound = u128::try_from(bound).unwrap_or(1);
        let wide = (u128::from(self.next()) * bound) >> 64;
        i64::try_from(wide).unwrap_or_default()
    }

    fn bytes(&mut self) -> [u8; 10] {
        let mut bytes = [0; 10];
        let drawn = [self.next().to_be_bytes(), self.next().to_be_bytes()].concat();
        for (byte, drawn) in bytes.iter_mut().zip(drawn) {
            *byte = drawn;
        }
        bytes
    }

    fn pick<T: Copy>(&mut self, from: &[T; 16]) -> Option<T> {
        from.get(usize::try_from(self.below(16)).unwrap_or_default())
            .copied()
    }

    fn syllable(&mut self) -> String {
        let onset = self.pick(&ONSETS).unwrap_or_default();
        format!("{onset}{}", self.pick(&RHYMES).unwrap_or_default())
    }

    fn name(&mut self) -> PersonName {
        let surname = self.syllable().to_uppercase();
        let given = format!("{} {}", self.syllable(), self.syllable());
        let signs: String = [self.pick(&SIGNS), self.pick(&SIGNS)]
            .into_iter()
            .flatten()
            .collect();
        PersonName {
            en: format!("{surname} {given}"),
            zh: Some(format!("擬{signs}")),
        }
    }
}
