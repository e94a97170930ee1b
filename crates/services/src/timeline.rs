//! The timeline of a case in words: for the applicant what concerns them, for officers everything.

use kernel::{Text, Time};
use packs::Pack;
use serde::Serialize;

use crate::{
    Error, Services,
    case::ActionKind,
    seal::{self, Column},
    store::action::ActionRow,
};

/// One line.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineLine {
    pub at: Time,
    pub kind: ActionKind,
    /// What happened, in a few words.
    pub words: Text,
    /// The state the case was in afterwards.
    pub state_label: Text,
    /// The reason, question or note, as written.
    pub reason: Option<String>,
    /// Who did it; empty for the applicant and the platform.
    pub actor: String,
    pub actor_role: String,
}

impl Services {
    pub(crate) fn timeline(
        &self,
        pack: &Pack,
        rows: Vec<ActionRow>,
    ) -> Result<Vec<TimelineLine>, Error> {
        rows.into_iter().map(|row| self.line(pack, row)).collect()
    }

    fn line(&self, pack: &Pack, row: ActionRow) -> Result<TimelineLine, Error> {
        let reason = match &row.words {
            Some(words) => Some(seal::open_text(
                self.vault(),
                Column::ActionWords,
                row.id,
                words,
            )?),
            None => None,
        };
        Ok(TimelineLine {
            at: row.at,
            kind: row.kind,
            words: words(pack, &row),
            state_label: state_label(pack, &row.to),
            reason,
            actor: row.actor_name,
            actor_role: row.actor_role,
        })
    }
}

pub(crate) fn state_label(pack: &Pack, state: &str) -> Text {
    pack.case
        .state(state)
        .map(|state| state.label.clone())
        .unwrap_or_default()
}

fn words(pack: &Pack, row: &ActionRow) -> Text {
    let action = row
        .action
        .as_deref()
        .and_then(|action| pack.case.state(&row.from)?.action(action))
        .map(|action| action.label.clone());
    let of = |en: &str, tc: &str| Text::new(en, tc);
    match row.kind {
        ActionKind::Acted | ActionKind::Automatic => action.unwrap_or_default(),
        ActionKind::Submitted => of("Application submitted", "已提交申請"),
        ActionKind::Elapsed => of("The time allowed has passed", "期限已過"),
        ActionKind::Asked => of("More information was asked for", "要求補充資料"),
        ActionKind::Replied => of("Reply sent", "已送出回覆"),
        ActionKind::Withdrawn => of("Application withdrawn", "已撤回申請"),
        ActionKind::Proposed => of(
            "Decision proposed, waits for a second person",
            "已提出決定，待另一人員確認",
        ),
        ActionKind::SentBack => of("Proposed decision sent back", "已退回提出的決定"),
        ActionKind::Claimed => of("Claimed", "已接手"),
        ActionKind::Released => of("Released", "已釋出"),
        ActionKind::Assigned => of("Assigned", "已分派"),
        ActionKind::Noted => of("Note", "備註"),
        ActionKind::Corrected => of("Answer corrected", "已更正答案"),
        ActionKind::Lettered => of("Letter sent", "已發出信件"),
        ActionKind::Issued => of("Licence issued", "已發出牌照"),
        ActionKind::Refunded => of("Fee returned", "已退還費用"),
        ActionKind::Overdue => of("The promised time has passed", "已超過承諾的處理時間"),
        ActionKind::Erased => of("Document removed", "已移除文件"),
    }
}
