//! People read in the inbox of every change to what signs them in, and of invitations that wait for them:
//! a change that nobody made oneself is seen there, whatever page or node it was made on.

use journal::{Failure, OutboxEvent, Runner};
use kernel::{Id, Text};
use notify::{Class, NewMessage, Recipient};
use store::Write;

/// The name of this consumer's place in the outbox.
const CONSUMER: &str = "causeway.alarm";

/// Adds the consumer of events about phones and passkeys.
pub(crate) fn jobs(runner: Runner) -> Runner {
    runner.keep(CONSUMER, move |tx, events| async move {
        for event in events.iter() {
            tell(&tx, event).await?;
        }
        Ok(())
    })
}

async fn tell(tx: &Write, event: &OutboxEvent) -> Result<(), Failure> {
    if event.kind == identity::INVITED {
        return invited(tx, event).await;
    }
    let Some((subject, body)) = words(event) else {
        return Ok(());
    };
    let to: Id<Recipient> = event.subject.parse()?;
    let message = NewMessage::new(to, Class::Info, subject, body)
        .about("person", &event.subject)
        .link("/devices")
        .key(format!("alarm-{}", event.id));
    notify::send(tx, message).await?;
    Ok(())
}

/// Whoever is invited reads of it where they have an account; whoever invited does not learn that.
async fn invited(tx: &Write, event: &OutboxEvent) -> Result<(), Failure> {
    let invitation = event.subject.parse()?;
    let Some((person, company)) = identity::invitee_in(tx, invitation).await? else {
        return Ok(());
    };
    let zh = company.name.zh.as_deref().unwrap_or(&company.name.en);
    let subject = Text::new(
        format!("{} invites you", company.name.en),
        format!("{zh}邀請你"),
    );
    let body = Text::new(
        "You may act for the company if you accept. Look at what you would be allowed to do before you do, and decline if you do not know it.",
        "接受後你可代表該公司行事。請先查看你將獲得的權限；如不認識該公司，請拒絕。",
    );
    let message = NewMessage::new(person.cast(), Class::Info, subject, body)
        .about("invitation", event.subject.as_str())
        .link("/companies")
        .key(format!("alarm-{}", event.id));
    notify::send(tx, message).await?;
    Ok(())
}

/// What is told of an event; nothing of those that change no way in.
fn words(event: &OutboxEvent) -> Option<(Text, Text)> {
    let word = |name: &str| event.data.get(name).and_then(|value| value.as_str());
    let (subject, what) = match event.kind.as_str() {
        identity::PASSKEY_ADDED if word("authority") == Some("counter") => (
            Text::new(
                "A passkey was added with a code from a counter",
                "已以櫃位代碼加入通行密鑰",
            ),
            Text::new(
                "Two officers confirmed who you are, and every other browser was signed out.",
                "兩名人員已確認你的身分，其他瀏覽器均已登出。",
            ),
        ),
        identity::PASSKEY_ADDED => (
            Text::new(
                "A passkey was added to your account",
                "你的帳戶已加入通行密鑰",
            ),
            Text::new(
                "Whoever holds it can sign in as you.",
                "持有者可以你的身分登入。",
            ),
        ),
        identity::PASSKEY_REVOKED => (
            Text::new(
                "A passkey was removed from your account",
                "你的帳戶已移除通行密鑰",
            ),
            Text::new("It signs in no more.", "該密鑰不能再用以登入。"),
        ),
        identity::DEVICE_REPLACED => (
            Text::new("Another phone was set up for you", "已為你設定另一部手機"),
            Text::new(
                "The phone before it approves nothing any more.",
                "原有手機不能再批准任何事項。",
            ),
        ),
        identity::DISOWNED => (
            Text::new(
                "You told us that something was not you",
                "你報告有項目並非本人",
            ),
            Text::new(
                "It was removed, and every browser was signed out.",
                "該項目已移除，所有瀏覽器均已登出。",
            ),
        ),
        _ => return None,
    };
    let body = Text::new(
        format!(
            "{}\n\nIf that was not you, open your list of devices and report it.",
            what.en
        ),
        format!("{}\n\n如非本人所為，請開啟裝置清單並報告。", what.tc),
    );
    Some((subject, body))
}
