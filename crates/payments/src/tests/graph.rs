//! The state graph of attempts and of refunds.

use proptest::prelude::*;

use crate::{AttemptState, PublicState, RefundState, RefundStep, Step};

const STEPS: [Step; 9] = [
    Step::Started,
    Step::Submitted,
    Step::Received,
    Step::Declined,
    Step::Expired,
    Step::CancelledByPayer,
    Step::CancelledByService,
    Step::ProviderFailed,
    Step::Mismatch,
];

#[test]
fn money_received_is_never_forgotten() {
    for step in STEPS {
        assert_eq!(AttemptState::Received.after(step), AttemptState::Received);
    }
}

#[test]
fn only_people_end_an_integrity_failure() {
    for step in STEPS {
        let state = AttemptState::IntegrityFailure;
        assert_eq!(state.after(step), state);
    }
}

#[test]
fn an_attempt_that_has_ended_does_not_start_again() {
    for state in AttemptState::ALL
        .into_iter()
        .filter(|state| !state.is_pending())
    {
        for step in STEPS {
            assert!(!state.after(step).is_pending(), "{state:?} {step:?}");
        }
    }
}

#[test]
fn every_state_that_is_not_under_way_or_paid_has_a_code() {
    for state in AttemptState::ALL {
        let has_code = state.reason_code().is_some();
        let is_fine = state.is_pending() || state.public() == PublicState::Success;
        assert_ne!(has_code, is_fine, "{state:?}");
        assert_eq!(AttemptState::from_code(state.code()), Some(state));
    }
}

#[test]
fn a_refund_moves_only_forward() {
    use RefundState as S;
    use RefundStep as T;
    let allowed = [
        (S::Requested, T::Approve, S::Approved),
        (S::Requested, T::Refuse, S::Refused),
        (S::Approved, T::Done, S::Done),
        (S::Approved, T::Fail, S::Failed),
    ];
    for from in [S::Requested, S::Approved, S::Done, S::Refused, S::Failed] {
        for step in [T::Approve, T::Refuse, T::Done, T::Fail] {
            let to = allowed.iter().find(|edge| (edge.0, edge.1) == (from, step));
            assert_eq!(
                from.after(step).ok(),
                to.map(|edge| edge.2),
                "{from:?} {step:?}"
            );
        }
    }
}

proptest! {
    /// The order in which reports arrive decides nothing about money: once any of them says
    /// received, and none of them disagrees on the amount, the attempt ends received.
    #[test]
    fn the_order_of_reports_does_not_matter_to_money(
        picks in prop::collection::vec(0..8_usize, 0..12),
    ) {
        let steps: Vec<Step> = picks.iter().map(|&pick| STEPS[pick]).collect();
        let end = steps
            .iter()
            .fold(AttemptState::Created, |state, step| state.after(*step));
        let is_paid = steps.contains(&Step::Received);
        prop_assert_eq!(end == AttemptState::Received, is_paid);
    }

    /// Taking the same report in twice in a row is taking it in once.
    #[test]
    fn a_repeated_report_changes_nothing(state in 0..10_usize, step in 0..9_usize) {
        let once = AttemptState::ALL[state].after(STEPS[step]);
        prop_assert_eq!(once.after(STEPS[step]), once);
    }
}
