//! The state chart.

use super::{NONE, Object, Reader, word_pairs};
use crate::{
    chart::{Action, Auto, Chart, Clock, Outcome, Reason, Refund, State, Timer, Wait},
    defect::{At, Code},
    yaml::{Kind, Node},
};

pub(crate) const CASE_KEYS: [&str; 2] = ["start", "states"];
pub(crate) const STATE_KEYS: [&str; 11] = [
    "label", "for", "clock", "actions", "after", "auto", "outcome", "letter", "issue", "refund",
    "appeal",
];
pub(crate) const ACTION_KEYS: [&str; 6] = ["to", "label", "by", "reason", "four_eyes", "when"];
pub(crate) const TIMER_KEYS: [&str; 3] = ["wait", "go", "owner"];
pub(crate) const AUTO_KEYS: [&str; 2] = ["when", "take"];
const MOST_WAIT_DAYS: u32 = 3_660;

impl Reader<'_> {
    pub(super) fn chart(&mut self, node: &Node) -> Chart {
        let Some(object) = self.object(node, "the case", &CASE_KEYS) else {
            return Chart::default();
        };
        let before = self.defects.len();
        let start = self
            .need(object, "start")
            .and_then(|node| self.at(node, "start"));
        let map = self
            .need(object, "states")
            .and_then(|node| self.map(node, "states"));
        let entries = map.map_or(&[][..], |map| map.entries());
        let states = entries
            .iter()
            .filter_map(|(key, node)| {
                self.check_id(&key.text, key.span, "a state");
                self.state(&key.text, node).map(|state| State {
                    at: key.span,
                    ..state
                })
            })
            .collect();
        Chart {
            start: start.unwrap_or_default(),
            states,
            is_flawed: self.defects.len() > before,
        }
    }

    fn state(&mut self, id: &str, node: &Node) -> Option<State> {
        let object = self.object(node, "a state", &STATE_KEYS)?;
        let roles = object
            .get("for")
            .map(|node| self.strings(node, "for"))
            .unwrap_or_default();
        let outcome = object
            .get("outcome")
            .and_then(|node| self.word(node, "outcome", word_pairs!(Outcome)));
        let letter = object
            .get("letter")
            .and_then(|node| self.at(node, "letter"));
        let timers = object.get("after").map_or(0, |node| match &node.kind {
            Kind::List(items) => items.len(),
            _ => 1,
        });
        let after = self.timers(object);
        Some(State {
            id: id.to_owned(),
            label: self.need_text(object, "label"),
            clock: object
                .get("clock")
                .and_then(|node| self.word(node, "clock", word_pairs!(Clock)))
                .unwrap_or(Clock::Running),
            actions: self.actions(object, &roles),
            is_timer_flawed: after.len() < timers,
            after,
            auto: object.get("auto").and_then(|node| self.auto(node)),
            issue: self.truth_or(object, "issue", false),
            refund: object
                .get("refund")
                .and_then(|node| self.word(node, "refund", word_pairs!(Refund)))
                .unwrap_or(Refund::None),
            has_no_appeal: object
                .get("appeal")
                .is_some_and(|node| self.says_none(node)),
            roles,
            outcome,
            letter,
            at: node.span,
        })
    }

    /// `appeal: none` of a state.
    fn says_none(&mut self, node: &Node) -> bool {
        let is_none = node.is_word(NONE);
        if !is_none {
            let wrong = "a state can only say that there is no appeal";
            let mend = "Write `appeal: none`, and the appeal itself at the top of the pack";
            self.wrong(node.span, wrong, mend);
        }
        is_none
    }

    fn actions(&mut self, object: Object<'_>, roles: &[At<String>]) -> Vec<Action> {
        let map = object
            .get("actions")
            .and_then(|node| self.map(node, "actions"));
        let entries = map.map_or(&[][..], |map| map.entries());
        entries
            .iter()
            .filter_map(|(key, node)| {
                self.check_id(&key.text, key.span, "an action");
                let action = self.object(node, "an action", &ACTION_KEYS)?;
                let label = self.need_text(action, "label");
                let by = action.get("by").map(|node| self.strings(node, "by"));
                let reason = action
                    .get("reason")
                    .and_then(|node| self.word(node, "reason", word_pairs!(Reason)))
                    .unwrap_or(Reason::None);
                let to = self
                    .need(action, "to")
                    .and_then(|node| self.at(node, "to"))?;
                Some(Action {
                    id: key.text.clone(),
                    to,
                    label,
                    by: by.unwrap_or_else(|| roles.to_vec()),
                    reason,
                    four_eyes: self.truth_or(action, "four_eyes", false),
                    when: self.get_expr(action, "when"),
                    at: key.span,
                })
            })
            .collect()
    }

    fn timers(&mut self, object: Object<'_>) -> Vec<Timer> {
        let items = object
            .get("after")
            .map_or(&[][..], |node| self.list(node, "after"));
        items
            .iter()
            .filter_map(|item| {
                let timer = self.object(item, "a timer", &TIMER_KEYS)?;
                let go = self.timer_end(timer, "go", "where the case goes");
                let owner = self.timer_end(timer, "owner", "who answers for it");
                let wait = self.need(timer, "wait").and_then(|node| self.wait(node));
                Some(Timer {
                    wait: wait?,
                    go: go?,
                    owner: owner?,
                })
            })
            .collect()
    }

    fn timer_end(&mut self, timer: Object<'_>, key: &str, what: &str) -> Option<At<String>> {
        if let Some(node) = timer.get(key) {
            return self.at(node, key);
        }
        let wrong = format!("the timer does not say {what}");
        self.defects.add(
            Code::TimerWithoutEnd,
            timer.span,
            wrong,
            format!("Add `{key}:`"),
        );
        None
    }

    /// `28 days` or `5 working days`.
    fn wait(&mut self, node: &Node) -> Option<Wait> {
        let text = self.string(node, "wait")?;
        let (count, unit) = text.split_once(' ').unwrap_or((&text, ""));
        let working = match unit.trim() {
            "day" | "days" => Some(false),
            "working day" | "working days" => Some(true),
            _ => None,
        };
        let days = count
            .parse()
            .ok()
            .filter(|days| (1..=MOST_WAIT_DAYS).contains(days));
        if let (Some(days), Some(working)) = (days, working) {
            return Some(Wait { days, working });
        }
        let mend =
            "Write `28 days` or `5 working days`; months are not counted, 12 months are `365 days`";
        self.wrong(node.span, format!("wait is `{text}`"), mend);
        None
    }

    fn auto(&mut self, node: &Node) -> Option<Auto> {
        let object = self.object(node, "auto", &AUTO_KEYS)?;
        let take = self
            .need(object, "take")
            .and_then(|node| self.at(node, "take"));
        let when = self
            .need(object, "when")
            .and_then(|node| self.expr(node, "when"));
        Some(Auto {
            when: when?,
            take: take?,
        })
    }
}
