//! Token exchange (RFC 8693): inside one login a person changes the company they act for; with an actor token
//! an officer acts for a person, see [`super::behalf`]. They agreed to `act_for` when they signed in, and no action
//! goes beyond those they agreed to. The subject becomes the company, and `act` says which
//! person acts. The new token lives as long as any access token, and ends with the session and the consent
//! it came from.

use std::sync::Arc;

use kernel::Actor;
use serde_json::json;

use super::{
    Provider, behalf,
    caller::Caller,
    detail::{Action, Detail},
    grant::{ACCESS_LIFE, Granted, Issued},
    mint::{self, Access},
    params::Params,
    refusal::{Fault, Refusal, Word},
    request::read_details,
    resource::Audience,
    store::{
        enter_in,
        grant::{self, Grant},
    },
    token::{Tokens, check_key, scheme},
};
use crate::store::member;

/// The type of token that is taken and given.
pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

pub(crate) async fn redeem(
    provider: &Provider,
    caller: Caller,
    params: &Params,
) -> Result<Tokens, Fault> {
    let other = params.get("requested_token_type");
    if other.is_some_and(|kind| kind != ACCESS_TOKEN) {
        return Err(Refusal::request("only access tokens are given").into());
    }
    if params.has("actor_token") {
        return behalf::redeem(provider, caller, params).await;
    }
    if params.get("subject_token_type") != Some(ACCESS_TOKEN) {
        return Err(Refusal::request("subject_token_type must be an access token").into());
    }
    let token = params.need("subject_token", "subject_token is missing")?;
    let access = mint::read_access(provider, token)
        .ok()
        .filter(|access| access.client == caller.client.id())
        .ok_or(Refusal::grant("the subject token is not this client's"))?;
    let details = read_details(params, &caller.client)?;
    let [Detail::ActFor { company, .. }] = details.as_slice() else {
        let reason = "authorization_details must name one company to act for";
        return Err(Refusal::new(Word::InvalidDetails, reason).into());
    };
    let wanted = Wanted {
        provider: provider.clone(),
        caller: caller.clone(),
        access,
        company: company.clone(),
        details: details.clone(),
        audience: Audience::read(provider, params)?,
    };
    let granted = provider
        .store()
        .write(&Actor::system("openid"), move |tx| {
            let wanted = wanted.clone();
            async move { wanted.grant_in(&tx).await }
        })
        .await?;
    given(provider, &caller, &granted)
}

/// The answer to an exchange: an access token and nothing that outlives it.
pub(crate) fn given(
    provider: &Provider,
    caller: &Caller,
    granted: &Grant,
) -> Result<Tokens, Fault> {
    let bound = caller.bound.as_ref();
    let details = &granted.content.details;
    Ok(Tokens {
        access_token: mint::access(provider, &caller.client, granted, bound)?,
        token_type: scheme(bound).to_owned(),
        expires_in: ACCESS_LIFE.as_secs(),
        id_token: None,
        refresh_token: None,
        scope: granted.content.scope_words(),
        authorization_details: (!details.is_empty()).then(|| json!(details)),
        issued_token_type: Some(ACCESS_TOKEN.to_owned()),
    })
}

/// An exchange whose request holds.
#[derive(Clone)]
struct Wanted {
    provider: Provider,
    caller: Caller,
    access: Arc<Access>,
    company: String,
    details: Vec<Detail>,
    audience: Audience,
}

/// Whether the person agreed to as much when they signed in: to act for a company, if another one, and
/// to every action.
fn is_agreed(agreed: &[Detail], wanted: &[Detail]) -> bool {
    let agreed: Vec<_> = agreed.iter().filter_map(Detail::actions).collect();
    let is_within = |actions: &[Action]| {
        let is_there = |action| agreed.iter().any(|held| held.contains(action));
        actions.iter().all(is_there)
    };
    !agreed.is_empty() && wanted.iter().filter_map(Detail::actions).all(is_within)
}

impl Wanted {
    /// A grant of its own for the company, ending when the access token does.
    async fn grant_in(&self, tx: &::store::Write) -> Result<Grant, Fault> {
        enter_in(tx, &self.caller).await?;
        let grant = grant::find_in(tx, self.access.grant, &self.access.jti)
            .await?
            .filter(|grant| grant.is_live(tx.now()))
            .ok_or(Refusal::grant("the subject token is no longer good"))?;
        check_key(grant.content.bound.as_ref(), &self.caller)?;
        if grant.content.behalf.is_some() {
            let reason = "who acts for another cannot act for a third";
            return Err(Refusal::grant(reason).into());
        }
        if !is_agreed(&grant.content.details, &self.details) {
            let reason = "the person did not agree that you act for a company, or not to this much";
            return Err(Refusal::new(Word::InvalidTarget, reason).into());
        }
        let client = &self.caller.client;
        let mandate = member::mandate_by_number_in(tx, grant.person, &self.company)
            .await?
            .filter(|mandate| mandate.reaches(client.id()))
            .filter(|mandate| {
                let may = |right| mandate.may(right, client.id());
                self.details.iter().all(|detail| detail.is_held(may))
            })
            .ok_or(Refusal::new(
                Word::InvalidTarget,
                "the person may not act for this company here",
            ))?;
        let acting = self.provider.subject(&client.sector, grant.person);
        let subject = self
            .provider
            .company_subject(&client.sector, mandate.company.id);
        let content = Granted {
            resource: self.audience.of(grant.content.resource.as_deref())?,
            subject: Some(subject),
            act: Some(json!({ "sub": acting, "role": mandate.powers.role })),
            details: self.details.clone(),
            behalf: None,
            is_lasting: false,
            id_claims: Vec::new(),
            info_claims: Vec::new(),
            ..grant.content
        };
        let issued = Issued {
            client: client.id().to_owned(),
            person: grant.person,
            session: grant.session,
            content,
            code: None,
            refresh: None,
            life: ACCESS_LIFE,
        };
        Ok(grant::issue_in(tx, &issued).await?)
    }
}
