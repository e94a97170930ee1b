//! What is said to people whose answer cannot be taken: what is missing, in three languages.

use kernel::{Money, Text};

use crate::field::{Field, FieldKind};

/// The question has no answer although it needs one.
pub(crate) fn required(kind: &FieldKind) -> Text {
    match kind {
        FieldKind::YesNo => Text::new("Choose yes or no", "請選擇是或否"),
        FieldKind::Choice { .. } => Text::new("Choose one answer", "請選擇一個答案"),
        FieldKind::Choices { .. } => Text::new("Choose at least one answer", "請選擇至少一個答案"),
        FieldKind::Date => Text::new("Enter the date", "請輸入日期"),
        FieldKind::File { .. } => Text::new("Upload the document", "請上載文件"),
        FieldKind::Declaration => Text::new(
            "Tick the box to make the declaration",
            "請剔選方格以作出聲明",
        ),
        FieldKind::AddressHk => Text::new("Enter the address", "請輸入地址"),
        FieldKind::Group { item, .. } => Text::new(
            format!("Add at least one: {}", item.en),
            format!("請加入至少一項：{}", item.tc),
        ),
        _ => Text::new("Enter an answer", "請輸入答案"),
    }
}

pub(crate) fn too_long(max: u32, typed: usize) -> Text {
    Text::new(
        format!("Use at most {max} characters; this has {typed}"),
        format!("最多{max}個字；現有{typed}個字"),
    )
}

pub(crate) fn too_short(min: u32) -> Text {
    Text::new(
        format!("Use at least {min} characters"),
        format!("最少{min}個字"),
    )
}

pub(crate) fn wrong_form() -> Text {
    Text::new("This is not in the right form", "格式不正確")
}

pub(crate) fn one_line() -> Text {
    Text::new(
        "Write it on one line without special characters",
        "請寫成一行，不要使用特殊字元",
    )
}

pub(crate) fn whole_number() -> Text {
    Text::new("Enter a whole number, for example 12", "請輸入整數，例如12")
}

pub(crate) fn at_least(least: i64) -> Text {
    Text::new(
        format!("Enter {least} or more"),
        format!("請輸入{least}或以上"),
    )
}

pub(crate) fn at_most(most: i64) -> Text {
    Text::new(
        format!("Enter {most} or less"),
        format!("請輸入{most}或以下"),
    )
}

pub(crate) fn money() -> Text {
    Text::new(
        "Enter an amount in dollars, for example 1,234.50",
        "請輸入金額（元），例如1,234.50",
    )
}

pub(crate) fn money_least(least: Money) -> Text {
    Text::new(
        format!("Enter {least} or more"),
        format!("請輸入{least}或以上"),
    )
}

pub(crate) fn money_most(most: Money) -> Text {
    Text::new(
        format!("Enter {most} or less"),
        format!("請輸入{most}或以下"),
    )
}

pub(crate) fn real_date() -> Text {
    Text::new(
        "Enter a real date, for example 27 3 2026",
        "請輸入真實的日期，例如2026年3月27日",
    )
}

pub(crate) fn date_parts(day: bool, month: bool, year: bool) -> Text {
    let missing = |lang_en: bool| {
        let parts = [
            (day, "day", "日"),
            (month, "month", "月"),
            (year, "year", "年"),
        ];
        let names: Vec<&str> = parts
            .iter()
            .filter(|(missing, ..)| *missing)
            .map(|(_, en, tc)| if lang_en { *en } else { *tc })
            .collect();
        names.join(if lang_en { " and " } else { "、" })
    };
    Text::new(
        format!("The date needs a {}", missing(true)),
        format!("日期欠缺{}", missing(false)),
    )
}

pub(crate) fn full_year() -> Text {
    Text::new(
        "Write the year with 4 digits, 1800 to 2200",
        "請輸入四位數字的年份（1800至2200）",
    )
}

pub(crate) fn not_offered() -> Text {
    Text::new("Choose one of the answers offered", "請從所列答案中選擇")
}

pub(crate) fn choose_least(least: u32) -> Text {
    Text::new(
        format!("Choose at least {least}"),
        format!("請選擇至少{least}項"),
    )
}

pub(crate) fn choose_most(most: u32) -> Text {
    Text::new(
        format!("Choose at most {most}"),
        format!("最多可選擇{most}項"),
    )
}

pub(crate) fn files_least(least: u32) -> Text {
    Text::new(
        format!("Upload at least {least} files"),
        format!("請上載至少{least}個檔案"),
    )
}

pub(crate) fn files_most(most: u32) -> Text {
    Text::new(
        format!("Upload at most {most} files"),
        format!("最多可上載{most}個檔案"),
    )
}

pub(crate) fn file_kind(kinds: &str) -> Text {
    Text::new(
        format!("The file must be one of: {kinds}"),
        format!("檔案須為以下格式：{kinds}"),
    )
}

pub(crate) fn file_size(max_mb: u32) -> Text {
    Text::new(
        format!("The file must be at most {max_mb} MB"),
        format!("檔案不可大於{max_mb} MB"),
    )
}

pub(crate) fn items_least(least: u32) -> Text {
    Text::new(
        format!("Add at least {least}"),
        format!("請加入至少{least}項"),
    )
}

pub(crate) fn items_most(most: u32) -> Text {
    Text::new(format!("Add at most {most}"), format!("最多可加入{most}項"))
}

pub(crate) fn address_district() -> Text {
    Text::new("Choose the district", "請選擇地區")
}

pub(crate) fn address_place() -> Text {
    Text::new(
        "Enter the building, estate or street",
        "請輸入大廈、屋苑或街道名稱",
    )
}

pub(crate) fn check_digit() -> Text {
    Text::new(
        "The check digit does not match: one character may be mistyped",
        "校驗數字不符：可能有一個字輸入錯誤",
    )
}

/// The shape of an identifier is wrong.
pub(crate) fn identifier(field: &Field) -> Text {
    match field.kind {
        FieldKind::Hkid => Text::new(
            "Enter the identity card number with the digit in brackets, for example A123456(3)",
            "請輸入身份證號碼連括號內的數字，例如A123456(3)",
        ),
        FieldKind::PhoneHk => Text::new(
            "Enter a Hong Kong telephone number of 8 digits",
            "請輸入八位數字的香港電話號碼",
        ),
        FieldKind::Email => Text::new(
            "Enter an e-mail address, for example name@example.com",
            "請輸入電郵地址，例如name@example.com",
        ),
        FieldKind::CompanyNumber => Text::new(
            "Enter the company number: 7 digits, or F and 7 digits",
            "請輸入公司編號：七位數字，或F加七位數字",
        ),
        FieldKind::BusinessNumber => Text::new(
            "Enter the business registration number: the first 8 digits",
            "請輸入商業登記號碼的首八位數字",
        ),
        FieldKind::VehicleMark => Text::new(
            "Enter the registration mark, for example AB 1234",
            "請輸入登記號碼，例如AB 1234",
        ),
        FieldKind::PersonName => Text::new(
            "Enter the name in English letters, as on the identity document",
            "請以英文字母輸入姓名，與身份證明文件相同",
        ),
        FieldKind::PersonNameZh => {
            Text::new("Enter the name in Chinese characters", "請以中文字輸入姓名")
        }
        _ => wrong_form(),
    }
}
