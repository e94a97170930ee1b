//! The officer's page of money: refunds that wait for a second officer, payments that need a person.
//! Payments know nothing of departments; a bill belongs to the department of its application.

use kernel::{Id, Text, Time};
use payments::{
    Demand, NewRefund, Receipt, Refund, RefundState, Trouble, approve_refund, refuse_refund,
};
use store::{Read, Write};

use crate::{
    Error, Services,
    applicant::Clerk,
    draft::Draft,
    money::ABOUT,
    reference::Reference,
    release::words,
    store::{case, draft},
};

/// Rows read for one page, before those of other departments are left out.
pub const MONEY_ROWS: i64 = 100;

/// A page of rows of one department.
#[derive(Clone, Debug)]
pub struct MoneyPage<T> {
    pub rows: Vec<T>,
    /// Where the next page begins: the time and id of the last row that was read.
    pub next: Option<(Time, String)>,
}

/// What an application's money is for.
#[derive(Clone, Debug)]
struct Purpose {
    department: String,
    reference: Option<Reference>,
    service: Text,
}

/// A refund with what it is for.
#[derive(Clone, Debug)]
pub struct RefundRow {
    pub refund: Refund,
    pub receipt: Receipt,
    pub bill: String,
    pub service: Text,
    pub reference: Option<Reference>,
    /// The name of who asked for it; `None` for a rule.
    pub requested_by: Option<String>,
    /// Why, in the words of who asked.
    pub note: Option<String>,
    /// Another officer asked for it, so this one may decide.
    pub may_decide: bool,
}

/// A payment that needs a person.
#[derive(Clone, Debug)]
pub struct TroubleRow {
    pub trouble: Trouble,
    pub bill: String,
    pub service: Text,
    pub reference: Option<Reference>,
}

/// A receipt with everything that happened to its money.
#[derive(Clone, Debug)]
pub struct ReceiptView {
    pub receipt: Receipt,
    pub demand: Demand,
    pub refunds: Vec<Refund>,
    pub service: Text,
    pub reference: Option<Reference>,
}

/// What the second officer says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RefundVerdict {
    Approve,
    /// With the reason.
    Refuse(String),
}

impl Services {
    /// Refunds of the officer's department in one state, oldest first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn refunds(
        &self,
        clerk: &Clerk,
        state: RefundState,
        after: Option<(Time, Id<Refund>)>,
    ) -> Result<MoneyPage<RefundRow>, Error> {
        let (services, who) = (self.clone(), clerk.clone());
        self.store()
            .read(move |db| {
                let (services, who) = (services.clone(), who.clone());
                async move {
                    let found = payments::refunds_page(&db, state, after, MONEY_ROWS).await?;
                    let next = is_full(found.len())
                        .then(|| {
                            found
                                .last()
                                .map(|one| (one.requested_at, one.id.to_string()))
                        })
                        .flatten();
                    let mut rows = Vec::new();
                    for refund in found {
                        rows.extend(services.refund_row(&db, &who, refund).await?);
                    }
                    Ok::<_, Error>(MoneyPage { rows, next })
                }
            })
            .await
    }

    /// Payments of the officer's department that need a person, latest first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn troubles(
        &self,
        clerk: &Clerk,
        before: Option<(Time, String)>,
    ) -> Result<MoneyPage<TroubleRow>, Error> {
        let (services, who) = (self.clone(), clerk.clone());
        self.store()
            .read(move |db| {
                let (services, who, before) = (services.clone(), who.clone(), before.clone());
                async move {
                    let found = payments::troubles(&db, before, MONEY_ROWS).await?;
                    let next = is_full(found.len())
                        .then(|| found.last().map(|one| (one.at, one.place.clone())))
                        .flatten();
                    let mut rows = Vec::new();
                    for trouble in found {
                        let demand = services.demand(&db, trouble.demand).await?;
                        if let Some(purpose) = services.purpose(&db, &who, &demand).await? {
                            rows.push(TroubleRow {
                                trouble,
                                bill: demand.bill,
                                service: purpose.service,
                                reference: purpose.reference,
                            });
                        }
                    }
                    Ok::<_, Error>(MoneyPage { rows, next })
                }
            })
            .await
    }

    /// The receipt with this number, when it belongs to the officer's department.
    ///
    /// # Errors
    /// The store fails.
    pub async fn find_receipt(
        &self,
        clerk: &Clerk,
        number: &str,
    ) -> Result<Option<ReceiptView>, Error> {
        let (services, who) = (self.clone(), clerk.clone());
        let number = number.trim().to_uppercase();
        self.store()
            .read(move |db| {
                let (services, who, number) = (services.clone(), who.clone(), number.clone());
                async move {
                    let Some(receipt) = payments::find_receipt_by_number(&db, &number).await?
                    else {
                        return Ok(None);
                    };
                    let demand = services.demand(&db, receipt.demand).await?;
                    let Some(purpose) = services.purpose(&db, &who, &demand).await? else {
                        return Ok(None);
                    };
                    let mut refunds = payments::refunds_of(&db, demand.id).await?;
                    refunds.retain(|one| one.receipt == receipt.id);
                    Ok::<_, Error>(Some(ReceiptView {
                        receipt,
                        demand,
                        refunds,
                        service: purpose.service,
                        reference: purpose.reference,
                    }))
                }
            })
            .await
    }

    /// Asks for a refund; another officer of the department decides.
    ///
    /// # Errors
    /// [`Error::ReasonNeeded`]; those of [`payments::request_refund`], `NotFound` also for a receipt of
    /// another department.
    pub async fn ask_refund(&self, clerk: &Clerk, new: NewRefund) -> Result<(), Error> {
        let note = words(&new.note)?;
        let new = NewRefund { note, ..new };
        let (services, who) = (self.clone(), clerk.clone());
        self.store()
            .write(&clerk.actor(), move |tx| {
                let (services, who, new) = (services.clone(), who.clone(), new.clone());
                async move {
                    let receipt = payments::find_receipt(&tx, new.receipt)
                        .await?
                        .ok_or(payments::Error::NotFound)?;
                    services.guard_demand(&tx, &who, receipt.demand).await?;
                    payments::request_refund(&tx, new).await?;
                    Ok(())
                }
            })
            .await
    }

    /// The second officer decides about a refund.
    ///
    /// # Errors
    /// [`Error::ReasonNeeded`] for a refusal without one; those of [`payments::approve_refund`].
    pub async fn decide_refund(
        &self,
        clerk: &Clerk,
        id: Id<Refund>,
        verdict: RefundVerdict,
    ) -> Result<(), Error> {
        let verdict = match verdict {
            RefundVerdict::Refuse(note) => RefundVerdict::Refuse(words(&note)?),
            RefundVerdict::Approve => RefundVerdict::Approve,
        };
        let (services, who) = (self.clone(), clerk.clone());
        self.store()
            .write(&clerk.actor(), move |tx: Write| {
                let (services, who, verdict) = (services.clone(), who.clone(), verdict.clone());
                async move {
                    let refund = payments::find_refund(&tx, id)
                        .await?
                        .ok_or(payments::Error::NotFound)?;
                    services.guard_demand(&tx, &who, refund.demand).await?;
                    match verdict {
                        RefundVerdict::Approve => approve_refund(&tx, id).await?,
                        RefundVerdict::Refuse(note) => refuse_refund(&tx, id, note).await?,
                    };
                    Ok(())
                }
            })
            .await
    }

    async fn refund_row(
        &self,
        db: &Read,
        clerk: &Clerk,
        refund: Refund,
    ) -> Result<Option<RefundRow>, Error> {
        let demand = self.demand(db, refund.demand).await?;
        let Some(purpose) = self.purpose(db, clerk, &demand).await? else {
            return Ok(None);
        };
        let receipt = payments::find_receipt(db, refund.receipt)
            .await?
            .ok_or(payments::Error::NotFound)?;
        let records = journal::audit_of(db, "refund", &refund.id.to_string()).await?;
        let requested_by = match refund.requested_by.parse() {
            Ok(officer) => identity::officer_name(db, officer).await?,
            Err(_) => None,
        };
        Ok(Some(RefundRow {
            may_decide: refund.requested_by != clerk.id.to_string(),
            note: records.into_iter().find_map(|record| record.reason),
            bill: demand.bill,
            service: purpose.service,
            reference: purpose.reference,
            requested_by,
            receipt,
            refund,
        }))
    }

    async fn demand(&self, db: &Read, id: Id<Demand>) -> Result<Demand, Error> {
        let demand = payments::find_demand(db, id).await?;
        Ok(demand.ok_or(payments::Error::NotFound)?)
    }

    async fn guard_demand(&self, db: &Read, clerk: &Clerk, id: Id<Demand>) -> Result<(), Error> {
        let demand = self.demand(db, id).await?;
        let purpose = self.purpose(db, clerk, &demand).await?;
        purpose
            .map(drop)
            .ok_or(Error::Payments(payments::Error::NotFound))
    }

    /// What the money is for, when that is the business of the officer's department.
    async fn purpose(
        &self,
        db: &Read,
        clerk: &Clerk,
        demand: &Demand,
    ) -> Result<Option<Purpose>, Error> {
        let id: Option<Id<Draft>> = demand.about.id.parse().ok();
        let Some(id) = id.filter(|_| demand.about.noun == ABOUT) else {
            return Ok(None);
        };
        let (service, version, reference) = match case::of_draft(db, id).await? {
            Some(row) => (
                row.case.service,
                row.case.pack_version,
                Some(row.case.reference),
            ),
            None => match draft::find(db, id).await? {
                Some(row) => (row.draft.service, row.draft.pack_version, None),
                None => return Ok(None),
            },
        };
        let pack = self.pinned(&service, version)?;
        let purpose = Purpose {
            department: pack.owner.clone(),
            reference,
            service: pack.name.clone(),
        };
        Ok(Some(purpose).filter(|one| one.department.eq_ignore_ascii_case(&clerk.department)))
    }
}

fn is_full(rows: usize) -> bool {
    i64::try_from(rows).is_ok_and(|rows| rows >= MONEY_ROWS)
}
