"""Writes signer.json: python3 signer.py, with PyJWT 2.12 or newer.

Tokens are made by PyJWT with the claims of FastAPI Users' manager wherever it
can be made to write them. The fingerprint is an argon2id hash of a stored
hash, made once.
"""

import base64
import datetime
import hashlib
import hmac
import json
import pathlib
import warnings

import jwt
import jwt.api_jwt

SECRET = "a secret of 32 bytes, for testing"
OTHER = "another secret, for testing, 32 bytes"
NOW = 1700000000
ID = "0b5d3f0e-7d5a-4f0e-9c4e-3f2a1b0c9d8e"
FGPT = "$argon2id$v=19$m=65536,t=3,p=4$MIIRqgvgQbgj220jfp0MPA$YfwJSVjtjSU0zzV/P3S9nnQ/USre2wvJMjfCIjrTQbg"
RESET, VERIFY = "fastapi-users:reset", "fastapi-users:verify"
HEADER = {"alg": "HS256", "typ": "JWT"}

warnings.simplefilter("ignore")
vectors = []


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def seal(header, payload, secret=SECRET):
    """Signs a header and a payload, objects or bytes, by hand."""
    parts = [p if isinstance(p, bytes) else json.dumps(p, separators=(",", ":")).encode() for p in (header, payload)]
    text = ".".join(b64(p) for p in parts)
    return text + "." + b64(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


def reset(secret=SECRET, **changes):
    """A reset token; None takes a claim away."""
    claims = {"sub": ID, "password_fgpt": FGPT, "aud": RESET, "exp": NOW + 3600, **changes}
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, secret, "HS256")


def verify(secret=SECRET, **changes):
    claims = {"sub": ID, "email": "king.arthur@camelot.bt", "aud": VERIFY, "exp": NOW + 3600, **changes}
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, secret, "HS256")


def at(now):
    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.fromtimestamp(now, tz)

    return Clock


def pyjwt(token, secrets, audience, now):
    """Whether PyJWT reads the token with one of the secrets."""
    jwt.api_jwt.datetime = at(now)
    for secret in secrets:
        try:
            jwt.decode(token, secret, audience=[audience], algorithms=["HS256"])
            return "accepted"
        except jwt.PyJWTError:
            pass
        except Exception:
            return "failed"
    return "refused"


def add(name, token, want=None, *, audience=RESET, secrets=(SECRET,), now=NOW, issued=False):
    """Want is the subject, the values and the expiry of an accepted token."""
    v = {"name": name, "secrets": list(secrets), "audience": audience, "now": now, "token": token, "accepted": want is not None}
    if want is not None:
        sub, values, expires = want
        v.update(sub=sub, values=[{"name": n, "value": value} for n, value in values.items()], expires=expires)
    if issued:
        v["issued"] = True
    v["pyjwt"] = pyjwt(token, secrets, audience, now)
    vectors.append(v)


def resets(expires=NOW + 3600, sub=ID, **more):
    return sub, {"password_fgpt": FGPT, **more}, expires


def verifies(expires=NOW + 3600, email="king.arthur@camelot.bt"):
    return ID, {"email": email}, expires


# What the manager of FastAPI Users writes.
add("reset", reset(), resets(), issued=True)
add("reset, integer id", reset(sub="42"), resets(sub="42"), issued=True)
add("reset, no lifetime", reset(exp=None), resets(expires=None), issued=True)
add("verify", verify(), verifies(), audience=VERIFY, issued=True)
add("verify, no lifetime", verify(exp=None), verifies(expires=None), audience=VERIFY, issued=True)
add("verify, address to be escaped", verify(email='"a\\b"</c>&@camelot.bt'), verifies(email='"a\\b"</c>&@camelot.bt'), audience=VERIFY, issued=True)
add("verify, address not ASCII", verify(email="artús@camelot.bt"), verifies(email="artús@camelot.bt"), audience=VERIFY)
add("no values", jwt.encode({"sub": ID, "aud": "app:magic", "exp": NOW + 60}, SECRET, "HS256"), (ID, {}, NOW + 60), audience="app:magic", issued=True)
add("several values", jwt.encode({"sub": ID, "z": "1", "a": "", "m": "ü", "aud": "app", "exp": NOW + 60}, SECRET, "HS256"), (ID, {"z": "1", "a": "", "m": "ü"}, NOW + 60), audience="app")

# Secrets.
ring = (OTHER, SECRET)
add("signed with the second secret", reset(), resets(), secrets=ring)
add("signed with the first of two secrets", reset(secret=OTHER), resets(), secrets=ring, issued=True)
add("other secret", reset(secret=OTHER))
add("none of two secrets", reset(secret="a third secret, of 32 bytes or so"), secrets=ring)
add("empty secret", seal(HEADER, {"sub": ID, "aud": RESET, "exp": NOW + 60}, ""))

# Audience.
add("verify token for a reset", verify())
add("reset token for a verification", reset(), audience=VERIFY)
add("access token", jwt.encode({"sub": ID, "aud": ["fastapi-users:auth"], "exp": NOW + 60}, SECRET, "HS256"))
add("state token", jwt.encode({"csrftoken": "x", "aud": "fastapi-users:oauth-state", "exp": NOW + 60}, SECRET, "HS256"))
add("aud list", reset(aud=[RESET]), resets())
add("aud among others", reset(aud=["x", RESET]), resets())
add("aud absent", reset(aud=None))
add("aud empty", seal(HEADER, {"sub": ID, "aud": "", "exp": NOW + 60}))
add("aud empty and asked for", seal(HEADER, {"sub": ID, "aud": "", "exp": NOW + 60}), audience="")
add("aud empty list", reset(aud=[]))
add("aud longer", reset(aud=RESET + "x"))
add("aud in other case", reset(aud=RESET.upper()))
add("aud number among texts", seal(HEADER, {"sub": ID, "aud": [RESET, 1], "exp": NOW + 60}))

# Dates.
add("exp in a second", reset(exp=NOW + 1), resets(expires=NOW + 1))
add("exp in less than a second", reset(exp=NOW + 1), resets(expires=NOW + 1), now=NOW + 0.75)
add("exp now", reset(exp=NOW))
add("exp past", reset(exp=NOW - 1))
add("exp an hour on, an hour later", reset(), now=NOW + 3600)
add("exp text", reset(exp="tomorrow"))
add("exp null", seal(HEADER, {"sub": ID, "aud": RESET, "exp": None}))
add("exp numeric text", reset(exp=str(NOW + 60)), resets(expires=NOW + 60))
add("exp float", reset(exp=NOW + 60.75), resets(expires=NOW + 60))
add("iat now", reset(iat=NOW), resets())
add("iat future", reset(iat=NOW + 1))
add("nbf future", reset(nbf=NOW + 1))

# Subject and other claims.
add("sub absent", reset(sub=None))
add("sub empty", reset(sub=""))
add("sub number", seal(HEADER, {"sub": 42, "password_fgpt": FGPT, "aud": RESET, "exp": NOW + 60}))
add("user_id of old releases", jwt.encode({"user_id": ID, "aud": RESET, "exp": NOW + 60}, SECRET, "HS256"))
add("fingerprint absent", reset(password_fgpt=None), (ID, {}, NOW + 3600))
for kind, value in {"null": None, "number": 1, "list": [FGPT], "object": {"a": FGPT}, "true": True}.items():
    add(f"fingerprint {kind}", seal(HEADER, {"sub": ID, "password_fgpt": value, "aud": RESET, "exp": NOW + 60}))
add("iss and jti are no values", reset(iss="x", jti="y"), resets())
add("iss of any kind", seal(HEADER, {"sub": ID, "iss": [1], "aud": RESET, "exp": NOW + 60}), (ID, {}, NOW + 60))
add("jti number", seal(HEADER, {"sub": ID, "jti": 1, "aud": RESET, "exp": NOW + 60}))
add("unknown text", reset(nonce="x"), resets(nonce="x"))
add("unknown number", reset(nonce=1))
add("value before the subject", seal(HEADER, {"email": "a@b.c", "aud": RESET, "sub": ID}), (ID, {"email": "a@b.c"}, None))
add("value twice", seal(HEADER, b'{"sub":"1","email":"a@b.c","email":"d@e.f","aud":"%s"}' % RESET.encode()))
add("value twice, escaped once", seal(HEADER, b'{"sub":"1","email":"a@b.c","\\u0065mail":"d@e.f","aud":"%s"}' % RESET.encode()))
add("value with a list inside its text", reset(nonce='{"a":["b"]}'), resets(nonce='{"a":["b"]}'))

# Headers and spellings.
token = reset()
head, body, mac = token.split(".")
add("unsigned", jwt.encode({"sub": ID, "password_fgpt": FGPT, "aud": RESET, "exp": NOW + 60}, None, "none"))
add("alg none, signed", seal({"alg": "none", "typ": "JWT"}, {"sub": ID, "aud": RESET}))
add("HS512", jwt.encode({"sub": ID, "aud": RESET, "exp": NOW + 60}, SECRET, "HS512"))
add("crit", seal({**HEADER, "crit": ["x"], "x": 1}, {"sub": ID, "aud": RESET}))
add("kid", seal({**HEADER, "kid": "2"}, {"sub": ID, "aud": RESET}), (ID, {}, None))
add("payload of another token", f"{head}.{reset(sub='1').split('.')[1]}.{mac}")
add("another letter in the payload", f"{head}.{'f' if body[0] != 'f' else 'e'}{body[1:]}.{mac}")
add("signature absent", f"{head}.{body}.")
add("signature cut", token[:-1])
add("followed by a line feed", token + "\n")
add("padded", token + "=", resets())
add("two segments", f"{head}.{body}")
add("four segments", token + ".e30")
add("empty", "")
add("no token", "none")
add("payload list", seal(HEADER, []))
add("payload null", seal(HEADER, b"null"))
add("payload cut", seal(HEADER, b'{"sub":"1","aud":"%s"' % RESET.encode()))
add("payload not UTF-8", seal(HEADER, b'{"sub":"\xff","aud":"%s"}' % RESET.encode()))
add("too long", reset(nonce="x" * 8192))

assert len({v["name"] for v in vectors}) == len(vectors)
lines = ",\n".join(json.dumps(v, ensure_ascii=False) for v in vectors)
pathlib.Path(__file__).with_name("signer.json").write_text(f"[\n{lines}\n]\n")
print(len(vectors), "vectors,", sum(v["accepted"] for v in vectors), "accepted; other than PyJWT:")
for v in vectors:
    if (v["pyjwt"] == "accepted") != v["accepted"]:
        print("  ", v["name"], "|", v["pyjwt"], "| usher", "accepts" if v["accepted"] else "refuses")
