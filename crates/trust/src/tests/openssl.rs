//! What we make is read by a program that shares no code with us: the `openssl` command.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use kernel::Env;

use crate::{
    Algorithm, KeyStore, Notary, Purpose, Sealing,
    cms::Form,
    digest, fresh,
    x509::{Organization, Reason, Subject},
};

pub(super) struct Bench(PathBuf);

impl Bench {
    pub(super) fn new(name: &str) -> Self {
        let dir =
            std::env::temp_dir().join(format!("causeway-openssl-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).unwrap();
    }

    pub(super) fn get(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.join(name)).unwrap()
    }

    fn run(&self, words: &str) -> Output {
        Command::new("openssl")
            .args(words.split_whitespace())
            .current_dir(&self.0)
            .output()
            .expect("the tests of signatures need the openssl command")
    }

    /// Runs and expects success; gives what it printed.
    pub(super) fn good(&self, words: &str) -> String {
        let output = self.run(words);
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "openssl {words}: {text}");
        text
    }

    pub(super) fn bad(&self, words: &str) -> String {
        let output = self.run(words);
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(!output.status.success(), "openssl {words} passed: {text}");
        text
    }

    fn anchor(&self, notary: &Notary) {
        self.put("ca.der", &notary.anchors()[0]);
        self.good("x509 -inform DER -in ca.der -out ca.pem");
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn notary() -> (KeyStore, Notary) {
    let keys = KeyStore::in_memory(&Env::system()).unwrap();
    let notary = Notary::new(keys.clone(), "http://localhost:8080");
    (keys, notary)
}

fn chan() -> Subject {
    Subject {
        common: "CHAN Tai Man".to_owned(),
        chinese: Some("陳大文".to_owned()),
        serial: Some("P7QK2M4X".to_owned()),
        organization: None,
    }
}

#[test]
fn openssl_accepts_a_seal_in_both_forms() {
    let (_, notary) = notary();
    let bench = Bench::new("seal");
    bench.anchor(&notary);
    bench.put("content", b"a letter");
    bench.put("other", b"a better");
    for form in [Form::Cades, Form::Pkcs7] {
        let sealing = Sealing {
            form,
            ..Sealing::stamped(digest::sha256("a letter"))
        };
        bench.put("seal.p7s", &notary.seal(&sealing).unwrap());
        let verify = "cms -verify -binary -inform DER -in seal.p7s -purpose any -CAfile ca.pem";
        let cades = if form == Form::Cades { "-cades" } else { "" };
        bench.good(&format!("{verify} {cades} -content content"));
        bench.bad(&format!("{verify} {cades} -content other"));
    }
}

#[test]
fn openssl_accepts_a_person_under_either_algorithm() {
    let (_, notary) = notary();
    let bench = Bench::new("person");
    bench.anchor(&notary);
    bench.put("content", b"an application");
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let key = fresh(algorithm, notary.env()).unwrap();
        let issued = notary.certify(&chan(), &*key).unwrap();
        let sealing = Sealing::stamped(digest::sha256("an application"));
        let message = notary.sign(&sealing, &*key, &issued).unwrap();
        bench.put("own.der", &issued.der);
        bench.put("signed.p7s", &message);
        bench.good(
            "cms -verify -binary -inform DER -in signed.p7s -purpose any -cades -CAfile ca.pem -content content",
        );
        let words = bench.good("x509 -inform DER -in own.der -noout -text");
        for wanted in [
            "Non Repudiation",
            "CHAN Tai Man",
            "http://localhost:8080/trust/status",
            "http://localhost:8080/trust/revoked/",
            "CA:FALSE",
        ] {
            assert!(words.contains(wanted), "{wanted} in {words}");
        }
        assert!(!words.contains("Digital Signature"), "{words}");
    }
}

#[test]
fn openssl_finds_the_company_in_a_chop() {
    let (_, notary) = notary();
    let bench = Bench::new("chop");
    bench.anchor(&notary);
    bench.put("content", b"a lease");
    bench.put("other", b"a release");
    let name = "Harbour Demonstration Limited";
    let company = Subject {
        organization: Some(Organization::registered(name, "99000042")),
        chinese: Some("海港示範有限公司".to_owned()),
        ..Subject::named(name)
    };
    let key = fresh(Algorithm::Rs256, notary.env()).unwrap();
    let issued = notary.certify(&company, &*key).unwrap();
    let sealing = Sealing {
        form: Form::Pkcs7,
        ..Sealing::stamped(digest::sha256("a lease"))
    };
    bench.put("chop.p7s", &notary.sign(&sealing, &*key, &issued).unwrap());
    bench.put("own.der", &issued.der);
    let verify = "cms -verify -binary -inform DER -in chop.p7s -purpose any -CAfile ca.pem";
    bench.good(&format!("{verify} -content content"));
    bench.bad(&format!("{verify} -content other"));
    let words =
        bench.good("x509 -inform DER -in own.der -noout -text -nameopt utf8,sep_comma_plus");
    for wanted in [
        &format!("O=Harbour Demonstration Limited,organizationIdentifier=NTRHK-99000042,CN={name}"),
        "Non Repudiation",
        "1.3.6.1.4.1.32473.1.2",
    ] {
        assert!(words.contains(wanted), "{wanted} in {words}");
    }
}

#[test]
fn openssl_checks_a_bare_signature_over_the_document() {
    let (_, notary) = notary();
    let bench = Bench::new("bare");
    bench.put("content", b"a contract");
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let key = fresh(algorithm, notary.env()).unwrap();
        let issued = notary.certify(&chan(), &*key).unwrap();
        bench.put("own.der", &issued.der);
        bench.good("x509 -inform DER -in own.der -noout -pubkey -out own.pub");
        let signature = key.sign_digest(&digest::sha256("a contract")).unwrap();
        bench.put("signature", &signature);
        bench.good("dgst -sha256 -verify own.pub -signature signature content");
    }
}

#[test]
fn openssl_verifies_our_time_stamps_and_reads_our_refusals() {
    let (_, notary) = notary();
    let bench = Bench::new("stamp");
    bench.anchor(&notary);
    bench.put("content", b"at this time");
    bench.put("other", b"at that time");
    for (hash, cert) in [("-sha256", "-cert"), ("-sha512", "-cert"), ("-sha384", "")] {
        bench.good(&format!(
            "ts -query -data content {hash} {cert} -out query.tsq"
        ));
        let answer = notary.time_stamp(&bench.get("query.tsq")).unwrap();
        bench.put("answer.tsr", &answer);
        if cert.is_empty() {
            let shown = bench.good("ts -reply -in answer.tsr -text");
            assert!(shown.contains("Status: Granted."), "{shown}");
            continue;
        }
        bench.good("ts -verify -in answer.tsr -queryfile query.tsq -CAfile ca.pem");
        bench.good("ts -verify -in answer.tsr -data content -CAfile ca.pem");
        bench.bad("ts -verify -in answer.tsr -data other -CAfile ca.pem");
    }
    for (query, reason) in [
        ("-sha1", "unrecognized or unsupported algorithm"),
        ("-sha256 -tspolicy 1.2.3.4", "not supported by the TSA"),
    ] {
        bench.good(&format!("ts -query -data content {query} -out query.tsq"));
        let answer = notary.time_stamp(&bench.get("query.tsq")).unwrap();
        bench.put("answer.tsr", &answer);
        let shown = bench.good("ts -reply -in answer.tsr -text");
        assert!(
            shown.contains("Rejected") && shown.contains(reason),
            "{shown}"
        );
    }
    bench.put("answer.tsr", &notary.time_stamp(b"not a request").unwrap());
    let shown = bench.good("ts -reply -in answer.tsr -text");
    assert!(
        shown.contains("the data submitted has the wrong format"),
        "{shown}"
    );
}

store::db_tests! {
    [&crate::MIGRATIONS];

    async fn openssl_reads_our_answers_and_lists(store: ::store::Store) {
        let (keys, notary) = notary();
        let bench = Bench::new(&format!("status-{}", keys.signer(Purpose::Seal).unwrap().key.kid()));
        bench.anchor(&notary);
        let key = fresh(Algorithm::Es256, notary.env()).unwrap();
        let good = notary.certify(&chan(), &*key).unwrap();
        let lost = notary.certify(&chan(), &*key).unwrap();
        let unknown = notary.certify(&chan(), &*key).unwrap();
        let (one, two) = (good.clone(), lost.clone());
        store
            .write(&kernel::Actor::system("test"), move |tx| {
                let (one, two) = (one.clone(), two.clone());
                async move {
                    crate::insert_certificate(&tx, &one, "p1").await?;
                    crate::insert_certificate(&tx, &two, "p2").await?;
                    let taken = crate::revoke_certificates_of(&tx, "p2", Reason::KeyCompromise).await?;
                    assert_eq!(taken, 1);
                    Ok::<_, crate::Error>(())
                }
            })
            .await
            .unwrap();
        for (issued, word) in [(&good, "good"), (&lost, "revoked"), (&unknown, "unknown")] {
            bench.put("leaf.der", &issued.der);
            bench.good("x509 -inform DER -in leaf.der -out leaf.pem");
            bench.good("ocsp -issuer ca.pem -cert leaf.pem -reqout request.der");
            let request = bench.get("request.der");
            let reader = notary.clone();
            let answer = store
                .read(move |db| {
                    let (reader, request) = (reader.clone(), request.clone());
                    async move { reader.status(&db, &request).await }
                })
                .await
                .unwrap();
            bench.put("answer.der", &answer);
            let shown = bench.good(
                "ocsp -respin answer.der -issuer ca.pem -cert leaf.pem -CAfile ca.pem -no_nonce",
            );
            assert!(shown.contains("Response verify OK"), "{shown}");
            assert!(shown.contains(&format!("leaf.pem: {word}")), "{shown}");
            let shown = bench.good("ocsp -respin answer.der -reqin request.der -CAfile ca.pem");
            assert!(!shown.contains("nonce"), "the nonce comes back: {shown}");
        }
        let (reader, kid) = (notary.clone(), notary.authority().unwrap());
        let list = store
            .read(move |db| {
                let (reader, kid) = (reader.clone(), kid.clone());
                async move { reader.revoked(&db, &kid).await }
            })
            .await
            .unwrap()
            .unwrap();
        bench.put("list.der", &list);
        bench.good("crl -inform DER -in list.der -out list.pem -CAfile ca.pem -verify");
        let shown = bench.good("crl -in list.pem -noout -text");
        assert!(shown.contains("Key Compromise"), "{shown}");
        assert!(shown.to_lowercase().contains(&lost.serial), "{shown}");
        bench.put("leaf.der", &lost.der);
        bench.good("x509 -inform DER -in leaf.der -out leaf.pem");
        let said = bench.bad("verify -CAfile ca.pem -CRLfile list.pem -crl_check leaf.pem");
        assert!(said.contains("certificate revoked"), "{said}");
    }
}
