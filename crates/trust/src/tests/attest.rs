//! What the platform vouches for about a signer, and what others make of it.

use kernel::{Env, Time};
use serde_json::{Map, json};
use store::Store;

use crate::{
    Attestation, Attested, KeyStore, Notary, SigningKey, base64url,
    cms::Word,
    digest, jws,
    sd_jwt::{Expected, KEY_BINDING_TYPE},
};

fn notary(env: &Env) -> Notary {
    let keys = KeyStore::in_memory(env).unwrap();
    Notary::new(keys, "http://localhost:8080")
}

fn vouched(notary: &Notary) -> String {
    let map = |value: serde_json::Value| value.as_object().cloned().unwrap_or_else(Map::new);
    let what = Attestation {
        open: map(json!({ "certificate_sha256": "abc" })),
        selective: map(json!({ "company": { "name": "Harbour Demonstration Limited" } })),
    };
    let expected = Expected {
        audience: "td-parking",
        nonce: "b-1",
        max_age: 0,
    };
    notary.attest(what, expected).unwrap()
}

async fn judged(store: &Store, notary: &Notary, text: &str) -> Attested {
    let (notary, text) = (notary.clone(), text.to_owned());
    store
        .read(move |db| {
            let (notary, text) = (notary.clone(), text.clone());
            async move { notary.judge_attestation(&db, &text).await }
        })
        .await
        .unwrap()
}

store::db_tests! {
    [&crate::MIGRATIONS];

    async fn what_is_vouched_for_is_read_with_whom_it_was_made_for(store: Store) {
        let notary = notary(store.env());
        let read = judged(&store, &notary, &vouched(&notary)).await;
        assert_eq!(read.judgement.word, Word::Good);
        assert_eq!((read.audience.as_str(), read.request.as_str()), ("td-parking", "b-1"));
        assert_eq!(read.claims["company"]["name"], "Harbour Demonstration Limited");
        assert_eq!(read.claims["certificate_sha256"], "abc");
        let who = read.judgement.who.unwrap();
        assert_eq!(who.organisation.as_deref(), Some("Causeway"));
        assert_eq!(read.judgement.claimed.map(Time::seconds), Some(store.env().now().seconds()));
    }

    async fn a_changed_or_foreign_attestation_is_not_believed(store: Store) {
        let own = notary(store.env());
        let text = vouched(&own);
        let other = KeyStore::in_memory(&Env::fake(store.env().now(), 99).0).unwrap();
        let other = Notary::new(other, "http://localhost:8080");
        assert_eq!(judged(&store, &other, &text).await.judgement.word, Word::Untrusted);

        let (credential, _) = text.split_at(text.rfind('~').unwrap() + 1);
        let stranger = SigningKey::generate(store.env()).unwrap();
        let claims = json!({
            "aud": "td-other", "nonce": "b-1", "iat": store.env().now().seconds(),
            "sd_hash": base64url::encode(digest::sha256(credential)),
        });
        let binding = jws::Signer::new(&stranger, KEY_BINDING_TYPE).sign(&claims).unwrap();
        let stolen = judged(&store, &own, &format!("{credential}{binding}")).await;
        assert_eq!(stolen.judgement.word, Word::Changed, "the holder's key is gone");

        let parts: Vec<&str> = text.split('~').collect();
        let fewer = [parts[0], parts[2]].join("~");
        assert_ne!(judged(&store, &own, &fewer).await.judgement.word, Word::Good);
        for place in (0..text.len()).step_by(7) {
            let mut broken = text.clone().into_bytes();
            broken[place] ^= 1;
            let broken = String::from_utf8_lossy(&broken).into_owned();
            let read = judged(&store, &own, &broken).await;
            assert_ne!(read.judgement.word, Word::Good, "byte {place}");
        }
    }
}
