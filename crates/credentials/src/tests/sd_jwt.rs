//! SD-JWT VC: one test for each thing a verifier has been seen to forget.

use kernel::Time;
use serde_json::{Map, Value, json};
use trust::{Purpose, SigningKey, base64url, digest, jws};

use super::{claims, device, fake, issuer};
use crate::{
    Error, Issuer,
    sd_jwt::{self, Claims, Expected, Subject},
    status_list::StatusRef,
};

fn subject(issuer: &Issuer) -> Subject {
    Subject {
        issuer: issuer.identifier(),
        vct: issuer.vct("driving_licence"),
        holder: device(5).public().clone(),
        issued: issuer.now(),
        expires: Some(Time::from_seconds(2_000_000_000)),
        status: Some(StatusRef {
            idx: 7,
            uri: issuer.status_url(1),
        }),
        open: Map::new(),
        selective: claims(),
    }
}

fn issued(issuer: &Issuer) -> String {
    let key = issuer.keys().signer(Purpose::CredentialIssuer).unwrap();
    sd_jwt::issue(&subject(issuer), &key, &fake().0)
        .unwrap()
        .text
}

fn verify(issuer: &Issuer, text: &str) -> Result<Claims, Error> {
    sd_jwt::verify(text, &|header| issuer.credential_key(header))
}

/// A credential with any payload, signed by the issuer's true key.
fn signed(issuer: &Issuer, typ: &str, payload: &Value) -> String {
    let key = issuer.keys().signer(Purpose::CredentialIssuer).unwrap().key;
    jws::Signer::new(&key, typ).sign(payload).unwrap()
}

fn payload(issuer: &Issuer, digests: &[String]) -> Value {
    json!({
        "iss": issuer.identifier(), "vct": issuer.vct("driving_licence"),
        "cnf": { "jwk": device(5).public().jwk() }, "_sd_alg": "sha-256", "_sd": digests,
    })
}

fn disclosure(value: &Value) -> (String, String) {
    let text = base64url::encode(value.to_string());
    let digest = base64url::encode(digest::sha256(&text));
    (text, digest)
}

#[test]
fn a_credential_opens_with_everything_it_discloses() {
    let issuer = issuer(&fake().0);
    let opened = verify(&issuer, &issued(&issuer)).unwrap();
    assert_eq!(opened.claims, claims());
    assert_eq!(opened.holder, *device(5).public());
    assert_eq!(opened.status.unwrap().idx, 7);
    assert_eq!(opened.vct, issuer.vct("driving_licence"));
}

#[test]
fn the_signed_part_shows_no_personal_claim() {
    let issuer = issuer(&fake().0);
    let text = issued(&issuer);
    let token = text.split('~').next().unwrap();
    let body = base64url::decode(token.split('.').nth(1).unwrap()).unwrap();
    let body = String::from_utf8(body).unwrap();
    for word in ["CHAN", "A123456", "1974", "hkid", "classes"] {
        assert!(!body.contains(word), "{word} is in the open");
    }
}

#[test]
fn a_withheld_claim_is_absent_and_the_rest_still_holds() {
    let issuer = issuer(&fake().0);
    let text = issued(&issuer);
    let parts: Vec<&str> = text.split('~').collect();
    let fewer = format!("{}~{}~", parts[0], parts[2]);
    assert_eq!(verify(&issuer, &fewer).unwrap().claims.len(), 1);
}

#[test]
fn every_changed_character_is_noticed() {
    let issuer = issuer(&fake().0);
    let text = issued(&issuer);
    for place in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verify(&issuer, &changed).is_err(), "changed at {place}");
    }
}

#[test]
fn another_key_another_type_and_an_unknown_issuer_are_refused() {
    let (env, _) = fake();
    let issuer = issuer(&env);
    let body = payload(&issuer, &[]);
    assert!(
        verify(
            &issuer,
            &format!("{}~", signed(&issuer, "dc+sd-jwt", &body))
        )
        .is_ok()
    );
    for typ in ["vc+sd-jwt", "JWT", "kb+jwt"] {
        assert!(
            verify(&issuer, &format!("{}~", signed(&issuer, typ, &body))).is_err(),
            "{typ}"
        );
    }
    let stranger = SigningKey::from_scalar([9; 32]).unwrap();
    let forged = jws::Signer::new(&stranger, "dc+sd-jwt")
        .sign(&body)
        .unwrap();
    assert!(matches!(
        verify(&issuer, &format!("{forged}~")),
        Err(Error::UnknownIssuer)
    ));
    let key = stranger.public().clone();
    let wrong = sd_jwt::verify(&issued(&issuer), &|_| Some(key.clone()));
    assert!(matches!(wrong, Err(Error::Trust(_))));
}

#[test]
fn disclosures_must_be_wanted_once_and_well_formed() {
    let issuer = issuer(&fake().0);
    let (name, name_digest) = disclosure(&json!(["salt", "name_en", "X"]));
    let (again, again_digest) = disclosure(&json!(["other", "name_en", "Y"]));
    let head = signed(
        &issuer,
        "dc+sd-jwt",
        &payload(&issuer, &[name_digest, again_digest]),
    );
    assert!(verify(&issuer, &format!("{head}~{name}~")).is_ok());
    let (stray, _) = disclosure(&json!(["salt", "class", "9"]));
    for text in [
        format!("{head}~{stray}~"),
        format!("{head}~{name}~{name}~"),
        format!("{head}~{name}~{again}~"),
        format!("{head}~{name}"),
        format!("{head}~~"),
        format!("{head}~{name}=~"),
    ] {
        assert!(verify(&issuer, &text).is_err(), "{text}");
    }
}

#[test]
fn malformed_and_reserved_disclosures_are_refused_even_when_signed_for() {
    let issuer = issuer(&fake().0);
    for value in [
        json!(["salt", "only two"]),
        json!(["salt", "name", "value", "fourth"]),
        json!([1, "name", "value"]),
        json!(["salt", 1, "value"]),
        json!({"salt": "x"}),
        json!("text"),
        json!(["salt", "_sd", ["x"]]),
        json!(["salt", "...", "x"]),
        json!(["salt", "iss", "https://evil.test"]),
        json!(["salt", "exp", 9_999_999_999_u64]),
        json!(["salt", "vct", "other"]),
        json!(["salt", "cnf", {}]),
        json!(["salt", "status", {}]),
        json!(["salt", "holder", {"_sd": ["x"]}]),
        json!(["salt", "classes", [{"...": "x"}]]),
    ] {
        let (text, digest) = disclosure(&value);
        let head = signed(&issuer, "dc+sd-jwt", &payload(&issuer, &[digest]));
        assert!(
            verify(&issuer, &format!("{head}~{text}~")).is_err(),
            "{value}"
        );
    }
}

#[test]
fn broken_structure_in_the_signed_part_is_refused() {
    let issuer = issuer(&fake().0);
    let mut other_alg = payload(&issuer, &[]);
    other_alg["_sd_alg"] = json!("sha-512");
    let mut not_a_list = payload(&issuer, &[]);
    not_a_list["_sd"] = json!("x");
    let mut nested = payload(&issuer, &[]);
    nested["address"] = json!({"_sd": []});
    let mut nested_alg = payload(&issuer, &[]);
    nested_alg["address"] = json!({"_sd_alg": "md5"});
    let twice = payload(&issuer, &["a".into(), "a".into()]);
    let mut no_key = payload(&issuer, &[]);
    no_key["cnf"] = json!({});
    let mut private = payload(&issuer, &[]);
    private["cnf"]["jwk"]["d"] = json!("AAAA");
    for body in [
        other_alg, not_a_list, nested, nested_alg, twice, no_key, private,
    ] {
        let text = format!("{}~", signed(&issuer, "dc+sd-jwt", &body));
        assert!(verify(&issuer, &text).is_err(), "{body}");
    }
}

struct Binding {
    typ: &'static str,
    claims: Value,
    key: SigningKey,
}

type Change = Box<dyn FnOnce(&mut Binding)>;

fn present(issuer: &Issuer, change: impl FnOnce(&mut Binding)) -> Result<Claims, Error> {
    let credential = issued(issuer);
    let mut binding = Binding {
        typ: "kb+jwt",
        claims: json!({
            "aud": "x509_hash:abc", "nonce": "n1", "iat": issuer.now().seconds(),
            "sd_hash": base64url::encode(digest::sha256(&credential)),
        }),
        key: device(5),
    };
    change(&mut binding);
    let token = jws::Signer::new(&binding.key, binding.typ)
        .sign(&binding.claims)
        .unwrap();
    let expected = Expected {
        audience: "x509_hash:abc",
        nonce: "n1",
        max_age: 120,
    };
    sd_jwt::verify_presentation(
        &format!("{credential}{token}"),
        &|header| issuer.credential_key(header),
        expected,
        issuer.now(),
    )
}

#[test]
fn a_key_binding_must_hold_in_every_part() {
    let issuer = issuer(&fake().0);
    assert!(present(&issuer, |_| {}).is_ok());
    let now = issuer.now().seconds();
    let changes: [(&str, Change); 11] = [
        ("type", Box::new(|b| b.typ = "JWT")),
        ("key", Box::new(|b| b.key = device(6))),
        ("audience", Box::new(|b| b.claims["aud"] = json!("abc"))),
        ("nonce", Box::new(|b| b.claims["nonce"] = json!("n2"))),
        ("old", Box::new(move |b| b.claims["iat"] = json!(now - 121))),
        (
            "early",
            Box::new(move |b| b.claims["iat"] = json!(now + 61)),
        ),
        (
            "no iat",
            Box::new(|b| {
                b.claims.as_object_mut().unwrap().remove("iat");
            }),
        ),
        (
            "no nonce",
            Box::new(|b| {
                b.claims.as_object_mut().unwrap().remove("nonce");
            }),
        ),
        (
            "no aud",
            Box::new(|b| {
                b.claims.as_object_mut().unwrap().remove("aud");
            }),
        ),
        (
            "no hash",
            Box::new(|b| {
                b.claims.as_object_mut().unwrap().remove("sd_hash");
            }),
        ),
        ("hash", Box::new(|b| b.claims["sd_hash"] = json!("AAAA"))),
    ];
    for (name, change) in changes {
        let outcome = present(&issuer, change);
        assert!(
            matches!(outcome, Err(Error::HolderBinding)),
            "{name}: {outcome:?}"
        );
    }
}

#[test]
fn a_presentation_without_key_binding_is_refused() {
    let issuer = issuer(&fake().0);
    let expected = Expected {
        audience: "a",
        nonce: "n",
        max_age: 60,
    };
    let outcome = sd_jwt::verify_presentation(
        &issued(&issuer),
        &|header| issuer.credential_key(header),
        expected,
        issuer.now(),
    );
    assert!(matches!(outcome, Err(Error::HolderBinding)));
}
