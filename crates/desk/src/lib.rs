//! Pages for officers, owners and operators.
