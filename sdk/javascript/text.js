// Texts as bytes in UTF-8 and back, for interpreters without `TextEncoder`.

/** How many bytes become characters at once: arguments of a call are bounded. */
const CHUNK_BYTES = 1 << 12;

/** The text in UTF-8. */
export function encoded(text) {
  // Half a surrogate pair is no character.
  const whole = text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
  return Uint8Array.from(unescape(encodeURIComponent(whole)), (byte) => byte.charCodeAt(0));
}

/** The text that bytes in UTF-8 are. */
export function decoded(bytes) {
  let binary = "";
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES));
  }
  // Most data is ASCII, which is its own code; the way round takes hundreds of operations for each byte.
  if (!/[^\0-\x7f]/.test(binary)) return binary;
  try {
    return decodeURIComponent(escape(binary));
  } catch {
    throw new RangeError("the data set is no text in UTF-8");
  }
}
