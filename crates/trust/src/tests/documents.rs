//! Signatures on documents: each broken variant gets its own word.

use std::time::Duration;

use ::store::Store;
use kernel::{Actor, Env, FakeEnv, Time};

use crate::{
    Algorithm, Issued, KeyStore, Material, Notary, Purpose, Sealing, Signer,
    cms::{Form, Judgement, Level, Word},
    digest, fresh, insert_certificate, revoke_certificate,
    x509::{Reason, Subject},
};

struct Desk {
    store: Store,
    notary: Notary,
    keys: KeyStore,
}

const CONTENT: [u8; 32] = [9; 32];

impl Desk {
    fn new(store: Store) -> Self {
        let keys = KeyStore::in_memory(store.env()).unwrap();
        Self {
            notary: Notary::new(keys.clone(), "http://localhost:8080"),
            keys,
            store,
        }
    }

    fn person(&self) -> (Box<dyn Signer>, Issued) {
        let key = fresh(Algorithm::Es256, self.notary.env()).unwrap();
        let issued = self
            .notary
            .certify(&Subject::named("LEE Siu Ming"), &*key)
            .unwrap();
        (key, issued)
    }

    async fn keep(&self, issued: &Issued) {
        let issued = issued.clone();
        self.store
            .write(&Actor::system("test"), move |tx| {
                let issued = issued.clone();
                async move { insert_certificate(&tx, &issued, "somebody").await }
            })
            .await
            .unwrap();
    }

    async fn take_back(&self, issued: &Issued) {
        let issued = issued.clone();
        self.store
            .write(&Actor::system("test"), move |tx| {
                let issued = issued.clone();
                async move {
                    revoke_certificate(
                        &tx,
                        &issued.serial,
                        &issued.authority,
                        Reason::KeyCompromise,
                    )
                    .await
                }
            })
            .await
            .unwrap();
    }

    async fn material(&self, issued: &Issued) -> Material {
        let (notary, der) = (self.notary.clone(), issued.der.clone());
        self.store
            .read(move |db| {
                let (notary, der) = (notary.clone(), der.clone());
                async move { notary.material(&db, &der).await }
            })
            .await
            .unwrap()
    }

    async fn judge(&self, message: &[u8], content: [u8; 32], brought: Material) -> Judgement {
        let (notary, message) = (self.notary.clone(), message.to_vec());
        self.store
            .read(move |db| {
                let (notary, message, brought) = (notary.clone(), message.clone(), brought.clone());
                async move { notary.judge(&db, &message, &content, brought).await }
            })
            .await
            .unwrap()
    }
}

fn unstamped(form: Form) -> Sealing {
    Sealing {
        form,
        digest: CONTENT,
        is_stamped: false,
    }
}

store::db_tests! {
    [&crate::MIGRATIONS];

    async fn a_good_signature_names_its_signer_time_and_level(store: Store) {
        let desk = Desk::new(store);
        let (key, issued) = desk.person();
        let message = desk.notary.sign(&Sealing::stamped(CONTENT), &*key, &issued).unwrap();
        let judged = desk.judge(&message, CONTENT, Material::default()).await;
        assert_eq!((judged.word, judged.level), (Word::Good, Level::T));
        assert_eq!(judged.stamped, Some(desk.notary.env().now()));
        let who = judged.who.unwrap();
        assert_eq!(who.name, "LEE Siu Ming");
        assert_eq!(who.organisation, None);
        let material = desk.material(&issued).await;
        let judged = desk.judge(&message, CONTENT, material).await;
        assert_eq!((judged.word, judged.level), (Word::Good, Level::LT));
    }

    async fn every_changed_byte_is_noticed(store: Store) {
        let desk = Desk::new(store);
        let (key, issued) = desk.person();
        let message = desk.notary.sign(&unstamped(Form::Pkcs7), &*key, &issued).unwrap();
        let judged = desk.judge(&message, [8; 32], Material::default()).await;
        assert_eq!(judged.word, Word::Changed);
        for place in 0..message.len() {
            let mut broken = message.clone();
            broken[place] ^= 1;
            let judged = desk.judge(&broken, CONTENT, Material::default()).await;
            // The copy of the authority's certificate is carried for readers, not believed.
            let stands_on_it = judged.word == Word::Good;
            if stands_on_it {
                let anchor = &desk.notary.anchors()[0];
                let at = message.windows(anchor.len()).position(|part| part == &anchor[..]).unwrap();
                let is_in_copy = (at..at + anchor.len()).contains(&place);
                let is_version = message[place] <= 3;
                assert!(is_in_copy || is_version, "byte {place}");
            }
        }
    }

    async fn a_signature_outlives_its_certificate_only_with_a_time_stamp(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store);
        let (key, issued) = desk.person();
        let bare = desk.notary.sign(&unstamped(Form::Cades), &*key, &issued).unwrap();
        let stamped = desk.notary.sign(&Sealing::stamped(CONTENT), &*key, &issued).unwrap();
        clock.advance(Duration::from_secs(25 * 3_600));
        assert_eq!(desk.judge(&bare, CONTENT, Material::default()).await.word, Word::Expired);
        assert_eq!(desk.judge(&stamped, CONTENT, Material::default()).await.word, Word::Good);
    }

    async fn a_certificate_taken_back_signs_nothing_more(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store);
        let (key, issued) = desk.person();
        desk.keep(&issued).await;
        let early = desk.notary.sign(&Sealing::stamped(CONTENT), &*key, &issued).unwrap();
        clock.advance(Duration::from_secs(60));
        desk.take_back(&issued).await;
        clock.advance(Duration::from_secs(60));
        let late = desk.notary.sign(&Sealing::stamped(CONTENT), &*key, &issued).unwrap();
        let bare = desk.notary.sign(&unstamped(Form::Pkcs7), &*key, &issued).unwrap();
        desk.keys.rotate(Purpose::DocumentAuthority).unwrap();
        for brought in [Material::default(), desk.material(&issued).await] {
            let word = async |message: &[u8]| desk.judge(message, CONTENT, brought.clone()).await.word;
            assert_eq!(word(&early).await, Word::Good, "a stamp proves that it was before");
            assert_eq!(word(&late).await, Word::Revoked);
            assert_eq!(word(&bare).await, Word::Revoked, "nothing proves that it was before");
        }
    }

    async fn a_certificate_for_something_else_signs_no_document(store: Store) {
        let desk = Desk::new(store);
        let stamper = desk.keys.signer(Purpose::TimeStamp).unwrap();
        let der = stamper.chain[0].clone();
        let issued = Issued {
            serial: String::new(),
            authority: desk.notary.authority().unwrap(),
            der,
            from: Time::from_seconds(0),
            until: Time::from_seconds(0),
        };
        let message = desk.notary.sign(&Sealing::stamped(CONTENT), &*stamper.key, &issued).unwrap();
        let judged = desk.judge(&message, CONTENT, Material::default()).await;
        assert_eq!(judged.word, Word::WrongProfile);
    }

    async fn another_installation_is_not_trusted(store: Store) {
        let desk = Desk::new(store);
        let env = Env::fake(Time::from_seconds(1_790_000_000), 6).0;
        let other = Notary::new(KeyStore::in_memory(&env).unwrap(), "http://elsewhere");
        let message = other.seal(&Sealing::stamped(CONTENT)).unwrap();
        let judged = desk.judge(&message, CONTENT, Material::default()).await;
        assert_eq!(judged.word, Word::Untrusted);
        assert_eq!(judged.stamped, None, "nor is its clock");
    }

    async fn what_a_former_authority_signed_stays_good(store: Store) {
        let desk = Desk::new(store);
        let before = desk.notary.seal(&Sealing::stamped(CONTENT)).unwrap();
        let old = desk.notary.authority().unwrap();
        desk.keys.rotate(Purpose::DocumentAuthority).unwrap();
        assert_ne!(old, desk.notary.authority().unwrap());
        let after = desk.notary.seal(&Sealing::stamped(CONTENT)).unwrap();
        for message in [before, after] {
            assert_eq!(desk.judge(&message, CONTENT, Material::default()).await.word, Word::Good);
        }
    }

    async fn signed_data_names_its_signer_and_any_change_is_noticed(store: Store, clock: FakeEnv) {
        let desk = Desk::new(store);
        let data = ("application/json", &br#"{"rent":12000}"#[..]);
        let judge = async |token: &str| {
            let (notary, token) = (desk.notary.clone(), token.to_owned());
            desk.store
                .read(move |db| {
                    let (notary, token) = (notary.clone(), token.clone());
                    async move { notary.judge_data(&db, &token).await }
                })
                .await
                .unwrap()
        };
        for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
            let key = fresh(algorithm, desk.notary.env()).unwrap();
            let issued = desk.notary.certify(&Subject::named("LEE Siu Ming"), &*key).unwrap();
            let token = desk.notary.sign_data(&*key, &issued, data).unwrap();
            let judged = judge(&token).await;
            assert_eq!(judged.judgement.word, Word::Good);
            assert_eq!(judged.data, data.1);
            let (head, rest) = token.split_once('.').unwrap();
            let other = crate::base64url::encode(br#"{"rent":92000}"#);
            let changed = format!("{head}.{other}.{}", rest.split_once('.').unwrap().1);
            assert_eq!(judge(&changed).await.judgement.word, Word::Changed);
            desk.keep(&issued).await;
            desk.take_back(&issued).await;
            assert_eq!(judge(&token).await.judgement.word, Word::Revoked);
        }
        let sealed = desk.notary.seal_data(data).unwrap();
        clock.advance(Duration::from_secs(25 * 3_600));
        assert_eq!(judge(&sealed).await.judgement.word, Word::Good);
        assert_eq!(judge("a.b.c").await.judgement.word, Word::Unreadable);
    }

    async fn noise_is_unreadable_and_never_a_panic(store: Store) {
        let desk = Desk::new(store);
        let message = desk.notary.seal(&Sealing::stamped(CONTENT)).unwrap();
        for cut in (0..message.len()).step_by(7) {
            let judged = desk.judge(&message[..cut], CONTENT, Material::default()).await;
            assert_eq!(judged.word, Word::Unreadable);
        }
        let judged = desk.judge(&digest::sha256("noise"), CONTENT, Material::default()).await;
        assert_eq!(judged.word, Word::Unreadable);
    }
}
