//! An authenticator in software: makes and uses one ES256 key as WebAuthn Level 3 section 6 says. It shares
//! nothing with the library that checks it but the standard.

use ::store::Store;
use serde_json::{Value, json};
use trust::{SigningKey, base64url, digest};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// One credential, and what the browser around it claims.
pub(crate) struct Authenticator {
    key: SigningKey,
    credential: [u8; 32],
    handle: String,
    pub(crate) origin: String,
    pub(crate) is_synced: bool,
    pub(crate) verifies_user: bool,
    pub(crate) counter: u32,
}

impl Authenticator {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            key: SigningKey::generate(store.env()).unwrap(),
            credential: store.env().bytes(),
            handle: String::new(),
            origin: super::passkeys::BASE.to_owned(),
            is_synced: false,
            verifies_user: true,
            counter: 1,
        }
    }

    fn flags(&self) -> u8 {
        let verified = if self.verifies_user { VERIFIED } else { 0 };
        let synced = if self.is_synced {
            ELIGIBLE | BACKED_UP
        } else {
            0
        };
        PRESENT | verified | synced
    }

    fn data(&self, options: &Value, flags: u8) -> Vec<u8> {
        let id = options["rpId"]
            .as_str()
            .or(options["rp"]["id"].as_str())
            .unwrap();
        let mut data = digest::sha256(id).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client(&self, kind: &str, options: &Value) -> Vec<u8> {
        let client = json!({
            "type": kind, "challenge": options["challenge"], "origin": self.origin,
            "crossOrigin": false,
        });
        client.to_string().into_bytes()
    }

    /// `navigator.credentials.create`.
    pub(crate) fn make(&mut self, options: &Value) -> String {
        self.handle = options["user"]["id"].as_str().unwrap().to_owned();
        let mut data = self.data(options, self.flags() | ATTESTED);
        data.extend([0; 16]);
        data.extend([0, 32]);
        data.extend(self.credential);
        data.extend(self.cose());
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt");
        object.push(0x64);
        object.extend(b"none");
        object.push(0x67);
        object.extend(b"attStmt");
        object.extend([0xa0, 0x68]);
        object.extend(b"authData");
        object.extend([0x58, u8::try_from(data.len()).unwrap()]);
        object.extend(&data);
        self.answer(&json!({
            "clientDataJSON": base64url::encode(self.client("webauthn.create", options)),
            "attestationObject": base64url::encode(object),
        }))
    }

    /// `navigator.credentials.get`.
    pub(crate) fn assert(&mut self, options: &Value) -> String {
        self.counter += 1;
        let data = self.data(options, self.flags());
        let client = self.client("webauthn.get", options);
        let signed = [data.clone(), digest::sha256(&client).to_vec()].concat();
        let signature = der(&self.key.sign(&signed).unwrap());
        self.answer(&json!({
            "clientDataJSON": base64url::encode(client),
            "authenticatorData": base64url::encode(data),
            "signature": base64url::encode(signature),
            "userHandle": self.handle,
        }))
    }

    fn answer(&self, response: &Value) -> String {
        let id = base64url::encode(self.credential);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {} })
            .to_string()
    }

    /// {1: 2, 3: -7, -1: 1, -2: x, -3: y} (RFC 9053 section 7.1).
    fn cose(&self) -> Vec<u8> {
        let mut map = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01];
        map.extend([0x21, 0x58, 32]);
        map.extend(self.key.public().x());
        map.extend([0x22, 0x58, 32]);
        map.extend(self.key.public().y());
        map
    }
}

/// A signature of 64 bytes as DER: what authenticators give.
fn der(raw: &[u8]) -> Vec<u8> {
    let number = |half: &[u8]| {
        let mut bytes: Vec<u8> = half.iter().copied().skip_while(|byte| *byte == 0).collect();
        if bytes.first().is_none_or(|byte| *byte >= 0x80) {
            bytes.insert(0, 0);
        }
        let mut out = vec![0x02, u8::try_from(bytes.len()).unwrap()];
        out.extend(bytes);
        out
    };
    let both = [number(&raw[..32]), number(&raw[32..])].concat();
    let mut out = vec![0x30, u8::try_from(both.len()).unwrap()];
    out.extend(both);
    out
}
