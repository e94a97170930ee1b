//! Values on the wire, in Postgres's binary format.

use std::{error::Error as StdError, fmt};

use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

use crate::Value;

type Failure = Box<dyn StdError + Sync + Send>;

/// A parameter. Its `Debug` is empty on purpose: the driver would write values into debug logs.
pub(crate) struct Bound<'a>(pub &'a Value);

impl fmt::Debug for Bound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match (self.0, kind) {
            (Value::Null, _) => return Ok(IsNull::Yes),
            (Value::Bool(flag), &Type::BOOL) => return flag.to_sql(kind, out),
            (Value::Bool(flag), _) => return whole(i64::from(*flag), kind, out),
            (Value::Int(number), _) => return whole(*number, kind, out),
            (Value::Real(number), &Type::FLOAT8) => return number.to_sql(kind, out),
            (Value::Text(text), &Type::JSONB) => {
                out.extend_from_slice(&[1]);
                out.extend_from_slice(text.as_bytes());
            }
            (Value::Text(text), &(Type::JSON | Type::TEXT | Type::VARCHAR | Type::UNKNOWN)) => {
                out.extend_from_slice(text.as_bytes());
            }
            (Value::Id(bytes), &(Type::UUID | Type::BYTEA)) => out.extend_from_slice(bytes),
            (Value::Bytes(bytes), &Type::BYTEA) => out.extend_from_slice(bytes),
            (Value::Bytes(bytes), &Type::UUID) if bytes.len() == 16 => {
                out.extend_from_slice(bytes);
            }
            (value, kind) => {
                return Err(format!("{} cannot be given for {kind}", word(value)).into());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn whole(number: i64, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
    match *kind {
        Type::INT8 => number.to_sql(kind, out),
        Type::INT4 => i32::try_from(number)?.to_sql(kind, out),
        Type::INT2 => i16::try_from(number)?.to_sql(kind, out),
        Type::FLOAT8 => {
            let near: f64 = i32::try_from(number)?.into();
            near.to_sql(kind, out)
        }
        _ => Err(format!("a whole number cannot be given for {kind}").into()),
    }
}

const fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Int(_) => "a whole number",
        Value::Real(_) => "a number",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::Id(_) => "an identifier",
    }
}

/// A column value.
pub(crate) struct Cell(pub Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(Self(match *kind {
            Type::BOOL => Value::Bool(bool::from_sql(kind, raw)?),
            Type::INT8 => Value::Int(i64::from_sql(kind, raw)?),
            Type::INT4 => Value::Int(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Value::Int(i16::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Value::Real(f64::from_sql(kind, raw)?),
            Type::NUMERIC => numeric(raw)?,
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::UNKNOWN | Type::JSON => {
                Value::Text(std::str::from_utf8(raw)?.to_owned())
            }
            Type::JSONB => {
                let text = raw
                    .strip_prefix(&[1])
                    .ok_or("jsonb of an unknown version")?;
                Value::Text(std::str::from_utf8(text)?.to_owned())
            }
            Type::BYTEA => Value::Bytes(raw.to_vec()),
            Type::UUID => Value::Id(raw.try_into()?),
            _ => return Err(format!("columns of type {kind} are not read").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// `SUM` of BIGINT is NUMERIC, and so is `AVG`: digits in base 10,000 with the weight of the first
/// one. Whole when nothing stands behind the point.
fn numeric(raw: &[u8]) -> Result<Value, Failure> {
    const SHAPE: &str = "a number too large to be read";
    const NEGATIVE: i16 = 0x4000;
    let mut words = raw.chunks_exact(2).map(|pair| match pair {
        [high, low] => i16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    let mut word = || words.next().ok_or(SHAPE);
    let (count, weight, sign, _scale) = (word()?, word()?, word()?, word()?);
    if sign != 0 && sign != NEGATIVE {
        return Err(SHAPE.into());
    }
    if count > weight + 1 {
        let mut total = 0.0;
        for place in 0..count {
            total += f64::from(word()?) * 10_000_f64.powi(i32::from(weight - place));
        }
        return Ok(Value::Real(if sign == NEGATIVE { -total } else { total }));
    }
    let mut total: i64 = 0;
    for place in 0..=weight.max(-1) {
        let digit = if place < count { word()? } else { 0 };
        // Summed below zero, because the smallest number has no positive twin.
        total = total
            .checked_mul(10_000)
            .and_then(|total| total.checked_sub(digit.into()))
            .ok_or(SHAPE)?;
    }
    let whole = if sign == NEGATIVE {
        Some(total)
    } else {
        total.checked_neg()
    };
    Ok(Value::Int(whole.ok_or(SHAPE)?))
}

#[cfg(test)]
mod tests;
