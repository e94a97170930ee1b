//! An authenticator in software: makes and uses one ES256 key as WebAuthn Level 3 section 6 says. It shares
//! nothing with the library that checks it but the standard. The tests of identity include this file too.

use kernel::Env;
use serde_json::{Value, json};
use trust::{SigningKey, base64url, digest};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;
/// Bytes of half a signature.
const HALF: usize = 32;

/// One credential, and what the browser around it claims.
#[derive(Debug)]
pub struct Authenticator {
    key: SigningKey,
    credential: [u8; 32],
    handle: String,
    pub origin: String,
    /// Whether its maker may copy the key to other devices.
    pub is_synced: bool,
    pub verifies_user: bool,
    pub counter: u32,
}

impl Authenticator {
    /// # Errors
    /// No key can be made.
    pub fn new(env: &Env, origin: &str) -> Result<Self, trust::Error> {
        Ok(Self {
            key: SigningKey::generate(env)?,
            credential: env.bytes(),
            handle: String::new(),
            origin: origin.to_owned(),
            is_synced: false,
            verifies_user: true,
            counter: 1,
        })
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
        let site = options.get("rpId").or_else(|| options.pointer("/rp/id"));
        let mut data = digest::sha256(text(site)).to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client(&self, kind: &str, options: &Value) -> Vec<u8> {
        let client = json!({
            "type": kind, "challenge": text(options.get("challenge")), "origin": self.origin,
            "crossOrigin": false,
        });
        client.to_string().into_bytes()
    }

    /// `navigator.credentials.create`.
    pub fn make(&mut self, options: &Value) -> String {
        self.handle = text(options.pointer("/user/id"));
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
        object.extend([0x58, short(data.len())]);
        object.extend(&data);
        self.answer(&json!({
            "clientDataJSON": base64url::encode(self.client("webauthn.create", options)),
            "attestationObject": base64url::encode(object),
        }))
    }

    /// `navigator.credentials.get`. A key that cannot sign gives an empty signature, which nobody accepts.
    pub fn assert(&mut self, options: &Value) -> String {
        self.counter += 1;
        let data = self.data(options, self.flags());
        let client = self.client("webauthn.get", options);
        let signed = [data.clone(), digest::sha256(&client).to_vec()].concat();
        let signature = der(&self.key.sign(&signed).unwrap_or_default());
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

fn text(value: Option<&Value>) -> String {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    text.to_owned()
}

fn short(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

/// A signature of 64 bytes as DER: what authenticators give.
fn der(raw: &[u8]) -> Vec<u8> {
    let number = |half: &[u8]| {
        let mut bytes: Vec<u8> = half.iter().copied().skip_while(|byte| *byte == 0).collect();
        if bytes.first().is_none_or(|byte| *byte >= 0x80) {
            bytes.insert(0, 0);
        }
        let mut out = vec![0x02, short(bytes.len())];
        out.extend(bytes);
        out
    };
    let both: Vec<u8> = raw.chunks(HALF).flat_map(number).collect();
    let mut out = vec![0x30, short(both.len())];
    out.extend(both);
    out
}
