//! The few words that the paper itself adds, in the language of the document.

use kernel::Lang;

pub(crate) fn reference(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Our reference",
        Lang::Tc => "本署檔號",
        Lang::Sc => "本署档号",
    }
}

pub(crate) fn date(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "Date",
        Lang::Tc | Lang::Sc => "日期",
    }
}

pub(crate) fn page(lang: Lang, number: usize, count: usize) -> String {
    match lang {
        Lang::En => format!("Page {number} of {count}"),
        Lang::Tc => format!("第 {number} 頁，共 {count} 頁"),
        Lang::Sc => format!("第 {number} 页，共 {count} 页"),
    }
}

pub(crate) fn code(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "QR code for checking this document",
        Lang::Tc => "用以核實本文件的二維碼",
        Lang::Sc => "用以核实本文件的二维码",
    }
}

/// A salutation or closing with the comma that the language puts after it.
pub(crate) fn with_comma(lang: Lang, words: &str) -> String {
    match lang {
        Lang::En => format!("{words},"),
        Lang::Tc | Lang::Sc => format!("{words}："),
    }
}
