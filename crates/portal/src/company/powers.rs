//! Powers in words, and the form in which they are given.

use identity::{MemberRole, Person, Powers, PowersError, ServiceGrant, ServiceRole};
use kernel::{Date, Id, Money, Text};
use web::{Form, Outcome, Value, Visit, ctx};

use crate::Portal;

/// What powers are told in: the language of the visit, and the names of what they may be limited to.
pub(super) struct Words<'a> {
    portal: &'a Portal,
    visit: &'a Visit,
    /// Applications that know companies, by client id.
    clients: Vec<(String, Text)>,
}

impl<'a> Words<'a> {
    pub(super) async fn of(portal: &'a Portal, visit: &'a Visit) -> Outcome<Self> {
        let clients = identity::provider::clients_for_companies(&portal.store).await?;
        Ok(Self {
            portal,
            visit,
            clients,
        })
    }

    /// What powers allow, as short lines.
    pub(super) fn lines(&self, powers: &Powers) -> Vec<String> {
        let visit = self.visit;
        let mut lines = vec![visit.t(&format!("portal.company.role.{}", powers.role))];
        if !powers.may_access {
            lines.push(visit.t("portal.company.no_access"));
        }
        if powers.may_chop {
            lines.push(visit.t("portal.company.may_chop"));
        }
        for one in &powers.services {
            let key = format!("portal.company.only.{}", one.role);
            lines.push(visit.t_with(&key, &[("service", &self.name(&one.service))]));
        }
        if let Some(limit) = powers.limit {
            let limit = limit.to_string();
            lines.push(visit.t_with("portal.company.up_to", &[("limit", &limit)]));
        }
        if let Some(monthly) = powers.monthly {
            let limit = monthly.to_string();
            lines.push(visit.t_with("portal.company.up_to_monthly", &[("limit", &limit)]));
        }
        if let Some(until) = powers.until {
            let day = until.long(visit.lang());
            lines.push(visit.t_with("portal.company.until", &[("day", &day)]));
        }
        lines
    }

    /// How much of a limit of a month is used, where there is one.
    pub(super) fn used(
        &self,
        (powers, person): (&Powers, Id<Person>),
        spending: &[(Id<Person>, Money)],
    ) -> Option<String> {
        let limit = powers.monthly?.to_string();
        let own = spending.iter().find(|(spender, _)| *spender == person);
        let spent = own.map_or(Money::ZERO, |(_, spent)| *spent).to_string();
        let words = [("limit", limit.as_str()), ("spent", spent.as_str())];
        Some(self.visit.t_with("portal.company.used_monthly", &words))
    }

    /// The name of a service or an application; its id when it is there no more.
    fn name(&self, id: &str) -> String {
        let lang = self.visit.lang();
        let catalogue = self.portal.services.catalogue();
        let client = || self.clients.iter().find(|(client, _)| client == id);
        let name = match catalogue.entry(id) {
            Some(entry) => entry.name.get(lang),
            None => client().map_or(id, |(_, name)| name.get(lang)),
        };
        name.to_owned()
    }

    /// What powers may be limited to, by name: the services for companies, then the applications of
    /// others that know companies. With the id of each.
    fn choices(&self) -> Vec<(String, String)> {
        let (visit, lang) = (self.visit, self.visit.lang());
        let catalogue = self.portal.services.catalogue();
        let mut choices: Vec<(String, String)> = catalogue
            .newest()
            .filter(|one| one.pack.audience.contains(&packs::Audience::Company))
            .map(|one| {
                let name = one.pack.name.get(lang).to_owned();
                (name, one.pack.service.as_str().to_owned())
            })
            .collect();
        choices.sort();
        choices.extend(self.clients.iter().map(|(id, name)| {
            let words = [("name", name.get(lang))];
            (
                visit.t_with("portal.company.powers.client", &words),
                id.clone(),
            )
        }));
        choices
    }
}

/// The form with its values; `most` is the highest role that may be given.
pub(super) async fn form(
    portal: &Portal,
    visit: &Visit,
    (powers, most): (&Typed, MemberRole),
) -> Outcome<Value> {
    let roles: Vec<Value> = [
        MemberRole::User,
        MemberRole::Representative,
        MemberRole::Administrator,
    ]
    .into_iter()
    .filter(|role| *role <= most)
    .map(|role| {
        ctx! {
            value => role.code(),
            words => visit.t(&format!("portal.company.role.{role}")),
            hint => visit.t(&format!("portal.company.role.{role}.hint")),
        }
    })
    .collect();
    let services: Vec<Value> = Words::of(portal, visit)
        .await?
        .choices()
        .into_iter()
        .map(|(words, id)| {
            let chosen = powers.services.iter().find(|(service, _)| *service == id);
            ctx! {
                name => format!("service-{id}"),
                words,
                value => chosen.map_or("", |(_, role)| role.as_str()),
            }
        })
        .collect();
    Ok(ctx! {
        roles,
        role => powers.role,
        privileges => powers.privileges,
        services,
        is_scoped => !powers.services.is_empty(),
        limit => powers.limit,
        monthly => powers.monthly,
        day => powers.until[0],
        month => powers.until[1],
        year => powers.until[2],
    })
}

/// What stands in the form, right or wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    role: String,
    privileges: Vec<String>,
    services: Vec<(String, String)>,
    limit: String,
    monthly: String,
    until: [String; 3],
}

impl Typed {
    /// An empty form: a colleague who fills in.
    pub(super) fn fresh() -> Self {
        Self {
            role: MemberRole::User.code().to_owned(),
            privileges: vec!["access".to_owned()],
            ..Self::default()
        }
    }

    pub(super) fn of(powers: &Powers) -> Self {
        let has = [("access", powers.may_access), ("chop", powers.may_chop)];
        let until = powers.until.map(|day| {
            [
                day.day().to_string(),
                day.month().to_string(),
                day.year().to_string(),
            ]
        });
        Self {
            role: powers.role.code().to_owned(),
            privileges: has
                .iter()
                .filter(|(_, held)| *held)
                .map(|(name, _)| (*name).to_owned())
                .collect(),
            services: powers
                .services
                .iter()
                .map(|one| (one.service.clone(), one.role.code().to_owned()))
                .collect(),
            limit: powers.limit.map(Money::plain).unwrap_or_default(),
            monthly: powers.monthly.map(Money::plain).unwrap_or_default(),
            until: until.unwrap_or_default(),
        }
    }

    pub(super) fn read(form: &Form) -> Self {
        let services = form.iter().filter_map(|(name, value)| {
            let service = name.strip_prefix("service-")?;
            (!value.is_empty()).then(|| (service.to_owned(), value.to_owned()))
        });
        Self {
            role: form.text("role").to_owned(),
            privileges: form.all("privileges").map(str::to_owned).collect(),
            services: services.take(identity::SERVICES_MAX + 1).collect(),
            limit: form.text("limit").trim().to_owned(),
            monthly: form.text("monthly").trim().to_owned(),
            until: ["until-day", "until-month", "until-year"]
                .map(|name| form.text(name).trim().to_owned()),
        }
    }

    /// The powers, or the field that is wrong with its message.
    pub(super) fn powers(&self, today: Date) -> Result<Powers, (&'static str, &'static str)> {
        let role: MemberRole = self
            .role
            .parse()
            .map_err(|_| ("role", "portal.company.wrong.role"))?;
        let mut services = Vec::with_capacity(self.services.len());
        for (service, role) in &self.services {
            let role: ServiceRole = role
                .parse()
                .map_err(|_| ("services", "portal.company.wrong.services"))?;
            let service = service.clone();
            services.push(ServiceGrant { service, role });
        }
        let has = |name: &str| self.privileges.iter().any(|one| one == name);
        let powers = Powers {
            role,
            may_access: has("access"),
            may_chop: has("chop"),
            services,
            limit: amount(&self.limit).map_err(|_| wrong(PowersError::Limit))?,
            monthly: amount(&self.monthly).map_err(|_| wrong(PowersError::Monthly))?,
            until: self.last_day()?,
        };
        powers.check(today).map_err(wrong)?;
        Ok(powers)
    }

    fn last_day(&self) -> Result<Option<Date>, (&'static str, &'static str)> {
        let [day, month, year] = &self.until;
        if self.until.iter().all(String::is_empty) {
            return Ok(None);
        }
        let error = ("until", "portal.company.wrong.until");
        let (Ok(day), Ok(month), Ok(year)) = (day.parse(), month.parse(), year.parse()) else {
            return Err(error);
        };
        Date::new(year, month, day).map(Some).map_err(|_| error)
    }
}

/// An amount that may be left out.
fn amount(typed: &str) -> Result<Option<Money>, kernel::MoneyError> {
    (!typed.is_empty()).then(|| typed.parse()).transpose()
}

/// The field and the words for powers that cannot be given.
pub(super) const fn wrong(error: PowersError) -> (&'static str, &'static str) {
    match error {
        PowersError::Services => ("services", "portal.company.wrong.services"),
        PowersError::Limit => ("limit", "portal.company.wrong.limit"),
        PowersError::Monthly => ("monthly", "portal.company.wrong.limit"),
        PowersError::Until => ("until", "portal.company.wrong.until"),
        PowersError::Nothing => ("privileges", "portal.company.wrong.nothing"),
        PowersError::Role => ("role", "portal.company.wrong.role_above"),
        PowersError::More => ("role", "portal.company.wrong.more"),
        PowersError::Own => ("role", "portal.company.wrong.own"),
    }
}
