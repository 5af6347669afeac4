"""What counts as an e-mail address: in the chat, in the API and in the settings."""

EMAIL_ADDRESS = r"[\w.%+'-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}"
