//! Each test states a rule of licences, their signed forms, or the issuing protocol.

mod fuzz;
mod issuing;
mod lifecycle;
mod pass;
mod sd_jwt;
mod status_list;
mod wallet;

use kernel::{Date, Env, Id, Text, Time};
use serde_json::{Map, Value, json};
use trust::{KeyStore, SigningKey};

use crate::{ClaimType, Holder, Issuer, LicenceType, NewLicence};

::store::check_tests!([&crate::MIGRATIONS], crate::statements());

const BASE: &str = "https://causeway.test";

fn issuer(env: &Env) -> Issuer {
    let issuer = Issuer::new(BASE, KeyStore::in_memory(env).unwrap(), env).unwrap();
    let claims = [
        "number",
        "name_en",
        "name_tc",
        "hkid",
        "birth_date",
        "classes",
    ];
    issuer.set_types(vec![LicenceType {
        kind: "driving_licence".into(),
        title: Text::new("Full driving licence", "正式駕駛執照"),
        authority: Text::new("Transport Department", "運輸署"),
        claims: claims.map(|name| ClaimType::new(name, None)).to_vec(),
    }]);
    issuer
}

fn claims() -> Map<String, Value> {
    let claims = json!({
        "name_en": "CHAN Tai Man",
        "name_tc": "陳大文",
        "hkid": "A123456(3)",
        "birth_date": "1974-02-03",
        "classes": ["1", "2"],
    });
    claims.as_object().unwrap().clone()
}

fn new_licence(holder: Id<Holder>, number: &str, today: Date) -> NewLicence {
    NewLicence {
        holder,
        kind: "driving_licence".into(),
        number: number.into(),
        claims: claims(),
        valid_from: today,
        valid_until: Some(today.plus_years(10)),
        case_reference: "TD-2026-000001".into(),
    }
}

fn fake() -> (Env, kernel::FakeEnv) {
    Env::fake(Time::from_seconds(1_795_399_200), 3)
}

fn device(seed: u8) -> SigningKey {
    SigningKey::from_scalar([seed; 32]).unwrap()
}
