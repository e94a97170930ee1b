//! What applicants are told in their inbox, in the caller's transaction. Letters are set outside it,
//! by a job, because setting a page takes longer than a transaction may.

use journal::Job;
use kernel::{Id, Lang, Text, Time};
use notify::{Attachment, Class, NewMessage};
use packs::{Pack, State};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Write;

use crate::{Error, case::Case, document::Document, store::action::ActionRow};

/// The job that sets a letter and puts it into the inbox.
pub(crate) const LETTER_JOB: &str = "services.letter";

/// Which letter, and the line of the timeline it belongs to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LetterJob {
    pub(crate) case: Id<Case>,
    pub(crate) letter: String,
    pub(crate) line: Id<ActionRow>,
    /// The state that sends it: the letter speaks of the case as it was then.
    pub(crate) state: String,
}

fn message(case: &Case, class: Class, subject: Text, body: Text) -> NewMessage {
    NewMessage::new(case.person.cast(), class, subject, body)
        .about("case", case.id.to_string())
        .link(path(case))
}

/// Where the applicant follows the case: a path after the language.
pub(crate) fn path(case: &Case) -> String {
    format!("/applications/{}", case.reference.as_str())
}

/// A text with the same gaps filled in each language.
fn each(fill: impl Fn(Lang) -> String) -> Text {
    Text::with_sc(fill(Lang::En), fill(Lang::Tc), fill(Lang::Sc))
}

pub(crate) async fn submitted(tx: &Write, case: &Case, service: &Text) -> Result<(), Error> {
    let due = case.due;
    let subject = each(|lang| {
        let name = service.get(lang);
        match lang {
            Lang::En => format!("We have your application: {name}"),
            Lang::Tc => format!("我們已收到你的申請：{name}"),
            Lang::Sc => format!("我们已收到你的申请：{name}"),
        }
    });
    let body = each(|lang| {
        let reference = &case.reference;
        let by = due.map(|due| due.date().long(lang));
        match lang {
            Lang::En => {
                let by = by.map(|by| format!("We will answer by {by}. "));
                let by = by.unwrap_or_default();
                format!(
                    "Your reference number is {reference}.\n\n{by}You can follow every step here."
                )
            }
            Lang::Tc => {
                let by = by.map(|by| format!("我們會於{by}或之前回覆。"));
                let by = by.unwrap_or_default();
                format!("你的檔案編號是{reference}。\n\n{by}你可在此查看每個步驟。")
            }
            Lang::Sc => {
                let by = by.map(|by| format!("我们会于{by}或之前回复。"));
                let by = by.unwrap_or_default();
                format!("你的档案编号是{reference}。\n\n{by}你可在此查看每个步骤。")
            }
        }
    });
    let key = format!("case-{}-submitted", case.id);
    notify::send(tx, message(case, Class::Info, subject, body).key(key)).await?;
    Ok(())
}

/// The fee arrived; something is still to be done.
pub(crate) async fn paid(
    tx: &Write,
    draft: &crate::draft::Draft,
    service: &Text,
) -> Result<(), Error> {
    let subject = each(|lang| {
        let name = service.get(lang);
        match lang {
            Lang::En => format!("We have your payment: {name}"),
            Lang::Tc => format!("我們已收到你的付款：{name}"),
            Lang::Sc => format!("我们已收到你的付款：{name}"),
        }
    });
    let body = Text::new(
        "Your application is not submitted yet. Sign it with your phone to finish.",
        "你的申請尚未提交。請以手機簽署，完成申請。",
    );
    let message = NewMessage::new(draft.person.cast(), Class::Deadline, subject, body)
        .about("draft", draft.id.to_string())
        .link(format!("/drafts/{}/sign", draft.id))
        .key(format!("draft-{}-paid", draft.id));
    notify::send(tx, message).await?;
    Ok(())
}

/// The fee of a company arrived, and whoever began is with it no more: an administrator finishes.
pub(crate) async fn handed(
    tx: &Write,
    (draft, heir): (&crate::draft::Draft, Id<identity::Person>),
    service: &Text,
) -> Result<(), Error> {
    let subject = each(|lang| {
        let name = service.get(lang);
        match lang {
            Lang::En => format!("A paid application of your company waits: {name}"),
            Lang::Tc => format!("貴公司一項已繳費的申請尚待處理：{name}"),
            Lang::Sc => format!("贵公司一项已缴费的申请尚待处理：{name}"),
        }
    });
    let body = Text::new(
        "The person who began it does not act for the company any more. The fee has arrived, and the application is not submitted yet. Act for the company and finish it.",
        "開始申請的人士已不再代表公司。費用已收到，但申請尚未提交。請代表公司完成申請。",
    );
    let message = NewMessage::new(heir.cast(), Class::Deadline, subject, body)
        .about("draft", draft.id.to_string())
        .link(format!("/drafts/{}/sign", draft.id))
        .key(format!("draft-{}-handed-{heir}", draft.id));
    notify::send(tx, message).await?;
    Ok(())
}

/// Somebody of the company has signed; whoever holds the chop is asked for it.
pub(crate) async fn to_chop(
    tx: &Write,
    (draft, holder): (&crate::draft::Draft, Id<identity::Person>),
    service: &Text,
) -> Result<(), Error> {
    let subject = each(|lang| {
        let name = service.get(lang);
        match lang {
            Lang::En => format!("The company chop is wanted: {name}"),
            Lang::Tc => format!("尚待加蓋公司印章：{name}"),
            Lang::Sc => format!("尚待加盖公司印章：{name}"),
        }
    });
    let body = Text::new(
        "Somebody of your company has signed this application. It is submitted when the chop is on it. Act for the company, check the answers and put the chop with your phone.",
        "貴公司一名人員已簽署此申請，加蓋印章後即可提交。請代表公司核對答案，並以手機加蓋印章。",
    );
    let message = NewMessage::new(holder.cast(), Class::Deadline, subject, body)
        .about("draft", draft.id.to_string())
        .link(format!("/drafts/{}/sign", draft.id))
        .key(format!(
            "draft-{}-{}-chop-{holder}",
            draft.id, draft.revision
        ));
    notify::send(tx, message).await?;
    Ok(())
}

/// The case came to a state that sends no letter.
pub(crate) async fn moved(
    tx: &Write,
    case: &Case,
    pack: &Pack,
    state: &State,
) -> Result<(), Error> {
    let subject = each(|lang| {
        let (name, label) = (pack.name.get(lang), state.label.get(lang));
        if lang == Lang::En {
            format!("{name}: {label}")
        } else {
            format!("{name}：{label}")
        }
    });
    let body = each(|lang| {
        let (reference, label) = (&case.reference, state.label.get(lang));
        match lang {
            Lang::En => format!("Your application {reference} is now: {label}."),
            Lang::Tc => format!("你的申請{reference}現時狀況：{label}。"),
            Lang::Sc => format!("你的申请{reference}现时状况：{label}。"),
        }
    });
    let key = format!("case-{}-{}", case.id, case.revision);
    notify::send(tx, message(case, Class::Info, subject, body).key(key)).await?;
    Ok(())
}

/// Queues the letter of the state the case has come to.
pub(crate) async fn letter(
    tx: &Write,
    case: &Case,
    letter: &str,
    line: Id<ActionRow>,
) -> Result<(), Error> {
    let job = LetterJob {
        case: case.id,
        letter: letter.to_owned(),
        line,
        state: case.state.clone(),
    };
    journal::enqueue(
        tx,
        Job {
            kind: LETTER_JOB,
            key: Some(format!("letter/{line}")),
            payload: json!(job),
            run_at: tx.now(),
        },
    )
    .await?;
    Ok(())
}

/// The letter is in the inbox, its words in the message and the document beside it.
pub(crate) async fn lettered(
    tx: &Write,
    case: &Case,
    (title, body): (&Text, &Text),
    document: Id<Document>,
    reply_by: Option<Time>,
) -> Result<(), Error> {
    let class = if reply_by.is_some() {
        Class::Deadline
    } else {
        Class::Info
    };
    let attachment = Attachment {
        document: document.to_string(),
        name: title.clone(),
        path: format!("{}/documents/{document}", path(case)),
    };
    let message = message(case, class, title.clone(), body.clone())
        .attach(attachment)
        .key(format!("letter-{document}"));
    notify::send(tx, message).await?;
    Ok(())
}
