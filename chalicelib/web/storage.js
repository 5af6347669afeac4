'use strict';
// A page's memory, and ids. Blocked storage costs the memory, never the page.

function guardedStorage(name) {
  try {
    return window[name];
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}

let owner = '';  // each customer that the site around a widget proves has a memory of their own

function rememberFor(customerId) {
  owner = customerId ? `customer:${customerId}:` : '';
}

/** One remembered text; two stages behind one gateway host share an origin, so the key holds the path. */
function remembered(storageName, key) {
  const storage = guardedStorage(storageName);
  const fullKey = `support-assistant:${API_BASE.pathname}:${owner}${key}`;
  const attempt = (action) => {
    try {
      return storage ? action() : null;
    } catch (error) {
      if (error instanceof DOMException) return null;  // full, or blocked after all
      throw error;
    }
  };
  return {
    read: () => attempt(() => storage.getItem(fullKey)) ?? '',
    write: (text) => attempt(() => text ? storage.setItem(fullKey, text) : storage.removeItem(fullKey)),
  };
}

/** A random UUID, also where crypto.randomUUID is missing: plain http on a host other than localhost. */
function newMessageId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
