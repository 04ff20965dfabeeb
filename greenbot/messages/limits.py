"""What GREEN-API takes, with the source of each number.

Where a source leaves a choice, the stricter reading stands here: a message refused on this
machine can be corrected, one refused or cut on the way surprises the guest.
"""

#: GREEN-API docs: sendMessage, editMessage.
TEXT_CHARACTERS = 20_000
#: GREEN-API docs: sendFileByUpload, sendFileByUrl, sendMediaStatus (the Go SDK would take 20,000).
CAPTION_CHARACTERS = 1_024
#: GREEN-API docs: sendMessage, customPreview (title, description and link alike).
PREVIEW_CHARACTERS = 300
#: GREEN-API docs: sendMessage, typePreview.
PREVIEW_SIZES = ("large", "small")

#: GREEN-API docs: sendPoll.
QUESTION_CHARACTERS = 255
POLL_OPTIONS = range(2, 13)

#: GREEN-API docs: sendInteractiveButtons, sendInteractiveButtonsReply.
BUTTONS = range(1, 4)
BUTTON_CHARACTERS = 25
BUTTON_BODY_CHARACTERS = 20_000

#: GREEN-API docs: sendTextStatus.
STATUS_CHARACTERS = 500
STATUS_FONTS = ("SERIF", "SANS_SERIF", "NORICAN_REGULAR", "BRYNDAN_WRITE", "OSWALD_HEAVY")

#: GREEN-API docs: typingTime of the send methods and of sendTyping, milliseconds.
TYPING_MS = range(1_000, 20_001)
#: GREEN-API docs: typingType.
TYPING_TYPES = ("typing", "recording")

#: GREEN-API docs: 100 MB for files in either direction; decimal megabytes, the stricter reading.
FILE_BYTES = 100_000_000
#: GREEN-API docs: a request above "about 100 kB" is answered 500 `request entity too large`.
BODY_BYTES = 100_000
#: GREEN-API docs: sendFileByUrl, characters a file link must not contain (besides spaces).
FILE_URL_FORBIDDEN = "~$€%#£?!"
#: Longer names exist on no common file system.
FILE_NAME_CHARACTERS = 255
#: Ids in GREEN-API samples have 16 to 32 characters.
REMOTE_ID_CHARACTERS = 128
