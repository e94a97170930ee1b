//! An installation on a test database: keys, invented people with simulated phones, the small pack
//! published, and the steps of a journey as one call each.

use std::time::Duration;

use credentials::Issuer;
use identity::{Binding, Decision, demo};
use journal::Calendar;
use kernel::{Actor, FakeEnv, Id, Lang, Text, Time};
use payments::{Demand, Method, NewAttempt, Step, provider::Notice};
use store::{Store, params};
use trust::KeyStore;

use super::{PACK, SERVICE};
use crate::{
    Applicant, AskSignature, Case, Clerk, Draft, OpenDraft, Parts, SavePage, Saved, Scanner,
    Services, Signature, Stage, Start, Submit, Submitted,
};

pub(crate) static OWNERS: [&store::Migrations; 8] = [
    &journal::MIGRATIONS,
    &web::MIGRATIONS,
    &trust::MIGRATIONS,
    &identity::MIGRATIONS,
    &payments::MIGRATIONS,
    &credentials::MIGRATIONS,
    &notify::MIGRATIONS,
    &crate::MIGRATIONS,
];

store::sql! {
    COUNT_CASES = "SELECT COUNT(*) FROM case_file";
    COUNT_DRAFTS = "SELECT COUNT(*) FROM draft";
    COUNT_PLACES = "SELECT (SELECT COUNT(*) FROM case_file) + (SELECT COUNT(*) FROM draft)";
    COUNT_DOCUMENTS = "SELECT COUNT(*) FROM document";
    RETURNED = "SELECT COALESCE(SUM(amount_cents), 0) FROM refund WHERE demand = $1";
    COUNT_LEAVES = "SELECT COUNT(*) FROM evidence_pending";
    TIMER_DUE = "SELECT due FROM timer WHERE key = $1 AND state = 'running'";
    RAW_ANSWERS = "SELECT answers FROM case_file WHERE id = $1";
}

pub(crate) struct World {
    pub(crate) services: Services,
    pub(crate) store: Store,
    pub(crate) clock: FakeEnv,
    pub(crate) keys: KeyStore,
}

impl World {
    pub(crate) async fn new(store: Store, clock: FakeEnv) -> Self {
        Self::with(store, clock, Scanner::Absent).await
    }

    pub(crate) async fn with(store: Store, clock: FakeEnv, scanner: Scanner) -> Self {
        let keys = KeyStore::in_memory(store.env()).unwrap();
        demo::seed(&store, &keys.vault()).await.unwrap();
        let services = Services::open(Parts {
            store: store.clone(),
            keys: keys.clone(),
            calendar: Calendar::new(),
            issuer: Issuer::new("https://causeway.test", keys.clone(), store.env()).unwrap(),
            scanner,
            base_url: "https://causeway.test".into(),
        })
        .await
        .unwrap();
        services
            .publish(&Actor::system("test"), ("afcd-dog-licence.yaml", PACK))
            .await
            .unwrap();
        Self {
            services,
            store,
            clock,
            keys,
        }
    }

    pub(crate) async fn person(&self, key: &str) -> Applicant {
        let phone = demo::phone(&self.store, &self.keys.vault(), key)
            .await
            .unwrap();
        Applicant::person(phone.person.id)
    }

    pub(crate) async fn resident(&self) -> Applicant {
        self.person("cheung-ka-yan").await
    }

    pub(crate) async fn clerk(&self, key: &str) -> Clerk {
        let person = self.person(key).await.person;
        let officer = identity::officer_of(&self.store, person)
            .await
            .unwrap()
            .unwrap();
        Clerk::of(&officer)
    }

    pub(crate) fn after(&self, days: u64) {
        self.clock.advance(Duration::from_secs(days * 86_400));
    }

    pub(crate) async fn start(&self, applicant: Applicant) -> OpenDraft {
        let start = Start {
            applicant,
            service: SERVICE.into(),
            lang: Lang::Tc,
        };
        self.services.start(start).await.unwrap()
    }

    pub(crate) async fn save(
        &self,
        draft: &OpenDraft,
        page: &str,
        form: &[(&str, &str)],
    ) -> Result<Saved, crate::Error> {
        let save = SavePage {
            manner: crate::Manner::Sent,
            applicant: draft.draft.applicant(),
            draft: draft.draft.id,
            revision: draft.draft.revision,
            page: page.into(),
            form: form
                .iter()
                .map(|(key, value)| ((*key).into(), (*value).into()))
                .collect(),
            lang: Lang::Tc,
        };
        self.services.save_page(save).await
    }

    /// A draft with every question answered.
    pub(crate) async fn answered(&self, applicant: Applicant, chip: &str) -> OpenDraft {
        let draft = self.start(applicant).await;
        let fields: Vec<String> = ["name_en", "hkid"].map(str::to_owned).to_vec();
        let place = (draft.draft.id, draft.draft.revision);
        let draft = self
            .services
            .prefill(applicant, place, &fields)
            .await
            .unwrap();
        let saved = self.save(&draft, "dog", &dog(chip)).await.unwrap();
        assert!(saved.problems.is_empty(), "{:?}", saved.problems);
        saved.draft
    }

    pub(crate) async fn frozen(&self, draft: &OpenDraft) -> Id<Demand> {
        let (applicant, id) = (draft.draft.applicant(), draft.draft.id);
        let stage = self
            .services
            .freeze(applicant, id, draft.draft.revision)
            .await
            .unwrap();
        match stage {
            Stage::Pay(demand) => demand,
            other => panic!("{other:?}"),
        }
    }

    /// The bank says that the demand was paid.
    pub(crate) async fn pay(&self, demand: Id<Demand>) {
        self.store
            .write(&Actor::system("bank"), move |tx| async move {
                let new = NewAttempt {
                    method: Method::Card,
                    key: format!("key-{demand}"),
                    lang: Lang::En,
                };
                let attempt = payments::start_attempt(&tx, demand, &new, "test").await?;
                let notice = Notice {
                    event: format!("event-{demand}"),
                    attempt: attempt.id,
                    provider_ref: format!("ref-{demand}"),
                    step: Step::Received,
                    amount: attempt.amount,
                    currency: "HKD".into(),
                    at: tx.now(),
                    detail: None,
                };
                payments::handle_event(&tx, "test", &notice).await?;
                Ok::<_, payments::Error>(())
            })
            .await
            .unwrap();
    }

    /// The phone signs the frozen answers.
    pub(crate) async fn sign(&self, applicant: Applicant, draft: Id<Draft>) -> Signature {
        let binding = Binding::of(b"browser");
        let ask = AskSignature {
            applicant,
            draft,
            binding: binding.clone(),
            place: Text::new("a test", "測試"),
            return_to: "/en/applications".into(),
        };
        let approval = self.services.ask_signature(ask).await.unwrap();
        let vault = self.keys.vault();
        for person in demo::people().iter().filter(|person| person.enrolled) {
            let phone = demo::phone(&self.store, &vault, &person.key).await.unwrap();
            if phone.person.id == applicant.person {
                let shown = identity::open(&self.store, &phone.device, approval.id)
                    .await
                    .unwrap();
                demo::answer(&self.store, &phone, &shown, Decision::Approve)
                    .await
                    .unwrap();
            }
        }
        Signature {
            approval: approval.id,
            binding,
        }
    }

    /// From nothing to a submitted application.
    pub(crate) async fn submitted(&self, applicant: Applicant, chip: &str) -> Submitted {
        let draft = self.answered(applicant, chip).await;
        let demand = self.frozen(&draft).await;
        self.pay(demand).await;
        let signature = self.sign(applicant, draft.draft.id).await;
        let submit = Submit {
            applicant,
            draft: draft.draft.id,
            signature: Some(signature),
        };
        self.services.submit(submit).await.unwrap()
    }

    pub(crate) async fn case(&self, id: Id<Case>) -> Case {
        self.services.case_row(id).await.unwrap().case
    }

    pub(crate) async fn timer(&self, key: String) -> Option<Time> {
        self.store
            .read(move |db| {
                let key = key.clone();
                async move { db.one(&TIMER_DUE, params![key]).await }
            })
            .await
            .unwrap_or_else(|error: store::Error| panic!("{error}"))
    }

    pub(crate) async fn count(&self, what: Count) -> i64 {
        self.store
            .read(move |db| async move {
                match what {
                    Count::Cases => db.only(&COUNT_CASES, params![]).await,
                    Count::Places => db.only(&COUNT_PLACES, params![]).await,
                    Count::Drafts => db.only(&COUNT_DRAFTS, params![]).await,
                    Count::Leaves => db.only(&COUNT_LEAVES, params![]).await,
                    Count::Documents => db.only(&COUNT_DOCUMENTS, params![]).await,
                }
            })
            .await
            .unwrap_or_else(|error: store::Error| panic!("{error}"))
    }

    pub(crate) async fn raw_answers(&self, case: Id<Case>) -> Vec<u8> {
        self.store
            .read(move |db| async move { db.only(&RAW_ANSWERS, params![case]).await })
            .await
            .unwrap_or_else(|error: store::Error| panic!("{error}"))
    }

    /// Cents on their way back.
    pub(crate) async fn returned(&self, demand: Id<Demand>) -> i64 {
        self.store
            .read(move |db| async move { db.only(&RETURNED, params![demand]).await })
            .await
            .unwrap_or_else(|error: store::Error| panic!("{error}"))
    }

    /// Does everything that is due: timers, letters, examinations, sweeps.
    pub(crate) async fn work(&self) {
        let runner = journal::Runner::new(self.store.clone(), Calendar::new());
        crate::jobs(runner, &self.services).settle().await.unwrap();
    }
}

/// Rows a test counts.
#[derive(Clone, Copy)]
pub(crate) enum Count {
    Cases,
    Drafts,
    /// Cases and drafts in one moment.
    Places,
    Leaves,
    Documents,
}

pub(crate) fn dog(chip: &str) -> [(&'static str, &str); 6] {
    [
        ("chip", chip),
        ("sex", "male"),
        ("born.day", "1"),
        ("born.month", "11"),
        ("born.year", "2025"),
        ("neutered", "false"),
    ]
}
