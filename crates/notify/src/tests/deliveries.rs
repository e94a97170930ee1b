//! E-mail and SMS: wishes, evidence, limits, carriers that fail.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use kernel::{Actor, Email, FakeEnv, Id, Lang, PhoneHk, Text, Time};
use proptest::prelude::*;
use store::Store;
use trust::{KeyStore, Vault};

use super::{post, reader, words};
use crate::{
    Carrier, CarrierError, Channel, Class, Courier, Delivery, DeliveryStatus, Message, NewContact,
    NewMessage, Parcel, Report, SAME_PER_HOUR, Times, carried, carrier::Answer, deliveries_of,
    report, set_contact,
};

/// A carrier that does as it is told and remembers what it was given.
#[derive(Debug, Default)]
struct Told {
    taken: Mutex<BTreeMap<String, String>>,
    is_down: Mutex<bool>,
    refuses: Mutex<bool>,
}

impl Carrier for Told {
    fn name(&self) -> &'static str {
        "told"
    }

    fn hand_over<'a>(&'a self, parcel: &'a Parcel) -> Answer<'a, String> {
        Box::pin(async move {
            if *self.is_down.lock().unwrap() {
                return Err(CarrierError::Unreachable("no route".to_owned()));
            }
            if *self.refuses.lock().unwrap() {
                return Err(CarrierError::Address);
            }
            let mut taken = self.taken.lock().unwrap();
            taken.insert(
                parcel.delivery.to_string(),
                format!("{} {}", parcel.address, parcel.body),
            );
            Ok(format!("told-{}", parcel.delivery))
        })
    }
}

struct Desk {
    store: Store,
    clock: FakeEnv,
    vault: Vault,
    carrier: Arc<Told>,
    courier: Courier,
    directory: std::path::PathBuf,
}

impl Desk {
    async fn new(store: Store, clock: FakeEnv) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("causeway-notify-{}-{count}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let (env, _) = kernel::Env::fake(Time::from_seconds(1_795_314_000), 5);
        std::fs::create_dir_all(&directory).unwrap();
        let vault = KeyStore::open(&directory, &env).unwrap().vault();
        let carrier = Arc::new(Told::default());
        let courier = Courier::new(
            store.clone(),
            vault.clone(),
            carrier.clone(),
            carrier.clone(),
        );
        let desk = Self {
            store,
            clock,
            vault,
            carrier,
            courier,
            directory,
        };
        desk.wish(true, true).await;
        desk
    }

    async fn wish(&self, wants_email: bool, wants_sms: bool) {
        let vault = self.vault.clone();
        self.store
            .write(&Actor::system("test"), move |tx| {
                let vault = vault.clone();
                async move {
                    let contact = NewContact {
                        recipient: reader(),
                        lang: Lang::Tc,
                        email: Some("chan@example.hk".parse::<Email>().unwrap()),
                        phone: Some("91234567".parse::<PhoneHk>().unwrap()),
                        wants_email,
                        wants_sms,
                    };
                    set_contact(&tx, &vault, contact).await
                }
            })
            .await
            .unwrap();
    }

    async fn evidence(&self, message: Id<Message>) -> Vec<Delivery> {
        self.store
            .read(move |db| async move { deliveries_of(&db, message).await })
            .await
            .unwrap()
    }

    async fn send(&self, new: NewMessage) -> Vec<Delivery> {
        let id = post(&self.store, new).await.unwrap();
        self.evidence(id).await
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

fn at_desk<F, Fut>(test: F)
where
    F: FnOnce(Arc<Desk>) -> Fut,
    Fut: Future<Output = ()>,
{
    let owners = &[&crate::MIGRATIONS, &journal::MIGRATIONS];
    store::testing::on_sqlite(owners, |store, clock| async move {
        test(Arc::new(Desk::new(store, clock).await)).await;
    });
}

#[test]
fn a_deadline_goes_by_both_channels_and_information_by_mail_only() {
    at_desk(|desk| async move {
        let channels = |deliveries: Vec<Delivery>| -> Vec<Channel> {
            deliveries
                .into_iter()
                .map(|delivery| delivery.channel)
                .collect()
        };
        let deadline = desk.send(words(Class::Deadline)).await;
        assert_eq!(channels(deadline), [Channel::Email, Channel::Sms]);
        assert_eq!(
            channels(desk.send(words(Class::Info)).await),
            [Channel::Email]
        );
        desk.wish(false, false).await;
        assert!(desk.send(words(Class::Deadline)).await.is_empty());
    });
}

#[test]
fn what_leaves_the_house_calls_to_the_inbox_and_carries_no_link() {
    at_desk(|desk| async move {
        let [mail] = &desk.send(words(Class::Info)).await[..] else {
            panic!()
        };
        desk.courier.deliver(mail.id).await.unwrap();
        let taken = desk.carrier.taken.lock().unwrap().clone();
        let said = taken.values().next().unwrap();
        assert!(said.starts_with("chan@example.hk 你的執照已備妥"), "{said}");
        assert!(
            !said.contains("請開啟電子錢包查看") && !said.contains("http"),
            "{said}"
        );
    });
}

#[test]
fn a_one_time_code_travels_whole() {
    at_desk(|desk| async move {
        let mut code = words(Class::Otp);
        code.body = Text::new("Your code is 4711.", "你的驗證碼是 4711。");
        let [mail, _] = &desk.send(code).await[..] else {
            panic!()
        };
        desk.courier.deliver(mail.id).await.unwrap();
        assert!(
            desk.carrier
                .taken
                .lock()
                .unwrap()
                .values()
                .any(|said| said.contains("4711"))
        );
    });
}

#[test]
fn a_delivery_is_handed_over_once() {
    at_desk(|desk| async move {
        let [mail] = &desk.send(words(Class::Info)).await[..] else {
            panic!()
        };
        for _ in 0..3 {
            let status = desk.courier.deliver(mail.id).await.unwrap();
            assert_eq!(status, DeliveryStatus::Handed);
        }
        assert_eq!(desk.evidence(mail.message).await[0].tries, 1);
    });
}

#[test]
fn a_carrier_that_is_down_is_tried_again_and_given_up_in_the_end() {
    at_desk(|desk| async move {
        let [mail] = &desk.send(words(Class::Info)).await[..] else {
            panic!()
        };
        *desk.carrier.is_down.lock().unwrap() = true;
        assert_eq!(
            desk.courier.deliver(mail.id).await.unwrap(),
            DeliveryStatus::Queued
        );
        let row = desk.evidence(mail.message).await.remove(0);
        assert_eq!(row.tries, 1);
        assert!(row.last_trouble.unwrap().contains("no route"));
        *desk.carrier.is_down.lock().unwrap() = false;
        desk.clock.advance(Duration::from_secs(5 * 3600));
        assert_eq!(
            desk.courier.deliver(mail.id).await.unwrap(),
            DeliveryStatus::GivenUp
        );
        assert!(desk.carrier.taken.lock().unwrap().is_empty());
    });
}

#[test]
fn an_address_that_is_refused_bounces_at_once() {
    at_desk(|desk| async move {
        let [mail] = &desk.send(words(Class::Info)).await[..] else {
            panic!()
        };
        *desk.carrier.refuses.lock().unwrap() = true;
        assert_eq!(
            desk.courier.deliver(mail.id).await.unwrap(),
            DeliveryStatus::Bounced
        );
    });
}

#[test]
fn the_same_words_to_one_number_are_held_after_twenty_in_an_hour() {
    at_desk(|desk| async move {
        let mut last = None;
        for _ in 0..=SAME_PER_HOUR {
            let delivery = desk.send(words(Class::Info)).await.remove(0);
            last = Some((
                delivery.id,
                desk.courier.deliver(delivery.id).await.unwrap(),
            ));
        }
        let (id, status) = last.unwrap();
        assert_eq!(status, DeliveryStatus::Held);
        let mut other = words(Class::Info);
        other.subject = Text::new("Something else", "另一件事");
        let other = desk.send(other).await.remove(0);
        assert_eq!(
            desk.courier.deliver(other.id).await.unwrap(),
            DeliveryStatus::Handed
        );
        desk.clock.advance(Duration::from_secs(3601));
        assert_eq!(
            desk.courier.deliver(id).await.unwrap(),
            DeliveryStatus::Handed
        );
    });
}

#[test]
fn reports_may_come_late_twice_and_in_any_order() {
    at_desk(|desk| async move {
        let [mail] = &desk.send(words(Class::Info)).await[..] else {
            panic!()
        };
        desk.courier.deliver(mail.id).await.unwrap();
        let reference = format!("told-{}", mail.id);
        for word in [
            Report::Bounced,
            Report::Delivered,
            Report::Delivered,
            Report::Bounced,
        ] {
            let reference = reference.clone();
            desk.store
                .write(&Actor::system("test"), move |tx| {
                    let reference = reference.clone();
                    async move { report(&tx, &reference, word, tx.now()).await }
                })
                .await
                .unwrap();
        }
        let row = desk.evidence(mail.message).await.remove(0);
        assert_eq!(row.times.status(), DeliveryStatus::Delivered);
        assert!(row.times.bounced_at.is_some());
    });
}

#[test]
fn the_simulated_carrier_keeps_one_copy_of_each_message() {
    at_desk(|desk| async move {
        let carrier = Arc::new(crate::SimulatedCarrier::new(desk.store.clone()));
        let parcel = Parcel {
            delivery: Id::from_bits(1),
            channel: Channel::Sms,
            address: "91234567".to_owned(),
            lang: Lang::En,
            subject: "s".to_owned(),
            body: "b".to_owned(),
        };
        for _ in 0..2 {
            carrier.hand_over(&parcel).await.unwrap();
        }
        let kept = desk
            .store
            .read(|db| async move { carried(&db, 10).await })
            .await
            .unwrap();
        assert_eq!(kept.len(), 1);
        assert!(!format!("{parcel:?}").contains("91234567"));
    });
}

fn some_time() -> impl Strategy<Value = Option<Time>> {
    prop::option::of((0..1_000_i64).prop_map(Time::from_seconds))
}

proptest! {
    /// The status depends on which reports came, never on when or in which order.
    #[test]
    fn a_delivered_message_is_delivered_whatever_else_was_reported(
        held in some_time(), handed in some_time(), bounced in some_time(), given_up in some_time(),
        delivered in 0..1_000_i64,
    ) {
        let times = Times {
            queued_at: Time::from_seconds(0),
            held_at: held,
            handed_at: handed,
            delivered_at: Some(Time::from_seconds(delivered)),
            bounced_at: bounced,
            given_up_at: given_up,
        };
        prop_assert_eq!(times.status(), DeliveryStatus::Delivered);
        let without = Times { delivered_at: None, ..times };
        prop_assert_ne!(without.status(), DeliveryStatus::Delivered);
    }
}
