//! The catalogue: what people can find. Published packs first, then every other service known by name,
//! which says honestly that it is not yet online here.
//!
//! Invariant: a catalogue never changes once built; publishing builds a new one and swaps it in, so
//! that a page in the middle of being rendered sees one state.

mod crossing;
mod entry;
mod fold;
mod search;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use kernel::{Lang, Text, Time};
use packs::Pack;
use serde::Serialize;

use crossing::Listed;
pub use crossing::{Crossing, Differs, Why};
pub use entry::{Bundle, Department, Entry, Subject, Topic};
use entry::{Categories, Known};
use search::{Index, Place};

use crate::{Error, Retirement};

/// Suggestions shown under a search box.
pub(crate) const SUGGESTIONS: usize = 8;

const CATALOGUE: &str = include_str!("../data/catalogue.json");
const CATEGORIES: &str = include_str!("../data/categories.json");
const CROSSINGS: &str = include_str!("../data/cross-boundary.json");
const DEPARTMENTS: &str = include_str!("../data/departments.json");

/// A published version of a pack, loaded.
#[derive(Clone, Debug)]
pub struct Published {
    pub pack: Arc<Pack>,
    pub version: i64,
    pub published_at: Time,
    /// After this instant nobody begins or submits with this version.
    pub cutoff: Option<Time>,
}

/// A line under the search box.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Suggestion {
    pub id: String,
    pub name: String,
    pub is_online: bool,
}

/// Everything findable, indexed.
#[derive(Debug)]
pub struct Catalogue {
    entries: Vec<Entry>,
    places: HashMap<String, usize>,
    /// Versions of each service, oldest first.
    versions: BTreeMap<String, BTreeMap<i64, Published>>,
    departments: Vec<Department>,
    categories: Categories,
    crossings: Vec<Listed>,
    index: Index,
    /// How services end, by service.
    retirements: BTreeMap<String, Retirement>,
}

impl Catalogue {
    /// Builds the catalogue over the published packs and the known names.
    ///
    /// # Errors
    /// The data files in the binary cannot be read.
    pub fn build(published: Vec<Published>) -> Result<Self, Error> {
        let categories: Categories = serde_json::from_str(CATEGORIES).map_err(Error::data)?;
        let departments: Vec<Department> =
            serde_json::from_str(DEPARTMENTS).map_err(Error::data)?;
        let known: Vec<Known> = serde_json::from_str(CATALOGUE).map_err(Error::data)?;
        let mut versions: BTreeMap<String, BTreeMap<i64, Published>> = BTreeMap::new();
        for one in published {
            versions
                .entry(one.pack.service.clone())
                .or_default()
                .insert(one.version, one);
        }
        let mut catalogue = Self {
            entries: entries(&versions, known, &categories),
            places: HashMap::new(),
            versions,
            departments,
            categories,
            crossings: serde_json::from_str(CROSSINGS).map_err(Error::data)?,
            index: Index::default(),
            retirements: BTreeMap::new(),
        };
        catalogue.number();
        Ok(catalogue)
    }

    /// The same catalogue, knowing which services end.
    #[must_use]
    pub fn ending(mut self, retirements: Vec<Retirement>) -> Self {
        self.retirements = retirements
            .into_iter()
            .map(|one| (one.service.clone(), one))
            .collect();
        self
    }

    /// How a service ends, if it was decided that it does.
    #[must_use]
    pub fn retirement(&self, service: &str) -> Option<&Retirement> {
        self.retirements.get(service)
    }

    fn number(&mut self) {
        for (place, entry) in self.entries.iter().enumerate() {
            self.places.insert(entry.id.clone(), place);
            let department = find_department(&self.departments, &entry.department);
            self.index.add(&texts(entry, department), entry.reach());
        }
    }

    /// Every entry, services that are online first, each part by English name.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    #[must_use]
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.get(*self.places.get(id)?)
    }

    /// The version a new draft begins with: the highest one that is not cut off. `None` once the
    /// service has ended.
    #[must_use]
    pub fn current(&self, service: &str, now: Time) -> Option<&Published> {
        if self
            .retirement(service)
            .is_some_and(|one| one.is_closed(now))
        {
            return None;
        }
        self.versions
            .get(service)?
            .values()
            .rev()
            .find(|one| one.cutoff.is_none_or(|cutoff| now < cutoff))
    }

    /// The version a draft or a case is pinned to, cut off or not.
    #[must_use]
    pub fn pinned(&self, service: &str, version: i64) -> Option<&Published> {
        self.versions.get(service)?.get(&version)
    }

    /// The newest version of every service.
    pub fn newest(&self) -> impl Iterator<Item = &Published> {
        self.versions
            .values()
            .filter_map(|versions| versions.values().next_back())
    }

    /// All versions of a service, newest first.
    #[must_use]
    pub fn versions(&self, service: &str) -> Vec<&Published> {
        self.versions
            .get(service)
            .map(|versions| versions.values().rev().collect())
            .unwrap_or_default()
    }

    /// Entries that answer `query`, best first.
    #[must_use]
    pub fn search(&self, query: &str) -> Vec<&Entry> {
        self.index
            .find(query)
            .into_iter()
            .filter_map(|place| self.entries.get(place))
            .collect()
    }

    /// A few names for what is being typed.
    #[must_use]
    pub fn suggest(&self, query: &str, lang: Lang) -> Vec<Suggestion> {
        let mut seen = BTreeSet::new();
        self.search(query)
            .into_iter()
            .filter(|entry| seen.insert(entry.name.get(lang)))
            .take(SUGGESTIONS)
            .map(|entry| Suggestion {
                id: entry.id.clone(),
                name: entry.name.get(lang).to_owned(),
                is_online: entry.is_online(),
            })
            .collect()
    }

    #[must_use]
    pub fn departments(&self) -> &[Department] {
        &self.departments
    }

    #[must_use]
    pub fn department(&self, code: &str) -> Option<&Department> {
        find_department(&self.departments, code)
    }

    /// The name of a department, or its code where the list does not know it.
    #[must_use]
    pub fn department_name(&self, code: &str) -> Text {
        self.department(code)
            .map_or_else(|| Text::same(code), |department| department.name.clone())
    }

    #[must_use]
    pub fn subjects(&self) -> &[Subject] {
        &self.categories.subjects
    }

    #[must_use]
    pub fn life_events(&self) -> &[Topic] {
        &self.categories.life_events
    }

    #[must_use]
    pub fn audiences(&self) -> &[Topic] {
        &self.categories.audiences
    }

    #[must_use]
    pub fn bundles(&self) -> &[Bundle] {
        &self.categories.bundles
    }

    /// Services for residents in the Greater Bay Area, those online first, each with why it is here.
    #[must_use]
    pub fn cross_boundary(&self) -> Vec<Crossing<'_>> {
        crossing::of(self.entries(), &self.crossings, |id| {
            Some(&self.versions.get(id)?.values().next_back()?.pack)
        })
    }

    /// Entries of a subject or one of its sub-topics.
    #[must_use]
    pub fn of_subject(&self, id: &str) -> Vec<&Entry> {
        self.select(|entry| {
            entry.subjects.iter().any(|subject| {
                subject == id
                    || subject
                        .strip_prefix(id)
                        .is_some_and(|rest| rest.starts_with('/'))
            })
        })
    }

    #[must_use]
    pub fn of_life_event(&self, id: &str) -> Vec<&Entry> {
        self.select(|entry| entry.life_events.iter().any(|event| event == id))
    }

    #[must_use]
    pub fn of_audience(&self, id: &str) -> Vec<&Entry> {
        self.select(|entry| entry.audiences.iter().any(|audience| audience == id))
    }

    #[must_use]
    pub fn of_department(&self, code: &str) -> Vec<&Entry> {
        self.select(|entry| entry.department.eq_ignore_ascii_case(code))
    }

    fn select(&self, keep: impl Fn(&Entry) -> bool) -> Vec<&Entry> {
        self.entries.iter().filter(|entry| keep(entry)).collect()
    }
}

fn find_department<'a>(departments: &'a [Department], code: &str) -> Option<&'a Department> {
    departments
        .iter()
        .find(|department| department.code.eq_ignore_ascii_case(code))
}

fn texts<'a>(entry: &'a Entry, department: Option<&'a Department>) -> Vec<(Place, &'a str)> {
    let mut texts = Vec::new();
    // Both Chinese forms fold to one; English and Traditional are enough.
    let mut both = |place: Place, text: &'a Text| {
        texts.push((place, text.en.as_str()));
        texts.push((place, text.tc.as_str()));
    };
    both(Place::Name, &entry.name);
    both(Place::Summary, &entry.summary);
    entry
        .aliases
        .iter()
        .for_each(|alias| both(Place::Alias, alias));
    if let Some(department) = department {
        both(Place::Department, &department.name);
    }
    texts.push((Place::Department, entry.department.as_str()));
    texts.extend(entry.forms.iter().map(|form| (Place::Form, form.as_str())));
    texts
}

/// Packs first; a known name of an online service becomes its alias, the others stand alone.
fn entries(
    versions: &BTreeMap<String, BTreeMap<i64, Published>>,
    known: Vec<Known>,
    categories: &Categories,
) -> Vec<Entry> {
    let mut online: BTreeMap<String, Entry> = versions
        .values()
        .filter_map(|versions| versions.values().next_back())
        .map(|newest| (newest.pack.service.clone(), of_pack(newest, categories)))
        .collect();
    let mut information = Vec::new();
    for one in known {
        let served = one
            .service_id
            .as_ref()
            .and_then(|service| online.get_mut(service));
        match served {
            Some(entry) => {
                if one.name.en != entry.name.en {
                    entry.aliases.push(one.name);
                }
                add_all(&mut entry.forms, one.form);
            }
            None => information.push(of_known(one, categories)),
        }
    }
    let mut all: Vec<Entry> = online.into_values().collect();
    all.sort_by(|a, b| a.name.en.cmp(&b.name.en));
    information.sort_by(|a, b| a.name.en.cmp(&b.name.en));
    all.extend(information);
    all
}

fn of_pack(published: &Published, categories: &Categories) -> Entry {
    let pack = &published.pack;
    let id = pack.service.clone();
    let mut entry = Entry {
        name: pack.name.clone(),
        summary: pack.summary.clone(),
        department: pack.owner.clone(),
        kind: pack.kind.code().to_owned(),
        forms: pack.forms.clone(),
        subjects: pack.subjects.clone(),
        life_events: pack.life_events.clone(),
        audiences: pack
            .audience
            .iter()
            .map(|one| one.code().to_owned())
            .collect(),
        aliases: pack.keywords.clone(),
        version: Some(published.version),
        studied: Some(id.clone()),
        id,
    };
    let topics = categories.subjects.iter().flat_map(|one| &one.children);
    add_all(&mut entry.subjects, naming(topics, &entry.id));
    add_all(
        &mut entry.life_events,
        naming(&categories.life_events, &entry.id),
    );
    add_all(
        &mut entry.audiences,
        naming(&categories.audiences, &entry.id),
    );
    entry
}

fn of_known(known: Known, categories: &Categories) -> Entry {
    let service = known.service_id.as_deref().unwrap_or(&known.id);
    Entry {
        life_events: naming(&categories.life_events, service),
        audiences: naming(&categories.audiences, service),
        id: known.id,
        name: known.name,
        summary: Text::default(),
        department: known.department,
        kind: known.kind,
        forms: known.form.into_iter().collect(),
        subjects: vec![known.subject],
        aliases: Vec::new(),
        studied: known.service_id,
        version: None,
    }
}

/// Ids of the topics that name `service`.
fn naming<'a>(topics: impl IntoIterator<Item = &'a Topic>, service: &str) -> Vec<String> {
    topics
        .into_iter()
        .filter(|topic| topic.services.iter().any(|one| one == service))
        .map(|topic| topic.id.clone())
        .collect()
}

fn add_all(list: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for one in more {
        if !list.contains(&one) {
            list.push(one);
        }
    }
}
