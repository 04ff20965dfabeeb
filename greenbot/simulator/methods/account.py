"""Account methods: settings, states, linking a phone, the profile picture."""

from __future__ import annotations

from greenbot.simulator import params, settings
from greenbot.simulator.files import store_file
from greenbot.simulator.methods.registry import Answer, Call, archive, method
from greenbot.simulator.replies import validation

UNLINKED = frozenset({"notAuthorized", "blocked", "starting"})
HISTORY_DEFAULT = 100
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
JPEG_START = b"\xff\xd8\xff"

for _name in ("getStatusInstance", "setSystemProxy"):
    archive(_name, verb="GET")


@method("getSettings", needs="any")
async def get_settings(call: Call) -> Answer:
    return {"wid": call.instance.wid, **call.instance.settings}


@method("setSettings", verb="POST", needs="any")
async def set_settings(call: Call) -> Answer:
    settings.apply_later(call.instance, settings.accepted(call.params))
    return {"saveSettings": True}


@method("getWaSettings", needs="any")
async def get_wa_settings(call: Call) -> Answer:
    instance = call.instance
    linked = instance.state not in UNLINKED
    digits = instance.phone.partition("@")[0]
    answer: dict[str, object] = {
        "avatar": instance.avatar_url,
        "phone": digits if linked else "",
        "stateInstance": instance.state,
        "deviceId": f"{digits}:8@s.whatsapp.net" if linked else "",
    }
    if instance.state in ("suspended", "yellowCard") and instance.suspended_until is not None:
        answer["suspendedUntil"] = int(instance.suspended_until)
    return answer


@method("getStateInstance", needs="any")
async def get_state_instance(call: Call) -> Answer:
    if call.now < call.instance.ready_at:
        return None
    return {"stateInstance": call.instance.state}


@method("getStateInstanceHistory", needs="any")
async def get_state_instance_history(call: Call) -> Answer:
    count = params.optional_integer(call.query, "count", low=1, high=10_000) or HISTORY_DEFAULT
    return [
        {"stateInstance": change.state, "timestamp": int(change.at), "phoneNumber": change.phone}
        for change in call.instance.state_history[-count:]
    ]


@method("reboot", needs="any")
async def reboot(call: Call) -> Answer:
    settings.reboot(call.instance)
    return {"isReboot": True}


@method("logout", needs="any")
async def logout(call: Call) -> Answer:
    call.instance.suspended_until = None
    call.world.set_state(call.instance, "notAuthorized")
    return {"isLogout": True}


@method("getAuthorizationCode", verb="POST", needs="any")
async def get_authorization_code(call: Call) -> Answer:
    params.integer(call.params, "phoneNumber", low=10**6, high=10**16 - 1)
    if call.instance.state != "notAuthorized":
        return {"status": False, "code": ""}
    return {"status": True, "code": "".join(call.world.rng.choices(CODE_LETTERS, k=8))}


@method("setProfilePicture", verb="POST", body="form")
async def set_profile_picture(call: Call) -> Answer:
    url, reason = picture_url(call)
    if reason is None:
        call.instance.avatar_url = url
    return {"setProfilePicture": reason is None, "urlAvatar": url, "reason": reason}


def picture_url(call: Call) -> tuple[str, str | None]:
    """Store the form's picture; returns its URL, or "" with the reason why it is none."""
    picture = call.files.get("file")
    if picture is None:
        raise validation("'file' is required")
    if not picture.content.startswith(JPEG_START):
        return "", "file is not a jpg image"
    return store_file(call.instance, picture).url, None


@method("updateApiToken", needs="any")
async def update_api_token(call: Call) -> Answer:
    call.instance.previous_tokens.append(call.instance.token)
    call.instance.token = f"{call.world.rng.getrandbits(200):050x}"
    return {"apiTokenInstance": call.instance.token}


@method("getDeviceInfo")
async def get_device_info(call: Call) -> Answer:
    return {
        "platform": "android",
        "deviceManufacturer": "Simulated",
        "deviceModel": "Phone",
        "osVersion": "14",
        "waVersion": "2.26.40",
        "battery": 100,
    }
