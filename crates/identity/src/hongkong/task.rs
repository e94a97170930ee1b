//! A task: one thing a client asked of one person, from the request to the result.

use std::time::Duration;

use kernel::{Id, Lang, Text, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trust::{Place, Sealed, Vault, digest};

use super::{
    caller::Fields,
    corp_sign::Corporate,
    documents::WalletAsked,
    registration::WireScope,
    reply::Refusal,
    word::{Dialect, Family, Word},
};
use crate::{
    Approval, Binding, Company, Error, ItemKind, NewItem, NewSigning, Person, PersonName,
    PresenceCheck, SigningAlgorithm, SigningRequest, code::codes, provider::Client, signing,
};

/// How long a ticket waits for the browser that brings it.
const TICKET_LIFE: Duration = Duration::from_secs(18 * 60);
/// The same for signing without a login.
const SIGN_TICKET_LIFE: Duration = Duration::from_secs(12 * 60);
/// Characters of a client's own name for a request, and of its state.
pub(crate) const NAME_CHARS: usize = 36;
/// Characters of an address.
pub(crate) const ADDRESS_CHARS: usize = 500;
/// What the interfaces sign with.
pub(crate) const USUAL: SigningAlgorithm = SigningAlgorithm::Rs256;
/// Characters of a source.
const SOURCE_CHARS: usize = 40;

codes! {
    /// What is asked.
    Kind {
        Login = "login",
        Profile = "profile",
        Form = "form",
        AnonymousForm = "anonymous_form",
        StepUp = "step_up",
        Sign = "sign",
        AnonymousSign = "anonymous_sign",
        Pdf = "pdf",
        AnonymousPdf = "anonymous_pdf",
        Bulk = "bulk",
        AnonymousBulk = "anonymous_bulk",
        /// A person and a company they act for, known together.
        CorpLogin = "corp_login",
        /// What is known of a company, answered at once.
        CorpProfile = "corp_profile",
        /// A form of a company, with fields of the company and of the person.
        CorpForm = "corp_form",
        AnonymousCorpForm = "anonymous_corp_form",
        /// Somebody shows that it is them who acts for the company.
        CorpStepUp = "corp_step_up",
        /// A person's signature for a company: over a hash, in a PDF, over many documents.
        CorpSign = "corp_sign",
        CorpPdf = "corp_pdf",
        CorpBulk = "corp_bulk",
        /// A company's chop on the same.
        Chop = "chop",
        ChopPdf = "chop_pdf",
        ChopBulk = "chop_bulk",
        /// Documents of a company: one is brought, some are handed over.
        CorpUpload = "corp_upload",
        CorpShare = "corp_share",
    }
}

impl Kind {
    pub(crate) const fn family(self) -> Family {
        match self {
            Self::Login | Self::CorpLogin => Family::Login,
            Self::Profile | Self::CorpProfile => Family::Profile,
            Self::Form | Self::AnonymousForm | Self::CorpForm | Self::AnonymousCorpForm => {
                Family::Form
            }
            Self::StepUp | Self::CorpStepUp => Family::StepUp,
            Self::Sign
            | Self::AnonymousSign
            | Self::Pdf
            | Self::AnonymousPdf
            | Self::CorpSign
            | Self::CorpPdf
            | Self::Chop
            | Self::ChopPdf => Family::Sign,
            Self::Bulk | Self::AnonymousBulk | Self::CorpBulk | Self::ChopBulk => Family::Bulk,
            Self::CorpUpload | Self::CorpShare => Family::Wallet,
        }
    }

    /// What the person must have let the client do, and the client be registered for.
    pub(crate) const fn scope(self) -> WireScope {
        match self {
            Self::Login => WireScope::Auth,
            // No scope of the interface for companies names it.
            Self::CorpLogin | Self::CorpStepUp => WireScope::CorpAuth,
            Self::CorpProfile => WireScope::CorpProfiles,
            Self::CorpForm | Self::AnonymousCorpForm => WireScope::CorpFormFilling,
            Self::Profile => WireScope::Profiles,
            Self::Form | Self::AnonymousForm => WireScope::FormFilling,
            Self::StepUp => WireScope::StepUp,
            Self::Sign | Self::AnonymousSign | Self::Pdf | Self::AnonymousPdf => WireScope::Sign,
            Self::Bulk | Self::AnonymousBulk => WireScope::BulkSign,
            Self::CorpSign
            | Self::CorpPdf
            | Self::CorpBulk
            | Self::Chop
            | Self::ChopPdf
            | Self::ChopBulk => WireScope::CorpSign,
            Self::CorpUpload | Self::CorpShare => WireScope::CorpDocWallet,
        }
    }

    /// Whether a browser waits for the outcome and takes it back; else it is posted to the client.
    pub(crate) const fn is_of_browser(self) -> bool {
        matches!(
            self,
            Self::Login
                | Self::AnonymousForm
                | Self::AnonymousSign
                | Self::AnonymousPdf
                | Self::AnonymousBulk
                | Self::CorpLogin
                | Self::AnonymousCorpForm
        )
    }

    /// Whether it lets a client know somebody for hours, and not once.
    pub(crate) const fn is_login(self) -> bool {
        matches!(self, Self::Login | Self::CorpLogin)
    }

    /// Which interface it was asked over, and is answered over.
    pub(crate) const fn dialect(self) -> Dialect {
        match self {
            Self::CorpLogin
            | Self::CorpProfile
            | Self::CorpForm
            | Self::AnonymousCorpForm
            | Self::CorpStepUp
            | Self::CorpSign
            | Self::CorpPdf
            | Self::CorpBulk
            | Self::Chop
            | Self::ChopPdf
            | Self::ChopBulk
            | Self::CorpUpload
            | Self::CorpShare => Dialect::CorpId,
            _ => Dialect::IamSmart,
        }
    }

    /// Whether the person says, once they have agreed, which company it is about.
    pub(crate) const fn has_choice(self) -> bool {
        self.is_of_browser() && matches!(self.dialect(), Dialect::CorpId)
    }

    pub(crate) const fn is_signature(self) -> bool {
        matches!(self.family(), Family::Sign | Family::Bulk)
    }

    pub(crate) const fn is_pdf(self) -> bool {
        matches!(
            self,
            Self::Pdf | Self::AnonymousPdf | Self::CorpPdf | Self::ChopPdf
        )
    }

    pub(crate) const fn is_bulk(self) -> bool {
        matches!(self.family(), Family::Bulk)
    }

    /// The same documents, under the chop of a company.
    pub(crate) const fn chopped(self) -> Self {
        match self {
            Self::CorpPdf => Self::ChopPdf,
            Self::CorpBulk => Self::ChopBulk,
            _ => Self::Chop,
        }
    }

    pub(crate) const fn ticket_life(self) -> Duration {
        if self.is_signature() && self.is_of_browser() {
            SIGN_TICKET_LIFE
        } else {
            TICKET_LIFE
        }
    }
}

codes! {
    /// Where a task stands.
    State {
        /// The ticket waits for a browser.
        Ticket = "ticket",
        /// The phone is asked.
        Asked = "asked",
        Done = "done",
    }
}

codes! {
    /// Where the client's page runs. Telling it apart is the client's work.
    Source {
        PcBrowser = "PC_Browser",
        AndroidChrome = "Android_Chrome",
        AndroidFirefox = "Android_Firefox",
        AndroidEdge = "Android_Edge",
        AndroidSamsung = "Android_Samsung",
        AndroidHuawei = "Android_Huawei",
        AndroidXiaomi = "Android_Xiaomi",
        AndroidInApp = "Android_IMS_InAppBrowser",
        IosSafari = "iOS_Safari",
        IosChrome = "iOS_Chrome",
        IosFirefox = "iOS_Firefox",
        IosEdge = "iOS_Edge",
        IosInApp = "iOS_IMS_InAppBrowser",
        AppScheme = "App_Scheme",
        AppLink = "App_Link",
        AppPackage = "App_Package",
    }
}

impl Source {
    /// Whether page and phone are two devices.
    pub(crate) const fn is_elsewhere(self) -> bool {
        matches!(self, Self::PcBrowser)
    }

    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        text.parse().map_err(|_| Word::Source.of("source"))
    }
}

/// What was asked, sealed in the task's row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) source: Source,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) lang: Lang,
    /// Where the result is posted to, when the request names the address itself.
    #[serde(default)]
    pub(crate) callback_uri: Option<String>,
    #[serde(default)]
    pub(crate) scopes: Vec<WireScope>,
    #[serde(default)]
    pub(crate) fields: Vec<String>,
    /// What is asked about a company, and which one when that is known already.
    #[serde(default)]
    pub(crate) corp_scopes: Vec<WireScope>,
    #[serde(default)]
    pub(crate) corp_fields: Vec<String>,
    /// What is asked of a person without an identity card.
    #[serde(default)]
    pub(crate) elsewhere: Vec<String>,
    #[serde(default)]
    pub(crate) company: Option<Id<Company>>,
    /// Its name when it was asked, as the phone shows it.
    #[serde(default)]
    pub(crate) company_name: Option<PersonName>,
    #[serde(default)]
    pub(crate) form: Option<Form>,
    #[serde(default)]
    pub(crate) signing: Option<Signing>,
    #[serde(default)]
    pub(crate) wallet: Option<WalletAsked>,
    /// Binds the approval of a task that no browser waits for.
    pub(crate) secret: String,
    /// The digits that the client was told with the ticket, before there was a question to show them.
    #[serde(default)]
    pub(crate) code: Option<String>,
}

/// A form to be filled in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Form {
    pub(crate) name: String,
    pub(crate) number: String,
    pub(crate) description: String,
}

/// Documents to be signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Signing {
    pub(crate) department: String,
    pub(crate) service: String,
    #[serde(default = "usual")]
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) items: Vec<Item>,
    /// Base64url of the keyed index of the card, never its bare digest.
    pub(crate) card: Option<String>,
    pub(crate) minimum_age_hours: u16,
    /// What shows that the person is there, beside the phone's own check.
    #[serde(default)]
    pub(crate) presence: Option<PresenceCheck>,
    /// Signatures in one callback.
    pub(crate) in_one: usize,
    /// The company it concerns; none for the person alone.
    #[serde(default)]
    pub(crate) corporate: Option<Corporate>,
}

const fn usual() -> SigningAlgorithm {
    USUAL
}

impl Signing {
    /// The one digest over all documents, as [`NewSigning::digest`] gives it.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let items = self.items.iter().map(|item| (item.kind, &item.digest));
        signing::digest_of(self.algorithm, items)
    }
}

/// One document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) kind: ItemKind,
    pub(crate) name: String,
    pub(crate) digest: [u8; 32],
}

impl Asked {
    /// What every request says: where its page runs and where the answer goes.
    pub(crate) fn read((client, kind): (&Client, Kind), fields: &Fields) -> Result<Self, Refusal> {
        // Of a company's request without a login, the browser that brings the ticket may say both.
        let is_later =
            kind.has_choice() && fields.optional("redirectURI", ADDRESS_CHARS)?.is_none();
        let source = match fields.optional("source", SOURCE_CHARS)? {
            None if is_later => Source::PcBrowser,
            _ => Source::read(fields.need("source", SOURCE_CHARS)?)?,
        };
        let (redirect_uri, callback_uri) = if is_later {
            (String::new(), None)
        } else {
            addresses(client, (kind, fields.need("redirectURI", ADDRESS_CHARS)?))?
        };
        let state = fields.optional("state", NAME_CHARS)?.map(str::to_owned);
        if state.as_deref().is_some_and(|state| !is_state(state)) {
            return Err(Word::Invalid.of("state"));
        }
        Ok(Self {
            source,
            redirect_uri,
            state,
            lang: Lang::default(),
            callback_uri,
            scopes: Vec::new(),
            fields: Vec::new(),
            corp_scopes: Vec::new(),
            corp_fields: Vec::new(),
            elsewhere: Vec::new(),
            company: None,
            company_name: None,
            form: None,
            signing: None,
            wallet: None,
            secret: String::new(),
            code: None,
        })
    }

    pub(crate) fn binding(&self) -> Binding {
        Binding::of(self.secret.as_bytes())
    }

    /// What goes to the signing room; the department's own words stand in one language.
    pub(crate) fn signing(
        &self,
        person: Option<Id<Person>>,
        (binding, place, return_to): (Binding, Text, String),
    ) -> Result<NewSigning, Error> {
        let asked = self.signing.as_ref().ok_or(Error::Corrupt("signing"))?;
        let card = asked.card.as_deref().map(trust::base64url::decode);
        Ok(NewSigning {
            person,
            department: Text::same(asked.department.as_str()),
            service: Text::same(asked.service.as_str()),
            algorithm: asked.algorithm,
            items: asked
                .items
                .iter()
                .map(|item| NewItem {
                    kind: item.kind,
                    name: item.name.clone(),
                    digest: item.digest,
                    data: None,
                })
                .collect(),
            minimum_age_hours: asked.minimum_age_hours,
            client: None,
            presence: asked.presence,
            card: card.transpose()?,
            behalf: asked.corporate.as_ref().map(Corporate::behalf),
            binding,
            place,
            return_to,
        })
    }
}

/// Where the browser goes back to, and where the result is posted to. Some clients name the one as
/// `redirectURI`, some the other: each is known by where it is registered.
fn addresses(
    client: &Client,
    (kind, address): (Kind, &str),
) -> Result<(String, Option<String>), Refusal> {
    if client.redirects_to(address) {
        return Ok((address.to_owned(), None));
    }
    let wire = client.wire.as_ref().filter(|_| !kind.is_of_browser());
    let is_callback = wire.is_some_and(|wire| wire.callback_uris.iter().any(|own| own == address));
    match client.redirect_uris.first() {
        Some(first) if is_callback => Ok((first.clone(), Some(address.to_owned()))),
        _ => Err(Word::Address.of("redirectURI")),
    }
}

/// Letters, digits, hyphen and underscore.
pub(crate) fn is_state(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !text.is_empty() && text.len() <= NAME_CHARS && text.bytes().all(is_plain)
}

/// The client's own name for a request.
pub(crate) fn business_of(fields: &Fields) -> Result<&str, Refusal> {
    let business = fields.need("businessID", NAME_CHARS)?;
    if business.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(business)
    } else {
        Err(Word::Invalid.of("businessID"))
    }
}

/// A task as stored.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) id: Id<Task>,
    pub(crate) client: String,
    pub(crate) kind: Kind,
    pub(crate) business: Option<String>,
    pub(crate) person: Option<Id<Person>>,
    pub(crate) approval: Option<Id<Approval>>,
    pub(crate) signing: Option<Id<SigningRequest>>,
    pub(crate) asked: Option<Vec<u8>>,
    pub(crate) state: State,
    pub(crate) outcome: Option<Word>,
    pub(crate) result: Option<Vec<u8>>,
    pub(crate) expires: Time,
    /// The company it is about; of a login, once the person has chosen it.
    pub(crate) company: Option<Id<Company>>,
}

impl Task {
    pub(crate) fn open_asked(&self, vault: &Vault) -> Result<Asked, Error> {
        let sealed = self.asked.clone().ok_or(Error::Expired)?;
        let plain = vault.open(&asked_place(self.id), &Sealed(sealed))?;
        serde_json::from_slice(&plain).map_err(|_| Error::Corrupt("hongkong_task"))
    }

    pub(crate) fn open_result(&self, vault: &Vault) -> Result<Option<Value>, Error> {
        let Some(sealed) = self.result.clone() else {
            return Ok(None);
        };
        let plain = vault.open(&result_place(self.id), &Sealed(sealed))?;
        let read = serde_json::from_slice(&plain);
        read.map(Some).map_err(|_| Error::Corrupt("hongkong_task"))
    }
}

/// Seals what was asked.
pub(crate) fn seal_asked(vault: &Vault, id: Id<Task>, asked: &Asked) -> Result<Vec<u8>, Error> {
    let plain = serde_json::to_vec(asked).map_err(|_| Error::Corrupt("hongkong_task"))?;
    Ok(vault.seal(&asked_place(id), plain)?.0)
}

/// Seals what the client gets.
pub(crate) fn seal_result(vault: &Vault, id: Id<Task>, result: &Value) -> Result<Vec<u8>, Error> {
    Ok(vault.seal(&result_place(id), result.to_string())?.0)
}

fn asked_place(id: Id<Task>) -> Place {
    Place::new("hongkong_task.asked", id)
}

fn result_place(id: Id<Task>) -> Place {
    Place::new("hongkong_task.result", id)
}

/// The digest the phone signs over what is asked, unless it is documents.
pub(crate) fn digest_of(client: &str, kind: Kind, asked: &Asked) -> [u8; 32] {
    let mut message = format!("causeway/hongkong/1\0{client}\0{kind}\0");
    let mut add = |text: &str| {
        message.push_str(text);
        message.push('\0');
    };
    add(&asked.redirect_uri);
    add(&asked.secret);
    asked.scopes.iter().for_each(|scope| add(scope.code()));
    asked.fields.iter().for_each(|field| add(field));
    asked.corp_scopes.iter().for_each(|scope| add(scope.code()));
    asked.corp_fields.iter().for_each(|field| add(field));
    asked.elsewhere.iter().for_each(|field| add(field));
    if let Some(company) = asked.company {
        add(&company.to_string());
    }
    if let Some(form) = &asked.form {
        add(&form.name);
        add(&form.number);
        add(&form.description);
    }
    if let Some(wallet) = &asked.wallet {
        add(&wallet.digested());
    }
    digest::sha256(message)
}
