//! Documents of a company asked for and brought over the wire: handing over, which the person does on their
//! phone document by document, and bringing a document in, which the phone is asked for too. What is there
//! to be seen is in `shelf`.
//!
//! Invariant: a hand-over counts for the person who made it, the client it was made to, and the company it
//! is of, with the mandate asked in its write.

use ::store::Write;
use kernel::{Date, Id, Text};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trust::{base64url, digest};

use super::{
    HongKong,
    account::{self, Beside},
    caller::{Call, Fields},
    corp_sign::check_company,
    holder::{self, Representative},
    registration::WireScope,
    reply::{Fault, Refusal},
    shelf,
    task::{Asked, Kind, Task},
    word::Word,
};
use crate::{
    Approval, Company, DetailLine, Error, Person,
    provider::Client,
    store::{
        company::note,
        wallet::{self as tables, Origin, Prepared},
        wallet_offer as offers,
        wallet_share::{self as shares, HandOver},
    },
    wallet::{
        Bringer, DOCUMENT_BYTES, DOCUMENT_NAME_CHARS, DocumentFlaw, DocumentKind, DocumentState,
        FILE_NAME_CHARS, NewDocument, Pick, SHARED_AT_ONCE,
    },
};

/// Characters of an id, a cursor or a kind.
pub(super) const WORD_CHARS: usize = 40;
/// Characters of what documents are wanted for.
const PURPOSE_CHARS: usize = 200;
/// Characters of a SHA-256 in base64.
const HASH_CHARS: usize = 44;
/// Digits of a day as the wire writes it.
const DAY_CHARS: usize = 8;

/// What a request about the wallet asks, sealed in its task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum WalletAsked {
    /// A document is brought.
    Offer {
        name: String,
        kind: DocumentKind,
        size: usize,
        /// Base64 of the SHA-256.
        hash: String,
    },
    /// Documents are wanted.
    Want {
        purpose: String,
        kinds: Vec<DocumentKind>,
        most: usize,
    },
}

impl WalletAsked {
    /// What goes into the digest the phone signs.
    pub(crate) fn digested(&self) -> String {
        match self {
            Self::Offer {
                name, kind, hash, ..
            } => format!("offer\0{kind}\0{name}\0{hash}"),
            Self::Want {
                purpose,
                kinds,
                most,
            } => {
                let kinds: Vec<&str> = kinds.iter().map(|kind| kind.code()).collect();
                format!("want\0{}\0{most}\0{purpose}", kinds.join(","))
            }
        }
    }

    /// As the phone reads it.
    pub(crate) fn lines(&self) -> Vec<DetailLine> {
        let line = |label: [&str; 2], value: Text| DetailLine {
            label: Text::new(label[0], label[1]),
            value,
        };
        match self {
            Self::Offer {
                name,
                kind,
                size,
                hash,
            } => vec![
                line(["Document", "文件"], Text::same(name.as_str())),
                line(["Kind", "類別"], kind.words()),
                line(["Size", "大小"], size_of(*size)),
                line(["Fingerprint", "指紋"], Text::same(hash.as_str())),
            ],
            Self::Want {
                purpose,
                kinds,
                most,
            } => vec![
                line(["Needed for", "所需用途"], Text::same(purpose.as_str())),
                line(["You may choose", "你可選擇"], wanted(kinds, *most)),
            ],
        }
    }
}

fn size_of(bytes: usize) -> Text {
    Text::same(format!("{} KB", bytes.div_ceil(1024)))
}

fn wanted(kinds: &[DocumentKind], most: usize) -> Text {
    if kinds.is_empty() {
        return Text::new(
            format!("documents of any kind, up to {most}"),
            format!("任何類別的文件，最多{most}份"),
        );
    }
    let words: Vec<Text> = kinds.iter().map(|kind| kind.words()).collect();
    let en: Vec<&str> = words.iter().map(|one| one.en.as_str()).collect();
    let tc: Vec<&str> = words.iter().map(|one| one.tc.as_str()).collect();
    Text::new(
        format!("{}; up to {most}", en.join(", ")),
        format!("{}；最多{most}份", tc.join("、")),
    )
}

/// What the phone is asked, in one sentence.
pub(crate) fn summary(kind: Kind, name: &Text) -> Text {
    if kind == Kind::CorpUpload {
        Text::new(
            format!("Let {} put a document into the company's wallet", name.en),
            format!("讓{}把一份文件存入公司的文件錢包", name.tc),
        )
    } else {
        Text::new(
            format!("Hand documents of the company to {}", name.en),
            format!("向{}提供公司的文件", name.tc),
        )
    }
}

/// What a sign-in lets a client see of the wallet.
pub(crate) fn scope_line() -> DetailLine {
    DetailLine {
        label: Text::new("It may see", "對方可得知"),
        value: Text::new(
            "how many documents of which kind the company keeps, and no name or content that you did not hand to it",
            "公司存有各類文件的數目；未經你提供的文件，其名稱及內容均不會顯示",
        ),
    }
}

pub(super) fn kind_of(text: &str, name: &'static str) -> Result<DocumentKind, Refusal> {
    text.parse().map_err(|_| Word::Invalid.of(name))
}

fn day(fields: &Fields, name: &'static str) -> Result<Option<Date>, Refusal> {
    let Some(text) = fields.optional(name, DAY_CHARS)? else {
        return Ok(None);
    };
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let day = (text.len() == DAY_CHARS)
        .then(|| format!("{}-{}-{}", part(0, 4), part(4, 6), part(6, 8)))
        .and_then(|day| day.parse().ok());
    day.map(Some).ok_or_else(|| Word::Invalid.of(name))
}

pub(super) fn sent(day: Date) -> String {
    day.to_string().replace('-', "")
}

pub(super) async fn holder_of(hk: &HongKong, call: &Call) -> Result<Representative, Fault> {
    let who = holder::representative(hk, call, WireScope::CorpDocWallet).await?;
    check_company(&call.fields, &who.mandate)?;
    Ok(who)
}

/// Asks the person to hand documents over.
pub(crate) async fn want(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let who = holder_of(hk, call).await?;
    let mut asked = account::read_asked(hk, call, Kind::CorpShare)?;
    let fields = &call.fields;
    let purpose = fields.need("purpose", PURPOSE_CHARS)?.trim().to_owned();
    if purpose.is_empty() || purpose.chars().any(char::is_control) {
        return Err(Word::Invalid.of("purpose").into());
    }
    let mut kinds = Vec::new();
    for kind in fields.list("documentTypes", DocumentKind::ALL.len())? {
        kinds.push(kind_of(kind, "documentTypes")?);
    }
    kinds.sort_unstable();
    kinds.dedup();
    let most = match size(fields, "maxDocuments", SHARED_AT_ONCE)? {
        0 => SHARED_AT_ONCE,
        most => most,
    };
    let pick = Pick {
        company: who.mandate.company.id,
        person: who.token.person,
        kinds: kinds.clone(),
        most,
        picked: None,
    };
    name_company(&mut asked, &who);
    asked.wallet = Some(WalletAsked::Want {
        purpose,
        kinds,
        most,
    });
    let beside = Beside::Pick(pick);
    account::ask_beside(hk, call, (Kind::CorpShare, asked), who.token.person, beside).await
}

fn name_company(asked: &mut Asked, who: &Representative) {
    asked.company = Some(who.mandate.company.id);
    asked.company_name = Some(who.mandate.company.name.clone());
}

pub(super) fn size(fields: &Fields, name: &'static str, most: usize) -> Result<usize, Refusal> {
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    usize::try_from(fields.number(name, most)?).map_err(|_| Word::Invalid.of(name))
}

/// Brings a document, which the company has once the phone agrees.
pub(crate) async fn offer(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let who = holder_of(hk, call).await?;
    if !may_bring(&who.mandate) {
        return Err(Word::Permission.into());
    }
    let mut asked = account::read_asked(hk, call, Kind::CorpUpload)?;
    let new = read_document(hk, &call.fields)?;
    name_company(&mut asked, &who);
    asked.wallet = Some(WalletAsked::Offer {
        name: new.name.clone(),
        kind: new.kind,
        size: new.bytes.len(),
        hash: base64url::encode_standard(digest::sha256(&new.bytes)),
    });
    let origin = Origin {
        company: who.mandate.company.id,
        person: Some(who.token.person),
        client: Some(Bringer {
            client: call.client.id().to_owned(),
            name: call.client.name.clone(),
        }),
        state: DocumentState::Offered,
    };
    let tools = (hk.store(), hk.identity().vault(), hk.room().notary());
    let prepared = tables::prepare(tools, origin, new).await?;
    let beside = Beside::Offer(Box::new(prepared));
    account::ask_beside(
        hk,
        call,
        (Kind::CorpUpload, asked),
        who.token.person,
        beside,
    )
    .await
}

fn read_document(hk: &HongKong, fields: &Fields) -> Result<NewDocument, Fault> {
    let name = fields.need("documentName", DOCUMENT_NAME_CHARS)?;
    let kind = kind_of(fields.need("documentType", WORD_CHARS)?, "documentType")?;
    let file_name = fields.optional("fileName", FILE_NAME_CHARS)?;
    let content = fields.need("fileContent", usize::MAX)?;
    let bytes = base64url::decode_standard(content).map_err(|_| Word::Invalid.of("fileContent"))?;
    // As the interface has it: not a code, but the status of HTTP.
    if bytes.len() > DOCUMENT_BYTES {
        return Err(Fault::Held(web::Error::TooLarge));
    }
    let hash = base64url::encode_standard(digest::sha256(&bytes));
    if fields
        .optional("fileHash", HASH_CHARS)?
        .is_some_and(|said| said != hash)
    {
        return Err(Word::Invalid.of("fileHash").into());
    }
    let new = NewDocument {
        kind,
        name: name.trim().to_owned(),
        file_name: file_name.unwrap_or_default().to_owned(),
        bytes,
        issued: day(fields, "issueDate")?,
        expires: day(fields, "expiryDate")?,
    };
    match new.flaws(hk.provider().now().date()).first() {
        None => Ok(new),
        Some(flaw) => Err(Word::Invalid
            .of(match flaw {
                DocumentFlaw::Name => "documentName",
                DocumentFlaw::File | DocumentFlaw::TooLarge => "fileContent",
                DocumentFlaw::Dates => "issueDate",
            })
            .into()),
    }
}

/// What stands beside the question, in its write.
pub(crate) async fn keep_in(
    tx: &Write,
    (open, task): (&Approval, Id<Task>),
    beside: &Beside,
) -> Result<(), Fault> {
    match beside {
        Beside::Pick(pick) => shares::want_pick_in(tx, open, pick).await?,
        Beside::Offer(prepared) => offer_in(tx, prepared, task).await?,
        Beside::Nothing | Beside::Signing(_) => {}
    }
    Ok(())
}

async fn offer_in(tx: &Write, prepared: &Prepared, task: Id<Task>) -> Result<(), Fault> {
    match tables::insert_in(tx, prepared, Some(task)).await {
        Ok(()) => Ok(()),
        Err(Error::WalletFull) => Err(Word::WalletFull.into()),
        Err(error) => Err(error.into()),
    }
}

/// Putting documents in is for those who sign for the company.
fn may_bring(mandate: &crate::Mandate) -> bool {
    mandate.powers.role >= crate::MemberRole::Representative
}

/// What is written when the person has agreed.
#[derive(Clone, Debug)]
pub(crate) enum WalletAct {
    HandOver(Box<HandOver>),
    Accept,
}

/// What the person picked, as the client hears it.
pub(crate) async fn handed(
    hk: &HongKong,
    (client, asked): (&Client, &Asked),
    (open, company): (&Approval, Id<Company>),
) -> Result<(Value, WalletAct), Error> {
    let (id, vault) = (open.id, hk.identity().vault().clone());
    let documents = hk
        .store()
        .read(move |db| {
            let vault = vault.clone();
            async move {
                let pick = shares::pick_in(&db, id).await?;
                let picked = pick.and_then(|pick| pick.picked).unwrap_or_default();
                let mut all =
                    tables::documents_in(&db, &vault, company, DocumentState::Held).await?;
                all.retain(|one| picked.contains(&one.id));
                Ok::<_, Error>(all)
            }
        })
        .await?;
    if documents.is_empty() {
        return Err(Error::NothingPicked);
    }
    let Some(WalletAsked::Want { purpose, .. }) = &asked.wallet else {
        return Err(Error::Corrupt("hongkong_task"));
    };
    let until = shares::until(hk.provider().now());
    let told: Vec<Value> = documents
        .iter()
        .map(|one| shelf::entry(one, client.id(), Some(until)))
        .collect();
    let act = WalletAct::HandOver(Box::new(HandOver {
        company,
        person: open.person.ok_or(Error::Corrupt("approval"))?,
        client: client.id().to_owned(),
        client_name: client.name.clone(),
        purpose: Text::same(purpose.as_str()),
        documents: documents.iter().map(|one| one.id).collect(),
    }));
    Ok((json!({ "documents": told }), act))
}

/// What the client hears of the document it brought.
pub(crate) async fn accepted(hk: &HongKong, task: Id<Task>) -> Result<(Value, WalletAct), Error> {
    let found = hk
        .store()
        .read(move |db| async move { offers::offered_in(&db, task).await })
        .await?;
    let id = found.ok_or(Error::Inactive)?;
    Ok((json!({ "documentID": id }), WalletAct::Accept))
}

/// Writes it, with the mandate asked again by the caller.
pub(crate) async fn carry_out_in(
    tx: &Write,
    (task, act): (&Task, &WalletAct),
    (person, mandate): (Id<Person>, &crate::Mandate),
) -> Result<(), Error> {
    let company = mandate.company.id;
    match act {
        WalletAct::Accept => {
            if !may_bring(mandate) {
                return Err(Error::Inactive);
            }
            let (id, client) = offers::accept_in(tx, task.id, (person, company)).await?;
            let detail = json!({
                "document": id, "person": person, "client": task.client,
                "reader": client,
            });
            note(tx, company, "company.document_brought", detail).await
        }
        WalletAct::HandOver(what) => {
            for id in &what.documents {
                if !tables::is_held_in(tx, (company, *id)).await? {
                    return Err(Error::Inactive);
                }
            }
            shares::hand_over_in(tx, what).await?;
            for id in &what.documents {
                let detail = json!({
                    "document": id, "person": person, "client": what.client,
                    "reader": what.client_name,
                });
                note(tx, company, "company.document_shared", detail).await?;
            }
            Ok(())
        }
    }
}
