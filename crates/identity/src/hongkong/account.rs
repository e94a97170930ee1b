//! Requests about a person who has signed in: their phone is asked, the outcome is posted to the client.

use ::store::Write;
use kernel::{Actor, Id, Lang, Text};
use serde_json::{Value, json};
use trust::digest;

use super::{
    HongKong, bulk,
    caller::{Call, Fields},
    documents, elsewhere, fact, field, holder,
    registration::WireScope,
    reply::{Fault, Refusal},
    sign,
    store::task::{self as tasks, NewTask},
    task::{Asked, Form, Kind, Task, business_of, digest_of, seal_asked},
    word::Word,
};
use crate::{
    Approval, Binding, DetailLine, Level, NewApproval, Person, Proposed, Purpose,
    provider::Client,
    signing::{self, NAME_CHARS, Prepared},
    store::{approval, person, wallet},
    wallet::Pick,
};

/// Characters of a form's number.
const FORM_NUMBER_CHARS: usize = 20;

impl Form {
    fn read(fields: &Fields) -> Result<Self, Refusal> {
        let text =
            |name, limit| Ok::<_, Refusal>(fields.optional(name, limit)?.unwrap_or_default());
        Ok(Self {
            name: fields.need("formName", NAME_CHARS)?.to_owned(),
            number: text("formNum", FORM_NUMBER_CHARS)?.to_owned(),
            description: text("formDesc", NAME_CHARS)?.to_owned(),
        })
    }
}

/// Everything a request of `kind` says, beside who it is about.
pub(crate) fn read_asked(hk: &HongKong, call: &Call, kind: Kind) -> Result<Asked, Refusal> {
    let mut asked = Asked::read((&call.client, kind), &call.fields)?;
    match kind {
        Kind::Login | Kind::CorpLogin | Kind::CorpProfile | Kind::StepUp | Kind::CorpStepUp => {}
        // What it is about is read by its own call.
        Kind::CorpUpload | Kind::CorpShare => {}
        Kind::Profile => asked.fields = field::read(&call.fields, false)?,
        Kind::Form | Kind::AnonymousForm => {
            asked.form = Some(Form::read(&call.fields)?);
            asked.fields = field::read(&call.fields, true)?;
        }
        Kind::CorpForm | Kind::AnonymousCorpForm => {
            asked.form = Some(Form::read(&call.fields)?);
            asked.corp_fields = fact::read(&call.fields)?;
            asked.elsewhere = elsewhere::read(&call.fields)?;
            asked.fields = field::read_any(&call.fields)?;
        }
        _ if kind.is_bulk() => asked.signing = Some(bulk::read(hk, call, kind)?),
        _ => asked.signing = Some(sign::read(hk, call, kind)?),
    }
    asked.secret = hk.provider().draw();
    Ok(asked)
}

/// Asks the person's phone.
pub(crate) async fn initiate(hk: &HongKong, call: &Call, kind: Kind) -> Result<Value, Fault> {
    let person = holder::of(hk, call, kind.scope()).await?;
    let asked = read_asked(hk, call, kind)?;
    ask(hk, call, (kind, asked), person).await
}

/// The same about the company they act for, with what is theirs only when their own token is beside it.
pub(crate) async fn initiate_corporate(
    hk: &HongKong,
    call: &Call,
    kind: Kind,
) -> Result<Value, Fault> {
    let who = holder::representative(hk, call, kind.scope()).await?;
    if kind == Kind::CorpStepUp {
        holder::check_registered(call, WireScope::StepUp)?;
    }
    let mut asked = read_asked(hk, call, kind)?;
    if !asked.fields.is_empty() {
        holder::check_person(hk, call, (&who, WireScope::FormFilling)).await?;
    }
    asked.company = Some(who.mandate.company.id);
    asked.company_name = Some(who.mandate.company.name.clone());
    ask(hk, call, (kind, asked), who.token.person).await
}

/// What is kept beside a question, in the same write.
#[derive(Clone)]
pub(crate) enum Beside {
    Nothing,
    Signing(Box<Prepared>),
    /// Documents that the phone picks from.
    Pick(Pick),
    /// A document that waits for the answer.
    Offer(Box<wallet::Prepared>),
}

/// Puts the question to the phone and keeps the task.
pub(crate) async fn ask(
    hk: &HongKong,
    call: &Call,
    asked: (Kind, Asked),
    person: Id<Person>,
) -> Result<Value, Fault> {
    ask_beside(hk, call, asked, person, Beside::Nothing).await
}

/// The same, with what is to be kept beside it.
pub(crate) async fn ask_beside(
    hk: &HongKong,
    call: &Call,
    (kind, asked): (Kind, Asked),
    person: Id<Person>,
    beside: Beside,
) -> Result<Value, Fault> {
    let business = business_of(&call.fields)?.to_owned();
    let id = hk.env().id::<Task>();
    let ticket = hk.provider().draw();
    let lead = (
        asked.binding(),
        Text::new("Asked by the department itself", "由部門直接提出"),
        format!("/{}/wire/{id}?ticketID={ticket}", asked.lang),
    );
    let (question, beside) = if kind.is_signature() {
        let (question, prepared) = prepare(hk, (&asked, kind), person, lead).await?;
        (question, Beside::Signing(Box::new(prepared)))
    } else {
        let question = question(&call.client, (kind, &asked), Some(person), lead);
        (question, beside)
    };
    let new = NewTask {
        id,
        client: call.client.id().to_owned(),
        kind,
        business: Some(business),
        ticket: Some(digest::sha256(&ticket)),
        person: Some(person),
        approval: None,
        signing: None,
        asked: seal_asked(hk.identity().vault(), id, &asked)?,
        expires: hk.provider().now(),
        company: asked.company,
    };
    let draws = approval::Draws::of(hk.env());
    let open = hk
        .store()
        .write(&Actor::system("hongkong"), move |tx| {
            let (question, beside) = (question.clone(), beside.clone());
            let (new, draws) = (new.clone(), draws.clone());
            async move {
                let asked = approval::ask_with_in(&tx, &question, &draws).await?;
                keep_in(&tx, new, (&asked, &beside)).await?;
                Ok::<_, Fault>(asked)
            }
        })
        .await?;
    let mut answer = json!({
        "authByQR": asked.source.is_elsewhere(),
        "ticketID": ticket,
        "identificationCode": open.code,
    });
    if kind.is_bulk()
        && let Some(fields) = answer.as_object_mut()
    {
        fields.insert("statusToken".to_owned(), json!(bulk::status_token(hk, id)));
    }
    Ok(answer)
}

async fn keep_in(
    tx: &Write,
    mut new: NewTask,
    (open, beside): (&Approval, &Beside),
) -> Result<(), Fault> {
    if let Beside::Signing(prepared) = beside {
        new.signing = Some(signing::keep_in(tx, prepared, open).await?.id);
    }
    new.approval = Some(open.id);
    new.expires = open.expires;
    if !tasks::insert_in(tx, &new).await? {
        return Err(Word::Business.of("businessID").into());
    }
    documents::keep_in(tx, (open, new.id), beside).await
}

type Lead = (Binding, Text, String);

/// The question and the documents, once it is sure that this person may sign them. An amount above their
/// limit goes to a second person of the company first.
async fn prepare(
    hk: &HongKong,
    (asked, kind): (&Asked, Kind),
    id: Id<Person>,
    lead: Lead,
) -> Result<(NewApproval, Prepared), Fault> {
    let refused = |error: crate::Error| match kind.family().refusal_of(&error) {
        Some(word) => Fault::from(word),
        None => error.into(),
    };
    let owner = person::find_person(hk.store(), id).await?;
    if owner.is_none_or(|owner| owner.level < Level::Plus) {
        return Err(refused(crate::Error::LevelTooLow));
    }
    let new = asked.signing(Some(id), lead)?;
    let question = hk.room().question(&new)?;
    let mut prepared = hk.room().prepare(new.clone()).await;
    if let Err(crate::Error::OverLimit) = &prepared
        && let Ok(Proposed::Done | Proposed::Alone) = hk.room().ask_to_exceed(&new).await
    {
        prepared = hk.room().prepare(new).await;
    }
    Ok((question, prepared.map_err(refused)?))
}

/// What the phone is asked, when it is not to sign.
pub(crate) fn question(
    client: &Client,
    (kind, asked): (Kind, &Asked),
    person: Option<Id<Person>>,
    (binding, place, return_to): Lead,
) -> NewApproval {
    let name = &client.name;
    let (summary, purpose) = match kind {
        Kind::Login => (
            Text::new(
                format!("Let {} know you", name.en),
                format!("讓{}識別你的身分", name.tc),
            ),
            Purpose::Consent,
        ),
        Kind::CorpLogin => (
            Text::new(
                format!("Let {} know you and a company you act for", name.en),
                format!("讓{}識別你及你所代表公司的身分", name.tc),
            ),
            Purpose::Consent,
        ),
        Kind::CorpForm | Kind::AnonymousCorpForm => (
            Text::new(
                format!("Give {} particulars of the company", name.en),
                format!("向{}提供公司資料", name.tc),
            ),
            Purpose::Consent,
        ),
        Kind::CorpUpload | Kind::CorpShare => (documents::summary(kind, name), Purpose::Consent),
        Kind::StepUp | Kind::CorpStepUp => (
            Text::new(
                format!("Show {} that it is you", name.en),
                format!("向{}證明是你本人", name.tc),
            ),
            Purpose::StepUp,
        ),
        _ => (
            Text::new(
                format!("Give {} your particulars", name.en),
                format!("向{}提供你的資料", name.tc),
            ),
            Purpose::Consent,
        ),
    };
    NewApproval {
        purpose,
        requester: name.clone(),
        place,
        asked: Level::Basic,
        person,
        summary,
        detail: lines(client, asked),
        digest: digest_of(client.id(), kind, asked),
        binding,
        return_to,
    }
}

fn lines(client: &Client, asked: &Asked) -> Vec<DetailLine> {
    let line = |label: [&str; 2], value: Text| DetailLine {
        label: Text::new(label[0], label[1]),
        value,
    };
    let mut lines = Vec::new();
    if let Some(name) = &asked.company_name {
        let words = Text::new(name.get(Lang::En), name.get(Lang::Tc));
        lines.push(line(["For", "代表"], words));
    }
    if let Some(wire) = &client.wire {
        lines.push(line(["What for", "用途"], wire.purpose.clone()));
    }
    if let Some(form) = &asked.form {
        let name = [form.number.as_str(), form.name.as_str()].join(" ");
        lines.push(line(["Form", "表格"], Text::same(name.trim())));
    }
    lines.extend(asked.wallet.iter().flat_map(documents::WalletAsked::lines));
    if !asked.corp_fields.is_empty() {
        lines.push(line(
            ["It receives of the company", "對方會收到的公司資料"],
            fact::words(&asked.corp_fields),
        ));
    }
    if !asked.elsewhere.is_empty() {
        lines.push(line(
            [
                "It receives of somebody without an identity card",
                "對方會收到沒有身份證人士的資料",
            ],
            elsewhere::words(&asked.elsewhere),
        ));
    }
    if !asked.fields.is_empty() {
        lines.push(line(
            ["It receives", "對方會收到"],
            field::words(&asked.fields),
        ));
    }
    if asked.corp_scopes.contains(&WireScope::CorpProfiles) {
        lines.push(line(
            ["It may read", "對方可查閱"],
            Text::new(
                "what registers and the company say of the company you choose",
                "你所選公司的登記資料及公司自行申報的資料",
            ),
        ));
    }
    if asked.corp_scopes.contains(&WireScope::CorpDocWallet) {
        lines.push(documents::scope_line());
    }
    if client.is_test {
        lines.push(line(
            ["Note", "注意"],
            Text::new("This is a test application", "這是測試應用程式"),
        ));
    }
    lines
}
