"""How much of a message is read: beyond these it is Unreadable. Figures from what hostile mail was measured to cost."""

LARGEST_MESSAGE = 50_000_000  # bytes
LARGEST_HEADERS = 64 * 1024  # bytes of one header block
LONGEST_LIST = 1000  # addresses, ids of one header
DEEPEST = 50  # multiparts within multiparts
MOST_PARTS = 500
MOST_WORDS = 5000  # encoded words in one header
DEEPEST_HTML = 500  # elements within elements that are kept
DEEPEST_HTML_READ = 20_000  # beyond this it is no mail
LONGEST_TEXT = 2_000_000  # characters of body that are kept
LONGEST_HEADER_KEPT = 1000  # characters
