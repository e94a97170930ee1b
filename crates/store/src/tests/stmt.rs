//! Rules of statements and their parameters.

use crate::Stmt;

fn places(names: &[&str]) -> Result<Vec<usize>, crate::Error> {
    let stmt: &'static Stmt = Box::leak(Box::new(Stmt::new("TEST", "")));
    stmt.places(names.iter().map(|name| Some(*name)))
        .map(<[usize]>::to_vec)
}

#[test]
fn parameters_are_found_by_their_number() {
    assert_eq!(places(&["$2", "$1", "$3"]).unwrap(), [1, 0, 2]);
    assert_eq!(places(&[]).unwrap(), [0_usize; 0]);
}

#[test]
fn a_gap_or_a_foreign_name_is_refused() {
    for names in [
        &["$1", "$3"][..],
        &["$2"],
        &["$0", "$1"],
        &[":name"],
        &["?1"],
        &["$x"],
    ] {
        assert!(places(names).is_err(), "{names:?}");
    }
}

#[test]
fn tokens_become_what_each_engine_says() {
    let stmt = Stmt::new("TEST", "SELECT {id}(value), {int}(value) FROM {each}($1)");
    assert_eq!(
        stmt.sqlite(),
        "SELECT unhex(value), CAST(value AS INTEGER) FROM json_each($1)"
    );
    assert_eq!(
        stmt.postgres(),
        "SELECT uuid(value), CAST(value AS BIGINT) FROM json_array_elements_text($1)"
    );
}
