//! The functions of the language: names, arity and meaning over known values. All are total: overflow,
//! division by nothing and dates beyond the calendar give unknown.

use kernel::Date;

use super::eval::{Names, Val};

macro_rules! functions {
    ($($variant:ident $name:literal $usage:literal $arity:literal;)*) => {
        /// A function of the language.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Function { $($variant,)* }

        impl Function {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub(crate) const fn usage(self) -> &'static str {
                match self { $(Self::$variant => $usage,)* }
            }

            pub(crate) const fn arguments(self) -> usize {
                match self { $(Self::$variant => $arity,)* }
            }
        }
    };
}

functions! {
    Today "today" "today()" 0;
    Size "size" "size(list or text)" 1;
    Dollars "dollars" "dollars(10770)" 1;
    Cents "cents" "cents(50)" 1;
    AgeOn "age_on" "age_on(born, day)" 2;
    DaysBetween "days_between" "days_between(from, to)" 2;
    MonthsBetween "months_between" "months_between(from, to)" 2;
    YearsBetween "years_between" "years_between(from, to)" 2;
    MonthsBegun "months_begun" "months_begun(from, to)" 2;
    YearsBegun "years_begun" "years_begun(from, to)" 2;
    PlusDays "plus_days" "plus_days(date, 28)" 2;
    PlusMonths "plus_months" "plus_months(date, -4)" 2;
    PlusYears "plus_years" "plus_years(date, 10)" 2;
    PlusWorkingDays "plus_working_days" "plus_working_days(date, 5)" 2;
    IsWorkingDay "is_working_day" "is_working_day(date)" 1;
    Year "year" "year(date)" 1;
    Month "month" "month(date)" 1;
    Day "day" "day(date)" 1;
    Min "min" "min(a, b)" 2;
    Max "max" "max(a, b)" 2;
    DivUp "div_up" "div_up(amount, 12)" 2;
    DivDown "div_down" "div_down(amount, 12)" 2;
    RoundHalfUp "round_half_up" "round_half_up(amount, 12)" 2;
    ProrataDays "prorata_days" "prorata_days(yearly, days)" 2;
    StartsWith "starts_with" "starts_with(text, 'x')" 2;
    EndsWith "ends_with" "ends_with(text, 'x')" 2;
    Contains "contains" "contains(text, 'x')" 2;
}

/// Days in the year a yearly amount is divided by.
const YEAR_DAYS: i64 = 365;
/// No date moves further than this: it keeps the calendar's arithmetic far from its ends.
const SHIFT_DAYS: i64 = 400_000;

impl Function {
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|function| function.name() == name)
    }

    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        let special = ["has", "date", "matches"];
        Self::ALL
            .iter()
            .map(|function| function.name())
            .chain(special)
    }

    /// Applies the function to known values.
    pub(super) fn apply(self, values: &[Val], names: &dyn Names) -> Val {
        let known = match values {
            [] => Some(Val::Date(names.today())),
            [Val::Date(date)] if self == Self::IsWorkingDay => {
                let next = names.working_days_after(date.plus_days(-1), 1);
                Some(Val::Bool(next == *date))
            }
            [value] => self.one(value),
            [left, right] => self.two(left, right, names),
            _ => None,
        };
        known.unwrap_or(Val::Unknown)
    }

    fn one(self, value: &Val) -> Option<Val> {
        Some(match (self, value) {
            (Self::Size, Val::List(items)) => Val::Int(i64::try_from(items.len()).ok()?),
            (Self::Size, Val::Text(text)) => Val::Int(i64::try_from(text.chars().count()).ok()?),
            (Self::Dollars, Val::Int(dollars)) => Val::Money(dollars.checked_mul(100)?),
            (Self::Cents, Val::Int(cents)) => Val::Money(*cents),
            (Self::Year, Val::Date(date)) => Val::Int(i64::from(date.year())),
            (Self::Month, Val::Date(date)) => Val::Int(i64::from(date.month())),
            (Self::Day, Val::Date(date)) => Val::Int(i64::from(date.day())),
            _ => return None,
        })
    }

    fn two(self, left: &Val, right: &Val, names: &dyn Names) -> Option<Val> {
        match (left, right) {
            (Val::Date(from), Val::Date(to)) => self.dates(*from, *to),
            (Val::Date(date), Val::Int(count)) => self.shift(*date, *count, names),
            (Val::Int(amount), Val::Int(by)) => self.numbers(*amount, *by).map(Val::Int),
            (Val::Money(amount), Val::Int(by)) => self.numbers(*amount, *by).map(Val::Money),
            // A sum over no items is an integer nought even where the items hold money.
            (Val::Int(0), Val::Money(right)) => self.numbers(0, *right).map(Val::Money),
            (Val::Money(left), Val::Money(right)) => self.numbers(*left, *right).map(Val::Money),
            (Val::Text(text), Val::Text(part)) => match self {
                Self::StartsWith => Some(Val::Bool(text.starts_with(part.as_str()))),
                Self::EndsWith => Some(Val::Bool(text.ends_with(part.as_str()))),
                Self::Contains => Some(Val::Bool(text.contains(part.as_str()))),
                _ => None,
            },
            _ => None,
        }
    }

    fn dates(self, from: Date, to: Date) -> Option<Val> {
        Some(match self {
            Self::AgeOn => Val::Int(from.age_on(to)),
            Self::DaysBetween => Val::Int(from.days_until(to)),
            Self::MonthsBetween => Val::Int(months_between(from, to)),
            Self::YearsBetween => Val::Int(months_between(from, to) / 12),
            Self::MonthsBegun => {
                Val::Int(begun(from, to, Date::plus_months, months_between(from, to)))
            }
            Self::YearsBegun => Val::Int(begun(
                from,
                to,
                Date::plus_years,
                months_between(from, to) / 12,
            )),
            Self::Min => Val::Date(from.min(to)),
            Self::Max => Val::Date(from.max(to)),
            _ => return None,
        })
    }

    fn shift(self, date: Date, count: i64, names: &dyn Names) -> Option<Val> {
        let days = match self {
            Self::PlusDays => count,
            Self::PlusMonths => count.checked_mul(31)?,
            Self::PlusYears => count.checked_mul(366)?,
            // Working days are counted one by one.
            Self::PlusWorkingDays => count.checked_mul(100)?,
            _ => return None,
        };
        if days.unsigned_abs() > SHIFT_DAYS.unsigned_abs() {
            return None;
        }
        Some(Val::Date(match self {
            Self::PlusDays => date.plus_days(count),
            Self::PlusMonths => date.plus_months(count),
            Self::PlusYears => date.plus_years(count),
            _ => names.working_days_after(date, count),
        }))
    }

    fn numbers(self, amount: i64, by: i64) -> Option<i64> {
        let (amount_wide, by_wide) = (i128::from(amount), i128::from(by));
        let exact = match self {
            Self::Min => return Some(amount.min(by)),
            Self::Max => return Some(amount.max(by)),
            Self::DivUp if by > 0 => -(-amount_wide).div_euclid(by_wide),
            Self::DivDown if by > 0 => amount_wide.div_euclid(by_wide),
            Self::RoundHalfUp if by > 0 => half_up(amount_wide, by_wide),
            Self::ProrataDays => half_up(amount_wide * by_wide, i128::from(YEAR_DAYS)),
            _ => return None,
        };
        i64::try_from(exact).ok()
    }
}

fn half_up(amount: i128, by: i128) -> i128 {
    (2 * amount + by).div_euclid(2 * by)
}

/// Completed months from `from` to `to`; negative (towards zero) when `to` is earlier.
fn months_between(from: Date, to: Date) -> i64 {
    if to < from {
        return -months_between(to, from);
    }
    let years = i64::from(to.year()) - i64::from(from.year());
    let months = years * 12 + i64::from(to.month()) - i64::from(from.month());
    if from.plus_months(months) > to {
        months - 1
    } else {
        months
    }
}

/// The smallest number of units that reaches `to`; none when `to` is not after `from`.
fn begun(from: Date, to: Date, plus: fn(Date, i64) -> Date, completed: i64) -> i64 {
    if to <= from {
        return 0;
    }
    if plus(from, completed) >= to {
        completed
    } else {
        completed + 1
    }
}
