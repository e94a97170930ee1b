//! A letter and a receipt as departments would send them, about people who do not exist.

use kernel::{Date, Lang, Text};

use crate::{Block, Column, Document, Fact, Lean, Letterhead, Signature, Table, Verify};

fn text(lang: Lang, en: &str, tc: &str) -> String {
    Text::new(en, tc).get(lang).to_owned()
}

fn department(lang: Lang) -> Letterhead {
    Letterhead {
        department: text(lang, "Transport Department", "運輸署"),
        office: vec![
            text(
                lang,
                "Licensing Office, 3/F, United Centre",
                "牌照事務處 金鐘道95號統一中心3樓",
            ),
            text(lang, "95 Queensway, Hong Kong", "香港金鐘"),
            text(lang, "Telephone 2804 2600", "電話 2804 2600"),
        ],
    }
}

pub(crate) fn letter(lang: Lang) -> Document {
    let t = |en: &str, tc: &str| text(lang, en, tc);
    let mut document = Document::new(
        lang,
        t("Renewal of full driving licence", "正式駕駛執照續期"),
        Date::new(2026, 11, 22).unwrap(),
    );
    document.letterhead = department(lang);
    document.reference = Some("TD-2026-000123".to_owned());
    document.addressee = vec![
        if lang == Lang::En {
            "Ms CHAN Siu Ming".to_owned()
        } else {
            "陳小明女士（𠝹𨋢𠮩𡃁𠵱）".to_owned()
        },
        t("Flat 12B, Tower 3, Harbour Court", "海港閣3座12樓B室"),
        t("8 Example Street, Sham Shui Po", "深水埗例子街8號"),
        t("Kowloon", "九龍"),
    ];
    document.salutation = Some(t("Dear Ms Chan", "陳女士"));
    document.body = decision(lang);
    document.signature = Some(Signature {
        closing: t("Yours sincerely", "此致"),
        name: if lang == Lang::En {
            "CHAN Tai Man".to_owned()
        } else {
            "陳大文".to_owned()
        },
        post: t("Senior Licensing Officer", "高級牌照主任"),
        on_behalf_of: t("for Commissioner for Transport", "運輸署署長代行"),
    });
    document.verify = Some(verify(lang));
    document
}

fn decision(lang: Lang) -> Vec<Block> {
    let t = |en: &str, tc: &str| text(lang, en, tc);
    vec![
        Block::Paragraph(t(
            "Thank you for your application of 20 November 2026. I am pleased to tell you that your full driving licence has been renewed for ten years. It is now in the wallet on your phone; you need not visit an office and no paper licence follows.",
            "多謝你在2026年11月20日提出申請。現通知你，你的正式駕駛執照已獲續期十年。電子執照已存入你手機的電子錢包，你無須前往辦事處，本署亦不會另寄紙本執照。",
        )),
        Block::Facts(vec![
            Fact::new(t("Licence number", "執照號碼"), "Z683365(5)"),
            Fact::new(t("Holder", "持證人"), t("CHAN Siu Ming", "陳小明")),
            Fact::new(
                t("Classes", "車輛類別"),
                t(
                    "1 Private car; 2 Light goods vehicle",
                    "1 私家車；2 輕型貨車",
                ),
            ),
            Fact::new(
                t("Valid until", "有效期至"),
                Date::new(2036, 12, 14).unwrap().long(lang),
            ),
        ]),
        Block::Heading(t("What you need to do", "你須辦理的事項")),
        Block::List(vec![
            t(
                "Open the wallet and check that your name and the classes are right.",
                "打開電子錢包，核對姓名及車輛類別是否正確。",
            ),
            t(
                "Carry the phone when you drive. A police officer may ask to scan the code on the licence.",
                "駕駛時請攜帶手機。警務人員可要求掃描執照上的二維碼。",
            ),
            t(
                "Tell us within 72 hours if you change your name, address or identity document.",
                "如更改姓名、地址或身分證明文件，須在72小時內通知本署。",
            ),
        ]),
        Block::Paragraph(t(
            "If you do not agree with this decision you may ask for a review within 21 days. The steps are at the foot of the application in the portal, where you can also send us a question and read the answer.",
            "如不同意本決定，你可在21天內要求覆核。有關步驟載於網站內該宗申請的頁末；你亦可在該處向我們查詢及閱讀答覆。",
        )),
    ]
}

fn verify(lang: Lang) -> Verify {
    Verify {
        words: text(
            lang,
            "This is an electronic document and needs no signature by hand. To check that it is genuine, scan the code or open causeway.example.hk/en/verify and enter the reference. The page shows the sender, the date and a digest of this file.",
            "本文件為電子文件，無須親筆簽署。如要核實文件，請掃描二維碼，或前往 causeway.example.hk/tc/verify 並輸入檔號。該頁會顯示發出部門、日期及本檔案的摘要值。",
        ),
        code: Some("https://causeway.example.hk/en/verify?r=TD-2026-000123".to_owned()),
    }
}

pub(crate) fn receipt(lang: Lang) -> Document {
    let t = |en: &str, tc: &str| text(lang, en, tc);
    let mut document = Document::new(lang, t("Receipt", "收據"), Date::new(2026, 11, 22).unwrap());
    document.letterhead = department(lang);
    document.reference = Some("R-2026-0000042".to_owned());
    document.notice = Some(t(
        "Demonstration. This document has no legal effect.",
        "示範文件，並無法律效力。",
    ));
    document.addressee = vec![if lang == Lang::En {
        "Ms CHAN Siu Ming".to_owned()
    } else {
        "陳小明女士".to_owned()
    }];
    document.body = vec![
        Block::Highlight(Fact::new(t("Amount received", "已收款額"), "HK$1,020")),
        Block::Table(Table {
            columns: vec![
                Column::new(t("For", "項目"), 3, Lean::Start),
                Column::new(t("Amount", "金額"), 1, Lean::End),
            ],
            rows: vec![
                vec![
                    t("Full driving licence, ten years", "正式駕駛執照（十年）"),
                    "HK$900".to_owned(),
                ],
                vec![
                    t("Certificate of particulars", "駕駛執照細節證明書"),
                    "HK$120".to_owned(),
                ],
            ],
            foot: Some(vec![t("Total", "總額"), "HK$1,020".to_owned()]),
        }),
        Block::Facts(vec![
            Fact::new(t("Paid by", "付款方式"), t("Card", "信用卡")),
            Fact::new(t("Received at", "收款時間"), "2026-11-22 11:42"),
            Fact::new(t("Application", "申請編號"), "TD-2026-000123"),
        ]),
        Block::Paragraph(t(
            "Keep this receipt. If a payment was made twice, the second one is returned without your asking.",
            "請保存本收據。如重複付款，多付的款項會自動退還。",
        )),
    ];
    document.verify = Some(verify(lang));
    document
}
