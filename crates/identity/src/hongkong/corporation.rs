//! What a client learns of a company and of the person who acts for it: the company's token, the
//! companies they may choose from, and changing from one to another inside a login.
//!
//! Invariant: the mandate is worked out anew on every call, and must reach the client.

use ::store::{Read, Store};
use kernel::{Actor, Id};
use serde_json::{Map, Value, json};

use super::{
    HongKong,
    caller::Call,
    holder::{self, Representative},
    reply::Fault,
    store::token::{self, NewToken, Token, TokenKind},
    token::{life_of, redeem},
    word::Word,
};
use crate::{
    Company, Error, Fact, Mandate, MemberRole, Person,
    store::{
        company::{self, FACTS_STALE},
        member,
    },
};

/// Companies in one list; somebody who acts for more finds the rest by their number.
const LISTED_MAX: usize = 100;
/// How everybody here comes in: by the platform's wallet, and nobody by a certificate of their own.
const USER_TYPE: &str = "iam";
/// Characters of a Unique Business Identifier.
pub(crate) const UBI_CHARS: usize = 20;

/// The mandate a company's token stands on, if it still stands.
pub(crate) async fn mandate_in(db: &Read, token: &Token) -> Result<Option<Mandate>, Error> {
    match token.company {
        Some(company) => standing_in(db, (token.person, company), &token.client).await,
        None => Ok(None),
    }
}

/// What `person` may do for `company` with `client` now.
pub(crate) async fn standing_in(
    db: &Read,
    (person, company): (Id<Person>, Id<Company>),
    client: &str,
) -> Result<Option<Mandate>, Error> {
    let found = member::mandate_in(db, person, company).await?;
    Ok(found.filter(|mandate| mandate.reaches(client)))
}

/// The companies a person may use the client for.
pub(crate) async fn choices(
    store: &Store,
    person: Id<Person>,
    client: &str,
) -> Result<Vec<Mandate>, Error> {
    let mut all = member::mandates_of(store, person).await?;
    all.retain(|mandate| mandate.reaches(client));
    Ok(all)
}

/// Exchanges the code of a company.
pub(crate) async fn exchange(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let (access, token) = redeem(hk, call, ("cAuthCode", TokenKind::CorpCode)).await?;
    let read = token.clone();
    let found = hk
        .store()
        .read(move |db| {
            let token = read.clone();
            async move { mandate_in(&db, &token).await }
        })
        .await?;
    let mandate = found.ok_or(Word::CodeGone)?;
    let count = choices(hk.store(), token.person, call.client.id())
        .await?
        .len();
    let until = hk.provider().now() + life_of(token.is_single);
    let given = Given {
        access,
        until,
        token: &token,
    };
    let mut answer = answer(hk, call, given, &mandate).await?;
    answer.insert("corpCount".to_owned(), json!(count));
    Ok(Value::Object(answer))
}

/// A token as it goes out.
struct Given<'t> {
    access: String,
    until: kernel::Time,
    token: &'t Token,
}

async fn answer(
    hk: &HongKong,
    call: &Call,
    given: Given<'_>,
    mandate: &Mandate,
) -> Result<Map<String, Value>, Fault> {
    let now = hk.provider().now();
    let life = given.until.since(now).as_millis();
    let scopes: Vec<&str> = given
        .token
        .scopes
        .iter()
        .map(|scope| scope.code())
        .collect();
    let facts = company::facts_of(hk.store(), mandate.company.id).await?;
    let sector = &call.client.sector;
    let mut info = entry(mandate, &facts);
    info.extend(standing(hk, call.client.id(), mandate, &facts));
    let fields = [
        ("cAccessToken", json!(given.access)),
        ("tokenType", json!("Bearer")),
        ("userType", json!(USER_TYPE)),
        ("issueAt", json!(now.micros() / 1_000)),
        ("expiresIn", json!(i64::try_from(life).unwrap_or_default())),
        (
            "cOpenID",
            json!(hk.provider().company_subject(sector, mandate.company.id)),
        ),
        ("cScope", json!(scopes.join(" "))),
        ("corpInfo", Value::Object(info)),
    ];
    Ok(named(fields))
}

fn named<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    let fields = fields.into_iter();
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The role as the wire says it.
pub(crate) const fn role_of(role: MemberRole) -> &'static str {
    match role {
        MemberRole::Responsible => "RP",
        MemberRole::Administrator => "ADM",
        MemberRole::Representative => "AR",
        MemberRole::User => "USR",
    }
}

/// What a list says of one company.
fn entry(mandate: &Mandate, facts: &[Fact]) -> Map<String, Value> {
    let company = &mandate.company;
    let updated = facts.iter().map(|fact| fact.checked).max();
    let mut entry = named([
        ("userRole", json!(role_of(mandate.powers.role))),
        ("ubi", json!(company.business_number)),
        ("corpNameEN", json!(company.name.en)),
        (
            "corpNameCH",
            json!(company.name.zh.clone().unwrap_or_default()),
        ),
        (
            "corpLstUpdTs",
            json!(updated.unwrap_or(mandate.since).micros() / 1_000),
        ),
    ]);
    if let Some(firm) = &mandate.firm {
        entry.extend(named([
            ("orgCorpUbi", json!(firm.business_number)),
            ("orgCorpName", json!(firm.name.en)),
            ("orgCorpNameEN", json!(firm.name.en)),
            (
                "orgCorpNameCH",
                json!(firm.name.zh.clone().unwrap_or_default()),
            ),
        ]));
    }
    entry
}

/// What a token says beside it: what its holder may do here, and whether registers were asked lately.
fn standing(hk: &HongKong, client: &str, mandate: &Mandate, facts: &[Fact]) -> Map<String, Value> {
    let powers = &mandate.powers;
    let privileges = [
        (powers.may_access, "user_access"),
        (powers.may_chop, "user_companychop"),
    ];
    let held: Vec<&str> = privileges
        .into_iter()
        .filter_map(|(is_held, name)| is_held.then_some(name))
        .collect();
    let now = hk.provider().now();
    let mut registered = facts.iter().filter(|fact| !fact.key.is_declared());
    let is_stale = registered.any(|fact| now.since(fact.checked) > FACTS_STALE);
    let mut said = named([
        ("userPrivilege", json!(held.join(" "))),
        ("isSyncPending", json!(is_stale)),
    ]);
    let own = powers.services.iter().find(|one| one.service == client);
    if let Some(own) = own {
        said.insert("eServiceRole".to_owned(), json!(own.role));
    }
    said
}

/// The companies of the person whose token this is.
pub(crate) async fn list(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let who = holder::read_corporate(hk, call).await?;
    let mut all = choices(hk.store(), who.token.person, call.client.id()).await?;
    all.truncate(LISTED_MAX);
    let entries = hk
        .store()
        .read(move |db| {
            let all = all.clone();
            async move {
                let mut entries = Vec::new();
                for mandate in &all {
                    let facts = company::facts_in(&db, mandate.company.id).await?;
                    entries.push(Value::Object(entry(mandate, &facts)));
                }
                Ok::<_, Error>(entries)
            }
        })
        .await?;
    Ok(json!({ "corpList": entries }))
}

/// A token for another company of the same person, good no longer than the one it is given for.
pub(crate) async fn switch(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let Representative { token, .. } = holder::read_corporate(hk, call).await?;
    if token.is_single {
        return Err(Word::Token.into());
    }
    let ubi = call.fields.need("ubi", UBI_CHARS)?;
    let all = choices(hk.store(), token.person, call.client.id()).await?;
    let mandate = all
        .into_iter()
        .find(|mandate| mandate.company.business_number == ubi)
        .ok_or(Word::Ubi.of("ubi"))?;
    let access = hk.provider().draw();
    let new = NewToken {
        secret: access.clone(),
        kind: TokenKind::CorpAccess,
        client: token.client.clone(),
        person: token.person,
        scopes: token.scopes.clone(),
        task: token.task,
        is_single: false,
        expires: token.expires,
        company: Some(mandate.company.id),
    };
    hk.store()
        .write(&Actor::system("hongkong"), move |tx| {
            let new = new.clone();
            async move { token::insert_in(&tx, &new).await }
        })
        .await?;
    let given = Given {
        access,
        until: token.expires,
        token: &token,
    };
    let answer = answer(hk, call, given, &mandate).await?;
    Ok(Value::Object(answer))
}
