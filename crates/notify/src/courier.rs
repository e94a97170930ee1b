//! The courier takes queued deliveries to the carriers: one at a time, within the limits of each
//! address, until delivered, bounced or given up.

use std::{sync::Arc, time::Duration};

use kernel::{Actor, Id, Lang, Text};
use store::Store;
use trust::Vault;

use crate::{
    Carrier, CarrierError, Class, Delivery, DeliveryStatus, Error, Message, Parcel,
    delivery::{TRIES_MAX, pause},
    store as tables,
};

/// The kind of job that hands one delivery over.
pub const DELIVER_JOB: &str = "notify.deliver";
/// How long a delivery over its address's limit waits.
const HOLD: Duration = Duration::from_secs(15 * 60);

/// Takes deliveries out. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Courier {
    store: Store,
    vault: Vault,
    email: Arc<dyn Carrier>,
    sms: Arc<dyn Carrier>,
}

/// What is ready to go out.
struct Ready {
    delivery: Delivery,
    class: Class,
    parcel: Option<Parcel>,
    is_over_limit: bool,
}

impl Courier {
    #[must_use]
    pub fn new(store: Store, vault: Vault, email: Arc<dyn Carrier>, sms: Arc<dyn Carrier>) -> Self {
        Self {
            store,
            vault,
            email,
            sms,
        }
    }

    /// Hands one delivery over, or puts it off, or gives it up. Run by a job as often as needed: a
    /// delivery that is no longer waiting is left alone.
    ///
    /// # Errors
    /// The store or the vault failed: run it again.
    pub async fn deliver(&self, id: Id<Delivery>) -> Result<DeliveryStatus, Error> {
        let ready = self.prepare(id).await?;
        let now = self.store.env().now();
        let status = ready.delivery.times.status();
        if !matches!(status, DeliveryStatus::Queued | DeliveryStatus::Held) {
            return Ok(status);
        }
        let is_late = !ready.delivery.times.is_waiting(ready.class, now);
        let Some(parcel) = ready
            .parcel
            .filter(|_| !is_late && ready.delivery.tries < TRIES_MAX)
        else {
            return self.note(id, Note::GivenUp).await;
        };
        if ready.is_over_limit {
            return self.note(id, Note::Held).await;
        }
        let carrier = match parcel.channel {
            crate::Channel::Email => &self.email,
            crate::Channel::Sms => &self.sms,
        };
        match carrier.hand_over(&parcel).await {
            Ok(reference) => self.note(id, Note::Handed(reference)).await,
            Err(CarrierError::Address) => self.note(id, Note::Bounced).await,
            Err(error @ CarrierError::Unreachable(_)) => {
                let wait = pause(ready.delivery.tries + 1);
                self.note(id, Note::Trouble(error.to_string(), wait)).await
            }
        }
    }

    async fn prepare(&self, id: Id<Delivery>) -> Result<Ready, Error> {
        let vault = self.vault.clone();
        self.store
            .read(move |db| async move {
                let delivery = tables::delivery::get(&db, id).await?;
                let message = tables::message::find(&db, delivery.message)
                    .await?
                    .ok_or(Error::NotFound)?;
                let contact = tables::contact::find_contact(&db, message.to).await?;
                let parcel = match &contact {
                    Some(contact) => contact
                        .open(&vault, delivery.channel)?
                        .map(|address| parcel(&delivery, &message, address, contact.lang)),
                    None => None,
                };
                Ok(Ready {
                    is_over_limit: tables::delivery::is_over_limit(&db, &delivery).await?,
                    class: message.class,
                    delivery,
                    parcel,
                })
            })
            .await
    }

    async fn note(&self, id: Id<Delivery>, note: Note) -> Result<DeliveryStatus, Error> {
        self.store
            .write(&Actor::system("notify"), move |tx| {
                let note = note.clone();
                async move {
                    match note {
                        Note::Handed(words) => {
                            tables::delivery::note_handed(&tx, id, &words).await?;
                        }
                        Note::Bounced => tables::delivery::note_bounced(&tx, id).await?,
                        Note::GivenUp => tables::delivery::note_given_up(&tx, id).await?,
                        Note::Held => {
                            tables::delivery::note_held(&tx, id).await?;
                            tables::delivery::again(&tx, id, tx.now() + HOLD).await?;
                        }
                        Note::Trouble(words, wait) => {
                            tables::delivery::note_trouble(&tx, id, &words).await?;
                            tables::delivery::again(&tx, id, tx.now() + wait).await?;
                        }
                    }
                    Ok(tables::delivery::get(&tx, id).await?.times.status())
                }
            })
            .await
    }
}

#[derive(Clone)]
enum Note {
    Handed(String),
    Bounced,
    GivenUp,
    Held,
    Trouble(String, Duration),
}

/// The words that leave the house. They carry no link, because people should learn that ours never do.
fn parcel(delivery: &Delivery, message: &Message, address: String, lang: Lang) -> Parcel {
    let subject = message.subject.get(lang);
    let body = if message.class.travels_whole() {
        message.body.get(lang).to_owned()
    } else {
        let call = Text::new(
            "You have a new message in Causeway. Open the app or type the address yourself to read it. We never send links.",
            "你在通途有新訊息。請開啟應用程式，或自行輸入網址閱覽。我們從不發送連結。",
        );
        format!("{subject}\n\n{}", call.get(lang))
    };
    Parcel {
        delivery: delivery.id,
        channel: delivery.channel,
        address,
        lang,
        subject: subject.to_owned(),
        body,
    }
}
