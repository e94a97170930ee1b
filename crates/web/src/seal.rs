//! Secrets of one browser. The cookie holds 256 random bits; the database holds only their SHA-256,
//! and what a session remembers is encrypted under a key derived from them. A copy of the database
//! therefore opens no session and tells nothing a visitor typed.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    constant_time, digest, hmac,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::Env;

use crate::Error;

const TOKEN_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// The secret a browser holds in its cookie.
#[derive(Clone)]
pub(crate) struct Token([u8; TOKEN_BYTES]);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    pub(crate) fn draw(env: &Env) -> Self {
        Self(env.bytes())
    }

    pub(crate) fn parse(cookie: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn cookie(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The key of the row in the database.
    pub(crate) fn hash(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, &self.0).as_ref().to_vec()
    }

    fn derive(&self, purpose: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut out = [0; 32];
        for (slot, byte) in out.iter_mut().zip(hmac::sign(&key, purpose).as_ref()) {
            *slot = *byte;
        }
        out
    }

    /// A form token of this session. Two draws differ, so that compression of the page cannot be
    /// used to guess it (BREACH): the pad and the padded secret travel together.
    pub(crate) fn form_token(&self, env: &Env) -> String {
        let pad: [u8; 32] = env.bytes();
        let secret = self.derive(b"causeway form token v1");
        let masked = pad.iter().zip(secret).map(|(a, b)| a ^ b);
        let both: Vec<u8> = pad.iter().copied().chain(masked).collect();
        URL_SAFE_NO_PAD.encode(both)
    }

    pub(crate) fn is_form_token(&self, given: &str) -> bool {
        let Ok(both) = URL_SAFE_NO_PAD.decode(given) else {
            return false;
        };
        let Some((pad, masked)) = both.split_at_checked(32) else {
            return false;
        };
        let secret: Vec<u8> = pad.iter().zip(masked).map(|(a, b)| a ^ b).collect();
        let own = self.derive(b"causeway form token v1");
        masked.len() == 32 && constant_time::verify_slices_are_equal(&secret, &own).is_ok()
    }

    fn cipher(&self) -> Result<LessSafeKey, Error> {
        let key = self.derive(b"causeway session data v1");
        UnboundKey::new(&AES_256_GCM, &key)
            .map(LessSafeKey::new)
            .map_err(|_| Error::Seal)
    }

    /// Encrypts `plain` for this session: nonce, then AES-256-GCM. `purpose` must match at opening.
    pub(crate) fn seal(&self, env: &Env, purpose: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE_BYTES] = env.bytes();
        let mut body = plain.to_vec();
        self.cipher()?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose.as_bytes()),
                &mut body,
            )
            .map_err(|_| Error::Seal)?;
        Ok(nonce.into_iter().chain(body).collect())
    }

    pub(crate) fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let (nonce, body) = sealed.split_at_checked(NONCE_BYTES).ok_or(Error::Seal)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Seal)?;
        let mut body = body.to_vec();
        let plain = self
            .cipher()?
            .open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut body)
            .map_err(|_| Error::Seal)?;
        Ok(plain.to_vec())
    }
}
