//! What stands on both screens: who asks, for which service, how many documents and which.

use kernel::Text;
use trust::digest;

use super::{NAMED_MAX, NewSigning, OnBehalf, Part};
use crate::DetailLine;

pub(super) fn requester(new: &NewSigning) -> Text {
    Text::new(
        format!("{} – {}", new.department.en, new.service.en),
        format!("{}－{}", new.department.tc, new.service.tc),
    )
}

pub(super) fn summary(new: &NewSigning) -> Text {
    let count = new.items.len();
    let is_chop = new.behalf.as_ref().is_some_and(OnBehalf::is_chop);
    match new.items.first() {
        Some(only) if count == 1 => {
            let name: String = only.name.chars().take(120).collect();
            if is_chop {
                return Text::new(
                    format!("Put the company chop on “{name}”"),
                    format!("在「{name}」加蓋公司印章"),
                );
            }
            Text::new(format!("Sign “{name}”"), format!("簽署「{name}」"))
        }
        _ if is_chop => Text::new(
            format!("Put the company chop on {count} documents"),
            format!("在 {count} 份文件加蓋公司印章"),
        ),
        _ => Text::new(
            format!("Sign {count} documents"),
            format!("簽署 {count} 份文件"),
        ),
    }
}

/// What stands on both screens: for whom, how many, which.
pub(super) fn detail(new: &NewSigning) -> Vec<DetailLine> {
    let line = |label: Text, value: Text| DetailLine { label, value };
    let count = new.items.len();
    let mut lines = Vec::new();
    if let Some(behalf) = &new.behalf {
        lines.push(line(
            Text::new("For the company", "代表公司"),
            behalf.name(),
        ));
        if let Some(amount) = behalf.terms.amount {
            let label = Text::new("Amount", "金額");
            lines.push(line(label, Text::same(amount.to_string())));
        }
        if behalf.terms.part == Part::First {
            lines.push(line(
                Text::new("And then", "其後"),
                Text::new("the company chop must follow", "須加蓋公司印章"),
            ));
        }
        if behalf.is_told {
            lines.push(line(
                Text::new("It also receives", "對方亦會收到"),
                Text::new(
                    "your name, and by what right you sign",
                    "你的姓名，以及你憑甚麼身分簽署",
                ),
            ));
        }
    }
    lines.extend([
        line(Text::new("For", "提交予"), new.department.clone()),
        line(Text::new("Service", "服務"), new.service.clone()),
        line(
            Text::new("Documents", "文件數目"),
            Text::same(count.to_string()),
        ),
    ]);
    for (place, item) in new.items.iter().take(NAMED_MAX).enumerate() {
        let label = Text::new(
            format!("Document {}", place + 1),
            format!("文件 {}", place + 1),
        );
        lines.push(line(label, Text::same(item.name.clone())));
    }
    if let Some(more) = count.checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        lines.push(line(
            Text::new("And", "另有"),
            Text::new(format!("{more} more documents"), format!("{more} 份文件")),
        ));
    } else if let [only] = new.items.as_slice()
        // The digest of a PDF is of the file with its signature's place: nobody can compare it.
        && only.kind.form().is_none()
    {
        let print = digest::hex(&only.digest);
        let short = print.get(..16).unwrap_or_default().to_owned();
        lines.push(line(
            Text::new("Fingerprint begins", "文件指紋開首"),
            Text::same(short),
        ));
    }
    lines
}
