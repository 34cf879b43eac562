"""Writes keys.json: python3 keys.py, with PyJWT 2.12 or newer and cryptography.

It makes the keys where the file has none, and takes them from it otherwise.
Tokens of ES256 are other ones at each run: their signatures are random.
"""

import base64
import datetime
import hashlib
import hmac
import json
import pathlib

import jwt
import jwt.api_jwt
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

FILE = pathlib.Path(__file__).with_name("keys.json")
AUDIENCE = "fastapi-users:auth"
NOW = 1700000000
ID = "0b5d3f0e-7d5a-4f0e-9c4e-3f2a1b0c9d8e"
GOOD = {"sub": ID, "aud": [AUDIENCE], "exp": NOW + 3600}
SECRET = "a secret of 32 bytes, for testing"
ALGORITHMS = {"rsa": "RS256", "ec": "ES256", "ed": "EdDSA"}


def make(kind):
    key = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ed": ed25519.Ed25519PrivateKey.generate,
    }[kind]()
    form = {"rsa": ser.PrivateFormat.TraditionalOpenSSL, "ec": ser.PrivateFormat.TraditionalOpenSSL, "ed": ser.PrivateFormat.PKCS8}[kind]
    return {
        "private": key.private_bytes(ser.Encoding.PEM, form, ser.NoEncryption()).decode(),
        "public": key.public_key().public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo).decode(),
    }


keys = json.loads(FILE.read_text())["keys"] if FILE.exists() else {f"{kind}{n}": make(kind) for kind in ALGORITHMS for n in (1, 2)}
vectors = []


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(NOW, tz)


jwt.api_jwt.datetime = Clock


def pyjwt(token, key, alg):
    """What FastAPI Users' JWT strategy does with a token and one key, up to parsing the id."""
    try:
        data = jwt.decode(token, key, audience=[AUDIENCE], algorithms=[alg])
    except Exception:
        return "refused"
    return "accepted" if data.get("sub") is not None else "refused"


def add(name, ring, token, accepted, issued=False):
    """ring lists names of keys, each with its id: "rsa1=a"; after a dot, the half that is given."""
    first = ring[0].split("=")[0].split(".")[0]
    alg = ALGORITHMS.get(first[:-1], "HS256")
    key = keys[first]["public"] if first in keys else SECRET
    v = {"name": name, "ring": ring, "token": token, "accepted": accepted}
    if issued:
        v["issued"] = True
    v["pyjwt"] = pyjwt(token, key, alg)
    vectors.append(v)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by_hmac(header, secret):
    """A token of GOOD, signed with HMAC whatever its header says."""
    text = b64(json.dumps(header, separators=(",", ":")).encode()) + "." + b64(json.dumps(GOOD, separators=(",", ":")).encode())
    return text + "." + b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())


def by_key(header, name):
    """A token of GOOD, signed by the key whatever its header says."""
    alg = jwt.get_algorithm_by_name(ALGORITHMS[name[:-1]])
    text = b64(json.dumps(header, separators=(",", ":")).encode()) + "." + b64(json.dumps(GOOD, separators=(",", ":")).encode())
    return text + "." + b64(alg.sign(text.encode(), alg.prepare_key(keys[name]["private"])))


for kind, alg in ALGORITHMS.items():
    one, two = kind + "1", kind + "2"
    private = keys[one]["private"]
    plain = jwt.encode(GOOD, private, alg)
    named = jwt.encode(GOOD, private, alg, headers={"kid": "a"})
    fixed = alg != "ES256"
    add(f"{alg}", [one], plain, True, issued=fixed)
    add(f"{alg}, public key", [two, one + ".public"], plain, True)
    add(f"{alg}, named", [one + "=a"], named, True, issued=fixed)
    add(f"{alg}, named, other name", [one + "=b"], named, False)
    add(f"{alg}, named, ring without names", [one], named, True)
    add(f"{alg}, named, old key", [two + "=b", one + ".public=a"], named, True)
    add(f"{alg}, named, old key has no name", [two + "=b", one + ".public"], named, False)
    add(f"{alg}, named as another", [two + "=a", one + ".public=b"], named, False)
    add(f"{alg}, unnamed, ring with names", [two + "=b", one + ".public=a"], plain, True)
    add(f"{alg}, empty name, ring with names", [two + "=b", one + ".public"], by_key({"alg": alg, "kid": ""}, one), False)
    add(f"{alg}, other key", [two], plain, False)
    add(f"{alg}, old key is gone", [two + "=b"], named, False)
    add(f"{alg}, header of another order", [two + "=b", one + ".public=a"], by_key({"typ": "JWT", "kid": "a", "alg": alg}, one), True)
    add(f"{alg}, header of another order, other name", [two + "=b", one + ".public=a"], by_key({"typ": "JWT", "kid": "b", "alg": alg}, one), False)
    add(f"{alg}, name is a number", [one], by_key({"alg": alg, "kid": 1}, one), False)
    add(f"{alg}, critical", [one], by_key({"alg": alg, "crit": ["exp"], "exp": 1}, one), False)
    add(f"{alg}, key in the header is ignored", [two], by_key({"alg": alg, "jwk": json.loads(jwt.get_algorithm_by_name(alg).to_jwk(ser.load_pem_public_key(keys[one]["public"].encode())))}, one), False)
    add(f"{alg}, other audience", [one], jwt.encode({**GOOD, "aud": "other"}, private, alg), False)
    add(f"{alg}, expired", [one], jwt.encode({**GOOD, "exp": NOW}, private, alg), False)
    head, body, mac = plain.split(".")
    for name, signature in {"empty": "", "cut": mac[:-4], "longer": mac + "AAAA", "zeros": "A" * len(mac)}.items():
        add(f"{alg}, signature {name}", [one], f"{head}.{body}.{signature}", False)
    # Confusion of algorithms.
    public = ser.load_pem_public_key(keys[one]["public"].encode())
    texts = {"PEM": keys[one]["public"].encode(), "PEM without the last line break": keys[one]["public"].strip().encode(), "DER": public.public_bytes(ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)}
    for name, text in texts.items():
        add(f"{alg}, HS256 by the public key's {name}", [one], by_hmac({"alg": "HS256", "typ": "JWT"}, text), False)
        add(f"{alg}, HS256 by the public key's {name}, said to be {alg}", [one], by_hmac({"alg": alg, "typ": "JWT"}, text), False)
    add(f"{alg}, unsigned", [one], jwt.encode(GOOD, None, "none"), False)
    for said in ["none", "HS256", "RS512", "PS256", "ES384", "ES256K", "eddsa", "Ed25519", *ALGORITHMS.values()]:
        if said != alg:
            add(f"{alg}, said to be {said}", [one, "secret"], by_key({"alg": said, "typ": "JWT"}, one), False)
    add(f"{alg}, ring of another algorithm", [{"rsa": "ec1", "ec": "ed1", "ed": "rsa1"}[kind]], plain, False)
    add(f"{alg}, secret from before", [one + "=a", "secret"], by_hmac({"alg": "HS256", "typ": "JWT"}, SECRET.encode()), True)
    add(f"{alg}, from before the secret", ["secret", one + ".public=a"], plain, True)

for alg in ("RS384", "RS512", "PS256"):
    add(f"RS256, signed with {alg}", ["rsa1"], jwt.encode(GOOD, keys["rsa1"]["private"], alg), False)

assert len({v["name"] for v in vectors}) == len(vectors)
lines = ",\n".join(json.dumps(v) for v in vectors)
FILE.write_text(f'{{"now": {NOW}, "sub": "{ID}", "expires": {NOW + 3600}, "secret": "{SECRET}",\n"keys": {json.dumps(keys)},\n"vectors": [\n{lines}\n]}}\n')
print(len(vectors), "vectors,", sum(v["accepted"] for v in vectors), "accepted")
