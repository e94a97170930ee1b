//! Access tokens whose signature this process knows to be good, because it made or verified it: a second
//! verification would say the same. Expiry, revocation and the holder are asked each time all the same.

use std::{collections::HashMap, sync::Arc};

use trust::digest;

use super::mint::Access;

/// Tokens of one generation. Two are kept, so that a token is known for a while after its last use and
/// memory stays bounded.
const GENERATION: usize = 5_000;

/// What is known, by the digest of the whole token.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    young: HashMap<[u8; 32], Arc<Access>>,
    old: HashMap<[u8; 32], Arc<Access>>,
}

impl Seen {
    pub(crate) fn find(&mut self, token: &str) -> Option<Arc<Access>> {
        let digest = digest::sha256(token);
        if let Some(access) = self.young.get(&digest) {
            return Some(Arc::clone(access));
        }
        let access = self.old.remove(&digest)?;
        self.put(digest, Arc::clone(&access));
        Some(access)
    }

    pub(crate) fn keep(&mut self, token: &str, access: Arc<Access>) {
        self.put(digest::sha256(token), access);
    }

    fn put(&mut self, digest: [u8; 32], access: Arc<Access>) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, access);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_of_tokens_is_bounded_and_what_is_used_stays() {
        let access = Arc::new(Access {
            grant: kernel::Id::from_parts(kernel::Time::from_seconds(0), [0; 10]),
            client: String::new(),
            subject: String::new(),
            jti: String::new(),
            audience: String::new(),
            expires: 0,
            claims: serde_json::Map::new(),
        });
        let mut seen = Seen::default();
        seen.keep("used", Arc::clone(&access));
        for number in 0..GENERATION * 4 {
            seen.keep(&number.to_string(), Arc::clone(&access));
            assert!(seen.find("used").is_some(), "{number}");
        }
        assert!(seen.young.len() + seen.old.len() <= 2 * GENERATION);
        assert!(seen.find("0").is_none());
    }
}
