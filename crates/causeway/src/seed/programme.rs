//! Invented dates of the programme board, so that a demonstration shows what keeps its day and what slips.

use identity::Officer;
use kernel::Role;
use services::{
    Clerk,
    programme::{NewTarget, Stage},
};

use crate::System;

/// A date an owner said, and where it moved to.
struct Said {
    department: &'static str,
    service: &'static str,
    stage: Stage,
    /// Months from the day of the seed.
    months: i64,
    moved_to: Option<i64>,
}

const fn said(department: &'static str, service: &'static str, stage: Stage, months: i64) -> Said {
    Said {
        department,
        service,
        stage,
        months,
        moved_to: None,
    }
}

const DATES: [Said; 7] = [
    Said {
        moved_to: Some(8),
        ..said("td", "td-driving-test-appointment", Stage::Online, 4)
    },
    Said {
        moved_to: Some(11),
        ..said(
            "td",
            "td.disabled-person-s-parking-permit",
            Stage::Online,
            6,
        )
    },
    said("td", "td.temporary-driving-licence", Stage::FormsReady, 2),
    said("td", "td.driving-instructor-s-licence", Stage::Online, 9),
    said(
        "td",
        "td-full-driving-licence-renewal",
        Stage::AutomaticDecision,
        7,
    ),
    said(
        "td",
        "td-vehicle-licence-renewal",
        Stage::AutomaticDecision,
        10,
    ),
    said("dpo", "dpo-change-of-address", Stage::AutomaticDecision, 5),
];

const FIRST: [&str; 2] = [
    "Invented for this demonstration: planned with the next release of the service",
    "示範用的虛構日期：配合服務下次更新",
];
const MOVED: [&str; 2] = [
    "Invented for this demonstration: the record it needs opens later than planned",
    "示範用的虛構日期：所需紀錄較原定計劃遲開放",
];

/// Sets the dates once; a board that has any stays as it is. A service that has come further since is left out.
pub(super) async fn seed(system: &System) -> anyhow::Result<()> {
    let services = &system.services;
    if !services.targets().await?.is_empty() {
        return Ok(());
    }
    let today = system.store.env().now().date();
    for one in &DATES {
        let officers = identity::officers_in(&system.store, one.department).await?;
        let is_owner = |officer: &&Officer| officer.role == Role::Owner;
        let Some(owner) = officers.iter().find(is_owner) else {
            continue;
        };
        let days = [
            Some((one.months, FIRST)),
            one.moved_to.map(|to| (to, MOVED)),
        ];
        for (months, reason) in days.into_iter().flatten() {
            let target = NewTarget {
                service: one.service.to_owned(),
                stage: one.stage,
                due: today.plus_months(months),
                reason: reason.map(str::to_owned),
            };
            match services.set_target(&Clerk::of(owner), target).await {
                Ok(()) | Err(services::Error::StageReached) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
