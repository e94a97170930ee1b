//! Envelopes: what is sealed opens, what is changed does not, and no odd key gets in.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey,
    PrivateDecryptingKey,
};
use kernel::{Env, Time};
use proptest::prelude::*;

use crate::{
    Error, base64url,
    envelope::{Authorities, ContentKey, Padding, SealingCertificate},
};

fn env() -> Env {
    Env::fake(Time::from_seconds(1_790_000_000), 5).0
}

fn certificate(size: KeySize) -> (PrivateDecryptingKey, String) {
    let private = PrivateDecryptingKey::generate(size).unwrap();
    let der: Pkcs8V1Der<'_> = private.as_der().unwrap();
    let key = rcgen::KeyPair::try_from(der.as_ref()).unwrap();
    let terms = rcgen::CertificateParams::new(vec!["eservice.example".to_owned()]).unwrap();
    let body = base64url::encode_standard(terms.self_signed(&key).unwrap().der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----");
    (private, pem)
}

#[test]
fn a_key_is_sealed_for_the_owner_of_a_certificate_alone() {
    let (private, pem) = certificate(KeySize::Rsa2048);
    let own = SealingCertificate::from_pem(&pem).unwrap();
    let key = ContentKey::draw(&env());
    let mut out = vec![0; 256];
    let sealed = own.seal(Padding::Pkcs1, &key).unwrap();
    let opener = Pkcs1PrivateDecryptingKey::new(private.clone()).unwrap();
    assert_eq!(opener.decrypt(&sealed, &mut out).unwrap(), key.bytes());
    let sealed = own.seal(Padding::OaepSha256, &key).unwrap();
    let opener = OaepPrivateDecryptingKey::new(private).unwrap();
    let opened = opener.decrypt(&OAEP_SHA256_MGF1SHA256, &sealed, &mut out, None);
    assert_eq!(opened.unwrap(), key.bytes());
    assert!(own.subject().contains("CN=") && own.print().len() == 43);
}

#[test]
fn an_authority_vouches_for_what_it_issued_while_both_hold() {
    let pem = |der: &[u8]| {
        let body = base64url::encode_standard(der);
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    };
    let authority = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut terms = rcgen::CertificateParams::new(Vec::new()).unwrap();
        terms
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        terms.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        terms.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
        terms.not_before = rcgen::date_time_ymd(2026, 1, 1);
        terms.not_after = rcgen::date_time_ymd(2028, 1, 1);
        let own = pem(terms.self_signed(&key).unwrap().der());
        (own, rcgen::Issuer::new(terms, key))
    };
    let ((known, issuer), (stranger, _)) = (authority("Known"), authority("Known"));
    let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = private.as_der().unwrap();
    let key = rcgen::KeyPair::try_from(der.as_ref()).unwrap();
    let mut terms = rcgen::CertificateParams::new(vec!["eservice.example".to_owned()]).unwrap();
    terms.not_before = rcgen::date_time_ymd(2026, 1, 1);
    terms.not_after = rcgen::date_time_ymd(2027, 1, 1);
    let issued = pem(terms.signed_by(&key, &issuer).unwrap().der());
    let issued = SealingCertificate::from_pem(&issued).unwrap();
    let own = pem(terms.self_signed(&key).unwrap().der());
    let own = SealingCertificate::from_pem(&own).unwrap();
    let (now, later) = (
        Time::from_seconds(1_790_000_000),
        Time::from_seconds(1_800_000_000),
    );
    let both = Authorities::from_pem(&format!("{stranger}{known}")).unwrap();
    assert!(both.vouch_for(&issued, now));
    assert!(!both.vouch_for(&issued, later), "past its end");
    assert!(!both.vouch_for(&own, now), "nobody's but its own word");
    let other = Authorities::from_pem(&stranger).unwrap();
    assert!(!other.vouch_for(&issued, now), "the same name, another key");
    assert!(Authorities::from_pem("").is_err());
    let (_, leaf) = certificate(KeySize::Rsa2048);
    assert!(Authorities::from_pem(&leaf).is_err(), "no authority");
}

#[test]
fn only_one_rsa_certificate_of_enough_bits_is_taken() {
    let curve = rcgen::KeyPair::generate().unwrap();
    let terms = rcgen::CertificateParams::new(vec!["eservice.example".to_owned()]).unwrap();
    let body = base64url::encode_standard(terms.self_signed(&curve).unwrap().der());
    let other = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----");
    assert!(matches!(
        SealingCertificate::from_pem(&other),
        Err(Error::BadKey)
    ));
    let (_, pem) = certificate(KeySize::Rsa2048);
    for bad in [
        String::new(),
        "-----BEGIN CERTIFICATE-----".to_owned(),
        format!("{pem}\n{pem}"),
        pem.replace("CERTIFICATE", "PRIVATE KEY"),
        "x".repeat(20_000),
    ] {
        assert!(SealingCertificate::from_pem(&bad).is_err());
    }
}

#[test]
fn an_envelope_begins_with_the_length_of_its_iv_and_never_repeats_one() {
    let (env, key) = (env(), ContentKey::from_bytes(&[7; 32]).unwrap());
    let (one, two) = (
        key.seal(&env, b"same").unwrap(),
        key.seal(&env, b"same").unwrap(),
    );
    assert_ne!(one, two);
    let bytes = base64url::decode_standard(&one).unwrap();
    assert_eq!(bytes[..4], [0, 0, 0, 12]);
    assert_eq!(bytes.len(), 4 + 12 + 4 + 16);
    assert!(ContentKey::from_bytes(&[7; 31]).is_err());
    let other = ContentKey::from_bytes(&[8; 32]).unwrap();
    assert!(matches!(other.open(&one), Err(Error::Unseal)));
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_what_is_changed_does_not(
        plain in prop::collection::vec(any::<u8>(), 0..200),
        place in any::<prop::sample::Index>(),
    ) {
        let key = ContentKey::from_bytes(&[7; 32]).unwrap();
        let sealed = key.seal(&env(), &plain).unwrap();
        prop_assert_eq!(key.open(&sealed).unwrap(), plain);
        let mut bytes = base64url::decode_standard(&sealed).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1;
        prop_assert!(key.open(&base64url::encode_standard(&bytes)).is_err());
    }

    #[test]
    fn no_text_makes_the_opener_stumble(text in ".{0,300}") {
        let key = ContentKey::from_bytes(&[7; 32]).unwrap();
        prop_assert!(key.open(&text).is_err());
    }
}
