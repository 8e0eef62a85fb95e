"""A real browser's passkeys and app keys, from our options to our checks, on a site of our name."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mobile_flow import proof
from mobile_flow.attestation import Asking, AttestationPolicy
from mobile_flow.device_keys import ML_DSA, OFFERED, DeviceKeys
from mobile_flow.model import Device, DeviceId, Enrolment, EnrolmentId, PersonRef
from tests.contract.store.stand_ins import START, Clock
from tests.unit.mobile.keys.authenticator import ORIGIN, RP_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

CREATE = """async options => (await navigator.credentials.create({
  publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)})).toJSON()"""
GET = """async options => (await navigator.credentials.get({
  publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)})).toJSON()"""
SIGN = """async ({claims}) => {
  const text = bytes => btoa(bytes).replace(/[+]/g, '-').replace(/[/]/g, '_').replace(/=+$/, '');
  const pair = await crypto.subtle.generateKey(
    {name: 'ECDSA', namedCurve: 'P-256'}, false, ['sign', 'verify']);
  const jwk = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const head = {alg: 'ES256', typ: 'sesame-device+jwt', jwk};
  const signed = [head, claims].map(part => text(JSON.stringify(part))).join('.');
  const signature = new Uint8Array(await crypto.subtle.sign(
    {name: 'ECDSA', hash: 'SHA-256'}, pair.privateKey, new TextEncoder().encode(signed)));
  return signed + '.' + text(String.fromCharCode(...signature));
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page of ours, in a browser with an authenticator of its own."""
    context = browser.new_context()
    context.route(f"{ORIGIN}/**", lambda route: route.fulfill(body="", content_type="text/html"))
    opened = context.new_page()
    opened.goto(f"{ORIGIN}/phone/")
    devtools = context.new_cdp_session(opened)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "ctap2Version": "ctap2_1",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
            }
        },
    )
    yield opened
    context.close()


@pytest.mark.parametrize(
    ("algorithms", "asking", "word"),
    [
        (OFFERED, Asking.NOTHING, "none"),
        (OFFERED, Asking.WHERE_GIVEN, "packed/unknown"),
        (ML_DSA, Asking.NOTHING, "none"),
    ],
    ids=["as by default", "asked for its make", "post-quantum"],
)
def test_a_browser_makes_the_passkey_that_was_asked_for_and_answers_with_it(
    page: Page, algorithms: tuple[int, ...], asking: Asking, word: str
) -> None:
    keys = DeviceKeys(
        rp_id=RP_ID,
        rp_name="Sesame",
        origins=frozenset({ORIGIN}),
        algorithms=algorithms,
        policy=AttestationPolicy(asking=asking),
    )
    enrolment = an_enrolment()
    made = page.evaluate(CREATE, keys.creation_options(enrolment, []))
    credential = keys.verify_registration(made, challenge=challenge_of(enrolment))
    assert (credential.algorithm, credential.attestation) == (algorithms[0], word)
    device = a_device(enrolment, credential)
    for devices in ([device], None):
        challenge = secrets.token_bytes(32)
        answer = page.evaluate(GET, keys.request_options(devices, challenge=challenge))
        used = keys.verify_assertion(
            answer, challenge=challenge, device=device, discovered=devices is None
        )
        assert used.sign_count > device.credential.sign_count
        device = replace(device, credential=used)


def test_a_browser_s_key_that_cannot_be_read_signs_requests(page: Page) -> None:
    nonces = proof.Nonces(
        lambda value: hmac.digest(b"key", value, "sha256"), now=Clock(), generation=lambda: "g"
    )
    claims = {
        "htm": "POST",
        "htu": "/phone/api/enrolments/claim",
        "nonce": nonces.give(),
        "jti": secrets.token_urlsafe(16),
        "bh": proof.body_hash(b"{}"),
    }
    text = page.evaluate(SIGN, {"claims": claims})
    read = proof.read(
        text, method="POST", path="/phone/api/enrolments/claim", body=b"{}", nonces=nonces
    )
    assert read.device_key is not None
    proof.verify(read, device_key=read.device_key)


def an_enrolment() -> Enrolment:
    return Enrolment(
        id=EnrolmentId("enrolment"),
        person=PersonRef("an"),
        person_name="An Peeters",
        code="",
        card_fingerprint="ab" * 32,
        user_handle=secrets.token_bytes(32),
        opened_at=START,
        expires_at=START,
        challenge=secrets.token_bytes(32),
    )


def challenge_of(enrolment: Enrolment) -> bytes:
    assert enrolment.challenge is not None
    return enrolment.challenge


def a_device(enrolment: Enrolment, credential: Any) -> Device:
    return Device(
        id=DeviceId("device"),
        person=enrolment.person,
        name="A phone",
        user_handle=enrolment.user_handle,
        credential=credential,
        device_key=b"",
        card_fingerprint=enrolment.card_fingerprint,
        language="nl",
        enrolled_at=START,
        high_from=START,
    )
