// Base64url and WebAuthn's JSON forms (WebAuthn Level 3, 5.1.8 to 5.1.10), one way for all browsers.
export const decoded = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

export const encoded = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const listed = (credentials = []) => credentials.map((one) => ({ ...one, id: decoded(one.id) }));

export const creationOf = (options) => ({
  ...options,
  challenge: decoded(options.challenge),
  user: { ...options.user, id: decoded(options.user.id) },
  excludeCredentials: listed(options.excludeCredentials),
});

export const requestOf = (options) => ({
  ...options,
  challenge: decoded(options.challenge),
  allowCredentials: listed(options.allowCredentials),
});

const base = (credential, response) => ({
  id: credential.id,
  rawId: encoded(credential.rawId),
  type: credential.type,
  authenticatorAttachment: credential.authenticatorAttachment || undefined,
  clientExtensionResults: credential.getClientExtensionResults(),
  response: { clientDataJSON: encoded(credential.response.clientDataJSON), ...response },
});

export const registered = (credential) =>
  base(credential, {
    attestationObject: encoded(credential.response.attestationObject),
    transports: credential.response.getTransports ? credential.response.getTransports() : [],
  });

export const asserted = (credential) =>
  base(credential, {
    authenticatorData: encoded(credential.response.authenticatorData),
    signature: encoded(credential.response.signature),
    userHandle: credential.response.userHandle ? encoded(credential.response.userHandle) : undefined,
  });
