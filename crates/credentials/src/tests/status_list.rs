//! Status lists against the published example and their own rules.

use super::{fake, issuer};
use crate::{
    base45,
    status_list::{LIST_ENTRIES, LIST_LIFE, Status, StatusList, open_jwt, publish},
};
use trust::Purpose;

#[test]
fn the_two_bit_example_of_the_draft_reads_as_published() {
    // draft-ietf-oauth-status-list section 4.2: statuses 1 2 0 3 0 1 0 1 1 2 3 3.
    let list = StatusList::inflate(&trust::base64url::decode("eNo76fITAAPfAgc").unwrap()).unwrap();
    let bits = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];
    for (index, bits) in (0..).zip(bits) {
        assert_eq!(
            list.get(index),
            Some(Status::from_bits(bits)),
            "entry {index}"
        );
    }
    assert_eq!(list.get(12), None);
}

#[test]
fn setting_one_entry_leaves_its_neighbours_alone() {
    let mut list = StatusList::default();
    list.set(5, Status::Suspended);
    list.set(LIST_ENTRIES - 1, Status::Invalid);
    list.set(LIST_ENTRIES, Status::Invalid);
    for index in 0..8 {
        let expected = if index == 5 {
            Status::Suspended
        } else {
            Status::Valid
        };
        assert_eq!(list.get(index), Some(expected));
    }
    assert_eq!(list.get(LIST_ENTRIES - 1), Some(Status::Invalid));
    list.set(5, Status::Valid);
    assert_eq!(list.get(5), Some(Status::Valid));
    assert_eq!(list.get(LIST_ENTRIES), None);
}

#[test]
fn a_published_list_opens_at_its_address_until_it_expires() {
    let (env, clock) = fake();
    let issuer = issuer(&env);
    let mut list = StatusList::default();
    list.set(77, Status::Invalid);
    let uri = issuer.status_url(1);
    let published = publish(&list, &uri, issuer.keys(), env.now()).unwrap();
    let key = issuer
        .keys()
        .signer(Purpose::StatusList)
        .unwrap()
        .key
        .public()
        .clone();
    assert_eq!(
        open_jwt(&published.jwt, &uri, &key, env.now()).unwrap(),
        list
    );
    assert!(open_jwt(&published.jwt, &issuer.status_url(2), &key, env.now()).is_err());
    clock.advance(LIST_LIFE);
    assert!(open_jwt(&published.jwt, &uri, &key, env.now()).is_err());
}

#[test]
fn a_bomb_is_not_inflated() {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; 16 << 20]).unwrap();
    assert!(StatusList::inflate(&encoder.finish().unwrap()).is_err());
}

#[test]
fn base45_agrees_with_rfc_9285() {
    for (plain, text) in [
        ("AB", "BB8"),
        ("Hello!!", "%69 VD92EX0"),
        ("base-45", "UJCLQE7W581"),
        ("ietf!", "QED8WEX0"),
        ("", ""),
    ] {
        assert_eq!(base45::encode(plain.as_bytes()), text);
        assert_eq!(base45::decode(text).unwrap(), plain.as_bytes());
    }
    for text in ["GGW", ":::", "A", "ABCD", "::", "a00", "AB\u{e9}"] {
        assert!(base45::decode(text).is_err(), "{text:?}");
    }
    assert_eq!(base45::decode("FGW").unwrap(), [255, 255]);
}
