//! The case's state chart as data, and the questions the desk and the timers ask it.

use kernel::Text;

use crate::{
    defect::{At, Span},
    expr::Expr,
    pack::words,
};

/// The role name of the person who applied.
pub const APPLICANT: &str = "applicant";

/// States and the ways between them.
#[derive(Debug, Clone, Default)]
pub struct Chart {
    pub start: At<String>,
    pub states: Vec<State>,
    /// A part could not be read: ways between states are not judged.
    pub(crate) is_flawed: bool,
}

#[derive(Debug, Clone)]
pub struct State {
    pub id: String,
    /// As shown to the applicant.
    pub label: Text,
    /// Roles whose turn it is: `td.officer` or [`APPLICANT`].
    pub roles: Vec<At<String>>,
    pub clock: Clock,
    pub actions: Vec<Action>,
    pub after: Vec<Timer>,
    /// A timer could not be read: that there is none is not told again.
    pub(crate) is_timer_flawed: bool,
    pub auto: Option<Auto>,
    /// `Some` in a final state.
    pub outcome: Option<Outcome>,
    /// The letter sent on entering the state.
    pub letter: Option<At<String>>,
    /// Whether the credential is issued on entering the state.
    pub issue: bool,
    pub refund: Refund,
    /// Written `appeal: none`: this refusal cannot be appealed although others of the service can.
    pub has_no_appeal: bool,
    pub(crate) at: Span,
}

words! {
    /// Whether the promised time runs.
    Clock { Running = "running", Stopped = "stopped", }
}

words! {
    Outcome {
        Approved = "approved",
        Refused = "refused",
        Completed = "completed",
        Withdrawn = "withdrawn",
        Lapsed = "lapsed",
    }
}

words! {
    Refund { None = "none", Full = "full", }
}

words! {
    /// Whether whoever acts must write why.
    Reason { None = "none", Optional = "optional", Required = "required", }
}

/// A way from one state to another that somebody takes.
#[derive(Debug, Clone)]
pub struct Action {
    pub id: String,
    pub to: At<String>,
    pub label: Text,
    /// Roles that may take it; the state's roles when the pack names none.
    pub by: Vec<At<String>>,
    pub reason: Reason,
    /// A second officer must confirm.
    pub four_eyes: bool,
    pub when: Option<Expr>,
    pub(crate) at: Span,
}

/// A way taken when time has passed.
#[derive(Debug, Clone)]
pub struct Timer {
    pub wait: Wait,
    pub go: At<String>,
    /// The role that answers for it.
    pub owner: At<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub days: u32,
    pub working: bool,
}

/// A way the platform takes by itself on entering the state, when the rule is true.
#[derive(Debug, Clone)]
pub struct Auto {
    pub when: Expr,
    pub take: At<String>,
}

/// Why an action cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the case is in a state this pack does not have")]
    UnknownState,
    #[error("this action does not exist in this state")]
    UnknownAction,
    #[error("none of the person's roles may take this action")]
    WrongRole,
}

impl State {
    #[must_use]
    pub const fn is_final(&self) -> bool {
        self.outcome.is_some()
    }

    #[must_use]
    pub fn action(&self, id: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.id == id)
    }

    /// Whether only the applicant can move the case on: entering it asks the applicant.
    #[must_use]
    pub fn waits_for_applicant(&self) -> bool {
        !self.is_final()
            && !self.roles.is_empty()
            && self.roles.iter().all(|role| role.value == APPLICANT)
    }
}

impl Chart {
    #[must_use]
    pub fn state(&self, id: &str) -> Option<&State> {
        self.states.iter().find(|state| state.id == id)
    }

    /// The state a new case is in.
    #[must_use]
    pub fn start_state(&self) -> Option<&State> {
        self.state(&self.start.value)
    }

    /// What people with any of `roles` may do in `state`, conditions aside.
    #[must_use]
    pub fn actions_for(&self, state: &str, roles: &[&str]) -> Vec<&Action> {
        let actions = self.state(state).map_or(&[][..], |state| &state.actions);
        actions
            .iter()
            .filter(|action| action.allows(roles))
            .collect()
    }

    /// The state that `action` leads to from `state` for somebody with `roles`.
    ///
    /// # Errors
    /// The state or action does not exist, or the roles do not allow it.
    pub fn transition(&self, state: &str, action: &str, roles: &[&str]) -> Result<&State, Refusal> {
        let from = self.state(state).ok_or(Refusal::UnknownState)?;
        let action = from.action(action).ok_or(Refusal::UnknownAction)?;
        if !action.allows(roles) {
            return Err(Refusal::WrongRole);
        }
        self.state(&action.to.value).ok_or(Refusal::UnknownState)
    }

    /// Whether taking `action` asks the applicant for something: the officer then names the questions
    /// that reopen.
    #[must_use]
    pub fn asks_applicant(&self, state: &str, action: &str) -> bool {
        self.state(state)
            .and_then(|state| state.action(action))
            .filter(|action| !action.allows(&[APPLICANT]))
            .and_then(|action| self.state(&action.to.value))
            .is_some_and(State::waits_for_applicant)
    }

    /// Every officer role the chart names, each once, in the order of the file.
    #[must_use]
    pub fn officer_roles(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for state in &self.states {
            let by = state.actions.iter().flat_map(|action| &action.by);
            let owners = state.after.iter().map(|timer| &timer.owner);
            for role in state.roles.iter().chain(by).chain(owners) {
                let role = role.value.as_str();
                if role != APPLICANT && !found.contains(&role) {
                    found.push(role);
                }
            }
        }
        found
    }
}

impl Action {
    /// Whether one of `roles` may take it.
    #[must_use]
    pub fn allows(&self, roles: &[&str]) -> bool {
        self.by
            .iter()
            .any(|role| roles.contains(&role.value.as_str()))
    }
}
