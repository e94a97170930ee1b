//! Inbox, e-mail and SMS with delivery evidence, announcements.
