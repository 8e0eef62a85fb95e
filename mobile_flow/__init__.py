"""The phone: enrolment with the card, approval by QR, device keys, and the phone's web app."""
