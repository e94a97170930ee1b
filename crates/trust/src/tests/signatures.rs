//! JWS, COSE and the encodings under them.

use serde_json::{Value, json};

use super::env;
use crate::{Error, Jwk, PublicKey, SigningKey, base64url, cose, digest, jws};

fn key() -> SigningKey {
    SigningKey::generate(&env()).unwrap()
}

#[test]
fn the_thumbprint_agrees_with_rfc_7638_rules_and_an_independent_value() {
    // The key of RFC 7515 appendix A.3; thumbprint computed with the canonical member order.
    let jwk = Jwk::from_value(&json!({
        "kty": "EC", "crv": "P-256", "kid": "ignored",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    }))
    .unwrap();
    let key = jwk.public_key().unwrap();
    assert_eq!(
        key.thumbprint(),
        "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
    );
}

#[test]
fn the_example_of_rfc_7515_appendix_a_3_verifies() {
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let key = Jwk::from_value(&json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    }))
    .unwrap()
    .public_key()
    .unwrap();
    let (input, signature) = token.rsplit_once('.').unwrap();
    key.verify(input.as_bytes(), &base64url::decode(signature).unwrap())
        .unwrap();
    // The example has no typ, and this house never accepts a token without one.
    let refused = jws::Unverified::parse(token).unwrap().verify("JWT", &key);
    assert!(matches!(refused, Err(Error::RefusedHeader("typ"))));
}

#[test]
fn a_token_opens_under_its_key_and_type_only() {
    let key = key();
    let token = jws::Signer::new(&key, "test+jwt")
        .sign(&json!({"a": 1}))
        .unwrap();
    let open = |typ: &str, key: &PublicKey| jws::Unverified::parse(&token)?.verify(typ, key);
    let claims: Value = open("test+jwt", key.public()).unwrap().claims().unwrap();
    assert_eq!(claims, json!({"a": 1}));
    assert!(open("other+jwt", key.public()).is_err());
    let other = SigningKey::from_scalar([9; 32]).unwrap();
    assert!(matches!(
        open("test+jwt", other.public()),
        Err(Error::BadSignature)
    ));
}

#[test]
fn every_changed_character_of_a_token_is_noticed() {
    let key = key();
    let token = jws::Signer::new(&key, "test+jwt")
        .sign(&json!({"a": 1}))
        .unwrap();
    for place in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        let verified = jws::Unverified::parse(&changed)
            .and_then(|token| token.verify("test+jwt", key.public()));
        assert!(verified.is_err(), "changed at {place}");
    }
}

fn with_header(header: &Value) -> String {
    let key = key();
    let input = format!(
        "{}.{}",
        base64url::encode(header.to_string()),
        base64url::encode("{}")
    );
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url::encode(signature))
}

#[test]
fn other_algorithms_none_and_critical_headers_are_refused() {
    for header in [
        json!({"alg": "none", "typ": "t"}),
        json!({"alg": "HS256", "typ": "t"}),
        json!({"alg": "es256", "typ": "t"}),
        json!({"alg": "ES256", "typ": "t", "crit": ["exp"]}),
        json!({"alg": "ES256", "typ": "t", "b64": false}),
        json!({"typ": "t"}),
    ] {
        assert!(
            jws::Unverified::parse(&with_header(&header)).is_err(),
            "{header}"
        );
    }
    assert!(jws::Unverified::parse(&with_header(&json!({"alg": "ES256", "typ": "t"}))).is_ok());
}

#[test]
fn a_private_key_in_the_open_is_not_a_key() {
    let mut jwk = serde_json::to_value(key().public().jwk()).unwrap();
    assert!(Jwk::from_value(&jwk).is_ok());
    jwk["d"] = json!("AAAA");
    assert!(matches!(Jwk::from_value(&jwk), Err(Error::BadKey)));
}

#[test]
fn a_point_off_the_curve_is_refused() {
    let public = key().public().clone();
    let mut y = public.y().to_vec();
    y[31] ^= 1;
    assert!(PublicKey::from_coordinates(public.x(), &y).is_err());
    assert!(PublicKey::from_coordinates(&[0; 32], &[0; 32]).is_err());
    assert!(SigningKey::from_scalar([0; 32]).is_err());
    assert!(SigningKey::from_scalar([0xff; 32]).is_err());
}

#[test]
fn base64url_has_one_text_for_one_value() {
    assert_eq!(base64url::decode("QQ").unwrap(), b"A");
    for text in ["QQ==", "QR", "Q", "Q Q", "QQ\n", "+/8"] {
        assert!(base64url::decode(text).is_err(), "{text:?}");
    }
}

#[test]
fn hmac_and_hkdf_agree_with_published_vectors() {
    // RFC 4231 test case 2.
    assert_eq!(
        digest::hex(&digest::hmac_sha256(
            b"Jefe",
            b"what do ya want for nothing?"
        )),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    assert_eq!(
        digest::hex(&digest::sha256("abc")),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_ne!(
        digest::derive(&[1; 32], "a").unwrap(),
        digest::derive(&[1; 32], "b").unwrap()
    );
}

#[test]
fn a_cose_structure_opens_under_its_key_and_type_and_unchanged_only() {
    let key = key();
    for tagged in [false, true] {
        let shape = cose::Shape {
            typ: Some("application/x"),
            kid: Some(cose::short_kid(key.public())),
            tagged,
        };
        let bytes = cose::sign(&key, &shape, b"payload".to_vec()).unwrap();
        let parsed = cose::Unverified::parse(&bytes).unwrap();
        assert_eq!(parsed.kid(), cose::short_kid(key.public()));
        assert_eq!(
            parsed
                .clone()
                .verify(Some("application/x"), key.public())
                .unwrap(),
            b"payload"
        );
        assert!(
            parsed
                .clone()
                .verify(Some("application/y"), key.public())
                .is_err()
        );
        let other = SigningKey::from_scalar([9; 32]).unwrap();
        assert!(parsed.verify(None, other.public()).is_err());
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let opened = cose::Unverified::parse(&changed)
                .and_then(|parsed| parsed.verify(Some("application/x"), key.public()));
            assert!(opened.is_err(), "changed at {place}, tagged {tagged}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn parsers_never_panic(text in ".{0,200}", bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = jws::Unverified::parse(&text);
        let _ = cose::Unverified::parse(&bytes);
        let _ = crate::ca::not_after(&bytes);
        let _ = crate::evidence::NoteVerifier::parse(&text);
    }
}
