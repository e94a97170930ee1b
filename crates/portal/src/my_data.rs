//! Everything the platform holds about the signed-in person, as a page that prints and as a file: the
//! same sections from the same reading, so that neither says more than the other.

use axum::{extract::State, response::Response};
use identity::Person;
use kernel::{Cursor, Id, Time};
use services::LookQuery;
use web::{Access, Download, IntoResponse, Outcome, Page, Rate, Routes, Value, Visit, ctx};

use crate::{Portal, profile};

mod more;

/// Pages of one list that are read: a list that is longer says so.
const PAGES: usize = 40;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/my-data", Access::RESIDENT, show)
        .rate(Rate::Post)
        .get("/{lang}/my-data/file", Access::RESIDENT, file)
        .rate(Rate::Post)
}

/// Parts of which one thing has many, and the name of their list in the file.
const MANY: [(&str, &str); 2] = [("answer", "answers"), ("document", "documents")];

/// A value: the file says it plainly, the page in words.
#[derive(Debug)]
enum Told {
    Words(String),
    At(Time),
    /// The message of a code, and the code.
    Code(String, &'static str),
    /// A file or a proof: whole in the file, its size and fingerprint on the page.
    Bytes(Vec<u8>),
}

impl From<String> for Told {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl Told {
    fn plain(&self) -> String {
        match self {
            Self::Words(words) => words.clone(),
            Self::At(time) => time.rfc3339(),
            Self::Code(_, code) => (*code).to_owned(),
            Self::Bytes(bytes) => trust::base64url::encode(bytes),
        }
    }
}

/// One thing of a section: names of its parts and their values.
#[derive(Debug)]
struct Item(Vec<(&'static str, Told)>);

/// One kind of record.
#[derive(Debug)]
struct Section {
    name: &'static str,
    /// Whether there is more than is shown.
    is_cut: bool,
    items: Vec<Item>,
}

impl Section {
    fn of(name: &'static str, items: Vec<Item>) -> Self {
        Self {
            name,
            is_cut: false,
            items,
        }
    }

    fn cut(name: &'static str, items: Vec<Item>, is_cut: bool) -> Self {
        Self {
            is_cut,
            ..Self::of(name, items)
        }
    }
}

fn at(time: Time) -> Told {
    Told::At(time)
}

/// A code with the message that says it: `code("portal.data.state.", "active")`.
fn code(area: &str, code: &'static str) -> Told {
    Told::Code(format!("{area}{code}"), code)
}

/// A list read page by page, up to [`PAGES`] of them, and whether there is more.
async fn pages<T, F>(mut read: impl FnMut(Option<Cursor>) -> F) -> Outcome<(Vec<T>, bool)>
where
    F: Future<Output = Outcome<kernel::Page<T>>>,
{
    let (mut all, mut after) = (Vec::new(), None);
    for _ in 0..PAGES {
        let found = read(after).await?;
        all.extend(found.items);
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    Ok((all, after.is_some()))
}

async fn gather(portal: &Portal, visit: &Visit) -> Outcome<Vec<Section>> {
    let who = portal.applicant(visit)?.person;
    let mut sections = about(portal, visit, who).await?;
    sections.push(more::versions(portal, visit, who).await?);
    sections.push(more::recoveries(portal, visit, who).await?);
    sections.extend(dealings(portal, visit, who).await?);
    sections.push(more::connections(portal, visit, who).await?);
    sections.push(more::signings(portal, visit, who).await?);
    sections.push(applications(portal, visit, who).await?);
    sections.push(drafts(portal, visit, who).await?);
    sections.extend(holdings(portal, visit, who).await?);
    sections.push(messages(portal, visit, who).await?);
    sections.push(looks(portal, visit, who).await?);
    identity::note_download(&portal.store, who).await?;
    Ok(sections)
}

/// Account, profile, the paper for the address, what signs the person in.
async fn about(portal: &Portal, visit: &Visit, who: Id<Person>) -> Outcome<Vec<Section>> {
    let store = &portal.store;
    let owner = identity::find_person(store, who)
        .await?
        .ok_or(identity::Error::NotFound)?;
    let mut account = Item(vec![
        ("level", code("portal.profile.level.", owner.level.code())),
        ("state", code("portal.data.state.", owner.state.code())),
        ("since", at(owner.enrolled)),
    ]);
    if let identity::Basis::Passport { expires, .. } = owner.basis {
        let until = expires.long(visit.lang());
        account.0.push(("document_until", until.into()));
    }
    let mut profile_items = Vec::new();
    for one in profile::own(portal, who).await?.fields {
        // The whole number here: this is the owner's own copy.
        let value =
            match one.value.as_str().filter(|_| {
                [identity::FieldKey::Hkid, identity::FieldKey::Passport].contains(&one.key)
            }) {
                Some(card) => card.to_owned(),
                None => profile::words(visit, one.key, &one.value).join(", "),
            };
        profile_items.push(Item(vec![
            ("field", visit.t(&format!("app.field.{}", one.key)).into()),
            ("value", value.into()),
            ("source", code("portal.data.source.", one.source.code())),
            ("since", at(one.updated)),
        ]));
    }
    let proof = identity::find_address_proof(store, who).await?;
    let proof = match proof {
        None => None,
        Some(one) => {
            let vault = portal.identity.vault();
            let content = identity::address_proof_content(store, vault, who).await?;
            let provider = one
                .provider
                .map(|one| one.name().get(visit.lang()).to_owned());
            Some(Item(vec![
                ("name", one.file_name.into()),
                ("provider", provider.unwrap_or_default().into()),
                ("dated", one.dated.to_string().into()),
                ("content", Told::Bytes(content)),
                ("since", at(one.uploaded)),
            ]))
        }
    };
    let mut sections = vec![
        Section::of("account", vec![account]),
        Section::of("profile", profile_items),
        Section::of("proof", proof.into_iter().collect()),
    ];
    sections.extend(entrances(portal, visit, who).await?);
    Ok(sections)
}

/// What signs the person in: phone, passkeys, browsers.
async fn entrances(portal: &Portal, visit: &Visit, who: Id<Person>) -> Outcome<Vec<Section>> {
    let store = &portal.store;
    let passkeys = identity::passkeys_of(store, who).await?;
    let passkeys = passkeys.iter().map(|one| {
        Item(vec![
            ("name", one.name.clone().into()),
            ("since", at(one.created)),
            (
                "used",
                one.last_used.map_or_else(|| String::new().into(), at),
            ),
        ])
    });
    let browsers = identity::browsers_of(store, who).await?;
    let browsers = browsers.iter().map(|one| {
        Item(vec![
            ("name", one.place.get(visit.lang()).to_owned().into()),
            ("means", code("portal.devices.means.", one.means.code())),
            ("since", at(one.since)),
        ])
    });
    let phone = identity::live_device(store, who).await?;
    let phone = phone.map(|one| Item(vec![("name", one.name.into()), ("since", at(one.created))]));
    Ok(vec![
        Section::of("phone", phone.into_iter().collect()),
        Section::of("passkeys", passkeys.collect()),
        Section::of("browsers", browsers.collect()),
    ])
}

/// Changes of the account, consents, approvals, companies, children.
async fn dealings(portal: &Portal, visit: &Visit, who: Id<Person>) -> Outcome<Vec<Section>> {
    let (store, lang) = (&portal.store, visit.lang());
    let changes = identity::account_changes(store, who).await?;
    let changes = changes.iter().map(|one| {
        Item(vec![
            ("state", code("portal.child.state.", one.state.code())),
            (
                "reason",
                visit
                    .t(&format!("portal.account.ground.{}", one.ground))
                    .into(),
            ),
            ("time", at(one.at)),
        ])
    });
    let consents = identity::consents_of(store, who).await?;
    let consents = consents.iter().map(|one| {
        let fields: Vec<&str> = one.fields.iter().map(|key| key.code()).collect();
        Item(vec![
            ("service", one.title.get(lang).to_owned().into()),
            ("field", fields.join(", ").into()),
            ("since", at(one.granted)),
            ("until", at(one.expires)),
        ])
    });
    let approvals = identity::decided_of(store, who).await?;
    let approvals = approvals.iter().map(|one| {
        Item(vec![
            ("what", one.summary.get(lang).to_owned().into()),
            ("department", one.requester.get(lang).to_owned().into()),
            ("state", code("portal.data.state.", one.state.code())),
            ("time", at(one.created)),
        ])
    });
    let companies = identity::mandates_of(store, who).await?;
    let companies = companies.iter().map(|one| {
        Item(vec![
            ("name", one.company.name.get(lang).to_owned().into()),
            ("role", code("portal.company.role.", one.powers.role.code())),
            ("since", at(one.since)),
        ])
    });
    let children = identity::guardianships_of(store, portal.identity.vault(), who).await?;
    let children = children.iter().map(|one| {
        Item(vec![
            ("card", one.card.clone().into()),
            ("state", code("portal.child.state.", one.state.code())),
            ("since", at(one.agreed)),
            ("until", one.ends.to_string().into()),
        ])
    });
    Ok(vec![
        Section::of("changes", changes.collect()),
        Section::of("consents", consents.collect()),
        Section::of("approvals", approvals.collect()),
        Section::of("companies", companies.collect()),
        Section::of("children", children.collect()),
    ])
}

/// The person's own applications with every answer. What a company applied for is the company's.
async fn applications(portal: &Portal, visit: &Visit, who: Id<Person>) -> Outcome<Section> {
    let applicant = services::Applicant::person(who);
    let lang = visit.lang();
    let services = &portal.services;
    let read = move |after| async move { Ok(services.applications(applicant, after).await?) };
    let (rows, is_cut) = pages(read).await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut parts = vec![
            ("reference", row.reference.to_string().into()),
            ("service", row.service_name.get(lang).to_owned().into()),
            ("state", row.state_label.get(lang).to_owned().into()),
            ("time", at(row.submitted)),
        ];
        let view = portal
            .services
            .application(applicant, &row.reference)
            .await?;
        for answer in view.pages.iter().flat_map(|page| &page.rows) {
            let words = format!("{}: {}", answer.label.get(lang), answer.value.get(lang));
            parts.push(("answer", words.into()));
        }
        items.push(Item(parts));
    }
    Ok(Section::cut("applications", items, is_cut))
}

async fn drafts(portal: &Portal, visit: &Visit, who: Id<Person>) -> Outcome<Section> {
    let applicant = services::Applicant::person(who);
    let lang = visit.lang();
    let mut items = Vec::new();
    for draft in portal.services.drafts(applicant).await? {
        let review = portal.services.review(applicant, draft.id).await?;
        let catalogue = portal.services.catalogue();
        let name = catalogue
            .entry(&draft.service)
            .map(|entry| entry.name.get(lang).to_owned());
        let mut parts = vec![
            (
                "service",
                name.unwrap_or_else(|| draft.service.clone()).into(),
            ),
            ("since", at(draft.created)),
            ("until", at(draft.expires)),
        ];
        for answer in review.pages.iter().flat_map(|page| &page.rows) {
            let words = format!("{}: {}", answer.label.get(lang), answer.value.get(lang));
            parts.push(("answer", words.into()));
        }
        items.push(Item(parts));
    }
    Ok(Section::of("drafts", items))
}

/// Licences and bills.
async fn holdings(portal: &Portal, visit: &Visit, who: Id<Person>) -> Outcome<Vec<Section>> {
    let lang = visit.lang();
    let issuer = portal.licences.issuer.clone();
    let held = portal
        .store
        .read(move |db| {
            let issuer = issuer.clone();
            async move { credentials::of_holder(&db, &issuer, who.cast()).await }
        })
        .await?;
    let licences = held.iter().map(|one| {
        Item(vec![
            ("what", one.kind.clone().into()),
            ("number", one.number.clone().into()),
            ("since", one.valid_from.to_string().into()),
            (
                "until",
                one.valid_until
                    .map(|day| day.to_string())
                    .unwrap_or_default()
                    .into(),
            ),
        ])
    });
    let store = &portal.store;
    let (bills, is_cut) = pages(move |after: Option<Cursor>| async move {
        let read = store.read(move |db| {
            let after = after.clone();
            async move { payments::demands_of(&db, who.cast(), after.as_ref()).await }
        });
        Ok(read.await?)
    })
    .await?;
    let bills = bills.iter().map(|one| {
        Item(vec![
            ("number", one.bill.clone().into()),
            ("service", one.purpose.get(lang).to_owned().into()),
            ("amount", one.total.to_string().into()),
            ("time", at(one.created_at)),
            ("paid", one.paid_at.map_or_else(|| String::new().into(), at)),
        ])
    });
    let bills = Section::cut("bills", bills.collect(), is_cut);
    Ok(vec![Section::of("licences", licences.collect()), bills])
}

async fn messages(portal: &Portal, visit: &Visit, who: Id<Person>) -> Outcome<Section> {
    let lang = visit.lang();
    let store = &portal.store;
    let (found, is_cut) = pages(move |after: Option<Cursor>| async move {
        let read = store.read(move |db| {
            let after = after.clone();
            async move { notify::inbox(&db, who.cast(), after.as_ref()).await }
        });
        Ok(read.await?)
    })
    .await?;
    let items = found.iter().map(|one| {
        Item(vec![
            ("what", one.subject.get(lang).to_owned().into()),
            ("words", one.body.get(lang).to_owned().into()),
            ("time", at(one.sent_at)),
        ])
    });
    Ok(Section::cut("messages", items.collect(), is_cut))
}

/// Who looked at the person's data, without the officers' names.
async fn looks(portal: &Portal, visit: &Visit, who: Id<Person>) -> Outcome<Section> {
    let lang = visit.lang();
    let services = &portal.services;
    let (found, is_cut) = pages(move |after| async move {
        let query = LookQuery {
            person: who,
            department: String::new(),
            from: Time::from_micros(i64::MIN),
            until: Time::from_micros(i64::MAX),
            after,
        };
        Ok(services.looks(&query).await?)
    })
    .await?;
    let items = found.iter().map(|one| {
        Item(vec![
            (
                "department",
                one.department_name.get(lang).to_owned().into(),
            ),
            ("reason", one.reason.get(lang).to_owned().into()),
            ("time", at(one.at)),
        ])
    });
    Ok(Section::cut("looks", items.collect(), is_cut))
}

async fn show(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let sections = gather(&portal, &visit).await?;
    let views: Vec<Value> = sections
        .iter()
        .map(|one| {
            let items: Vec<Vec<Value>> = one
                .items
                .iter()
                .map(|item| {
                    item.0
                        .iter()
                        .filter(|(_, value)| !value.plain().is_empty())
                        .map(|(name, value)| part_view(&visit, name, value))
                        .collect()
                })
                .collect();
            ctx! {
                id => one.name,
                title => visit.t(&format!("portal.data.section.{}", one.name)),
                count => one.items.len(),
                is_cut => one.is_cut,
                items,
            }
        })
        .collect();
    let context = ctx! { sections => views, now => portal.store.env().now() };
    Ok(visit.page("portal/my_data.html", context))
}

fn part_view(visit: &Visit, name: &str, told: &Told) -> Value {
    let (words, time) = match told {
        Told::Words(words) => (words.clone(), None),
        Told::At(time) => (String::new(), Some(*time)),
        Told::Code(key, _) => (visit.t(key), None),
        Told::Bytes(bytes) => {
            let fingerprint = trust::digest::hex(&trust::digest::sha256(bytes));
            let with = [
                ("bytes", bytes.len().to_string()),
                ("fingerprint", fingerprint),
            ];
            let with = with.each_ref().map(|(name, value)| (*name, value.as_str()));
            (visit.t_with("portal.data.bytes", &with), None)
        }
    };
    ctx! { name => visit.t(&format!("portal.data.part.{name}")), words, time }
}

async fn file(State(portal): State<Portal>, visit: Visit) -> Outcome<Response> {
    let sections = gather(&portal, &visit).await?;
    let mut whole = serde_json::Map::new();
    whole.insert("made".to_owned(), portal.store.env().now().rfc3339().into());
    for one in &sections {
        let items: Vec<serde_json::Value> = one.items.iter().map(json_of).collect();
        whole.insert(one.name.to_owned(), items.into());
        if one.is_cut {
            whole.insert(format!("{}_is_cut", one.name), true.into());
        }
    }
    let bytes = serde_json::to_vec_pretty(&whole).map_err(|_| identity::Error::Corrupt("data"))?;
    let download = Download {
        file_name: "my-data.json".to_owned(),
        content_type: "application/json",
        bytes: bytes.into(),
        is_inline: false,
    };
    Ok(download.into_response())
}

/// Parts by name; what there are many of, as a list.
fn json_of(item: &Item) -> serde_json::Value {
    let mut parts = serde_json::Map::new();
    for (name, value) in &item.0 {
        let Some((_, many)) = MANY.iter().find(|(one, _)| one == name) else {
            parts.insert((*name).to_owned(), value.plain().into());
            continue;
        };
        let list = parts
            .entry(*many)
            .or_insert_with(|| Vec::<String>::new().into());
        if let Some(list) = list.as_array_mut() {
            list.push(value.plain().into());
        }
    }
    parts.into()
}
