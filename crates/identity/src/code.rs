//! Enumerations that are stored, sent and signed as short codes.

/// A plain enum with `code()`, `ALL`, `FromStr`, serde and schema over its codes.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug,
            serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $code)] $variant),+
        }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::code::UnknownCode;
            fn from_str(code: &str) -> Result<Self, Self::Err> {
                match code {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::code::UnknownCode),
                }
            }
        }

        impl ::store::ToValue for $name {
            fn to_value(&self) -> ::store::Value {
                ::store::Value::Text(self.code().to_owned())
            }
        }

        impl ::store::FromValue for $name {
            const EXPECTED: &'static str = concat!("a code of ", stringify!($name));
            fn from_value(value: &::store::Value) -> Option<Self> {
                match value {
                    ::store::Value::Text(code) => code.parse().ok(),
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}
pub(crate) use codes;

/// A code nobody defined: a row of another version, or a forged request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this code is not defined")]
pub struct UnknownCode;
