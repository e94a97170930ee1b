//! How a person wants to hear, besides the inbox: e-mail, SMS, and in which language.

use kernel::{Email, Id, Lang, PhoneHk};
use store::Write;
use trust::{Place, Sealed, Vault};

use crate::{Channel, Error, Recipient, store as tables};

/// A person's wishes. An address without the wish is kept but not used.
#[derive(Clone, Debug)]
pub struct NewContact {
    pub recipient: Id<Recipient>,
    pub lang: Lang,
    pub email: Option<Email>,
    pub phone: Option<PhoneHk>,
    pub wants_email: bool,
    pub wants_sms: bool,
}

/// A person's wishes on record; the addresses stay sealed.
#[derive(Clone, Debug)]
pub struct Contact {
    pub recipient: Id<Recipient>,
    pub lang: Lang,
    pub(crate) email: Option<Address>,
    pub(crate) sms: Option<Address>,
    pub wants_email: bool,
    pub wants_sms: bool,
}

/// A sealed address and the blind index by which limits count it.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) sealed: Sealed,
    pub(crate) index: Vec<u8>,
}

impl Contact {
    pub(crate) const fn address(&self, channel: Channel) -> Option<&Address> {
        match channel {
            Channel::Email => self.email.as_ref(),
            Channel::Sms => self.sms.as_ref(),
        }
    }

    /// The address in clear, for a carrier.
    ///
    /// # Errors
    /// [`Error::Trust`] when it does not open.
    pub fn open(&self, vault: &Vault, channel: Channel) -> Result<Option<String>, Error> {
        self.address(channel)
            .map(|address| vault.open_text(&place(channel, self.recipient), &address.sealed))
            .transpose()
            .map_err(Error::from)
    }

    /// The channels that carry a message besides the inbox.
    pub(crate) fn channels(&self, is_urgent: bool) -> impl Iterator<Item = Channel> {
        let email = self.wants_email && self.email.is_some();
        let sms = self.wants_sms && self.sms.is_some() && is_urgent;
        [(email, Channel::Email), (sms, Channel::Sms)]
            .into_iter()
            .filter_map(|(wanted, channel)| wanted.then_some(channel))
    }
}

fn place(channel: Channel, recipient: Id<Recipient>) -> Place {
    let column = match channel {
        Channel::Email => "contact.email",
        Channel::Sms => "contact.sms",
    };
    Place::new(column, recipient)
}

/// Seals and stores a person's wishes, in place of earlier ones.
///
/// # Errors
/// [`Error::Trust`] when sealing fails.
pub async fn set_contact(tx: &Write, vault: &Vault, new: NewContact) -> Result<(), Error> {
    let seal = |channel, words: &str| -> Result<Address, Error> {
        Ok(Address {
            sealed: vault.seal(&place(channel, new.recipient), words)?,
            index: vault.blind_index(channel.code(), words).bytes(),
        })
    };
    let email = new
        .email
        .as_ref()
        .map(|email| seal(Channel::Email, email.as_str()));
    let sms = new
        .phone
        .as_ref()
        .map(|phone| seal(Channel::Sms, phone.as_str()));
    let contact = Contact {
        recipient: new.recipient,
        lang: new.lang,
        email: email.transpose()?,
        sms: sms.transpose()?,
        wants_email: new.wants_email,
        wants_sms: new.wants_sms,
    };
    tables::contact::put(tx, &contact).await
}
