// Keeps the app's own files for when there is no network, and shows notifications.
// A push message holds an opaque identifier and nothing else; the words are kept here.
"use strict";
const SHELF = "sesame-shell-1";
const SHELL = [
  "/phone/",
  ...["app", "api", "approve", "bytes", "dom", "enrol", "lists", "push", "scan", "store", "trouble", "words"].map((name) => `/phone/${name}.js`),
  "/phone/app.css",
  "/phone/vendor/jsQR.js",
  "/phone/manifest.webmanifest",
  "/phone/icons/mark.svg",
  "/phone/icons/mark-192.png",
  ...["nl", "fr", "de", "en"].map((language) => `/phone/messages/${language}.json`),
];

self.addEventListener("install", (event) => {
  const fill = async () => (await caches.open(SHELF)).addAll(SHELL.map((path) => new Request(path, { cache: "reload" })));
  event.waitUntil(fill().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) if (name !== SHELF) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

// The network first, so that a new version is seen at once; calls of the server are never kept.
self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  if (!SHELL.includes(address.pathname)) return;
  const answer = async () => {
    try {
      const fresh = await fetch(event.request);
      if (fresh.ok) await (await caches.open(SHELF)).put(address.pathname, fresh.clone());
      return fresh;
    } catch (error) {
      const held = await caches.match(address.pathname);
      if (held) return held;
      throw error;
    }
  };
  event.respondWith(answer());
});

const language = () =>
  new Promise((resolve) => {
    const asked = indexedDB.open("sesame-phone", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("kept");
    asked.onerror = () => resolve("en");
    asked.onsuccess = () => {
      const read = asked.result.transaction("kept").objectStore("kept").get("settings");
      read.onsuccess = () => {
        asked.result.close();
        resolve(read.result?.language || "en");
      };
      read.onerror = () => resolve("en");
    };
  });

const words = async () => {
  const path = `/phone/messages/${await language()}.json`;
  const answer = (await caches.match(path)) || (await fetch(path));
  return answer.json();
};

const identifier = (data) => {
  try {
    const { id } = data.json();
    return typeof id === "string" && /^[A-Za-z0-9_-]{1,100}$/.test(id) ? id : "";
  } catch {
    return "";
  }
};

self.addEventListener("push", (event) => {
  const show = async () => {
    const id = event.data ? identifier(event.data) : "";
    const said = await words();
    await self.registration.showNotification(said["push.title"], {
      body: said["push.body"],
      icon: "/phone/icons/mark-192.png",
      badge: "/phone/icons/mark-192.png",
      tag: id || "sesame",
      data: { id },
    });
  };
  event.waitUntil(show());
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { id } = event.notification.data || {};
  const open = async () => {
    const windows = await self.clients.matchAll({ type: "window" });
    const [ours] = windows.filter((one) => new URL(one.url).pathname === "/phone/");
    if (ours) {
      if (id) ours.postMessage({ open: id });
      await ours.focus();
      return;
    }
    // The list shows what waits; an address that opened it could be sent by anybody.
    await self.clients.openWindow("/phone/");
  };
  event.waitUntil(open());
});
