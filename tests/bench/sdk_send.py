"""One text sent with the official SDK, the way its own examples do it. Runs in .venv-interop.

usage: sdk_send.py API_URL ID TOKEN CHAT TEXT
"""

import sys

from whatsapp_api_client_python import API

api_url, id_instance, token, chat_id, text = sys.argv[1:]
client = API.GreenAPI(id_instance, token, host=api_url, media=api_url)
response = client.sending.sendMessage(chat_id, text)
print(response.data["idMessage"])
