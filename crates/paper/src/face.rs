//! The two faces every paper is set in, embedded in the program: Noto Sans HK for English and
//! Traditional Chinese (with the HKSCS characters of Hong Kong names), Noto Sans SC for Simplified.
//! Each stands in for characters the other lacks.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use kernel::Lang;
use krilla::text::Font;
use parley::{
    FontContext, FontFamily, FontFamilyName,
    fontique::{Blob, Collection, CollectionOptions, SourceCache},
};

use crate::Error;

static HONG_KONG: &[u8] = include_bytes!("../fonts/NotoSansHK-Regular.ttf");
static SIMPLIFIED: &[u8] = include_bytes!("../fonts/NotoSansSC-Regular-GB2312.ttf");

/// Which of the bundled faces a glyph belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    HongKong,
    Simplified,
}

/// The faces, read once for the process.
pub(crate) struct Faces {
    pub(crate) context: FontContext,
    hong_kong: Loaded,
    simplified: Loaded,
}

struct Loaded {
    blob: u64,
    font: Font,
}

impl Faces {
    /// The shared faces.
    pub(crate) fn shared() -> Result<&'static Self, Error> {
        static FACES: OnceLock<Option<Faces>> = OnceLock::new();
        FACES.get_or_init(Self::load).as_ref().ok_or(Error::Font)
    }

    pub(crate) const fn font(&self, face: Face) -> &Font {
        match face {
            Face::HongKong => &self.hong_kong.font,
            Face::Simplified => &self.simplified.font,
        }
    }

    /// The face a run was shaped with, by the number of its data.
    pub(crate) fn of_blob(&self, blob: u64) -> Face {
        if blob == self.simplified.blob {
            Face::Simplified
        } else {
            Face::HongKong
        }
    }

    fn load() -> Option<Self> {
        let mut context = FontContext {
            collection: Collection::new(CollectionOptions {
                shared: false,
                system_fonts: false,
            }),
            source_cache: SourceCache::default(),
        };
        let hong_kong = register(&mut context, HONG_KONG)?;
        let simplified = register(&mut context, SIMPLIFIED)?;
        Some(Self {
            context,
            hong_kong,
            simplified,
        })
    }
}

fn register(context: &mut FontContext, bytes: &'static [u8]) -> Option<Loaded> {
    let blob = Blob::new(Arc::new(bytes));
    let id = blob.id();
    let families = context.collection.register_fonts(blob, None);
    if families.is_empty() {
        return None;
    }
    Some(Loaded {
        blob: id,
        font: Font::new(bytes.to_vec().into(), 0)?,
    })
}

/// The order in which the faces are asked for a glyph.
pub(crate) fn family(lang: Lang) -> FontFamily<'static> {
    const HK: FontFamilyName<'static> = FontFamilyName::Named(Cow::Borrowed("Noto Sans HK"));
    const SC: FontFamilyName<'static> = FontFamilyName::Named(Cow::Borrowed("Noto Sans SC"));
    static HK_FIRST: [FontFamilyName<'static>; 2] = [HK, SC];
    static SC_FIRST: [FontFamilyName<'static>; 2] = [SC, HK];
    FontFamily::List(Cow::Borrowed(match lang {
        Lang::En | Lang::Tc => &HK_FIRST,
        Lang::Sc => &SC_FIRST,
    }))
}
