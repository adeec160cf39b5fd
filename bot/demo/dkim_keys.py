"""DKIM keys of the demo's domains (RSA, mostly 2048 bits), to sign its test mails.

Their private halves are here for all to read: they are of use for the mail of the demo alone.
"""

from __future__ import annotations

import base64
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

_EXPONENT: Final = 65537

# The two primes of each key, one behind the other and of the same length.
_PRIMES: Final = MappingProxyType(
    {
        "friend": (
            "17mzFY3beaYu8OcKcsCS/amZV49RlokTr8+hA8HTuKNY6bN7Wge/3FC/EK+ew8alDiaeKENRIXjiGb/c7ErT0B"
            "NrSPZcrlUE+BfkE8pWiSPWqxHscdr2HMzzgwOuoPw5SJBDnR1wDqAeDRQNZ4Wv1o1YyPLtuDthdcXWUN7NlD3P"
            "9OWFWESE3JiOING3BgI1HY6t4ibovgsfMq6eCwabDO1s9QPH+F292qjx23XE5uzibYE7BgC7mi30IbAsgmyNDi"
            "9HBgRJqPjH8d/79skiOiQJ6qa2erbZF1Ml+kyxGS62RwJ4k72ZdPXbAeMSINKVwRRYjiM7R5XVpjXxB//uDw=="
        ),
        "newcomer": (
            "4x6RMKb6B2rf6CKFFVMlan/aI9PDZRDRfksrRI4YghZPr8yiy6LndgC0UH7On5YqtoLcVD23yY3Ty0Y4fbe+Lr"
            "+mHEqhUYmu5ao29W5ZmIKaV2NPjXkAAGatrcLR6AunILKG6pSsuAa1bK1u3ztruMDudbPbE3Jr0eqNHf5/7Qvg"
            "V0YqzBT7pPhn4vefuWYYti4LrxL/dMPRJWCYq5QV42Mgi/GVgEvVKFeVT3GwoT6htrPKakaXMbib3uhYNxR6vl"
            "X/vuI4zrvpywRMGkbW1OtNi1R4HZfEABhmYE+E2F4G1kOIY+sFOSom7IIHuIUEsfvwxTM49ik6w+zuUuW33w=="
        ),
        "mover": (
            "9k+XwXJpsgKym8S72oyq5H0h6OtnAKDUhU343aaBvxyjH33pmKcfZKq9KLMcw+NPV0Fy8LWlLXN5b74l838iWX"
            "4E7vokonPYh1kpV+AWORz5haNaxq7mhmx5fKr9PakpLM5vjkbpXL7OfEhrM2eLBoEIlhK5IWUFejWak18JwR+7"
            "bPGCCWTWhKoiLfcDW1c35i608kusmJN0cUUduHuP4Bgz7dhcj2W1sKiegppCAK6802BJHj96aUvIXw5M8L79Sz"
            "XS6TBiuhb/BraNgTVxTMhcqBEc0Ip8ttO5Jz65sxIP+8HHSgMglwGe8+OS/f4ID4xOOi4rc5G8QfZtvry5qw=="
        ),
        "twice": (
            "0mCws/TJVBq0QN25BypH7fADKQDhHjhhflBYL2eLYg/orObJELceoXTS3adWrzgjohcDQw3FHOqf+h/AjlE0ga"
            "zeX8mGVAoeIUjeY1/aBStXTiMvD0B/I5wd89GrCo/9e218AwV6Xp6Q0ofN6Czb/XjhHfMpEuCN5hIIjDrw6QnL"
            "FbwYlxy7+/7jygi7yHN9y+trVorf7SFPg/hb8dE7KYbu1Ss7zPugaOxJZdSETyYf3EHZn2RJH/lCxwBGKyKHBA"
            "HFG/oZ1TVhYndcnZT8FL/MiJTzrQPxuMZ+3cdgloVrQv5+3lHxO2yY5NI04W0zGzww7w7SrVdBq7obqu4dsQ=="
        ),
        "loyal": (
            "82YgB1fSN22vo7tRtoUP0zJBEJYcGUO3pR54o23wXD7Iv3LwM9/xTbnx7OdrnzT/V+q6AcdPL2/2UkmX2B7uxz"
            "4gX97GDvBN6SdinTXaWrnG66f3UiEuZKyGtIIufDqukPi+ZIMDtoNe6/9Axn9//vJcDhyeoWKHoaMi6xHLfoPt"
            "xg5udV/sTdX7xSg6wseHqawpSJ1oH+Jd+MC86m2ZNjKzNmf7EJbommZgDAlqkzODP8pb0TblW1gmMrbhx5XT0I"
            "dhpSPhmwrzKPn9ABmsL5zWfxPDfrLNr87RNGkx5NsBmYfWqPrnZAo/ymKldX+YFltrFz1Z2Bz9Q6N28QsOHw=="
        ),
        "snipped": (
            "97eg01rKC2uWn5kdeY0PoAtRVSF1sj8oVKGRXatEmCWP091yJkq/fbx+F1w27bfYsoHA+jKvKyGFlfmtu1L11t"
            "+hxA/n7o7cZen2ttZRyFFq1Lp9Qt2SuOoY7aP4s5hcpnLFzJJBiqXJpw9bDw+MiJ5+PR9q9Rs2zOXSf0RlkYHn"
            "D2O2gaXWnR3OE65/wHo11dmxVBQgBsblqBN4Uotdr0y9JJxoizltMokqffYobRSPfl/QqQptYCkeTz1GtUAqkh"
            "9ZkyyiX6Mh/8xK0E/zYVwIkOLpXNAaZbEYBDySEDwXYXtjrHZmuKI1h3bgaMXbuZ2/PlGC67SX6qDgG19kgQ=="
        ),
        "stranger": (
            "4z8MxF3gd7ytTMFHl+J9Bc9IW90Nr01TY4qHHpQcBw9puG3xaMMXmgy1xZuXdufYGwk2uLTyyqA9KQzkm13MWG"
            "fForyOhpSV9rnhmTGdAKDs6ktZuLhnT5/8YMLHRFiUo7IkBbRpgVgel6WLLaEPQXgUYA8ZFF5ENT4Adefd32Ph"
            "El4EhbKBcUKswQP2MXh5CNR/HER/1EmvMigbmQTJO4SCcDZqSvCGl2xznJ18RDDH/Yepfolk2O2kOffIorlItv"
            "UYiC+UOgtXRNQsx6aHBavqo/YN47q8nvajhMc6CYJNNRVct4MX2UWNxrxiYLAiBsygMuPBtSyI5Pv+ksBIfQ=="
        ),
        "stranger-old": (
            "2yFixAgMV7PW9Jgtszxgm5I1srx17h6r4TYo2yIvwp0Ar5n89VO5MgZBl/rI43OQIxXs4YZ8zzdCNVFXGs4WUp"
            "V4P1q9Rt+tnruszbTrOvrTzzyi8C/jg19+TrcEKdGswcBqNs8HP7eDrM31foifWhErSiJScXzZoIX4XZWRzTPP"
            "56iGsNkOL1GKjR1WplFOxksauWLhvvOjqWB1H1PxTbDv5Srwk+pLiXe1ZElYAOTMzZd/7KHPWE10uctG5xv0Xz"
            "QFOdvZT+ITeTNGVAZH92LnHFP9CpzI099nAvKNMLpZPPxYMDJJ1LBbOp0Xjljua1kKU7basBtd6hBVZjZj3w=="
        ),
        "eager": (
            "9GZruDC96qHlb224s6sx5TRAlAgvgzmXCqhVnRIu6XwUL+JPWqLJd4lwSjn68YhF6Wfs6vOMefYNU70eo1V+5z"
            "KVk2/sJ6qhRWpP4/jSl/4MqcwSwpyDsQx2/w+1KO6lqmjdCApoJE4eCcvBuLcUEKGYU3Uhx8y0rSesWrKbZFfP"
            "kAZHiSJQYDceP4rhXOkgrQFUk/jUnqbeRqldrzpiA6//KtD0KFsxxudDBOJknAJsf3ZftsLSiuJAOqZcsv+HhR"
            "ZF4pR99jv91O8qi1b1t2IDuXOqyaCob/57Ttm1SLBooFEVCVpxHEGj36ovOUYdhH27YeqL2Xvs3MhHqze+Hw=="
        ),
        "dotless": (
            "+5StT+pUeRBU/D2k3I3LW+WRDLgEafodEHhJiNXwsrYKfMkmH2AZUe7qRgCz24CrWIet8SFS2CuxY8Psk1y8r7"
            "ayc7shEqx2Uc3Q4qwB84uMm2ADx/fm12MqKU+50kPEjAO0lHI9hfWGrFpoydf7SiuGiEoDzM+RLb6iqb9FPZvX"
            "rqQoypqNbDpQuCf8qHsPND5+S605FngPyWtGI8QnWzEHScTT4DR25kDjxtlGhnNlNjxfisb5TubXacxb5ANyIr"
            "ZZVyfm4fFtPGDHRtwRzwmd3mumMlhmFz70ixRS5S9vjbTf9wuVBtW2fP+tGgdICyh4zr+xCqe3eRIC3CYwMw=="
        ),
        "broken": (
            "7O9MfrRICxEFlWTwVxxoZ6hkiCYSIXUy3+x0r88l7b/8z67Yi+jMsDw+2PA0XaknHOexnWU+S0UtKLjASXHvs7"
            "zhP4hj9ayVcRhhkhnHebP7I7PJxYMvYWhaavbjYdpmAj8gBc1Gy8LwzX5COfd1g5WMDBEbyzE3GaN/4Bex3DfU"
            "etVo6matb5istK6bpKmbza6eZBBUcdyY7FoA0HOmJoiCiyCwanEE5bvrCCuQrrLCumh2g1yWpBklwGHx9CnkPS"
            "x4gD9+wCvOz3WK0xj8NB7sPKBbm8BpaJQDwsfhdlfr8yfrZhcs36zhsSrEAGY+6NnT+q4qJX8lEYqkCO66Aw=="
        ),
        "open": (
            "44G0X5GsQj3pJnVtAC92fRCVA47/P8MLeNjIFQz5OPtLZIWxEHoEWvz+PTfi5+Tor/Zx+PntSeTli265rL3Kuz"
            "ex8tu8hnLjhiJzg6R/jhIgYHIMG/CZIGx2eNE3XP0ge9hI/6fhrgyLRUjb3m0C4uEDKwLeu0kidYJ8jwgmNWW/"
            "R47R1NymZyvKvVpBcBv2ueunn5HeTWWXgCCe6Fz2lKnimb+rzzNf8vddgfyiMSa0qjFM2JeCjDNYYSLyeNt3Pq"
            "mfeoqYpQKcfRk0HeInAxJOwidUcUtX2IuxqS11rQvjQhAg+N+yRaeYwJhrdqy55IWe/cnUCTB/ZqJmIG2gXw=="
        ),
        "fresh": (
            "+liBm6lJW9LSTYv+rymFD+te5+yCdZkmBtZFnmms6CMBdZ5DIgWfKfPbe7ckjz3l2KGG3ySL2AKr/wZkdooq0v"
            "RmnzitjmKBxhzI1JiB7nW7bMEc5HCFDxCau75azAzYShd+8s61dDnBik9n6B10y48kzbMuUlD58RAUEwINWQns"
            "v7p6jKNFJYrDd2HUxfk1EO6mrgZDgJ0SVsL6zvfzNsimLEsyVDHhYnFgIWYiHrBoEd/a3Sv+sK1SmX++xDQRkI"
            "B+VOf6tKe7lA7uUlIVsc6sdjCFUKsPYjCViq2krGlgjdFloijPKjnD+7rBfUbosVrU/LHQc5g0GvUifSR+tQ=="
        ),
        "vintage": (
            "+/IOISrL1JTfI/ODCvK378YHWRFlA7apA5cWUOy1sw5etQhgqtFtJeksNORiesCmoUwKmkWuBmdWtNPUcpouff"
            "bIwI8c9PwJytVWU7oaSLpQTZoKLpleEUMCIVx4zbfMlLw5+opm33drORGEzHe2ZYxV3Q/l14zqqlORdhAEptU="
        ),
    }
)


def private_pem(label: str) -> bytes:
    """Return the key of a domain's mail as PEM. Raises KeyError for another label."""
    p, q = _primes(label)
    d = rsa.rsa_recover_private_exponent(_EXPONENT, p, q)
    by_prime = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, *by_prime, _public(label))
    # They are known to be sound, and looking into them takes a twentieth of a second for each.
    key = numbers.private_key(unsafe_skip_rsa_key_validation=True)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def _primes(label: str) -> tuple[int, int]:
    octets = base64.b64decode(_PRIMES[label])
    half = len(octets) // 2
    return int.from_bytes(octets[:half]), int.from_bytes(octets[half:])


def _public(label: str) -> rsa.RSAPublicNumbers:
    p, q = _primes(label)
    return rsa.RSAPublicNumbers(_EXPONENT, p * q)


def _public_text(label: str) -> str:
    """Return the public half as a DKIM record has it after `p=` (RFC 6376 section 3.6.1)."""
    key = _public(label).public_key()
    octets = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(octets).decode("ascii")


KEYS: Final = MappingProxyType({label: _public_text(label) for label in _PRIMES})
