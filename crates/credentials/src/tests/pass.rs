//! The offline pass: what is shown, what is noticed, and that it fits a QR code.

use serde_json::json;
use std::time::Duration;
use trust::Purpose;

use super::{device, fake, issuer};
use crate::{
    Error, Issuer, Light, Outcome,
    pass::{self, PassClaims, PassLicence, Presence, Reading},
    status_list::{Status, StatusRef},
    verdict,
};
use kernel::Lang;

fn claims(issuer: &Issuer) -> PassClaims {
    let shown = json!({"name_en": "CHAN Tai Man", "name_tc": "陳大文", "classes": ["1", "2"]});
    PassClaims {
        issuer: issuer.identifier(),
        issued: issuer.now().seconds(),
        expires: issuer.now().seconds() + 86_400 * 365,
        holder: device(5).public().clone(),
        status: StatusRef {
            idx: 131_071,
            uri: issuer.status_url(1),
        },
        licence: PassLicence {
            kind: "driving_licence".into(),
            number: "A123456".into(),
            valid_from: "2026-11-01".into(),
            valid_until: Some("2036-10-31".into()),
            claims: shown.as_object().unwrap().clone(),
        },
    }
}

fn paper(issuer: &Issuer) -> String {
    let key = issuer.keys().signer(Purpose::CredentialIssuer).unwrap().key;
    pass::issue(&claims(issuer), &key).unwrap()
}

fn read(issuer: &Issuer, code: &str) -> Result<Reading, Error> {
    pass::read(code, &|short| issuer.pass_keys(short), issuer.now())
}

#[test]
fn a_pass_reads_as_it_was_written() {
    let issuer = issuer(&fake().0);
    let reading = read(&issuer, &paper(&issuer)).unwrap();
    assert_eq!(reading.claims, claims(&issuer));
    assert_eq!(reading.presence, Presence::Paper);
}

#[test]
fn a_code_on_the_screen_is_live_for_a_minute_and_stale_after() {
    let (env, clock) = fake();
    let issuer = issuer(&env);
    let code = pass::show(&paper(&issuer), &device(5), issuer.now(), [1; 8]).unwrap();
    assert_eq!(
        read(&issuer, &code).unwrap().presence,
        Presence::Live { age_seconds: 0 }
    );
    clock.advance(Duration::from_secs(60));
    assert_eq!(
        read(&issuer, &code).unwrap().presence,
        Presence::Live { age_seconds: 60 }
    );
    clock.advance(Duration::from_secs(1));
    assert_eq!(
        read(&issuer, &code).unwrap().presence,
        Presence::Stale { age_seconds: 61 }
    );
    let ahead = pass::show(
        &paper(&issuer),
        &device(5),
        issuer.now() + Duration::from_secs(31),
        [1; 8],
    );
    assert!(matches!(
        read(&issuer, &ahead.unwrap()).unwrap().presence,
        Presence::Stale { .. }
    ));
}

#[test]
fn a_pass_shown_by_another_phone_is_refused() {
    let issuer = issuer(&fake().0);
    let code = pass::show(&paper(&issuer), &device(6), issuer.now(), [1; 8]).unwrap();
    assert!(matches!(read(&issuer, &code), Err(Error::HolderBinding)));
}

#[test]
fn a_pass_of_another_issuer_is_refused() {
    let (env, _) = fake();
    let here = issuer(&env);
    let elsewhere = issuer(&env);
    assert!(matches!(
        read(&here, &paper(&elsewhere)),
        Err(Error::UnknownIssuer)
    ));
}

#[test]
fn a_pass_outlives_the_key_that_signed_it() {
    let (env, clock) = fake();
    let issuer = issuer(&env);
    let code = paper(&issuer);
    issuer.keys().rotate(Purpose::CredentialIssuer).unwrap();
    clock.advance(Duration::from_secs(86_400 * 3_000));
    assert!(read(&issuer, &code).is_ok());
}

#[test]
fn every_changed_byte_of_a_pass_is_noticed() {
    let issuer = issuer(&fake().0);
    for code in [
        paper(&issuer),
        pass::show(&paper(&issuer), &device(5), issuer.now(), [1; 8]).unwrap(),
    ] {
        let bytes = crate::base45::decode(&code[4..]).unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let changed = format!("{}{}", &code[..4], crate::base45::encode(&changed));
            assert!(read(&issuer, &changed).is_err(), "changed at {place}");
        }
    }
}

#[test]
fn changed_content_under_the_old_signature_is_called_tampered() {
    use std::io::{Read, Write};
    let issuer = issuer(&fake().0);
    let code = paper(&issuer);
    let mut plain = Vec::new();
    flate2::read::ZlibDecoder::new(crate::base45::decode(&code[4..]).unwrap().as_slice())
        .read_to_end(&mut plain)
        .unwrap();
    let at = plain
        .windows(7)
        .position(|window| window == b"A123456")
        .unwrap();
    plain[at + 1] = b'9';
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&plain).unwrap();
    let forged = format!("CW1:{}", crate::base45::encode(&encoder.finish().unwrap()));
    let outcome = read(&issuer, &forged);
    assert!(
        matches!(outcome, Err(Error::Trust(trust::Error::BadSignature))),
        "{outcome:?}"
    );
}

#[test]
fn other_texts_are_not_passes() {
    let issuer = issuer(&fake().0);
    for text in [
        "",
        "CW1:",
        "CW2:",
        "CW3:ABC",
        "HC1:ABC",
        "cw1:ABC",
        "CW1:abc",
        "https://example.test",
        "CW1:GGW",
    ] {
        assert!(read(&issuer, text).is_err(), "{text:?}");
    }
    assert!(matches!(
        read(&issuer, &format!("CW1:{}", "A".repeat(5_000))),
        Err(Error::TooLarge)
    ));
}

#[test]
fn both_forms_fit_a_code_a_phone_camera_reads() {
    let issuer = issuer(&fake().0);
    let paper = paper(&issuer);
    let shown = pass::show(&paper, &device(5), issuer.now(), [1; 8]).unwrap();
    for (code, most) in [(paper, 77), (shown, 89)] {
        let drawn = qrcode::QrCode::with_error_correction_level(&code, qrcode::EcLevel::L).unwrap();
        assert!(
            drawn.width() <= most,
            "{} characters make {} modules",
            code.len(),
            drawn.width()
        );
    }
}

#[test]
fn the_worst_true_thing_is_said_first() {
    let (env, clock) = fake();
    let issuer = issuer(&env);
    let reading = |issued: &Issuer| {
        let code = pass::show(&paper(issued), &device(5), issued.now(), [1; 8]).unwrap();
        read(issued, &code).unwrap()
    };
    let live = reading(&issuer);
    let judge = |reading: &Reading, status| verdict::judge(&issuer, reading, status, Lang::En);
    let valid = judge(&live, Some(Status::Valid));
    assert_eq!((valid.outcome, valid.light), (Outcome::Valid, Light::Green));
    assert_eq!(valid.licence.unwrap().claims[0].label, "Name in English");
    let paper = read(&issuer, &paper(&issuer)).unwrap();
    assert_eq!(
        judge(&paper, Some(Status::Valid)).outcome,
        Outcome::ValidOnPaper
    );
    assert_eq!(
        judge(&live, Some(Status::Suspended)).outcome,
        Outcome::CredentialSuspended
    );
    assert_eq!(
        judge(&live, Some(Status::Invalid)).outcome,
        Outcome::CredentialRevoked
    );
    assert_eq!(judge(&live, None).outcome, Outcome::UnresolvableStatusList);
    let mut stale = live.clone();
    stale.presence = Presence::Stale { age_seconds: 90 };
    assert_eq!(
        judge(&stale, Some(Status::Valid)).outcome,
        Outcome::ScreenStale
    );
    assert_eq!(
        judge(&stale, Some(Status::Invalid)).outcome,
        Outcome::CredentialRevoked
    );
    let mut early = live.clone();
    early.claims.licence.valid_from = "2099-01-01".into();
    assert_eq!(
        judge(&early, Some(Status::Valid)).outcome,
        Outcome::CredentialPremature
    );
    clock.advance(Duration::from_secs(86_400 * 366));
    assert_eq!(
        judge(&stale, Some(Status::Valid)).outcome,
        Outcome::CredentialExpired
    );
    assert_eq!(
        judge(&stale, Some(Status::Invalid)).outcome,
        Outcome::CredentialRevoked
    );
}
