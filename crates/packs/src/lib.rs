//! The service-pack language: model, typed rules, decision tables, checker with line numbers, version diff. Pure.
