"""The change of a domain's DKIM key: from a new key that nobody uses to an old one that is gone."""
