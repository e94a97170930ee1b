//! The entry functions of the fuzz targets, run on random and on almost valid input.

use proptest::prelude::*;

use super::{fake, issuer};
use crate::{base45, pass, sd_jwt, status_list::StatusList};

proptest! {
    #[test]
    fn base45_round_trips(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(base45::decode(&base45::encode(&bytes)).unwrap(), bytes);
    }

    #[test]
    fn no_text_panics_the_parsers(text in "\\PC{0,300}") {
        let (env, _) = fake();
        let issuer = issuer(&env);
        let _ = base45::decode(&text);
        let _ = sd_jwt::verify(&text, &|header| issuer.credential_key(header));
        let _ = pass::read(&text, &|short| issuer.pass_keys(short), env.now());
    }

    #[test]
    fn no_bytes_behind_a_prefix_panic_the_pass_reader(
        bytes in prop::collection::vec(any::<u8>(), 0..300), is_screen in any::<bool>()
    ) {
        use std::io::Write;
        let (env, _) = fake();
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        let prefix = if is_screen { "CW2:" } else { "CW1:" };
        let text = format!("{prefix}{}", base45::encode(&encoder.finish().unwrap()));
        let _ = pass::read(&text, &|_| vec![], env.now());
        let _ = StatusList::inflate(&bytes);
    }
}
