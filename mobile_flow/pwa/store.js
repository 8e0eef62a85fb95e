// What the app keeps on this phone: its device and key, an enrolment under way, the language.
// The private key is a CryptoKey that cannot be read out, not by this app either.
const NAME = "sesame-phone";
const SHELF = "kept";

const open = () =>
  new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(SHELF);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });

const run = async (mode, act) => {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(SHELF, mode);
      const request = act(transaction.objectStore(SHELF));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
};

export const kept = (name) => run("readonly", (shelf) => shelf.get(name));
export const keep = (name, value) => run("readwrite", (shelf) => shelf.put(value, name));
export const forget = (name) => run("readwrite", (shelf) => shelf.delete(name));
