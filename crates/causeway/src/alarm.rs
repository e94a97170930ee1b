//! People read in the inbox of every change to what signs them in, of attempts to come in that were refused,
//! and of invitations that wait for them: what nobody did oneself is seen there, whatever page or node it was
//! done on. Of refused attempts with one cause they read once a day, however often somebody tries.

use identity::Attempt;
use journal::{Failure, OutboxEvent, Runner};
use kernel::{Id, Text, Time};
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
    if let Some((subject, body)) = about_passport(&event.kind) {
        let to: Id<Recipient> = event.subject.parse()?;
        let message = NewMessage::new(to, Class::Info, subject, body)
            .about("person", &event.subject)
            .link("/profile")
            .key(format!("alarm-{}", event.id));
        notify::send(tx, message).await?;
        return Ok(());
    }
    if let Some((person, cause)) = refused(event) {
        return attempted(tx, (person, cause), event.at).await;
    }
    if event.kind == identity::REGISTER_CHANGED {
        return corrected(tx, event).await;
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

/// The register holds something else than before, and so does the profile.
async fn corrected(tx: &Write, event: &OutboxEvent) -> Result<(), Failure> {
    let to: Id<Recipient> = event.subject.parse()?;
    let subject = Text::new(
        "The register has changed your particulars",
        "登記冊已更改你的個人資料",
    );
    let body = Text::new(
        "Your profile shows what the register of persons holds now; what stood there before is under “Everything \
         about me”. If it is wrong, ask the Registration of Persons Office.",
        "你的個人資料已按人事登記冊更新，原有內容載於「關於我的所有資料」。如有錯誤，請聯絡人事登記處。",
    );
    let message = NewMessage::new(to, Class::Info, subject, body)
        .about("person", &event.subject)
        .link("/profile")
        .key(format!("register-{}", event.id));
    notify::send(tx, message).await?;
    Ok(())
}

/// What becomes of an account with its passport.
fn about_passport(kind: &str) -> Option<(Text, Text)> {
    match kind {
        identity::PASSPORT_LAPSED => Some((
            Text::new("Your passport has run out", "你的護照已過期"),
            Text::new(
                "Your account goes on at the basic level: you sign in and fill in forms, and sign no documents. Bring your new passport to a counter of the Digital Policy Office. Your account, companies and licences stay, and you have the plus level again.",
                "你的帳戶會以基本級別繼續使用：可登入及填表，但不能簽署文件。請攜同新護照到數字政策辦公室櫃位；你的帳戶、公司及牌照均會保留，並會回復進階級別。",
            ),
        )),
        identity::PASSPORT_RENEWED => Some((
            Text::new(
                "A new passport was recorded for your account",
                "你的帳戶已登記新護照",
            ),
            Text::new(
                "Two officers saw it with you at a counter. Your account has the plus level. If that was not you, tell the Digital Policy Office at once.",
                "兩名人員已在櫃位與你核對護照，你的帳戶屬進階級別。如非本人所為，請即通知數字政策辦公室。",
            ),
        )),
        _ => None,
    }
}

/// An attempt to come in that was refused: whose account, and why.
#[derive(Clone, Copy)]
enum Cause {
    /// The phone's owner said no.
    Rejected,
    /// The phone, its level or its post did not do.
    Failed,
    Tried(Attempt),
}

fn refused(event: &OutboxEvent) -> Option<(&str, Cause)> {
    let word = |name: &str| event.data.get(name).and_then(|value| value.as_str());
    let person = word("person")?;
    if event.kind == identity::ATTEMPT_REFUSED {
        return Some((person, Cause::Tried(word("cause")?.parse().ok()?)));
    }
    let is_sign_in = matches!(word("purpose"), Some("sign_in" | "desk"));
    if event.kind != identity::DECIDED || !is_sign_in {
        return None;
    }
    let cause = match (word("state")?, word("reason")) {
        ("rejected", _) => Cause::Rejected,
        ("failed", Some("suspended")) => Cause::Tried(Attempt::Suspended),
        ("failed", _) => Cause::Failed,
        _ => return None,
    };
    Some((person, cause))
}

impl Cause {
    const fn code(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Tried(attempt) => attempt.code(),
        }
    }

    fn words(self) -> Text {
        match self {
            Self::Rejected => Text::new(
                "You refused a request to sign in on your phone.",
                "你在手機上拒絕了一項登入要求。",
            ),
            Self::Failed => Text::new(
                "Your phone opened a request to sign in that it may not answer.",
                "你的手機開啟了一項不可作答的登入要求。",
            ),
            Self::Tried(Attempt::Passkey) => Text::new(
                "A passkey of your account was used, but it was not accepted.",
                "有人使用你帳戶的通行密鑰，但未獲接納。",
            ),
            Self::Tried(Attempt::Suspended) => Text::new(
                "Somebody tried to come in while your account is suspended.",
                "有人在你的帳戶暫停期間嘗試登入。",
            ),
            Self::Tried(Attempt::Code) => Text::new(
                "A wrong code from a counter was given with the number of your identity card or passport.",
                "有人以你的身份證或護照號碼輸入了錯誤的櫃位代碼。",
            ),
            Self::Tried(Attempt::Particulars) => Text::new(
                "Wrong particulars were given with your identity card number until it had to wait an hour.",
                "有人以你的身份證號碼多次輸入錯誤資料，該號碼須等候一小時。",
            ),
        }
    }
}

/// Tells once a day of each cause: the key of the message names person, cause and day.
async fn attempted(tx: &Write, (person, cause): (&str, Cause), at: Time) -> Result<(), Failure> {
    let to: Id<Recipient> = person.parse()?;
    let what = cause.words();
    let subject = Text::new(
        "An attempt to sign in to your account was refused",
        "一項登入你帳戶的嘗試已被拒絕",
    );
    let body = Text::new(
        format!(
            "{} Nobody came in.\n\nIf that was you, there is nothing to do. If not, open your list of devices and remove what you do not know. We tell you of the same at most once a day.",
            what.en
        ),
        format!(
            "{}沒有人因此登入。\n\n如是你本人所為，無須理會。如非本人，請開啟裝置清單並移除你不認識的項目。同類事件每天最多通知一次。",
            what.tc
        ),
    );
    let message = NewMessage::new(to, Class::Info, subject, body)
        .about("person", person)
        .link("/devices")
        .key(format!("attempt-{}-{person}-{}", cause.code(), at.date()));
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

/// An officer ended something that signs the person in, for a reason that the person reads.
fn ended_by_office(kind: Option<&str>, reason: &str) -> (Text, Text) {
    let subject = match kind {
        Some("phone") => Text::new(
            "An officer removed your phone from your account",
            "人員已從你的帳戶移除手機",
        ),
        Some("passkey") => Text::new(
            "An officer removed a passkey from your account",
            "人員已從你的帳戶移除一條通行密鑰",
        ),
        Some("browser") => Text::new(
            "An officer signed one of your browsers out",
            "人員已將你的一個瀏覽器登出",
        ),
        _ => Text::new(
            "An officer signed you out everywhere",
            "人員已將你在各處登出",
        ),
    };
    let body = Text::new(
        format!("The reason on record: {reason}"),
        format!("記錄的原因：{reason}"),
    );
    (subject, body)
}

/// What the person said was not them.
fn disowned(kind: Option<&str>) -> (Text, Text) {
    if kind == Some("approval") {
        return (
            Text::new(
                "You told us that a request on your phone was not you",
                "你報告手機上的一項要求並非本人提出",
            ),
            Text::new(
                "It was refused, and every browser was signed out.",
                "該要求已被拒絕，所有瀏覽器均已登出。",
            ),
        );
    }
    (
        Text::new(
            "You told us that something was not you",
            "你報告有項目並非本人",
        ),
        Text::new(
            "It was removed, and every browser was signed out.",
            "該項目已移除，所有瀏覽器均已登出。",
        ),
    )
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
        identity::ENTRANCE_ENDED => ended_by_office(word("kind"), word("reason")?),
        identity::DISOWNED => disowned(word("kind")),
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
