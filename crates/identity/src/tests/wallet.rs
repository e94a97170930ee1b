//! A company's documents on both engines: who may, how many, how long, and what a seal says.

use std::time::Duration;

use ::store::Store;
use kernel::{Date, FakeEnv, Id};
use trust::{KeyStore, Notary};

use super::{companies::House, signing::room};
use crate::{
    Company, Error, MemberRole, Person, Powers, ServiceGrant, ServiceRole,
    wallet::{
        self, DOCUMENT_BYTES, Document, DocumentFlaw, DocumentKind, DocumentLabel, DocumentState,
        MediaType, NewDocument,
    },
};

const PAGE: &[u8] = include_bytes!("../../../paper/src/samples/table.pdf");
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn paper(name: &str, bytes: &[u8]) -> NewDocument {
    NewDocument {
        kind: DocumentKind::Licence,
        name: name.to_owned(),
        file_name: "../../etc/licence.pdf".to_owned(),
        bytes: bytes.to_vec(),
        issued: None,
        expires: None,
    }
}

struct Wallet {
    store: Store,
    keys: KeyStore,
    notary: Notary,
    company: Id<Company>,
}

impl Wallet {
    fn of(store: &Store, house: &House) -> Self {
        let (room, keys) = room(store);
        Self {
            store: store.clone(),
            keys,
            notary: room.notary().clone(),
            company: house.company,
        }
    }

    async fn add(&self, who: Id<Person>, new: NewDocument) -> Result<Id<Document>, Error> {
        let tools = (&self.store, &self.keys.vault(), &self.notary);
        wallet::add_document(tools, who, self.company, new).await
    }

    async fn all(&self, who: Id<Person>, state: DocumentState) -> Result<Vec<Document>, Error> {
        let about = (who, self.company);
        wallet::documents(&self.store, &self.keys.vault(), about, state).await
    }

    async fn turn(&self, who: Id<Person>, id: Id<Document>, is_back: bool) -> Result<(), Error> {
        let about = (who, self.company);
        let what = (id, is_back);
        wallet::remove_document(&self.store, &self.keys.vault(), about, what).await
    }

    async fn seal_of(&self, who: Id<Person>, bytes: &[u8]) -> Option<String> {
        let id = self.add(who, paper("Sealed", bytes)).await.unwrap();
        let about = (who, self.company);
        let found = wallet::document(&self.store, &self.keys.vault(), about, id)
            .await
            .unwrap();
        found.0.seal.map(|seal| seal.by)
    }
}

#[test]
fn a_document_is_of_a_kind_that_its_bytes_show_and_of_dates_that_can_be() {
    let today = day("2026-11-23");
    assert_eq!(MediaType::of(PNG), Some(MediaType::Png));
    assert_eq!(MediaType::of(b"\xff\xd8\xff\xe0"), Some(MediaType::Jpeg));
    assert_eq!(MediaType::of(b"<html>"), None);
    assert_eq!(paper("A", PAGE).flaws(today), []);
    let cases = [
        (paper(" ", PAGE), DocumentFlaw::Name),
        (paper(&"x".repeat(121), PAGE), DocumentFlaw::Name),
        (paper("a\nb", PAGE), DocumentFlaw::Name),
        (paper("A", b""), DocumentFlaw::File),
        (paper("A", b"MZ"), DocumentFlaw::File),
        (
            paper("A", &[PNG, &vec![0; DOCUMENT_BYTES]].concat()),
            DocumentFlaw::TooLarge,
        ),
        (
            NewDocument {
                issued: Some(day("2026-11-24")),
                ..paper("A", PAGE)
            },
            DocumentFlaw::Dates,
        ),
        (
            NewDocument {
                issued: Some(day("2026-01-02")),
                expires: Some(day("2026-01-01")),
                ..paper("A", PAGE)
            },
            DocumentFlaw::Dates,
        ),
    ];
    for (new, flaw) in cases {
        assert_eq!(new.flaws(today), [flaw], "{}", new.name);
    }
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn the_role_says_who_reads_who_adds_and_who_removes_documents(store: Store) {
        let house = House::new(&store).await;
        let own = Wallet::of(&store, &house);
        let user = house.hire("cheung-ka-yan", Powers::of(MemberRole::User, false)).await;
        let signer = Powers::of(MemberRole::Representative, false);
        let narrow = Powers {
            services: vec![ServiceGrant {
                service: "fehd-restaurant-licence".to_owned(),
                role: ServiceRole::Sign,
            }],
            ..signer.clone()
        };
        let signer = house.hire("siu-hoi-yan", signer).await;
        let narrow = house.hire("ho-mei-ling", narrow).await;
        let id = own.add(signer, paper("Licence", PAGE)).await.unwrap();
        assert!(matches!(own.add(user, paper("Licence", PAGE)).await, Err(Error::NotKeeper)));
        assert!(matches!(own.add(narrow, paper("Licence", PAGE)).await, Err(Error::NotKeeper)));
        assert!(matches!(own.all(narrow, DocumentState::Held).await, Err(Error::NotKeeper)));
        let read = own.all(user, DocumentState::Held).await.unwrap();
        assert_eq!((read[0].name.as_str(), read[0].file_name.as_str()), ("Licence", "licence.pdf"));
        for one in [user, signer] {
            assert!(matches!(own.turn(one, id, false).await, Err(Error::NotKeeper)));
            let label = DocumentLabel { kind: DocumentKind::Other, name: "X".to_owned(), issued: None, expires: None };
            let vault = own.keys.vault();
            let named = wallet::label_document(&store, &vault, (one, own.company), (id, label)).await;
            assert!(matches!(named, Err(Error::NotKeeper)));
        }
        own.turn(house.owner, id, false).await.unwrap();
        assert!(own.all(user, DocumentState::Held).await.unwrap().is_empty());
        let stranger = crate::tests::enrol(&store, &own.keys.vault(), "kwok-wing-sze", crate::Level::Plus).await;
        let none = own.all(stranger.person.id, DocumentState::Held).await;
        assert!(matches!(none, Err(Error::NotFound)), "{none:?}");
    }

    async fn what_is_removed_can_be_put_back_for_a_month_and_then_is_gone(store: Store, clock: FakeEnv) {
        let house = House::new(&store).await;
        let own = Wallet::of(&store, &house);
        let id = own.add(house.owner, paper("Licence", PAGE)).await.unwrap();
        own.turn(house.owner, id, false).await.unwrap();
        clock.advance(Duration::from_secs(29 * 86_400));
        crate::sweep(&store).await.unwrap();
        own.turn(house.owner, id, true).await.unwrap();
        let vault = own.keys.vault();
        let (_, bytes) = wallet::document_content(&store, &vault, (house.owner, own.company), id).await.unwrap();
        assert_eq!(bytes, PAGE);
        own.turn(house.owner, id, false).await.unwrap();
        clock.advance(Duration::from_secs(31 * 86_400));
        crate::sweep(&store).await.unwrap();
        assert!(matches!(own.turn(house.owner, id, true).await, Err(Error::NotFound)));
        let gone = wallet::document_content(&store, &vault, (house.owner, own.company), id).await;
        assert!(matches!(gone, Err(Error::NotFound)));
    }

    async fn a_wallet_holds_a_hundred_megabytes_and_says_so(store: Store) {
        let house = House::new(&store).await;
        let own = Wallet::of(&store, &house);
        let mut large = PNG.to_vec();
        large.resize(DOCUMENT_BYTES, 0);
        for number in 0..20 {
            own.add(house.owner, paper(&number.to_string(), &large)).await.unwrap();
        }
        let full = own.add(house.owner, paper("One more", PNG)).await;
        assert!(matches!(full, Err(Error::WalletFull)), "{full:?}");
        let first = own.all(house.owner, DocumentState::Held).await.unwrap();
        own.turn(house.owner, first[0].id, false).await.unwrap();
        let still = own.add(house.owner, paper("One more", PNG)).await;
        assert!(matches!(still, Err(Error::WalletFull)), "what can be put back counts");
    }

    async fn a_seal_is_told_only_where_it_holds(store: Store) {
        let house = House::new(&store).await;
        let own = Wallet::of(&store, &house);
        assert_eq!(own.seal_of(house.owner, PAGE).await, None);
        let sealed = crate::signing::seal_pdf(&own.notary, &store, PAGE.to_vec()).await.unwrap();
        let by = own.seal_of(house.owner, &sealed).await;
        assert!(by.is_some_and(|by| !by.is_empty()));
        let mut changed = sealed.clone();
        let place = changed.windows(4).position(|part| part == b"/Tit").unwrap_or(20);
        changed[place] ^= 1;
        assert_eq!(own.seal_of(house.owner, &changed).await, None);
        let added = [&sealed[..], b"\n% and more\n"].concat();
        assert_eq!(own.seal_of(house.owner, &added).await, None, "added to after it was sealed");
    }
}
