//! The rules of statistics, on both engines where a database is asked.

mod disclosure;
mod facts;
mod tables;

store::check_tests!(
    [&journal::MIGRATIONS, &crate::MIGRATIONS],
    crate::statements()
);
