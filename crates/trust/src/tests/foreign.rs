//! Keys and tokens of others, and tokens sealed to them.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{Ed25519KeyPair, KeyPair as _, RSA_PSS_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};

use super::env;
use crate::{
    Alg, Error, ForeignKey, SigningKey, base64url,
    jwe::{self, Enc, ReaderKey},
    jws::{Signer, Unverified},
};

fn token(alg: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let head = base64url::encode(json!({ "alg": alg, "typ": "JWT" }).to_string());
    let body = base64url::encode(r#"{"iss":"client"}"#);
    let input = format!("{head}.{body}");
    let signature = base64url::encode(sign(input.as_bytes()));
    format!("{input}.{signature}")
}

fn reader(key: &SigningKey) -> Value {
    let mut jwk = serde_json::to_value(key.public().jwk()).unwrap();
    jwk["use"] = json!("enc");
    jwk["kid"] = json!("enc-1");
    jwk
}

#[test]
fn ed25519_verifies_under_both_its_names_and_no_other() {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let x = base64url::encode(pair.public_key().as_ref());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "one" });
    let key = ForeignKey::from_jwk(&jwk).unwrap();
    assert_eq!((key.alg(), key.kid()), (Alg::Ed25519, Some("one")));
    for alg in ["EdDSA", "Ed25519"] {
        let signed = token(alg, |input| pair.sign(input).as_ref().to_vec());
        let verified = Unverified::parse_foreign(&signed)
            .unwrap()
            .verify_foreign(&key);
        assert_eq!(verified.unwrap().payload(), br#"{"iss":"client"}"#);
    }
    let renamed = token("ES256", |input| pair.sign(input).as_ref().to_vec());
    let refused = Unverified::parse_foreign(&renamed)
        .unwrap()
        .verify_foreign(&key);
    assert!(matches!(refused, Err(Error::BadSignature)));
}

#[test]
fn ps256_verifies_and_rs256_and_none_do_not_even_parse() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    // RSAPublicKey of PKCS #1: the modulus after nine bytes, then the exponent 65537.
    let n = base64url::encode(&pair.public_key().as_ref()[9..265]);
    let e = base64url::encode([1, 0, 1]);
    let key = ForeignKey::from_jwk(&json!({ "kty": "RSA", "n": n, "e": e })).unwrap();
    let sign = |input: &[u8]| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), input, &mut signature)
            .unwrap();
        signature
    };
    let signed = token("PS256", sign);
    assert!(
        Unverified::parse_foreign(&signed)
            .unwrap()
            .verify_foreign(&key)
            .is_ok()
    );
    for alg in ["RS256", "none", "HS256"] {
        let parsed = Unverified::parse_foreign(&token(alg, sign));
        assert!(matches!(parsed, Err(Error::RefusedHeader("alg"))), "{alg}");
    }
}

#[test]
fn private_small_and_misused_keys_are_refused() {
    let ours = SigningKey::generate(&env()).unwrap();
    let mut with_d = serde_json::to_value(ours.public().jwk()).unwrap();
    with_d["d"] = json!("AA");
    let short = base64url::encode([0xff; 128]);
    for jwk in [
        with_d,
        reader(&ours),
        json!({ "kty": "RSA", "n": short, "e": "AQAB" }),
        json!({ "kty": "oct", "k": "AA" }),
        json!({ "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA" }),
    ] {
        assert!(
            matches!(ForeignKey::from_jwk(&jwk), Err(Error::BadKey)),
            "{jwk}"
        );
    }
}

#[test]
fn a_sealed_token_opens_for_its_reader_only() {
    let env = env();
    let key = SigningKey::generate(&env).unwrap();
    let other = SigningKey::generate(&env).unwrap();
    let reader = ReaderKey::from_jwk(&reader(&key)).unwrap();
    let inside = Signer::new(&other, "JWT")
        .sign(&json!({ "sub": "x" }))
        .unwrap();
    for enc in Enc::ALL {
        let sealed = jwe::seal(&env, &reader, enc, &inside).unwrap();
        assert_eq!(jwe::open(&key, &sealed).unwrap(), inside.as_bytes());
        assert!(jwe::open(&other, &sealed).is_err());
        for place in [0, sealed.len() / 2, sealed.len() - 2] {
            let mut changed = sealed.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            assert!(jwe::open(&key, std::str::from_utf8(&changed).unwrap()).is_err());
        }
    }
    assert!(ReaderKey::from_jwk(&serde_json::to_value(key.public().jwk()).unwrap()).is_err());
}
