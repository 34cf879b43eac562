"""Writes vectors.json: python3 vectors.py, with PyJWT 2.12 or newer.

What PyJWT cannot be made to write is put together and signed by hand. What
PyJWT says of a token, at the time that the vector names, stands beside what
usher is to say.
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
AUDIENCE = "fastapi-users:auth"
NOW = 1700000000
ID = "0b5d3f0e-7d5a-4f0e-9c4e-3f2a1b0c9d8e"
GOOD = {"sub": ID, "aud": [AUDIENCE], "exp": NOW + 3600}
HEADER = {"alg": "HS256", "typ": "JWT"}

warnings.simplefilter("ignore")
vectors = []


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(value):
    if isinstance(value, bytes):
        return value
    return json.dumps(value, separators=(",", ":")).encode()


def sign(text, secret=SECRET, digest=hashlib.sha256):
    """Signs a header and a payload as they are spelt."""
    return text + "." + b64(hmac.new(secret.encode(), text.encode(), digest).digest())


def seal(header, payload, *how, **more):
    """Signs a header and a payload, objects or bytes."""
    return sign(f"{b64(raw(header))}.{b64(raw(payload))}", *how, **more)


def claims(**changes):
    """GOOD with changes; None takes a claim away, NULL makes it null."""
    out = {**GOOD, **changes}
    return {k: None if v is NULL else v for k, v in out.items() if v is not None}


NULL = object()


def at(now):
    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.fromtimestamp(now, tz)

    return Clock


def pyjwt(token, secret, audience, now):
    """What FastAPI Users' JWT strategy does with a token, up to parsing the id."""
    jwt.api_jwt.datetime = at(now)
    try:
        data = jwt.decode(token, secret, audience=audience, algorithms=["HS256"])
    except jwt.PyJWTError:
        return "refused"
    except Exception:
        return "error"
    return "accepted" if data.get("sub") is not None else "refused"


def add(name, token, accepted, sub=ID, epoch=0, expires=NOW + 3600, now=NOW, secret=SECRET, audience=None, no_expiry=False, issued=False):
    v = {"name": name, "secret": secret, "now": now, "token": token, "accepted": accepted}
    if audience:
        v["audience"] = audience
    if no_expiry:
        v["no_expiry"] = True
    if accepted:
        v["sub"], v["epoch"] = sub, epoch
        if expires is not None:
            v["expires"] = expires
    if issued:
        v["issued"] = True
    v["pyjwt"] = pyjwt(token, secret, audience or [AUDIENCE], now)
    vectors.append(v)


def issued(name, payload, secret=SECRET, **rest):
    add(name, jwt.encode(payload, secret, "HS256"), True, secret=secret, issued=True, **rest)


# As issued by FastAPI Users, and by usher with an epoch.
issued("issued", GOOD)
issued("issued, integer id", claims(sub="42"), sub="42")
issued("issued, id to be escaped", claims(sub='a"b\\c</script>&'), sub='a"b\\c</script>&')
issued("issued, epoch", claims(epoch=7), epoch=7)
issued("issued, largest epoch", claims(epoch=2**53), epoch=2**53)
issued("issued, two audiences", claims(aud=["a", "b"]), audience=["a", "b"])
issued("issued, audience of its own", claims(aud=["app:auth"]), audience=["app:auth"])
issued("issued, long secret", GOOD, secret="s" * 200)
issued("issued, secret that is not ASCII", GOOD, secret="пароль, который длиннее тридцати двух")
issued("issued, no expiry", claims(exp=None), no_expiry=True, expires=None)
issued("issued, no expiry, epoch", claims(exp=None, epoch=1), no_expiry=True, expires=None, epoch=1)
add("fraction of a second before expiry", seal(HEADER, claims(exp=NOW)), True, now=NOW - 0.25, expires=NOW)

# Expiry.
add("at expiry", seal(HEADER, claims(exp=NOW)), False)
add("a quarter of a second after expiry", seal(HEADER, claims(exp=NOW)), False, now=NOW + 0.25)
add("long after expiry", seal(HEADER, GOOD), False, now=NOW + 10**8)
add("exp 0", seal(HEADER, claims(exp=0)), False)
add("exp negative", seal(HEADER, claims(exp=-1)), False)
add("exp float", seal(HEADER, claims(exp=NOW + 60.75)), True, expires=NOW + 60)
add("exp float of the current second", seal(HEADER, claims(exp=NOW + 0.75)), False)
add("exp with exponent", seal(HEADER, b'{"sub":"%s","aud":"%s","exp":1.8e9}' % (ID.encode(), AUDIENCE.encode())), True, expires=1800000000)
add("exp numeric string", seal(HEADER, claims(exp=str(NOW + 60))), True, expires=NOW + 60)
add("exp numeric string in the past", seal(HEADER, claims(exp="1")), False)
add("exp string with fraction", seal(HEADER, claims(exp=f"{NOW + 60}.5")), False)
add("exp string with exponent", seal(HEADER, claims(exp="1.8e9")), False)
add("exp text", seal(HEADER, claims(exp="tomorrow")), False)
add("exp hexadecimal string", seal(HEADER, claims(exp="0x7fffffff")), False)
add("exp infinite string", seal(HEADER, claims(exp="inf")), False)
add("exp empty string", seal(HEADER, claims(exp="")), False)
add("exp string with spaces", seal(HEADER, claims(exp=f" {NOW + 60} ")), False)
add("exp null", seal(HEADER, claims(exp=NULL)), False)
add("exp null, no expiry", seal(HEADER, claims(exp=NULL)), False, no_expiry=True)
add("exp true", seal(HEADER, claims(exp=True)), False)
add("exp list", seal(HEADER, claims(exp=[NOW + 60])), False)
add("exp object", seal(HEADER, claims(exp={})), False)
add("exp NaN", seal(HEADER, b'{"sub":"1","aud":"%s","exp":NaN}' % AUDIENCE.encode()), False)
add("exp above any float", seal(HEADER, b'{"sub":"1","aud":"%s","exp":1e999}' % AUDIENCE.encode()), False)
add("exp at the end of 9999", seal(HEADER, claims(exp=253402300799)), True, expires=253402300799)
add("exp after 9999", seal(HEADER, claims(exp=253402300800)), False)
add("exp beyond 64 bits", seal(HEADER, claims(exp=2**64 + 1)), False)
add("exp absent", seal(HEADER, claims(exp=None)), False)
add("exp absent, no expiry", seal(HEADER, claims(exp=None)), True, no_expiry=True, expires=None)
add("exp in the future, no expiry", seal(HEADER, GOOD), True, no_expiry=True)
add("exp in the past, no expiry", seal(HEADER, claims(exp=NOW - 1)), False, no_expiry=True)
add("Exp", seal(HEADER, b'{"sub":"1","aud":"%s","Exp":1800000000}' % AUDIENCE.encode()), False)

# Issued at and not before.
for name in ("iat", "nbf"):
    add(f"{name} now", seal(HEADER, claims(**{name: NOW})), True)
    add(f"{name} past", seal(HEADER, claims(**{name: NOW - 1})), True)
    add(f"{name} float of the current second", seal(HEADER, claims(**{name: NOW + 0.75})), True)
    add(f"{name} numeric string", seal(HEADER, claims(**{name: str(NOW)})), True)
    add(f"{name} future", seal(HEADER, claims(**{name: NOW + 1})), False)
    add(f"{name} future by less than a second", seal(HEADER, claims(**{name: NOW})), False, now=NOW - 0.25)
    add(f"{name} far future", seal(HEADER, claims(**{name: 2**70})), False)
    add(f"{name} text", seal(HEADER, claims(**{name: "now"})), False)
    add(f"{name} null", seal(HEADER, claims(**{name: NULL})), False)
    add(f"{name} true", seal(HEADER, claims(**{name: True})), False)

# Audience.
add("aud string", seal(HEADER, claims(aud=AUDIENCE)), True)
add("aud among others", seal(HEADER, claims(aud=["x", AUDIENCE])), True)
add("aud before others", seal(HEADER, claims(aud=[AUDIENCE, "x"])), True)
add("aud one of two accepted", seal(HEADER, claims(aud=["b"])), True, audience=["a", "b"])
add("aud absent", seal(HEADER, claims(aud=None)), False)
add("aud null", seal(HEADER, claims(aud=NULL)), False)
add("aud empty list", seal(HEADER, claims(aud=[])), False)
add("aud empty string", seal(HEADER, claims(aud="")), False)
add("aud other", seal(HEADER, claims(aud=["other"])), False)
add("aud prefix", seal(HEADER, claims(aud=[AUDIENCE + "x"])), False)
add("aud other case", seal(HEADER, claims(aud=[AUDIENCE.upper()])), False)
add("aud number among strings", seal(HEADER, claims(aud=[AUDIENCE, 1])), False)
add("aud null among strings", seal(HEADER, claims(aud=[AUDIENCE, None])), False)
add("aud nested list", seal(HEADER, claims(aud=[[AUDIENCE]])), False)
add("aud object", seal(HEADER, claims(aud={AUDIENCE: True})), False)
add("aud number", seal(HEADER, claims(aud=1)), False)
add("aud of the default, not configured", seal(HEADER, GOOD), False, audience=["app:auth"])
add("reset token", jwt.encode({"sub": ID, "password_fgpt": "x", "aud": "fastapi-users:reset", "exp": NOW + 3600}, SECRET, "HS256"), False)
add("verify token", jwt.encode({"sub": ID, "email": "a@b.com", "aud": "fastapi-users:verify", "exp": NOW + 3600}, SECRET, "HS256"), False)
add("state token", jwt.encode({"aud": "fastapi-users:oauth-state", "exp": NOW + 3600}, SECRET, "HS256"), False)

# Subject and other claims.
add("sub absent", seal(HEADER, claims(sub=None)), False)
add("sub null", seal(HEADER, claims(sub=NULL)), False)
add("sub number", seal(HEADER, claims(sub=42)), False)
add("sub list", seal(HEADER, claims(sub=[ID])), False)
add("sub empty", seal(HEADER, claims(sub="")), False)
add("sub upper case", seal(HEADER, claims(sub=ID.upper())), True, sub=ID.upper())
add("sub without hyphens", seal(HEADER, claims(sub=ID.replace("-", ""))), True, sub=ID.replace("-", ""))
add("sub not ASCII", seal(HEADER, claims(sub="ünï😀")), True, sub="ünï😀")
add("sub not ASCII, not escaped", seal(HEADER, json.dumps(claims(sub="ünï😀"), ensure_ascii=False).encode()), True, sub="ünï😀")
add("user_id of old releases", seal(HEADER, {"user_id": ID, "aud": AUDIENCE, "exp": NOW + 60}), False)
add("SUB", seal(HEADER, {"SUB": ID, "aud": AUDIENCE, "exp": NOW + 60}), False)
add("jti", seal(HEADER, claims(jti="x")), True)
add("jti number", seal(HEADER, claims(jti=1)), False)
add("jti null", seal(HEADER, claims(jti=NULL)), False)
add("iss of any kind", seal(HEADER, claims(iss=["x"])), True)
add("unknown claims", seal(HEADER, claims(roles=["admin"], deep={"a": [{}]})), True)
add("epoch 0", seal(HEADER, claims(epoch=0)), True)
for name, value in {"negative": -1, "float": 1.0, "string": "1", "null": NULL, "true": True, "above 2^53": 2**53 + 1, "beyond 64 bits": 2**64}.items():
    add(f"epoch {name}", seal(HEADER, claims(epoch=value)), False)
add("epoch with exponent", seal(HEADER, b'{"sub":"1","aud":"%s","exp":1800000000,"epoch":1e0}' % AUDIENCE.encode()), False)
add("Epoch is another claim", seal(HEADER, claims(Epoch=5)), True)

# Payloads.
good = raw(GOOD)
add("white space in the payload", seal(HEADER, json.dumps(GOOD, indent=2).encode() + b"\n"), True)
add("payload escaped", seal(HEADER, good.replace(b'"sub"', b'"\\u0073ub"')), True)
add("sub twice", seal(HEADER, good[:-1] + b',"sub":"1"}'), False)
add("sub twice, escaped once", seal(HEADER, good[:-1] + b',"\\u0073ub":"1"}'), False)
add("unknown claim twice", seal(HEADER, good[:-1] + b',"x":1,"x":1}'), False)
for name, payload in {
    "empty": b"", "text": b"x", "list": b"[]", "string": b'"x"', "null": b"null", "number": b"1", "cut": good[:-1],
    "followed by more": good + b"{}", "followed by a bracket": good + b"}", "with a comma too many": good[:-1] + b",}",
    "without a comma": good.replace(b',"exp"', b' "exp"'), "with a byte order mark": b"\xef\xbb\xbf" + good,
    "invalid UTF-8": good.replace(ID.encode(), b"\xff"), "UTF-16": good.decode().encode("utf-16"), "with NUL": good + b"\0",
}.items():
    add(f"payload {name}", seal(HEADER, payload), False)

# Headers.
add("header in other order", seal({"typ": "JWT", "alg": "HS256"}, GOOD), True)
add("white space in the header", seal(b' { "alg" : "HS256" } ', GOOD), True)
add("typ absent", seal({"alg": "HS256"}, GOOD), True)
add("typ other", seal({"alg": "HS256", "typ": "at+jwt"}, GOOD), True)
add("typ number", seal({"alg": "HS256", "typ": 1}, GOOD), True)
add("kid", seal({**HEADER, "kid": "x"}, GOOD), True)
add("kid empty", seal({**HEADER, "kid": ""}, GOOD), True)
add("kid number", seal({**HEADER, "kid": 1}, GOOD), False)
add("kid null", seal({**HEADER, "kid": None}, GOOD), False)
add("kid list", seal({**HEADER, "kid": ["x"]}, GOOD), False)
for name, crit in {"unknown": ["x"], "empty": [], "null": None, "string": "b64", "known": ["b64"], "of a claim": ["exp"]}.items():
    add(f"crit {name}", seal({**HEADER, "crit": crit, "x": 1, "exp": 1}, GOOD), False)
add("crit known and there", seal({**HEADER, "crit": ["b64"], "b64": True}, GOOD), False)
add("b64 true", seal({**HEADER, "b64": True}, GOOD), False)
add("b64 false", seal({**HEADER, "b64": False}, GOOD), False)
add("b64 false and critical", seal({**HEADER, "b64": False, "crit": ["b64"]}, GOOD), False)
add("jku, jwk, x5u, x5c are ignored", seal({**HEADER, "jku": "https://evil.example/keys", "x5u": "https://evil.example/cert", "jwk": {"kty": "oct", "k": "eA"}, "x5c": ["eA"]}, GOOD), True)
for alg in ("none", "None", "", "hs256", "HS384", "HS512", "RS256", "ES256", None, 1, ["HS256"]):
    add(f"alg {json.dumps(alg)}, signed with HS256", seal({"alg": alg, "typ": "JWT"}, GOOD), False)
add("alg absent", seal({"typ": "JWT"}, GOOD), False)
add("ALG", seal({"ALG": "HS256"}, GOOD), False)
add("alg twice", seal(b'{"alg":"none","alg":"HS256"}', GOOD), False)
add("alg twice, escaped once", seal(b'{"alg":"HS256","\\u0061lg":"HS256"}', GOOD), False)
add("unsigned", jwt.encode(GOOD, None, "none"), False)
add("alg none with a signature of nothing", seal({"alg": "none"}, GOOD, ""), False)
add("HS384", jwt.encode(GOOD, SECRET, "HS384"), False)
add("HS512", jwt.encode(GOOD, SECRET, "HS512"), False)
add("signed with SHA-512, alg HS256", seal(HEADER, GOOD, digest=hashlib.sha512), False)
for name, header in {"empty": b"", "text": b"x", "list": b'["alg"]', "null": b"null", "cut": b'{"alg":"HS256"', "followed by more": b'{"alg":"HS256"}{}', "invalid UTF-8": b'{"alg":"HS256","x":"\xff"}'}.items():
    add(f"header {name}", seal(header, GOOD), False)

# Signatures and spellings.
token = seal(HEADER, GOOD)
head, body, mac = token.split(".")
add("other secret", seal(HEADER, GOOD, OTHER), False)
add("empty secret", seal(HEADER, GOOD, ""), False)
add("expired and of another secret", seal(HEADER, claims(exp=1), OTHER), False)
add("payload of another token", f"{head}.{b64(raw(claims(sub='1')))}.{mac}", False)
add("signature absent", f"{head}.{body}.", False)
add("signature cut", token[:-1], False)
add("signature cut by a group", token[:-4], False)
add("signature longer", token + "AAAA", False)
last = mac[-1]
alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
add("spare bits in the signature", token[:-1] + alphabet[alphabet.index(last) ^ 1], False)
add("padded signature", token + "=", True)
add("padding too long", token + "==", False)
add("padding of another group", token + "====", False)
add("padding within", f"{head}.{body}.={mac}", False)
for n in range(3):
    header, payload = raw({"alg": "HS256", "x": "x" * n}), raw(claims(x="x" * n))
    add(f"signed with padding, {n}", sign(base64.urlsafe_b64encode(header).decode() + "." + base64.urlsafe_b64encode(payload).decode()), True)
add("signed with padding that is too long", sign(f"{head}.{body}===="), False)
slash = b64(raw(claims(x=">>>???")))
assert set("-_") & set(slash)
add("signed with the alphabet of standard base64", sign(f"{head}.{slash}".replace("-", "+").replace("_", "/")), False)
add("signed with a line break", sign(f"{head}.{body[:8]}\n{body[8:]}"), False)
n = next(n for n in range(200) if set("-_") & set(seal(HEADER, claims(sub=str(n))).split(".")[2]))
std = seal(HEADER, claims(sub=str(n))).rsplit(".", 1)
add("alphabet of standard base64 in the signature", std[0] + "." + std[1].replace("-", "+").replace("_", "/"), False)
for name, altered in {
    "line feed at the end": token + "\n", "carriage return at the end": token + "\r", "space at the end": token + " ", "space at the start": " " + token,
    "line feed in the signature": f"{head}.{body}.{mac[:8]}\n{mac[8:]}", "NUL at the end": token + "\0", "dot at the end": token + ".", "dot at the start": "." + token,
    "four segments": token + ".e30", "five segments": f"{head}.{body}.{mac}.{mac}.{mac}", "two segments": f"{head}.{body}", "one segment": head, "empty": "", "dots": "..",
    "many dots": "." * 1000, "Bearer": "Bearer " + token, "quoted": f'"{token}"', "not ASCII": token[:-1] + "é", "twice": token + token,
    "JSON serialization": json.dumps({"protected": head, "payload": body, "signature": mac}),
    "flattened JSON serialization": json.dumps({"payload": body, "signatures": [{"protected": head, "signature": mac}]}),
}.items():
    add(name, altered, False)
add("JWE", ".".join([b64(raw({"alg": "dir", "enc": "A256GCM"})), "", b64(b"x" * 12), b64(b"x" * 40), b64(b"x" * 16)]), False)
add("JWE with PBES2", ".".join([b64(raw({"alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "p2c": 2**31, "p2s": "eA"})), b64(b"x" * 40), b64(b"x" * 12), b64(b"x" * 40), b64(b"x" * 16)]), False)
big = len(seal(HEADER, claims(x="")))
fill = "x" * ((8192 - big) * 3 // 4)
while len(seal(HEADER, claims(x=fill))) < 8192:
    fill += "x"
while len(seal(HEADER, claims(x=fill))) > 8192:
    fill = fill[:-1]
add("longest", seal(HEADER, claims(x=fill)), True)
add("too long", seal(HEADER, claims(x=fill + "xx")), False)

assert len({v["name"] for v in vectors}) == len(vectors)
lines = ",\n".join(json.dumps(v, ensure_ascii=False) for v in vectors)
pathlib.Path(__file__).with_name("vectors.json").write_text(f"[\n{lines}\n]\n")
print(len(vectors), "vectors,", sum(v["accepted"] for v in vectors), "accepted; other than PyJWT:")
for v in vectors:
    if (v["pyjwt"] == "accepted") != v["accepted"]:
        print("  ", v["name"], "|", v["pyjwt"], "| usher", "accepts" if v["accepted"] else "refuses")
