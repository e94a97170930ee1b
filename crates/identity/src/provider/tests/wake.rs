//! Phones that are rung while their app is closed.

use kernel::{Actor, Text};
use serde_json::Value;
use trust::{PublicKey, base64url, jws::Unverified};

use super::{modules, world::World};
use crate::{
    Approval, Binding, Decision, Device, Level, NewApproval, Person, Purpose, provider::Sent,
};

const ADDRESS: &str = "https://push.example:8443/send/one?x=1";

struct Held {
    person: Person,
    device: Device,
}

async fn held(w: &World, address: Option<&str>) -> Held {
    let vault = w.keys.vault();
    let phone = crate::demo::phone(&w.store, &vault, w.person)
        .await
        .unwrap();
    crate::wake::set(&w.store, &vault, &phone.device, address)
        .await
        .unwrap();
    Held {
        person: phone.person,
        device: phone.device,
    }
}

async fn asked(w: &World, of: &Held) -> Approval {
    let new = NewApproval {
        purpose: Purpose::Consent,
        requester: Text::same("Department"),
        place: Text::default(),
        asked: Level::Basic,
        person: Some(of.person.id),
        summary: Text::same("Confirm"),
        detail: Vec::new(),
        digest: trust::digest::sha256("x"),
        binding: Binding::of(b"secret"),
        return_to: "/en".to_owned(),
    };
    crate::ask(&w.store, &Actor::system("test"), new)
        .await
        .unwrap()
}

async fn work(w: &World) -> Vec<crate::provider::Post> {
    let runner = journal::Runner::new(w.store.clone(), journal::Calendar::new());
    crate::provider::jobs(runner, &w.provider)
        .settle()
        .await
        .unwrap();
    std::mem::take(&mut *w.letterbox.posts.lock().unwrap())
}

modules! {
    async fn a_phone_is_rung_with_nothing_said_in_the_platform_s_name(w) {
        let who = held(w, Some(ADDRESS)).await;
        asked(w, &who).await;
        let posts = work(w).await;
        assert_eq!(posts.len(), 1, "{posts:?}");
        let post = &posts[0];
        assert_eq!((post.uri.as_str(), post.body.as_str(), post.content_type), (ADDRESS, "", ""));
        let more = |name| post.more.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
        assert_eq!(more("ttl"), Some("240"), "for as long as the question stands");
        assert_eq!(more("urgency"), Some("high"));
        let said = post.authorization.as_deref().unwrap().strip_prefix("vapid t=").unwrap();
        let (token, key) = said.split_once(", k=").unwrap();
        assert_eq!(key, crate::wake::public(&w.keys.vault()).unwrap());
        let key = PublicKey::from_point(&base64url::decode(key).unwrap()).unwrap();
        let claims: Value = Unverified::parse(token).unwrap().verify("JWT", &key).unwrap().claims().unwrap();
        assert_eq!(claims["aud"], "https://push.example:8443");
        assert_eq!(claims["sub"], w.rp.issuer);
        let now = w.store.env().now().seconds();
        assert!(claims["exp"].as_i64().unwrap() <= now + 86_400, "{claims}");
    }

    async fn nobody_is_rung_for_what_is_answered_or_over(w) {
        let who = held(w, Some(ADDRESS)).await;
        let approval = asked(w, &who).await;
        w.phone(&approval.id.to_string(), Decision::Approve).await;
        asked(w, &who).await;
        w.clock.advance(std::time::Duration::from_secs(241));
        assert_eq!(work(w).await.len(), 0);
    }

    async fn a_phone_that_does_not_want_it_or_is_gone_is_not_rung(w) {
        let who = held(w, Some(ADDRESS)).await;
        held(w, None).await;
        asked(w, &who).await;
        assert_eq!(work(w).await.len(), 0, "it took its word back");
        held(w, Some(ADDRESS)).await;
        *w.letterbox.answer.lock().unwrap() = Sent::Gone;
        asked(w, &who).await;
        assert_eq!(work(w).await.len(), 1);
        asked(w, &who).await;
        assert_eq!(work(w).await.len(), 0, "the browser is gone, and so is its address");
        held(w, Some(ADDRESS)).await;
        let person = who.person.id;
        w.store.write(&Actor::system("test"), move |tx| async move {
            crate::revoke_device_in(&tx, person, "lost").await
        }).await.unwrap();
        asked(w, &who).await;
        assert_eq!(work(w).await.len(), 0, "the phone is removed");
    }

    async fn a_push_service_that_is_away_is_called_again_and_an_address_must_be_safe(w) {
        let who = held(w, Some(ADDRESS)).await;
        *w.letterbox.answer.lock().unwrap() = Sent::Unheard;
        asked(w, &who).await;
        assert_eq!(work(w).await.len(), 1);
        *w.letterbox.answer.lock().unwrap() = Sent::Heard;
        w.clock.advance(std::time::Duration::from_secs(60));
        assert_eq!(work(w).await.len(), 1, "again, while the question stands");
        for address in ["http://push.example/one", "push.example", "https://a@push.example/", ""] {
            let refused = crate::wake::set(&w.store, &w.keys.vault(), &who.device, Some(address)).await;
            assert!(matches!(refused, Err(crate::Error::Malformed(_))), "{address}");
        }
    }
}
