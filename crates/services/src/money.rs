//! Where an application meets the payments crate: its demand, whether it is paid, and what goes back.

use journal::Step;
use kernel::{Id, Money, Text};
use packs::Pack;
use payments::{About, Demand, DemandState, Line, NewDemand, RefundReason};
use store::{Store, Write};

use crate::{Error, applicant::Applicant, counted, draft::Draft};

/// The job that payments queues when a demand of this crate is paid.
pub(crate) const PAID_JOB: &str = "services.paid";
/// What a demand of this crate is about.
pub(crate) const ABOUT: &str = "application";

/// The fee of an application: its lines as shown to the payer.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Fee {
    pub lines: Vec<FeeLine>,
    pub total: Money,
}

/// One line of a fee.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct FeeLine {
    pub label: Text,
    pub amount: Money,
}

/// Makes the demand for a frozen draft.
pub(crate) async fn demand_in(
    tx: &Write,
    (draft, applicant): (&Draft, Applicant),
    (pack, payee): (&Pack, &Text),
    fee: &Fee,
) -> Result<Id<Demand>, Error> {
    let new = NewDemand {
        payer: payer(applicant),
        payee: payee.clone(),
        purpose: pack.name.clone(),
        lines: fee
            .lines
            .iter()
            .filter(|line| !line.amount.is_zero())
            .map(|line| Line {
                words: line.label.clone(),
                amount: line.amount,
            })
            .collect(),
        about: About {
            noun: ABOUT.to_owned(),
            id: draft.id.to_string(),
        },
        due: None,
        on_paid: Some(PAID_JOB.to_owned()),
        back: format!("/drafts/{}/sign", draft.id),
    };
    let demand = payments::demand(tx, new).await?.id;
    let paid = counted::of_draft(Step::Paid, draft, pack, applicant.channel);
    let paid = identity::counted_in(tx, draft.person, paid).await?;
    payments::count_paid_as(tx, demand, &paid).await?;
    Ok(demand)
}

/// Who pays: the person signed in, also when they act for a company.
fn payer(applicant: Applicant) -> Id<payments::Payer> {
    applicant.person.cast()
}

pub(crate) async fn is_paid(store: &Store, demand: Option<Id<Demand>>) -> Result<bool, Error> {
    let Some(demand) = demand else {
        return Ok(false);
    };
    store
        .read(move |db| async move { Ok(payments::is_paid(&db, demand).await?) })
        .await
}

/// Ends a demand that nobody owes any more: withdrawn while open, returned when paid.
pub(crate) async fn let_go(tx: &Write, demand: Option<Id<Demand>>) -> Result<(), Error> {
    let Some(id) = demand else {
        return Ok(());
    };
    match payments::find_demand(tx, id)
        .await?
        .map(|demand| demand.state)
    {
        Some(DemandState::Open) => payments::withdraw(tx, id).await?,
        Some(DemandState::Paid) => {
            payments::refund_by_rule(tx, id, RefundReason::NoLongerOwed).await?;
        }
        _ => {}
    }
    Ok(())
}

/// Returns the whole fee of a case because its pack says so in this state.
pub(crate) async fn return_fee(tx: &Write, demand: Option<Id<Demand>>) -> Result<Money, Error> {
    match demand {
        Some(id) => Ok(payments::refund_by_rule(tx, id, RefundReason::Decision).await?),
        None => Ok(Money::ZERO),
    }
}
