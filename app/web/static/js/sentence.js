// The app's errors begin small and end without a full stop, as they follow a colon on the command line.

/** As a sentence of its own. */
export function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return !whole || /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}
