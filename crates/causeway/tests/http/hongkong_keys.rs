//! Headers, nonces, secrets and keys of the Hong Kong wire form.

use std::time::Duration;

use axum::http::StatusCode;
use identity::provider::ClientChange;
use serde_json::{Value, json};
use testkit::{
    Answer, App,
    hongkong::{Department, certificate, issued, pem_of, unbase64},
};
use trust::envelope::Padding;

const GET_KEY: &str = "/api/v1/security/getKey";
const REVOKE: &str = "/api/v1/security/revokeKey";
const TOKEN: &str = "/api/v1/auth/getToken";
const CALLBACK: &str = "https://td.example/cb";

fn code(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    body["code"].as_str().unwrap().to_owned()
}

async fn department(app: &App) -> Department<'_> {
    Department::register(app, "td-parking", CALLBACK)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_request_counts_only_with_every_header_right() {
    let app = App::start().await.unwrap();
    let own = department(&app).await;
    let right = || own.sign("");
    let mut cases = Vec::new();
    let mut case = |spoil: &dyn Fn(&mut testkit::hongkong::Signed), code: &'static str| {
        let mut signed = right();
        spoil(&mut signed);
        cases.push((signed, code));
    };
    case(&|_| {}, "D00000");
    case(
        &|own| own.signature = own.signature.replace('=', "%3D"),
        "D00000",
    );
    case(
        &|own| {
            own.signature = own.mac("secret-of-td-parking", "");
            own.signature = own.signature.replace('+', "%2B").replace('/', "%2f");
        },
        "D00000",
    );
    case(
        &|own| own.signature = own.mac("another secret", ""),
        "D20006",
    );
    case(&|own| own.signature = "not base64".to_owned(), "D20006");
    case(&|own| own.client = "nobody".to_owned(), "D20006");
    case(&|own| own.client = "rvd-rates-demo".to_owned(), "D20006");
    case(&|own| own.nonce.push('x'), "D20006");
    case(&|own| own.signature.clear(), "D20002");
    case(&|own| own.nonce = "n".repeat(37), "D20003");
    case(&|own| own.method = "HmacSHA1".to_owned(), "D20005");
    for (signed, expected) in cases {
        let answer = own.send(GET_KEY, &signed, "").await.unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(code(&answer), expected, "{signed:?}");
    }
    let bare = axum::http::Request::post(GET_KEY).body(axum::body::Body::empty());
    let bare = app.browser().send(bare.unwrap()).await.unwrap();
    assert_eq!(code(&bare), "D20001");
    let signed = own.sign("");
    let other = own.send(GET_KEY, &signed, "{}").await.unwrap();
    assert_eq!(code(&other), "D20006", "the body is signed too");
}

#[tokio::test]
async fn a_nonce_is_used_once_and_clocks_may_differ_but_not_by_much() {
    let app = App::start().await.unwrap();
    let own = department(&app).await;
    let signed = own.sign("");
    assert_eq!(
        code(&own.send(GET_KEY, &signed, "").await.unwrap()),
        "D00000"
    );
    assert_eq!(
        code(&own.send(GET_KEY, &signed, "").await.unwrap()),
        "D20004"
    );
    let now = app.system.store.env().now().micros() / 1_000;
    for (apart, expected) in [
        (-299_000, "D00000"),
        (299_000, "D00000"),
        // Before the last one: machines of one client need not agree.
        (-120_000, "D00000"),
        (-301_000, "D20003"),
        (301_000, "D20003"),
    ] {
        let mut signed = own.sign("");
        signed.timestamp = (now + apart).to_string();
        signed.signature = signed.mac(&own.secret, "");
        let answer = own.send(GET_KEY, &signed, "").await.unwrap();
        assert_eq!(code(&answer), expected, "{apart}");
    }
    let mut signed = own.sign("");
    signed.timestamp = "yesterday".to_owned();
    signed.signature = signed.mac(&own.secret, "");
    assert_eq!(
        code(&own.send(GET_KEY, &signed, "").await.unwrap()),
        "D20003"
    );
    // From the far end of the window a request passes for twice its length; its nonce is kept so long.
    let mut ahead = own.sign("");
    ahead.timestamp = (now + 300_000).to_string();
    ahead.signature = ahead.mac(&own.secret, "");
    let first = own.send(GET_KEY, &ahead, "").await.unwrap();
    assert_eq!(code(&first), "D00000");
    app.clock.advance(Duration::from_secs(599));
    identity::sweep(&app.system.store).await.unwrap();
    let again = own.send(GET_KEY, &ahead, "").await.unwrap();
    assert_eq!(code(&again), "D20004");
}

#[tokio::test]
async fn two_secrets_count_until_the_older_is_retired() {
    let app = App::start().await.unwrap();
    let mut own = department(&app).await;
    let vault = app.system.keys.vault();
    own.change(|wanted| {
        let wire = wanted.wire.as_mut().unwrap();
        wire.renew(&vault, "td-parking", ("the-new-secret", 1))
            .unwrap();
    })
    .await
    .unwrap();
    let old = own.secret.clone();
    for secret in [old.as_str(), "the-new-secret"] {
        own.secret = secret.to_owned();
        assert_eq!(own.fetch_key().await.unwrap()["code"], "D00000", "{secret}");
    }
    own.change(|wanted| wanted.wire.as_mut().unwrap().retire())
        .await
        .unwrap();
    assert_eq!(own.fetch_key().await.unwrap()["code"], "D00000");
    own.secret = old;
    assert_eq!(own.fetch_key().await.unwrap()["code"], "D20006");
    let own_row = identity::provider::find_client(&app.system.store, "td-parking").await;
    let kept = format!("{:?}", own_row.unwrap().unwrap());
    assert!(!kept.contains("the-new-secret"), "secrets rest sealed");
}

#[tokio::test]
async fn a_suspended_client_hears_that_it_is() {
    let app = App::start().await.unwrap();
    let own = department(&app).await;
    own.fetch_key().await.unwrap();
    own.step("operator", ClientChange::Suspend).await.unwrap();
    assert_eq!(own.fetch_key().await.unwrap()["code"], "D10001");
    let wrong = own.call(TOKEN, &json!({})).await.unwrap();
    assert_eq!(wrong.code, "D10001");
    let mut signed = own.sign("");
    signed.signature = signed.mac("another", "");
    let answer = own.send(GET_KEY, &signed, "").await.unwrap();
    assert_eq!(code(&answer), "D20006", "nobody else hears it");
}

#[tokio::test]
async fn a_content_key_stays_until_it_expires_or_is_revoked() {
    let app = App::start().await.unwrap();
    let own = department(&app).await;
    let none = json!({ "content": "AAAA" }).to_string();
    let none = own.send(TOKEN, &own.sign(&none), &none).await.unwrap();
    assert_eq!(code(&none), "D30002", "no key yet");
    let first = own.fetch_key().await.unwrap();
    assert_eq!(first["content"]["expiresIn"], 6_000_000);
    assert!(first["content"]["issueAt"].as_i64().unwrap() > 1_000_000_000_000);
    let again = own.fetch_key().await.unwrap();
    assert_eq!(
        first["content"], again["content"],
        "asking again brings the same"
    );
    assert_eq!(own.own_key().clone().unwrap().len(), 32);

    let right = own.call(TOKEN, &json!({})).await.unwrap();
    assert_eq!(right.code, "D20001", "{}", right.message);
    assert!(right.message.contains("{code}"), "{}", right.message);
    let kept = own.own_key().replace(vec![7; 32]);
    assert_eq!(own.call(TOKEN, &json!({})).await.unwrap().code, "D30004");
    *own.own_key() = kept;
    for (body, expected) in [
        ("", "D20001"),
        ("{}", "D20003"),
        ("{\"content\":\"not base64\"}", "D30004"),
        ("{\"content\":\"AAAADA==\"}", "D30004"),
    ] {
        let answer = own.send(TOKEN, &own.sign(body), body).await.unwrap();
        assert_eq!(code(&answer), expected, "{body}");
    }

    app.clock.advance(Duration::from_secs(6_001));
    assert_eq!(own.call(TOKEN, &json!({})).await.unwrap().code, "D30002");
    let next = own.fetch_key().await.unwrap();
    assert_ne!(first["content"]["secretKey"], next["content"]["secretKey"]);
    let dropped = own.send(REVOKE, &own.sign(""), "").await.unwrap();
    assert_eq!(code(&dropped), "D00000");
    assert_eq!(own.call(TOKEN, &json!({})).await.unwrap().code, "D30002");
    let nothing = own.send(REVOKE, &own.sign(""), "").await.unwrap();
    assert_eq!(code(&nothing), "D30002");
}

#[tokio::test]
async fn a_new_certificate_counts_from_the_next_content_key_on() {
    let app = App::start().await.unwrap();
    let mut own = department(&app).await;
    own.fetch_key().await.unwrap();
    let first = own.own_key().clone();
    let (private, pem) = certificate("new.example").unwrap();
    own.change(|wanted| wanted.wire.as_mut().unwrap().certificate = pem)
        .await
        .unwrap();
    own.fetch_key().await.unwrap();
    assert_eq!(*own.own_key(), first, "still sealed to the old one");
    own.send(REVOKE, &own.sign(""), "").await.unwrap();
    assert!(
        own.fetch_key().await.is_err(),
        "the old key no longer opens it"
    );
    own.take_key(private);
    own.fetch_key().await.unwrap();
    assert_ne!(*own.own_key(), first);
    app.clock.advance(Duration::from_secs(2 * 366 * 86_400));
    let answer = own.fetch_key().await.unwrap();
    assert_eq!(answer["code"], "D30001", "the certificate has expired");
}

#[tokio::test]
async fn a_client_may_have_its_key_sealed_with_oaep() {
    let app = App::start().await.unwrap();
    let own = Department::register_with(&app, "td-oaep", CALLBACK, |wanted| {
        wanted.wire.as_mut().unwrap().padding = Padding::OaepSha256;
    })
    .await
    .unwrap();
    assert_eq!(own.fetch_key().await.unwrap()["code"], "D00000");
    assert_eq!(own.call(TOKEN, &json!({})).await.unwrap().code, "D20001");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read() {
    let app = App::start().await.unwrap();
    let own = department(&app).await;
    let body = "x".repeat(10 * 1024 * 1024 + 1);
    let answer = own.send(TOKEN, &own.sign(&body), &body).await.unwrap();
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

async fn limited(name: &str) -> App {
    let knobs = causeway::Knobs {
        has_rate_limits: true,
        records_answers: false,
    };
    let dir = std::env::temp_dir().join(format!("causeway-{name}-{}", std::process::id()));
    App::open(dir, 7, knobs).await.unwrap()
}

#[tokio::test]
async fn who_guesses_a_client_s_key_waits_and_nobody_else_at_the_address_does() {
    let app = limited("hongkong-guess").await;
    let own = department(&app).await;
    let other = Department::register(&app, "td-other", CALLBACK)
        .await
        .unwrap();
    let mut statuses = Vec::new();
    for _ in 0..25 {
        let mut signed = own.sign("");
        signed.signature = "AAAA".to_owned();
        statuses.push(own.send(GET_KEY, &signed, "").await.unwrap().status);
    }
    let refused = statuses.iter().filter(|status| **status == StatusCode::OK);
    assert!((20..=21).contains(&refused.count()), "{statuses:?}");
    assert_eq!(statuses[24], StatusCode::TOO_MANY_REQUESTS);
    let held = own.send(GET_KEY, &own.sign(""), "").await.unwrap();
    assert_eq!(
        held.status,
        StatusCode::TOO_MANY_REQUESTS,
        "under that name"
    );
    assert_eq!(other.fetch_key().await.unwrap()["code"], "D00000");
    app.clock.advance(Duration::from_secs(61));
    assert_eq!(own.fetch_key().await.unwrap()["code"], "D00000");
}

#[tokio::test]
async fn a_department_may_ask_as_often_as_its_people_need() {
    let app = limited("hongkong-busy").await;
    let own = department(&app).await;
    for _ in 0..1_300 {
        let answer = own.send(GET_KEY, &own.sign(""), "").await.unwrap();
        assert_eq!(answer.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn hundreds_behind_one_address_may_begin_a_login() {
    let app = limited("hongkong-crowd").await;
    let own = department(&app).await;
    let door = crate::hongkong::door(&own, &[]);
    for _ in 0..300 {
        let request = axum::http::Request::builder().uri(&door);
        let request = request.body(axum::body::Body::empty()).unwrap();
        let answer = app.browser().send(request).await.unwrap();
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.words());
    }
}

#[tokio::test]
async fn a_key_is_sealed_only_to_certificates_of_the_authorities_that_the_operator_names() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut terms = rcgen::CertificateParams::new(Vec::new()).unwrap();
    terms.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    terms.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    terms.not_before = rcgen::date_time_ymd(2026, 1, 1);
    terms.not_after = rcgen::date_time_ymd(2028, 1, 1);
    let own = terms.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(terms, key);
    let folder = std::env::temp_dir().join(format!("causeway-authorities-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut config = causeway::config::Config::default();
    config.server.demo = true;
    config.hongkong.authorities_file = folder.join("recognised.pem");
    config.store.data_dir = folder.join("data");
    std::fs::write(&config.hongkong.authorities_file, pem_of(own.der())).unwrap();
    let knobs = causeway::Knobs {
        has_rate_limits: false,
        records_answers: false,
    };
    let moment = kernel::Env::system().now();
    let app = App::open_at(&config, (moment, 7), knobs).await.unwrap();
    let unknown = department(&app).await;
    assert_eq!(
        unknown.fetch_key().await.unwrap()["code"],
        "D30001",
        "its own word"
    );
    let (private, pem) = issued("eservice.example", &issuer).unwrap();
    let mut known = Department::register_with(&app, "td-known", CALLBACK, |wanted| {
        wanted.wire.as_mut().unwrap().certificate = pem;
    })
    .await
    .unwrap();
    known.take_key(private);
    assert_eq!(known.fetch_key().await.unwrap()["code"], "D00000");
    drop(app);
    std::fs::write(&config.hongkong.authorities_file, "none").unwrap();
    let refused = App::open_at(&config, (moment, 7), knobs).await;
    assert!(refused.is_err(), "a file that names nobody");
    let _ = std::fs::remove_dir_all(&folder);
}

#[tokio::test]
async fn nothing_that_could_be_used_stands_in_a_registration_without_a_certificate() {
    let app = App::start().await.unwrap();
    let spoilt = Department::register_with(&app, "td-spoilt", CALLBACK, |wanted| {
        wanted.wire.as_mut().unwrap().certificate = "-----BEGIN CERTIFICATE-----".to_owned();
    })
    .await;
    assert!(spoilt.is_err(), "it cannot be put in force");
}

/// The certificate with a key that reads as one of RSA and that nothing can be sealed to: its modulus is
/// even.
fn unusable(pem: &str) -> String {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let mut der = unbase64(&body).unwrap();
    let head = [0x02, 0x82, 0x01, 0x01, 0x00];
    let place = der.windows(5).position(|part| part == head).unwrap();
    der[place + 4 + 256] &= 0xfe;
    pem_of(&der)
}

#[tokio::test]
async fn a_certificate_that_nothing_can_be_sealed_to_is_not_registered() {
    let app = App::start().await.unwrap();
    let (_, pem) = certificate("eservice.example").unwrap();
    let spoilt = unusable(&pem);
    let refused = Department::register_with(&app, "td-spoilt", CALLBACK, |wanted| {
        wanted.wire.as_mut().unwrap().certificate = spoilt;
    })
    .await;
    let why = refused.unwrap_err().to_string();
    assert!(
        why.contains("registration"),
        "30003 is not met by a client: {why}"
    );
}
