//! Keys in a PKCS #11 token, tried on SoftHSM2 (`apt-get install softhsm2`).

use std::{fs, path::PathBuf, process::Command, sync::Arc};

use kernel::{Env, Secret};

use crate::{
    Error, KeyStore, Notary, Pkcs11, Pkcs11Settings, Purpose, Sealing, Signer as _, Token,
    cms::Word, cms::judge, jws,
};

const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

/// One token for all tests of the process: the library reads its configuration once.
fn token() -> &'static Pkcs11Settings {
    static SETTINGS: std::sync::OnceLock<Pkcs11Settings> = std::sync::OnceLock::new();
    SETTINGS.get_or_init(|| {
        let dir = std::env::temp_dir().join(format!("causeway-softhsm-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(dir.join("tokens")).unwrap();
        let config = format!("directories.tokendir = {}\n", dir.join("tokens").display());
        let file = settings_file();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, config).unwrap();
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", "causeway-test"])
            .args(["--pin", "7351", "--so-pin", "92746351"])
            .output()
            .expect("the tests of tokens need softhsm2");
        assert!(made.status.success(), "{made:?}");
        let module = MODULES
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
            .expect("libsofthsm2.so");
        Pkcs11Settings {
            module,
            label: "causeway-test".to_owned(),
            pin: Secret::new("7351".to_owned()),
        }
    })
}

/// Where cargo tells SoftHSM to look (`.cargo/config.toml`).
fn settings_file() -> PathBuf {
    PathBuf::from(std::env::var("SOFTHSM2_CONF").expect("run the tests through cargo"))
}

#[test]
fn every_key_of_the_house_works_from_a_token() {
    let token: Arc<dyn Token> = Arc::new(Pkcs11::open(token()).unwrap());
    let dir = std::env::temp_dir().join(format!("causeway-token-keys-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    let env = Env::system();
    let keys = KeyStore::open_with(&dir, &env, Some(Arc::clone(&token))).unwrap();
    let seal = keys.signer(Purpose::Seal).unwrap();
    assert!(seal.key.scalar().is_none(), "no key comes out of the token");
    let compact = jws::Signer::new(&seal.key, "receipt")
        .sign_bytes(b"{}")
        .unwrap();
    jws::Unverified::parse(&compact)
        .unwrap()
        .verify("receipt", seal.key.public())
        .unwrap();
    let notary = Notary::new(keys.clone(), "http://localhost");
    let message = notary.seal(&Sealing::stamped([1; 32])).unwrap();
    let evidence = notary.evidence(crate::Material::default());
    assert_eq!(
        judge(&message, &[1; 32], &evidence, env.now()).word,
        Word::Good
    );
    let old = seal.key.kid().to_owned();
    let new = keys.rotate(Purpose::Seal).unwrap();
    assert_ne!(old, new);
    drop(keys);
    let again = KeyStore::open_with(&dir, &env, Some(token)).unwrap();
    assert_eq!(again.signer(Purpose::Seal).unwrap().key.kid(), new);
    assert!(again.find(Purpose::Seal, &old).is_some());
    let ring = fs::read_to_string(dir.join("keys/keyring.json")).unwrap();
    assert_eq!(
        ring.matches("\"sealed\"").count(),
        1,
        "the key of the log alone lies in the file"
    );
    let alone = KeyStore::open(&dir, &env).unwrap_err();
    assert!(alone.to_string().contains("keys.module"), "{alone}");
    let _ = fs::remove_dir_all(&dir);
}

#[test]
fn a_wrong_token_or_library_says_so() {
    let settings = token();
    let absent = Pkcs11Settings {
        label: "nowhere".to_owned(),
        ..settings.clone()
    };
    let error = Pkcs11::open(&absent).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
    let unloadable = Pkcs11Settings {
        module: "/nonexistent.so".into(),
        ..settings.clone()
    };
    let error = Pkcs11::open(&unloadable).unwrap_err();
    assert!(matches!(error, Error::Token(_)) && error.to_string().contains("/nonexistent.so"));
}

/// The login belongs to the process, so that a wrong PIN is refused only in one that has not logged in:
/// this test runs itself once more, with a token of its own.
#[test]
fn a_wrong_pin_says_so_and_is_not_repeated() {
    const ALONE: &str = "CAUSEWAY_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let own =
            std::env::temp_dir().join(format!("causeway-softhsm-{}.conf", std::process::id()));
        let done = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "tests::tokens::a_wrong_pin_says_so_and_is_not_repeated",
            ])
            .env(ALONE, "1")
            .env("SOFTHSM2_CONF", &own)
            .output()
            .unwrap();
        let _ = fs::remove_file(own);
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let settings = token();
    let mistyped = Pkcs11Settings {
        pin: Secret::new("7352".to_owned()),
        ..settings.clone()
    };
    let error = Pkcs11::open(&mistyped).unwrap_err().to_string();
    assert!(error.contains("PIN"), "{error}");
    assert!(!error.contains("7352"), "{error}");
    Pkcs11::open(settings).unwrap();
}

#[test]
fn a_key_nobody_made_is_unknown() {
    let token = Pkcs11::open(token()).unwrap();
    assert!(matches!(
        token.public_key(b"nobody"),
        Err(Error::UnknownKey)
    ));
    let public = token.generate(b"somebody", "causeway test").unwrap();
    let key = crate::SigningKey::in_token(Arc::new(token), b"somebody".to_vec()).unwrap();
    assert_eq!(key.public(), &public);
    public
        .verify(b"words", &key.sign(b"words").unwrap())
        .unwrap();
    assert_eq!(key.algorithm(), crate::Algorithm::Es256);
}
