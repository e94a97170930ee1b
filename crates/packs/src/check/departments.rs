//! The bureaux, departments and statutory bodies that may own a service or hold a record.

/// Codes as the Government's own abbreviations have them.
pub(super) const CODES: [&str; 104] = [
    "CSO",
    "FSO",
    "DoJ",
    "CSB",
    "CEDB",
    "CMAB",
    "CSTB",
    "DEVB",
    "EDB",
    "EEB",
    "FSTB",
    "HHB",
    "HYAB",
    "HB",
    "ITIB",
    "LWB",
    "SB",
    "TLB",
    "AdminWing",
    "AFCD",
    "ArchSD",
    "AMS",
    "AUD",
    "BD",
    "C&SD",
    "CAD",
    "CAS",
    "CEDD",
    "CFS",
    "CR",
    "CSD",
    "C&ED",
    "DH",
    "DPO",
    "DSD",
    "EMSD",
    "EPD",
    "FEHD",
    "FSD",
    "GFS",
    "GL",
    "GLD",
    "GPA",
    "GRS",
    "HAD",
    "HD",
    "HKO",
    "HKPF",
    "HKPost",
    "HyD",
    "ImmD",
    "IRD",
    "ISD",
    "ITC",
    "IPD",
    "InvestHK",
    "JSSCS",
    "LAD",
    "LandR",
    "LandsD",
    "LCSD",
    "LD",
    "MD",
    "OFCA",
    "OFNAA",
    "CCIDA",
    "ORO",
    "PlanD",
    "REO",
    "RVD",
    "RTHK",
    "SWD",
    "TD",
    "TID",
    "Try",
    "UGC",
    "WFSFAA",
    "WSD",
    "JUD",
    "LLB",
    "TIA",
    "HA",
    "HKHS",
    "HospA",
    "MPFA",
    "PCPD",
    "OMB",
    "ICAC",
    "EOC",
    "CA",
    "HKMA",
    "SFC",
    "IA",
    "EAA",
    "PMSA",
    "CIC",
    "VTC",
    "HKEAA",
    "SGSIA",
    "TPB",
    "LegCo",
    "AFRC",
    "DutyL",
    "HKTB",
];

/// A record held outside Government, such as an insurers' register.
pub(super) const OUTSIDE: &str = "external";

/// Ranks an officer may have in a department.
pub(super) const RANKS: [&str; 4] = ["clerk", "officer", "supervisor", "inspector"];

/// `TD` → `td`, `C&SD` → `csd`: the first part of a role.
pub(super) fn role_prefix(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Whether a role such as `td.officer` exists.
pub(super) fn has_role(role: &str) -> bool {
    role.split_once('.').is_some_and(|(department, rank)| {
        RANKS.contains(&rank) && CODES.iter().any(|code| role_prefix(code) == department)
    })
}
