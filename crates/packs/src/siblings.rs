//! What the packs of one directory issue, so that a question filled from a credential names one that
//! somebody issues.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    check::asks::{all_fields, is_wallet},
    defect::{Code, Defects, suggest},
    dir::PackFile,
    field::Prefill,
    pack::Pack,
    read, yaml,
};

/// Claims that every credential has.
const ALWAYS: [&str; 3] = ["number", "valid_from", "valid_until"];

/// Credentials by kind, with the names of their claims.
#[derive(Debug, Default)]
pub(crate) struct Siblings {
    issued: BTreeMap<String, BTreeSet<String>>,
    packs: usize,
}

impl Siblings {
    /// What the files issue; one that cannot be read issues nothing.
    pub(crate) fn of(files: &[PackFile]) -> Self {
        let mut found = Self {
            packs: files.len(),
            ..Self::default()
        };
        for file in files {
            let mut unheard = Defects::new(&file.name);
            let root = yaml::parse(&file.text, &mut unheard);
            let read = root.and_then(|root| read::read(&root, &file.name, &mut unheard));
            if let Some(issue) = read.and_then(|(pack, _)| pack.issue) {
                let claims = issue.claims.into_iter().map(|claim| claim.name);
                found.issued.entry(issue.kind).or_default().extend(claims);
            }
        }
        found
    }

    /// Every question that is filled from a credential nobody here issues. A pack that stands alone
    /// says nothing about the others, so nothing is told of it.
    pub(crate) fn check(&self, pack: &Pack, defects: &mut Defects) {
        if self.packs < 2 {
            return;
        }
        let prefills = all_fields(pack).filter_map(|field| field.prefill.as_ref());
        for prefill in prefills.filter(|prefill| is_wallet(&prefill.source)) {
            self.prefill(prefill, defects);
        }
    }

    fn prefill(&self, prefill: &Prefill, defects: &mut Defects) {
        let mut parts = prefill.source.splitn(3, '.').skip(1);
        let (Some(kind), Some(claim)) = (parts.next(), parts.next()) else {
            return;
        };
        let Some(claims) = self.issued.get(kind) else {
            let wrong = format!("no pack of this directory issues the credential `{kind}`");
            let mend = suggest(kind, self.issued.keys().map(String::as_str));
            return defects.add(Code::UnknownReference, prefill.at, wrong, mend);
        };
        if !claims.contains(claim) && !ALWAYS.contains(&claim) {
            let wrong = format!("the credential `{kind}` has no claim `{claim}`");
            let mend = suggest(claim, claims.iter().map(String::as_str).chain(ALWAYS));
            defects.add(Code::UnknownReference, prefill.at, wrong, mend);
        }
    }
}
