//! Rules of the shell.
