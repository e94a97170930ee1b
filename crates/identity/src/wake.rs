//! Waking a phone whose app is closed: who asks a person by name has their phone rung by Web Push (RFC 8030)
//! in the name of this platform (RFC 8292).
//!
//! Invariants: a call carries nothing, neither who asks nor what, so that the maker of the phone's browser
//! learns only that it rings; the app then asks the platform itself. The address is sealed, belongs to one
//! phone and ends with it. Nobody is woken for what is answered or over.

use ::store::Store;
use journal::{Failure, Runner, Task};
use serde_json::json;
use trust::{SigningKey, Vault, base64url, jws::Signer};

use crate::{
    Approval, Device, Error,
    provider::{Post, Provider, Sent, is_redirect, jobs::approval_of},
    store::{approval, wake as table},
};

/// The job that wakes a phone.
pub(crate) const WAKE: &str = "identity.wake_phone";
/// Seconds for which a push service may believe who calls (RFC 8292 section 2: a day at most).
const TOKEN_LIFE: i64 = 3_600;

/// The key in whose name phones are woken. It follows from the vault's own, so that every node has the same
/// one and phones need not be told of a new.
fn key(vault: &Vault) -> Result<SigningKey, Error> {
    Ok(SigningKey::from_scalar(
        vault
            .blind_index("web push", "voluntary application server identification")
            .0,
    )?)
}

/// What a browser is told to expect calls from: the uncompressed point, base64url (RFC 8292 section 3.2).
pub(crate) fn public(vault: &Vault) -> Result<String, Error> {
    Ok(base64url::encode(key(vault)?.public().point()))
}

/// Remembers where a phone is woken, or that it no longer wants to be.
///
/// # Errors
/// [`Error::Malformed`] for an address that is not https.
pub(crate) async fn set(
    store: &Store,
    vault: &Vault,
    device: &Device,
    address: Option<&str>,
) -> Result<(), Error> {
    let (id, actor) = (
        device.id,
        crate::store::company::resident(device.person, None),
    );
    let sealed = match address {
        Some(address) if is_redirect(address) => Some(vault.seal(&table::place(id), address)?.0),
        Some(_) => return Err(Error::Malformed("address")),
        None => None,
    };
    store
        .write(&actor, move |tx| {
            let sealed = sealed.clone();
            async move { table::set_in(&tx, id, sealed).await }
        })
        .await
}

/// Adds the work to a runner.
pub(crate) fn jobs(runner: Runner, provider: &Provider) -> Runner {
    let provider = provider.clone();
    runner.on(WAKE, move |task| {
        let provider = provider.clone();
        async move { wake(&provider, &task).await }
    })
}

async fn wake(provider: &Provider, task: &Task) -> Result<(), Failure> {
    let id = approval_of(task)?;
    let found = provider
        .store()
        .read(move |db| async move {
            let asked = approval::find_in(&db, id).await?;
            let Some(person) = asked.as_ref().and_then(|asked| asked.person) else {
                return Ok(None);
            };
            let address = table::of_person_in(&db, person).await?;
            Ok::<_, Error>(asked.zip(address))
        })
        .await?;
    let Some((asked, (device, sealed))) = found else {
        return Ok(());
    };
    if !asked.state_at(provider.now()).is_open() {
        return Ok(());
    }
    let vault = provider.identity().vault();
    let address = vault
        .open_text(&table::place(device), &sealed)
        .map_err(Error::from)?;
    let post = call(provider, &asked, address)?;
    match provider.outbound().post(post).await {
        Sent::Heard => Ok(()),
        // The browser has taken its word back, or is gone.
        Sent::Gone => Ok(provider
            .store()
            .write(&kernel::Actor::system("identity"), move |tx| async move {
                table::set_in(&tx, device, None).await
            })
            .await?),
        Sent::Refused => Err(Failure::Dead("the push service refuses".to_owned())),
        Sent::Unheard => Err(Failure::Again(
            "the push service does not answer".to_owned(),
        )),
    }
}

/// The call: no body, kept by the push service for as long as the question stands.
fn call(provider: &Provider, asked: &Approval, address: String) -> Result<Post, Error> {
    let key = key(provider.identity().vault())?;
    let now = provider.now();
    let claims = json!({
        "aud": origin(&address), "exp": now.seconds() + TOKEN_LIFE, "sub": provider.issuer(),
    });
    let token = Signer::new(&key, "JWT").sign(&claims)?;
    let public = base64url::encode(key.public().point());
    Ok(Post {
        uri: address,
        content_type: "",
        authorization: Some(format!("vapid t={token}, k={public}")),
        more: vec![
            ("ttl", asked.seconds_left(now).to_string()),
            ("urgency", "high".to_owned()),
        ],
        body: String::new(),
    })
}

/// Scheme and host of an address, which is whom a token is for.
fn origin(address: &str) -> &str {
    let host = address.find("://").map_or(0, |at| at + 3);
    let end = address.get(host..).and_then(|rest| rest.find(['/', '?']));
    end.and_then(|end| address.get(..host + end))
        .unwrap_or(address)
}
