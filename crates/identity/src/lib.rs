//! People, their phones, and what they approve.
//!
//! Nouns: [`Person`], [`Device`], [`Approval`], [`Consent`], [`Profile`], [`Company`] with
//! [`Mandate`], [`Officer`], [`SigningRequest`]. The approval is the heart: signing in, consent, step-up and signing a
//! document are one object with another purpose.
//!
//! Invariants: identifiers and profile values are sealed at rest and read only with a reason on
//! record; a person has one live phone; an approval's outcome is final, signed by the phone's key,
//! and used once by the browser that asked; every answer of the phone's API is a declared type.

mod address;
mod api;
mod approval;
mod assertion;
mod attempt;
mod code;
mod company;
mod consent;
mod context;
mod counter;
pub mod demo;
mod device;
mod document;
mod enrolment;
mod error;
pub mod hongkong;
mod jobs;
mod officer;
mod pages;
mod passkey;
mod person;
mod presence;
mod profile;
pub mod proof;
pub mod provider;
mod recovery;
mod registry;
pub mod signing;
pub mod simulation;
mod standing;
mod store;
mod wake;
pub mod wallet;

pub use address::{AREAS, Address, AddressFault, AddressKind, Lot};
pub use api::Phone;
pub use approval::{
    Approval, ApprovalState, Approved, Binding, DECIDED, Decision, DetailLine, FailReason,
    NewApproval, Outcome, Purpose, Refusal, SIGN_IN_TTL, SIGN_TTL, SIGNED_IN, Step, binding_code,
    place_of, read_reference, transition,
};
pub use assertion::{Assertion, Evidence, PasskeyWay, Signed};
pub use attempt::{ATTEMPT_REFUSED, Attempt};
pub use company::{
    COMMISSIONS_MAX, Change, Commission, CommissionState, Company, CompanyStatus, Fact, FactKey,
    FactSource, Invitation, Limit, MANDATE_ENDED, MEMBERS_MAX, Mandate, Member, MemberRole, Powers,
    PowersError, Proposal, ProposalKind, ProposalState, Right, SERVICES_MAX, ServiceGrant,
    ServiceRole, WAITING_DAYS, needs_two,
};
pub use consent::{CONSENT_DAYS, Consent, NewConsent};
pub use context::Identity;
pub use counter::{
    CounterEnrolment, Looked, NAME_EN_CHARS, NAME_ZH_CHARS, NewCounterEnrolment, PASSPORT_LAPSED,
    PASSPORT_RENEWED, PassportEntry, PhoneWanted,
};
pub use device::{DEVICE_ENROLLED, DEVICE_REPLACED, DEVICE_REVOKED, Device, PublicJwk};
pub use document::{
    Basis, Country, DocumentKind, IdentityDocument, PASSPORT_CHARS, Passport, PassportNumber,
};
pub use enrolment::{
    Enrolment, Guardian, MINIMUM_AGE, Register, RegisterAnswer, RegisterDown, RegisterEntry,
    SimulatedRegister,
};
pub use error::{Error, explanations};
pub use jobs::{SWEEP_EVERY, sweep};
pub use officer::Officer;
pub use pages::{BUNDLE, act_for, ask_in, binding, countries};
pub use passkey::{
    Authority, Browser, Ceremony, CeremonyKind, Entrance, Known, Means, PASSKEY_ADDED,
    PASSKEY_NAME_CHARS, PASSKEY_REVOKED, PASSKEYS_MAX, Passkey, RelyingParty, adding_digest,
    passkey_name,
};
pub use person::{Level, Particulars, Person, PersonName, PersonState, Sex};
pub use presence::{
    EVIDENCE_BYTES, Presence, PresenceAnswer, PresenceCheck, PresenceError, PresenceProof,
    SimulatedPresence,
};
pub use profile::{Field, FieldKey, PROOF_BYTES, PROOF_DAYS, Profile, Source, Utility, ValueError};
pub use recovery::{NewRecovery, Recovery, RecoveryState, Shown};
pub use registry::{CompaniesRegister, CompanyAnswer, CompanyRecord, SimulatedCompanies};
pub use signing::{
    Acknowledgement, Capacity, ItemKind, NewItem, NewSigning, SigningAlgorithm, SigningEvidence,
    SigningItem, SigningRequest, SigningRoom, Upload, Warrant,
};
pub use standing::{
    AccountChange, Child, DEATHS, Ground, Guardianship, GuardianshipState, KEEPER, Relation,
};
pub use store::{
    MIGRATIONS,
    answer::{decide, open},
    approval::{
        ask, cancel, consume, consume_in, decided_of, find_by_reference, find_for_browser,
        find_for_person, forget_in as forget_approval_in, open_of, outcome,
    },
    assertion::{AtBrowser, answer_by_passkey, begin_answer, passkey_way},
    browser::{DISOWNED, browsers_of, disown_in, revoke_entrance_in},
    commission::{
        answer_commission, commission_members, commissions, end_commission, name_members,
    },
    company::{
        FACTS_STALE, declare as declare_facts, facts_of, find_company, is_declared_right,
        join as join_company, refresh as refresh_company,
    },
    consent::{consent_in, consents_of, find_consent, grant_consent_in, revoke_consent_in},
    counter::{
        CounterCode, ask_counter, decide_counter, find_counter, redeem_counter, taken_by,
        waiting_counters,
    },
    device::{find_device, live_device, live_in as live_device_in, revoke_in as revoke_device_in},
    email_claim::{EmailClaim, draw_email_code, keep_email_code_in, prove_email},
    enrolment::{StartEnrolment, confirm as confirm_enrolment, start as start_enrolment},
    invitation::{
        InvitationAnswer, answer_invitation, invitations_to, invitee_in, withdraw_invitation,
    },
    keeper::{ENTRANCE_ENDED, end_entrance, sign_out_everywhere},
    member::{
        end_all_in as end_mandates_in, leave as leave_company, mandate_for, mandate_in,
        mandates_of, members, who_may, who_may_in,
    },
    officer::{find_officer, officer_name, officer_of, officers_in},
    passkey::{
        add_by_passkey, add_by_phone, begin_passkey, find_ceremony, finish_adding, passkeys_of,
        rename_passkey, sign_in_by_passkey,
    },
    person::{
        counted_in, find_person, find_person_by_document, find_person_by_hkid,
        set_state_in as set_person_state_in,
    },
    profile::{
        Changes, READINGS_KEPT_DAYS, Reading, ReadingQuery, ReadingRecord, find_reading,
        own_profile, person_of_reading, read_fields, read_particulars, reading_departments,
        readings_in, readings_of, record_reading, record_reading_in, refused_fields,
        update_profile,
    },
    profile_version::{
        AddressProof, FieldVersion, NewAddressProof, address_proof_content, drop_address_proof,
        field_versions, find_address_proof, note_download, put_address_proof, restore_field,
    },
    proposal::{
        INVITED, Proposed, Verdict, decide_proposal, firm_by_number, invite, propose, waiting,
    },
    recheck::{RECHECK_AFTER, RECHECK_EVERY, REGISTER_CHANGED, missing_since, recheck},
    recovery::{ask_recovery, decide_recovery, recoveries_of, redeem_recovery, waiting_recoveries},
    registrant::registrants,
    signing::{OwnSigning, presence_of, signings_of},
    spending::{Weighed, spend_in, spending_of, weigh_again_in, weigh_in},
    standing::{
        account_changes, agree_for_child, check_child, child_digest, close as close_account,
        close_digest, guardianships_of, lift as lift_account, note_death,
        suspend as suspend_account, withdraw_guardianship,
    },
    statements,
};

/// The routes of identity: the phone's API, sign-in, approvals, acting for a company.
#[must_use]
pub fn routes(identity: &Identity) -> web::Routes {
    api::routes().merge(pages::routes()).with_state(identity)
}

#[cfg(test)]
mod tests;
