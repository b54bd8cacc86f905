"""From a Message to an email in somebody's mailbox: words, MIME, SMTP."""
