//! Text in three languages. English and Traditional Chinese are written by people; Simplified
//! Chinese is derived once, when the text is loaded. Names of people and signed data never pass
//! through here.

use std::{fmt, str::FromStr, sync::LazyLock};

use ferrous_opencc::{OpenCC, config::BuiltinConfig};
use serde::{Deserialize, Deserializer, Serialize};

/// A language of the portal and the first segment of every page's address.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    #[default]
    En,
    Tc,
    Sc,
}

impl Lang {
    pub const ALL: [Self; 3] = [Self::En, Self::Tc, Self::Sc];

    /// The URL segment and the key in files: `en`, `tc`, `sc`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Tc => "tc",
            Self::Sc => "sc",
        }
    }

    /// The BCP 47 tag for `lang=""` and `Content-Language`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en-HK",
            Self::Tc => "zh-Hant-HK",
            Self::Sc => "zh-Hans-HK",
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Lang {
    type Err = ();

    fn from_str(code: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|lang| lang.code() == code)
            .ok_or(())
    }
}

/// One text in the three languages.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Default)]
pub struct Text {
    pub en: String,
    pub tc: String,
    pub sc: String,
}

impl Text {
    /// Derives the Simplified form from `tc`.
    #[must_use]
    pub fn new(en: impl Into<String>, tc: impl Into<String>) -> Self {
        let tc = tc.into();
        Self {
            en: en.into(),
            sc: simplify(&tc),
            tc,
        }
    }

    /// With a hand-written Simplified form, where the derived one is wrong.
    #[must_use]
    pub fn with_sc(en: impl Into<String>, tc: impl Into<String>, sc: impl Into<String>) -> Self {
        Self {
            en: en.into(),
            tc: tc.into(),
            sc: sc.into(),
        }
    }

    /// The same words in every language: reference numbers, names of people.
    #[must_use]
    pub fn same(words: impl Into<String>) -> Self {
        let words = words.into();
        Self {
            en: words.clone(),
            tc: words.clone(),
            sc: words,
        }
    }

    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Tc => &self.tc,
            Lang::Sc => &self.sc,
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.en.is_empty() && self.tc.is_empty()
    }
}

impl<'de> Deserialize<'de> for Text {
    /// Reads `{en, tc}` with an optional `sc` override.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            en: String,
            tc: String,
            #[serde(default)]
            sc: Option<String>,
        }
        let Written { en, tc, sc } = Written::deserialize(deserializer)?;
        Ok(match sc {
            Some(sc) => Self::with_sc(en, tc, sc),
            None => Self::new(en, tc),
        })
    }
}

/// Converts Traditional Chinese as written in Hong Kong to Simplified Chinese (OpenCC table
/// `hk2s`). About 4 MB/s: call it when text is loaded, never per request.
#[must_use]
pub fn simplify(traditional: &str) -> String {
    static TABLE: LazyLock<Option<OpenCC>> =
        LazyLock::new(|| OpenCC::from_config(BuiltinConfig::Hk2s).ok());
    if traditional.is_ascii() {
        return traditional.to_owned();
    }
    TABLE.as_ref().map_or_else(
        || traditional.to_owned(),
        |table| table.convert(traditional),
    )
}
