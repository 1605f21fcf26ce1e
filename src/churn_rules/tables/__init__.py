"""From an analyst's file to a table of accounts, and from the scored result to a file; needs the extra `portfolio`."""
