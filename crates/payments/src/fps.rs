//! The FPS code: a payee-presented QR code in the Hong Kong form of EMVCo's merchant-presented mode
//! (HKMA/HKICL "Common QR Code Specification for Retail Payments" v1.2; EMVCo MPM v1.1).
//!
//! Everything is ASCII: readers disagree once the tag for names in another script is present.

use kernel::{Date, Money, Time};

/// Characters of the bill number (tag 62-01) and the reference (tag 62-05).
const LABEL_CHARS: usize = 25;
/// Characters of the payee's name (tag 59).
const NAME_CHARS: usize = 25;
/// Characters of the amount (tag 54).
const AMOUNT_CHARS: usize = 13;
const CODE_CHARS: usize = 512;
const DOMAIN: &str = "hk.com.hkicl";

/// What an FPS code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FpsCode {
    /// The payee's FPS identifier: 7 or 9 digits.
    pub fps_id: String,
    /// The payee's name in ASCII.
    pub payee: String,
    pub amount: Money,
    /// Which bill is paid, so that the transfer can be matched.
    pub bill: String,
    /// After this second, Hong Kong time, the payer's bank refuses the code. Ours always have one.
    pub until: Option<Time>,
}

/// Why a code cannot be written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FpsError {
    #[error("a part of the FPS code is too long, empty or not ASCII")]
    Part,
    #[error("the FPS code is cut off or not made of tags and lengths")]
    Shape,
    #[error("the check sum of the FPS code does not match")]
    CheckSum,
    #[error("the code is not an FPS code in Hong Kong dollars")]
    Foreign,
}

impl FpsCode {
    /// The text inside the QR code.
    ///
    /// # Errors
    /// [`FpsError::Part`] when a part does not fit its tag.
    pub fn encode(&self) -> Result<String, FpsError> {
        let is_id = matches!(self.fps_id.len(), 7 | 9)
            && self.fps_id.bytes().all(|byte| byte.is_ascii_digit());
        if !is_id || self.amount <= Money::ZERO {
            return Err(FpsError::Part);
        }
        let mut account = String::new();
        tag(&mut account, "00", DOMAIN, DOMAIN.len())?;
        tag(&mut account, "02", &self.fps_id, 9)?;
        if let Some(until) = self.until {
            tag(&mut account, "05", &time_out(until), 12)?;
        }
        let mut labels = String::new();
        tag(&mut labels, "01", &self.bill, LABEL_CHARS)?;
        let mut code = String::new();
        tag(&mut code, "00", "01", 2)?;
        tag(&mut code, "01", "12", 2)?;
        tag(&mut code, "26", &account, 99)?;
        tag(&mut code, "52", "0000", 4)?;
        tag(&mut code, "53", "344", 3)?;
        tag(&mut code, "54", &self.amount.plain(), AMOUNT_CHARS)?;
        tag(&mut code, "58", "HK", 2)?;
        tag(&mut code, "59", &self.payee, NAME_CHARS)?;
        tag(&mut code, "60", "HK", 2)?;
        tag(&mut code, "62", &labels, 99)?;
        code.push_str("6304");
        let sum = check_sum(code.as_bytes());
        code.push_str(&format!("{sum:04X}"));
        Ok(code)
    }

    /// Reads a code that [`FpsCode::encode`] or another writer made.
    ///
    /// # Errors
    /// [`FpsError::CheckSum`] first, then what is wrong with the tags.
    pub fn parse(code: &str) -> Result<Self, FpsError> {
        if !code.is_ascii() || code.len() > CODE_CHARS {
            return Err(FpsError::Shape);
        }
        let body = code.len().checked_sub(4).ok_or(FpsError::Shape)?;
        let (body, sum) = code.split_at(body);
        let sum = u16::from_str_radix(sum, 16).map_err(|_| FpsError::CheckSum)?;
        if !body.ends_with("6304") || check_sum(body.as_bytes()) != sum {
            return Err(FpsError::CheckSum);
        }
        let tags = tags(body.trim_end_matches("6304"))?;
        let account = self::tags(find(&tags, "26")?)?;
        let labels = self::tags(find(&tags, "62")?)?;
        let is_ours = find(&account, "00")? == DOMAIN
            && find(&tags, "53")? == "344"
            && find(&tags, "58")? == "HK";
        if !is_ours {
            return Err(FpsError::Foreign);
        }
        Ok(Self {
            fps_id: find(&account, "02")?.to_owned(),
            payee: find(&tags, "59")?.to_owned(),
            amount: find(&tags, "54")?.parse().map_err(|_| FpsError::Shape)?,
            bill: find(&labels, "01")?.to_owned(),
            until: find(&account, "05").ok().map(read_time_out).transpose()?,
        })
    }
}

/// CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF), as EMVCo MPM tag 63 asks for.
#[must_use]
pub fn check_sum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |sum, byte| {
        (0..8).fold(sum ^ (u16::from(*byte) << 8), |sum, _| {
            if sum & 0x8000 == 0 {
                sum << 1
            } else {
                (sum << 1) ^ 0x1021
            }
        })
    })
}

fn tag(code: &mut String, id: &str, value: &str, limit: usize) -> Result<(), FpsError> {
    let is_printable = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if value.is_empty() || value.len() > limit.min(99) || !is_printable {
        return Err(FpsError::Part);
    }
    code.push_str(&format!("{id}{:02}{value}", value.len()));
    Ok(())
}

/// Identifiers and values in order. The check sum's tag is taken off before.
fn tags(mut rest: &str) -> Result<Vec<(&str, &str)>, FpsError> {
    let mut tags = Vec::new();
    while !rest.is_empty() {
        let (id, tail) = rest.split_at_checked(2).ok_or(FpsError::Shape)?;
        let (length, tail) = tail.split_at_checked(2).ok_or(FpsError::Shape)?;
        let length: usize = length.parse().map_err(|_| FpsError::Shape)?;
        let (value, tail) = tail.split_at_checked(length).ok_or(FpsError::Shape)?;
        tags.push((id, value));
        rest = tail;
    }
    Ok(tags)
}

fn find<'a>(tags: &[(&str, &'a str)], id: &str) -> Result<&'a str, FpsError> {
    tags.iter()
        .find(|(tag, _)| *tag == id)
        .map(|(_, value)| *value)
        .ok_or(FpsError::Shape)
}

/// `yyMMddHHmmss` in Hong Kong.
fn time_out(until: Time) -> String {
    let date = until.date();
    let seconds = until.since(Time::start_of(date)).as_secs();
    format!(
        "{:02}{:02}{:02}{:02}{:02}{:02}",
        date.year().rem_euclid(100),
        date.month(),
        date.day(),
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn read_time_out(text: &str) -> Result<Time, FpsError> {
    let pair = |place: usize| -> Result<u8, FpsError> {
        text.get(place..place + 2)
            .and_then(|digits| digits.parse().ok())
            .ok_or(FpsError::Shape)
    };
    let small = |place| pair(place).and_then(|n| i8::try_from(n).map_err(|_| FpsError::Shape));
    let date =
        Date::new(2000 + i16::from(pair(0)?), small(2)?, small(4)?).map_err(|_| FpsError::Shape)?;
    let seconds = u64::from(pair(6)?) * 3600 + u64::from(pair(8)?) * 60 + u64::from(pair(10)?);
    Ok(Time::start_of(date).plus(std::time::Duration::from_secs(seconds)))
}
