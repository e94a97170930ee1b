//! An officer acts for a person who is not there (RFC 8693, delegation): an application of a department
//! exchanges an ID token it once got of the person, with its officer's own access token as the actor, for a
//! token that reads of this person what they allowed.
//!
//! Invariants: nobody is impersonated: the token says who acts, and the person is never taken as signed in.
//! The person agreed beforehand, to this client and to its registered purpose of the scope `on_behalf`, and
//! only what they agreed to is read. The officer signed in with the phone, holds a post in the client's own
//! department, and is not the person. The officer's reason stands in what the person sees of who looked,
//! before the token leaves. The token lives minutes, renews nothing, signs nothing, and cannot act again.

use std::{ops::RangeInclusive, sync::Arc};

use journal::Audit;
use kernel::{Actor, Id, Text};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Provider,
    caller::Caller,
    exchange::{ACCESS_TOKEN, given},
    grant::{ACCESS_LIFE, Granted, Issued},
    mint::{self, Access},
    params::Params,
    refusal::{Fault, Refusal, Word},
    request::read_scopes,
    resource::Audience,
    scope::Scope,
    store::{
        consent, enter_in,
        grant::{self, Grant},
    },
    token::{Tokens, check_key},
};
use crate::{
    Level, Means, Officer, Person, Reading,
    store::{officer, person, profile::record_reading_in},
};

/// The type of token that names the person.
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
/// Characters of a reason: enough to say something, and no case file.
const REASON_CHARS: RangeInclusive<usize> = 10..=400;
/// What is never done for somebody else, whatever they agreed to.
const NEVER: [Scope; 2] = [Scope::Sign, Scope::OfflineAccess];

/// Who acts for the person, and why: kept with the grant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Behalf {
    pub(crate) officer: Id<Officer>,
    pub(crate) reason: String,
}

pub(crate) async fn redeem(
    provider: &Provider,
    caller: Caller,
    params: &Params,
) -> Result<Tokens, Fault> {
    let wanted = Wanted::read(provider, caller, params)?;
    Audience::read(provider, params)?.of(None)?;
    let kept = wanted.clone();
    let granted = provider
        .store()
        .write(&Actor::system("openid"), move |tx| {
            let wanted = kept.clone();
            async move { wanted.grant_in(&tx).await }
        })
        .await?;
    given(provider, &wanted.caller, &granted)
}

/// An exchange whose request holds.
#[derive(Clone)]
struct Wanted {
    provider: Provider,
    caller: Caller,
    /// Whom the client knows by this name.
    subject: String,
    actor: Arc<Access>,
    scopes: Vec<Scope>,
    reason: String,
}

impl Wanted {
    fn read(provider: &Provider, caller: Caller, params: &Params) -> Result<Self, Refusal> {
        let client = &caller.client;
        if client.purpose_of(Scope::OnBehalf).is_none() {
            let reason = "the client did not register the scope on_behalf";
            return Err(Refusal::new(Word::UnauthorizedClient, reason));
        }
        let is_typed = params.get("subject_token_type") == Some(ID_TOKEN)
            && params.get("actor_token_type") == Some(ACCESS_TOKEN);
        if !is_typed {
            let reason = "the subject is an ID token, the actor an access token";
            return Err(Refusal::request(reason));
        }
        let token = params.need("subject_token", "subject_token is missing")?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        // However old: it only says whom the client means. What may be read is asked of the consent.
        let subject = mint::read_own(provider, mint::ID, token)
            .filter(|claims| text(claims.get("aud")).as_deref() == Some(client.id()))
            .and_then(|claims| text(claims.get("sub")))
            .ok_or(Refusal::grant("the subject token is not this client's"))?;
        let token = params.need("actor_token", "actor_token is missing")?;
        let actor = mint::read_access(provider, token)
            .ok()
            .filter(|access| access.client == client.id())
            .ok_or(Refusal::grant("the actor token is not this client's"))?;
        let reason = params
            .need("reason", "the officer's reason is missing")?
            .trim();
        if !REASON_CHARS.contains(&reason.chars().count()) {
            let words = "the reason has 10 to 400 characters";
            return Err(Refusal::request(words));
        }
        let scopes = read_scopes(params, client)?;
        if scopes.iter().any(|scope| NEVER.contains(scope)) {
            let words = "nobody signs, or reads later, on behalf of somebody else";
            return Err(Refusal::new(Word::InvalidScope, words));
        }
        Ok(Self {
            provider: provider.clone(),
            subject,
            actor,
            scopes,
            reason: reason.to_owned(),
            caller,
        })
    }

    /// Actor, consent and account are asked in the write that puts the look on record.
    async fn grant_in(&self, tx: &::store::Write) -> Result<Grant, Fault> {
        enter_in(tx, &self.caller).await?;
        let (own, officer) = self.actor_in(tx).await?;
        let who = self.person_in(tx, &officer).await?;
        let content = self.content(&own, &officer);
        let reading = Reading {
            person: who,
            reader: self.caller.client.name.clone(),
            department: self.caller.client.department().to_owned(),
            reason: Text::same(&self.reason),
        };
        let fields: Vec<_> = content.info().iter().map(|claim| claim.field()).collect();
        record_reading_in(tx, &reading, &fields).await?;
        let audit = Audit {
            action: "client.acted_on_behalf",
            noun: "person",
            id: who.to_string(),
            reason: None,
            detail: json!({
                "client": self.caller.client.id(), "officer": officer.id, "scopes": self.scopes,
            }),
        };
        journal::audit(tx, audit)
            .await
            .map_err(crate::Error::from)?;
        let issued = Issued {
            client: self.caller.client.id().to_owned(),
            person: who,
            session: None,
            content,
            code: None,
            refresh: None,
            life: ACCESS_LIFE,
        };
        Ok(grant::issue_in(tx, &issued).await?)
    }

    /// The officer, signed in to this client with the phone, with a post in its department.
    async fn actor_in(&self, tx: &::store::Write) -> Result<(Grant, Officer), Fault> {
        let own = grant::find_in(tx, self.actor.grant, &self.actor.jti)
            .await?
            .filter(|grant| grant.is_live(tx.now()))
            .ok_or(Refusal::grant("the actor token is no longer good"))?;
        check_key(own.content.bound.as_ref(), &self.caller)?;
        if own.content.act.is_some() {
            let reason = "who acts for another cannot act for a third";
            return Err(Refusal::grant(reason).into());
        }
        if own.content.level < Level::Plus || own.content.means != Means::Phone {
            let reason = "the officer must have signed in with the phone, at the plus level";
            return Err(Refusal::new(Word::UnmetAuthentication, reason).into());
        }
        let department = self.caller.client.department();
        let officer = officer::of_person_in(tx, own.person).await?;
        let officer = officer
            .filter(|one| one.department.eq_ignore_ascii_case(department))
            .ok_or(Refusal::new(
                Word::InvalidTarget,
                "the actor holds no post in the client's department",
            ))?;
        Ok((own, officer))
    }

    /// The person, while their consent to this stands. Whether there is no such person, no consent, or not
    /// enough of one is not told apart.
    async fn person_in(&self, tx: &::store::Write, officer: &Officer) -> Result<Id<Person>, Fault> {
        let refused = || {
            let reason = "there is no standing consent of this person for this";
            Fault::from(Refusal::new(Word::InvalidTarget, reason))
        };
        let client = self.caller.client.id();
        let who = consent::by_subject_in(tx, &self.subject, client).await?;
        let who = who
            .filter(|who| *who != officer.person)
            .ok_or_else(refused)?;
        let allowed = consent::find_in(tx, who, client)
            .await?
            .ok_or_else(refused)?;
        let covers = |scope: &Scope| allowed.covers(&self.caller.client, *scope);
        let is_covered = covers(&Scope::OnBehalf) && self.scopes.iter().all(covers);
        if is_covered && person::get_in(tx, who).await?.is_active() {
            Ok(who)
        } else {
            Err(refused())
        }
    }

    fn content(&self, own: &Grant, officer: &Officer) -> Granted {
        let client = &self.caller.client;
        let acting = self.provider.subject(&client.sector, own.person);
        Granted {
            scopes: self.scopes.clone(),
            id_claims: Vec::new(),
            info_claims: Vec::new(),
            details: Vec::new(),
            nonce: None,
            redirect_uri: None,
            challenge: None,
            bound: own.content.bound.clone(),
            // The person is not there: nothing says how surely they were recognised.
            level: Level::Basic,
            auth_time: own.content.auth_time,
            means: own.content.means,
            approval: None,
            is_lasting: false,
            outlives_session: None,
            // The person was asked for what this platform holds, and for nothing elsewhere.
            resource: None,
            subject: None,
            act: Some(json!({ "sub": acting, "department": officer.department })),
            behalf: Some(Behalf {
                officer: officer.id,
                reason: self.reason.clone(),
            }),
            auth_req: None,
        }
    }
}
