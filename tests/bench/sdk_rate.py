"""Many texts sent one after the other with the official SDK. Runs in .venv-interop; prints the seconds they took.

usage: sdk_rate.py API_URL ID TOKEN CHAT COUNT
"""

import sys
import time

from whatsapp_api_client_python import API

api_url, id_instance, token, chat_id, count = sys.argv[1:]
client = API.GreenAPI(id_instance, token, host=api_url, media=api_url)
begun = time.perf_counter()
for number in range(int(count)):
    if client.sending.sendMessage(chat_id, f"text {number}").code != 200:
        sys.exit("a text was not accepted")
print(time.perf_counter() - begun)
