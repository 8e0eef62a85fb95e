// Notifications: asked for by the person, one subscription a phone, nothing but an identifier in them.
import { call, configuration } from "./api.js";
import { decoded } from "./bytes.js";

export const supported = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

const subscription = async () => {
  const registration = await navigator.serviceWorker.getRegistration("/phone/");
  return registration ? registration.pushManager.getSubscription() : null;
};

export const state = async () => {
  if (!supported()) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  return (await subscription()) ? "is_on" : "is_off";
};

// Switches them on; gives the state after it. Throws what the server or the push service refuses.
export const on = async (who) => {
  if ((await Notification.requestPermission()) !== "granted") return "denied";
  const { vapid_key: key } = await configuration();
  const registration = await navigator.serviceWorker.ready;
  const made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: decoded(key) });
  try {
    await call(who, "PUT", "/phone/api/push", { subscription: made.toJSON() });
  } catch (error) {
    await made.unsubscribe();
    throw error;
  }
  return "is_on";
};

export const off = async (who) => {
  const made = await subscription();
  if (made) await made.unsubscribe();
  await call(who, "DELETE", "/phone/api/push");
  return "is_off";
};
