//! Hashes signed with SM2, where the contract of an e-service names it: openssl verifies what is made.

use identity::Decision;
use serde_json::json;
use testkit::{
    App,
    hongkong::{Department, Letterbox, base64, sha256, unbase64},
};

use crate::{
    hongkong::{about, login, on_phone},
    hongkong_signing::{BULK, Folder, SIGN, document},
    journey::RESIDENT,
};

#[tokio::test]
async fn a_hash_is_signed_with_sm2_where_the_contract_names_it() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    let hash = sha256(b"the form");
    let hashed = "dgst -sm3 -sigopt distid:1234567812345678 -verify key.pem -signature signature";
    let bare = "pkeyutl -verify -pubin -inkey key.pem -sigfile signature -in";
    for (algorithm, check) in [("SM3withSM2", hashed), ("NONEwithSM2", bare)] {
        let mut asked = about(&holder, algorithm, document(&hash));
        asked["sigAlgo"] = json!(algorithm);
        let reply = department.call(SIGN, &asked).await.unwrap();
        assert_eq!(reply.code, "D00000", "{}", reply.message);
        on_phone(&app, RESIDENT, Decision::Approve).await;
        let heard = letterbox.heard();
        let (_, _, content) = department.open_callback(&heard[0]).unwrap();
        let folder = Folder::new(algorithm);
        for name in ["cert", "signature"] {
            folder.put(name, &unbase64(content[name].as_str().unwrap()).unwrap());
        }
        folder.put("signed", &hash);
        folder.put("other", &sha256(b"another form"));
        assert!(folder.openssl("x509 -inform DER -in cert -pubkey -noout -out key.pem"));
        assert!(folder.openssl(&format!("{check} signed")), "{algorithm}");
        assert!(!folder.openssl(&format!("{check} other")), "{algorithm}");
    }
    let documents = [("hashCode", "SM3withSM2"), ("hashCode", "SHA256withRSA")].map(|(field, algorithm)| {
        json!({ field: base64(&hash), "documentName": "Form", "sigAlgo": algorithm })
    });
    let bulk = json!({ "serviceName": "Parking permit", "documents": documents });
    let mixed = department
        .call(BULK, &about(&holder, "mixed", bulk))
        .await
        .unwrap();
    assert_eq!(
        mixed.code, "D20003",
        "one key signs them all: {}",
        mixed.message
    );
}
