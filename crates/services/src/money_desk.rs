//! The officer's page of money: refunds that wait for a second officer, payments that need a person.
//! Payments know nothing of departments; a bill belongs to the department of its application.

use kernel::{Id, Text, Time, limits::PAGE_ITEMS};
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

/// Rows read at once, before those of other departments are left out.
const SCANNED: i64 = 100;
/// Reads for one page, at most. Where most rows are of other departments a page may come out short, or
/// empty with a way on.
const SCANS: usize = 10;
/// Refunds of one receipt that are shown, the latest first.
const REFUNDS_SHOWN: i64 = 50;

/// Where a page of money begins: the time and id of the last row before it.
pub type Place = (Time, String);

/// A page of rows of one department.
#[derive(Clone, Debug)]
pub struct MoneyPage<T> {
    pub rows: Vec<T>,
    /// Where the next page begins: the last row that was read.
    pub next: Option<Place>,
}

/// Fills one page: takes rows in their order until it is full, and tells where it stopped.
struct Filling<T> {
    page: MoneyPage<T>,
    scans: usize,
}

impl<T> Filling<T> {
    const fn new(after: Option<Place>) -> Self {
        Self {
            page: MoneyPage {
                rows: Vec::new(),
                next: after,
            },
            scans: 0,
        }
    }

    /// Takes one row that was read; `None` for another department's.
    fn take(&mut self, place: Place, row: Option<T>) {
        self.page.next = Some(place);
        self.page.rows.extend(row);
    }

    fn is_full(&self) -> bool {
        self.page.rows.len() >= PAGE_ITEMS
    }

    /// Whether another read is due after one that gave `read` rows, of which `left` were not taken. When
    /// there is nothing more to read there is no next page.
    fn goes_on(&mut self, read: usize, left: usize) -> bool {
        self.scans += 1;
        let is_last = i64::try_from(read).is_ok_and(|read| read < SCANNED);
        if is_last && left == 0 {
            self.page.next = None;
        }
        !is_last && !self.is_full() && self.scans < SCANS
    }
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
        after: Option<Place>,
    ) -> Result<MoneyPage<RefundRow>, Error> {
        let (services, who) = (self.clone(), clerk.clone());
        self.store()
            .read(move |db| {
                let (services, who, after) = (services.clone(), who.clone(), after.clone());
                async move {
                    let mut filling = Filling::new(after);
                    loop {
                        let place = filling.page.next.as_ref();
                        let place = place.and_then(|(at, id)| Some((*at, id.parse().ok()?)));
                        let found = payments::refunds_page(&db, state, place, SCANNED).await?;
                        let read = found.len();
                        let mut found = found.into_iter();
                        while !filling.is_full()
                            && let Some(refund) = found.next()
                        {
                            let place = (refund.requested_at, refund.id.to_string());
                            filling.take(place, services.refund_row(&db, &who, refund).await?);
                        }
                        if !filling.goes_on(read, found.len()) {
                            return Ok::<_, Error>(filling.page);
                        }
                    }
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
        before: Option<Place>,
    ) -> Result<MoneyPage<TroubleRow>, Error> {
        let (services, who) = (self.clone(), clerk.clone());
        self.store()
            .read(move |db| {
                let (services, who, before) = (services.clone(), who.clone(), before.clone());
                async move {
                    let mut filling = Filling::new(before);
                    loop {
                        let place = filling.page.next.clone();
                        let found = payments::troubles(&db, place, SCANNED).await?;
                        let read = found.len();
                        let mut found = found.into_iter();
                        while !filling.is_full()
                            && let Some(trouble) = found.next()
                        {
                            let place = (trouble.at, trouble.place.clone());
                            filling.take(place, services.trouble_row(&db, &who, trouble).await?);
                        }
                        if !filling.goes_on(read, found.len()) {
                            return Ok::<_, Error>(filling.page);
                        }
                    }
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
                    let refunds =
                        payments::refunds_of_receipt(&db, receipt.id, REFUNDS_SHOWN).await?;
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

    async fn trouble_row(
        &self,
        db: &Read,
        clerk: &Clerk,
        trouble: Trouble,
    ) -> Result<Option<TroubleRow>, Error> {
        let demand = self.demand(db, trouble.demand).await?;
        let purpose = self.purpose(db, clerk, &demand).await?;
        Ok(purpose.map(|purpose| TroubleRow {
            trouble,
            bill: demand.bill,
            service: purpose.service,
            reference: purpose.reference,
        }))
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

#[cfg(test)]
mod tests {
    use kernel::{Time, limits::PAGE_ITEMS};

    use super::{Filling, SCANNED, SCANS};

    fn place(number: i64) -> (Time, String) {
        (Time::from_micros(number), number.to_string())
    }

    #[test]
    fn a_full_page_leads_on_from_its_last_row() {
        let mut filling = Filling::new(None);
        for number in 0.. {
            if filling.is_full() {
                break;
            }
            filling.take(place(number), (number % 2 == 0).then_some(number));
        }
        assert!(!filling.goes_on(100, 51));
        assert_eq!(filling.page.rows.len(), PAGE_ITEMS);
        let last = *filling.page.rows.last().unwrap();
        assert_eq!(filling.page.next, Some(place(last)));
    }

    #[test]
    fn the_end_of_the_list_leads_nowhere() {
        let mut filling = Filling::new(Some(place(7)));
        filling.take(place(8), Some(8));
        assert!(!filling.goes_on(1, 0));
        assert_eq!((filling.page.rows, filling.page.next), (vec![8], None));
    }

    #[test]
    fn the_rows_of_others_are_read_so_far_and_no_further() {
        let mut filling: Filling<()> = Filling::new(None);
        let mut scans = 1;
        filling.take(place(1), None);
        while filling.goes_on(usize::try_from(SCANNED).unwrap(), 0) {
            scans += 1;
        }
        assert_eq!(scans, SCANS);
        assert!(filling.page.rows.is_empty() && filling.page.next.is_some());
    }
}
