//! A company's particulars, answered at once: the person agreed on their phone, when they came in, that the
//! client may have them. What is the person's own is asked of the phone each time, with a form.

use ::store::Write;
use kernel::{Actor, Id};
use serde_json::{Map, Value, json};

use super::{
    HongKong,
    caller::Call,
    corporation, fact,
    holder::{self, Representative},
    registration::WireScope,
    reply::{Fault, Refusal},
    settle,
    store::task::{self as tasks, NewTask, Settled},
    task::{Kind, Task, business_of},
    word::Word,
};
use crate::{
    Company, Error, FactKey, Person,
    provider::Client,
    store::company::{self, note},
};

/// The lists of fields that are a person's.
const PERSONAL_LISTS: [&str; 2] = ["profileFields", "eMEFields"];

/// Answers what the call asks of the company's profile.
pub(crate) async fn answer(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let Representative { token, mandate } =
        holder::representative(hk, call, WireScope::CorpProfiles).await?;
    let business = match call.fields.0.get("businessID") {
        Some(_) => Some(business_of(&call.fields)?.to_owned()),
        None => None,
    };
    check_personal(call)?;
    let names = fact::read(&call.fields)?;
    let corp = values(hk, mandate.company.id, &names).await?;
    let told = Told::of(&call.client, &names);
    let new = NewTask {
        id: hk.env().id::<Task>(),
        client: call.client.id().to_owned(),
        kind: Kind::CorpProfile,
        business: business.clone(),
        ticket: None,
        person: Some(token.person),
        approval: None,
        signing: None,
        asked: Vec::new(),
        expires: hk.provider().now(),
        company: Some(mandate.company.id),
    };
    let acting = (token.person, mandate.company.id);
    hk.store()
        .write(&Actor::system("hongkong"), move |tx| {
            let (told, new) = (told.clone(), new.clone());
            async move {
                // Who left since the call came in is told nothing.
                let standing = corporation::standing_in(&tx, acting, &new.client).await?;
                standing.ok_or(Word::Token)?;
                keep_in(&tx, &new).await?;
                settle::count_fields_in(&tx, acting.0, told.count()).await?;
                Ok::<_, Fault>(told.note_in(&tx, acting, "company.profile_read").await?)
            }
        })
        .await?;
    let mut answer = Map::new();
    answer.insert("corp".to_owned(), Value::Object(corp));
    if let Some(business) = business {
        answer.insert("businessID".to_owned(), json!(business));
    }
    Ok(Value::Object(answer))
}

/// Keeps that it was asked, done already: for the count by day, and so that a name is used once.
async fn keep_in(tx: &Write, new: &NewTask) -> Result<(), Fault> {
    if !tasks::insert_in(tx, new).await? {
        return Err(Word::Business.of("businessID").into());
    }
    let settled = Settled {
        outcome: Word::Success,
        person: new.person,
        signing: None,
        result: None,
        company: new.company,
    };
    tasks::done_in(tx, new.id, &settled).await?;
    Ok(())
}

fn check_personal(call: &Call) -> Result<(), Refusal> {
    for name in PERSONAL_LISTS {
        if !call.fields.list(name, 1)?.is_empty() {
            return Err(Word::Invalid.of(name));
        }
    }
    Ok(())
}

/// What is known of the company for `names`.
pub(crate) async fn values(
    hk: &HongKong,
    company: Id<Company>,
    names: &[String],
) -> Result<Map<String, Value>, Error> {
    let facts = company::facts_of(hk.store(), company).await?;
    Ok(fact::values(names, &facts))
}

/// What a client has been told of a company, for the company's own record.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    client: String,
    reader: kernel::Text,
    fields: Vec<FactKey>,
}

impl Told {
    pub(crate) fn of(client: &Client, names: &[String]) -> Self {
        Self {
            client: client.id().to_owned(),
            reader: client.name.clone(),
            fields: fact::keys(names),
        }
    }

    /// How many fields of the company.
    pub(crate) const fn count(&self) -> usize {
        self.fields.len()
    }

    /// Puts it where the company's administrators read what happened.
    pub(crate) async fn note_in(
        &self,
        tx: &Write,
        (person, company): (Id<Person>, Id<Company>),
        action: &'static str,
    ) -> Result<(), Error> {
        let detail = json!({
            "person": person, "client": self.client, "reader": self.reader, "fields": self.fields,
        });
        note(tx, company, action, detail).await
    }
}
