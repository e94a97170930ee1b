//! The receipt: money that came in. Written once, never changed; numbered without gaps by year.

use kernel::{Date, Id, Lang, Money, Text, Time};
use paper::{Block, Column, Document, Fact, Lean, Letterhead, Table, Verify};

use crate::{Attempt, Demand, Method};

/// A receipt on record.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub id: Id<Receipt>,
    /// `R2026-0000042`.
    pub number: String,
    pub demand: Id<Demand>,
    pub attempt: Id<Attempt>,
    pub amount: Money,
    pub method: Method,
    pub provider_ref: String,
    pub received_at: Time,
    /// What has not been returned and is not about to be.
    pub available: Money,
}

pub(crate) fn number(year: i16, place: i64) -> String {
    format!("R{year}-{place:07}")
}

impl Receipt {
    /// The receipt as paper. `payer` is how the payer is named on it; `notice` a band across the top.
    #[must_use]
    pub fn document(
        &self,
        demand: &Demand,
        lang: Lang,
        payer: &str,
        notice: Option<String>,
    ) -> Document {
        let t = |en: &str, tc: &str| Text::new(en, tc).get(lang).to_owned();
        let day: Date = self.received_at.date();
        let mut document = Document::new(lang, t("Receipt", "收據"), day);
        document.letterhead = Letterhead {
            department: demand.payee.get(lang).to_owned(),
            office: Vec::new(),
        };
        document.reference = Some(self.number.clone());
        document.notice = notice;
        document.addressee = vec![payer.to_owned()];
        document.body = vec![
            Block::Highlight(Fact::new(
                t("Amount received", "已收款額"),
                self.amount.to_string(),
            )),
            Block::Paragraph(demand.purpose.get(lang).to_owned()),
            Block::Table(charges(demand, lang)),
            Block::Facts(vec![
                Fact::new(t("Paid by", "付款方式"), self.method.words().get(lang)),
                Fact::new(t("Received on", "收款時間"), self.received_at.long(lang)),
                Fact::new(t("Bill number", "帳單編號"), demand.bill.clone()),
                Fact::new(
                    t("Provider reference", "支付機構參考編號"),
                    self.provider_ref.clone(),
                ),
            ]),
        ];
        document.verify = Some(Verify {
            words: t(
                "This receipt is kept under its number in Causeway and cannot be changed there. If a bill was paid twice, the second payment is returned without your asking.",
                "本收據以其編號存於 Causeway，存檔後不可更改。如重複付款，第二筆款項會自動退還。",
            ),
            code: None,
        });
        document
    }
}

fn charges(demand: &Demand, lang: Lang) -> Table {
    let t = |en: &str, tc: &str| Text::new(en, tc).get(lang).to_owned();
    Table {
        columns: vec![
            Column::new(t("For", "項目"), 3, Lean::Start),
            Column::new(t("Amount", "金額"), 1, Lean::End),
        ],
        rows: demand
            .lines
            .iter()
            .map(|line| vec![line.words.get(lang).to_owned(), line.amount.to_string()])
            .collect(),
        foot: Some(vec![t("Total", "總額"), demand.total.to_string()]),
    }
}

impl Method {
    /// The method's name.
    #[must_use]
    pub fn words(self) -> Text {
        match self {
            Self::Card => Text::new("Card", "信用卡或扣賬卡"),
            Self::Fps => Text::new("Faster Payment System (FPS)", "轉數快"),
        }
    }
}
