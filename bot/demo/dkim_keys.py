"""Public DKIM keys of the demo domains (RSA, 2048 bits); nobody holds the private halves."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

KEYS: Final = MappingProxyType(
    {
        "friend": (
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAlA5ReoYnbPOZBGhkBGE/0Hh0IuXCEdVkwBjb"
            "tmTKxM8eqaslXYJwSUA88xKSowG2D9zrvyYVWlpGzjpAKUDiJNfd2CF0Iq6rVMqMKwhEtvPErX51eiw+"
            "JDpV+oz8dKsheLnkQxaL16bUtWaj/ES8i8idMUVNk+QcpRFiclxclhxAeiXlZac14eI/Tlpv4esVNJ/H"
            "dEnbjFdDTWpwXtGq/MGJZFCIIWCZaQw77VQ/Fs1DStM3EVze/S+5YuOa4EaWnPWLMKkGWPJygMLkooxx"
            "u7cdjwkjLDNdbWm8chroihaegjk5NO5idAip3xkkE3rPNvHH14SYdVfCkjw6RxLstQIDAQAB"
        ),
        "newcomer": (
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAhRnXrlPpTETNALRM35lEE8OB9qK2H40nKdb4"
            "8gxgrqiRk6Ar6uN/99brs/Be+OZamy0tPP5jbYT8TDBLDPhw3PIqxuaK2Y8XjCWh3fA/Yv4C05f4sQ4y"
            "f24Imq/ejelZ17OrOX4/XUqAto7mHxxy1CwlCUwdeygS3pEhZpo3GkhOeQ6UTyTLLRoi8eb9OesXHstT"
            "koM2FpBCAfBhtcHp66UQ5cnihesmEx8a6zj3LsZ1xTSSgZ1G8SeP/fcoPM+16iGY1z6HOqbKA5ShgWQS"
            "9x6wFo8BYjSgQUzLkABxFK9NIBvNV2Bs3WwaFmQF7TqsUGkeHsBMRFPGggYhSJDBlwIDAQAB"
        ),
        "mover": (
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxk5tu2NFOeBpG3z7d2BASyKdcqe8MryzyHnW"
            "SpfIFeNhZ3lt/bS5uL+ajyl2W1+1/izdQledoK0nEh1tB21BcWRsd6nq4IcQTnzh9EGW2F18e2mfJxtC"
            "FmAK3mZ1nNecWLk0QBSfAFRwf8HKO26tFNZlh2k+t2o+7A6LREVwoR+8HfWuABEh9hPBfTttP4/Ezs0Q"
            "7qmJGuf0SC7k0zX3541xk7MmhiE+4Av6zA5bm1i9BmDjg04NalbQpHWqIwOB6Ojpg2U5cQy117aOVXkL"
            "vqdjm6DypmOylEuEEac7NFYO/X6Q5jW1baFEsP0KW1y4IkVVvdTMJg4jdIJUQq7/ZwIDAQAB"
        ),
        "twice": (
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA6Gy7aRSXWGbEzdwlTYXYE7nMWtJDukJI4hhd"
            "MaITSAOO6qx3+wOLf+ThVIyjJswfhuyDj52pdWfxMnsQexpN6OxFj7b9Xqu5hf0cX/govJqz4J325dUj"
            "+e1Jf1ohDQ/bxv3Fv9v2XDVdgV+m2cIUTgzNvS1lzgRoKj+LwvN8hPn0AdCCIpZxKJ0Bg2MTOy5qo60P"
            "TtZ/fkXKjP7Oc9e3ZAFv+FawJaGntqX4Raa9b2+1hQV+L6QxI+zP9jtBaWQAbH4FZZpcPhgKIGVavkfT"
            "fF0lf0dhUzV++jxU67Vg9mwFnHhkyDoHfVY8pMAPTD69JwLLYs2RaOzJi04Oj7vhlQIDAQAB"
        ),
        "loyal": (
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmNJ06yuCEI3hud1xQkupPS8SlDTPKp2xXN5O"
            "aLF5TzkARsMTnTTNE+3XkdM35QQeQj8zS0HN4yikIiz34Q3mIwue/B4brVPSh7voGH8/HW29inbSAd8F"
            "m5No7gw730QwzWv7KT0Ver+ysBJxED4GuTZ3VI+AuKU8AEJnrw6nhBC9M3Va2Wd/adsoc/xTBqRqCQxl"
            "Cv6rBQTWh3yo9c359YQdl58Br0BfuirNWL+RBIwuBdJyFYSTG1btyau5rU7levJVBRSaT5gjSenOQn6D"
            "SymgQ91GmizL66RwikOy+enOEmsjeoWxVz9Bfs9rLWFQHzZwq27YOlMrPoOpQR2u9QIDAQAB"
        ),
        "snipped": (
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1yNBs+F8z/rVlLUUcimbqqnagmnFUOcqYFLz"
            "ufjSIP+G56VGDOWl6DI7X63vjaosf4hPXPXXC1LEiRRqdh4B9l00lvTODd8mZmhHB/1wxzJkYwJyXFBi"
            "radyupr3imz/dH23T6M09IC6CKeuDJhDOWjuE32JonRzeKFasXCxJXxJu/vTgMTfh8SFU3FYJAB0wXHD"
            "7q1I8xHEnkQp/qyRXnLLB5LibDFnZJsfnPR/5PTzW36eCZwvyfADKVczH+I0bAKzFtQ6SaVc1uAEqj1d"
            "Lot8gSEnLB0Muy06UQaVXiBc4BvaP3K2IWNGDQTd3xs40+Vp3EPkLDo3Bx9r5f3/CQIDAQAB"
        ),
        "stranger": (
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAro6lmT3t+xJERysib87WdHqvScVFwL1CX4bS"
            "/+klEkLdAed9b6tvqJLH8n18f+Vh/IRsqFj5Ujhr5w96KTeImyhCsPVwNEBKWGNISti5Q9B9rI8Y1gaz"
            "eGzlbytYjx+urhuKIf74VoZIl4eVf75L815+wmT1kUbvulwAuFlszSNrGByDHKBLt1bYIm4XbSmrS3+v"
            "h1LC/ajpKM7ElOVWvm+PGfxog9BiLY/PgtgbAP1+Myyi+FLpw8b2VIZX3jecKdZHjDOSx3RP7A6fxYVf"
            "lIhcBzwMjwqAwuLZFr3xWJdf81IpWalTBMZEXmRPVP+Am8wE5arNGFFl+gtQblsK+QIDAQAB"
        ),
        "stranger-old": (
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxRqy4i6yNJQYkmzWodvEzCIvagnNNeQDlX98"
            "pfNUcixPaQzV3epCqFdUd48/XYkyhOlcsHWVddHJ4lzFV0GtQ346B7H/OGjjIt5DOWyoU2nxC2r0fKbW"
            "0nLkgO8bXWIhL2Y3CFSHVHwb9Ng7G4mB+gLiF6UetZwsCgee2kcnKU4EeJTqIIP4/q7IOj/PnxJjY/XO"
            "MPMu6o/HQ4qtpnLAl36Jp/9xXmWmSDcx3jmu0T9oSq3yzTYGCxaZmxPQwKKQlzxisUa58KrAd1L8PF+2"
            "8RsbJgz2O1TQ0aIuJJ1mjMvbHEeIyJk5QWlA9lQ+XIZlRtKmIvZYREJ3mFBJkEl+zQIDAQAB"
        ),
        "eager": (
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAweQPddlRs6+3SfbJzr7ykIfXqkJ5v3VyaVQX"
            "xHmzXmC8AjW9Bv2jjfPY4wpt/QGjX1guEOs3H7pTrRZmAB/pLZC2q5m4+WREVc9LKBeJ6yiW+jxErWPv"
            "JhP8IWeJRjwtC+UKEC7UN19eu0k7QgiiW6jXy5gk0wPQ+3OmYpGiJn0KFdzMlZ68O+AkyvpRe0UBOzJC"
            "3Kvs/n2J9Zd1hqTA9kOnw9BS82XN2eCQMP4i6BvC+6nI0oR4cZdxALikez0sjmHEJfV8uD8kY+Uej+Zg"
            "+1utusIB17DXWVaQ1mFK87JHI6eHQUCKD4LG5QIW1FJteYYgcFWTq0ewvQoRFnYuJQIDAQAB"
        ),
        "dotless": (
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAzuLZs2eGNnQylhQzqqywv57sY09VKFmiDaSK"
            "fXP2okuUl5PPQMgUgEZP3hiXjzv8K59yuHhUmf2Ibg6ZcpUzNwdzVpMkh/qF5kKCZ5HPbvGJKZHi+MfA"
            "qSbI9/Mq8IvYjJqmW8auxdwkeyMW6PWud24IGpQDidZpQQQ0zxafSyoeAzCXQ9EN8kgZFuc1oupGvdr/"
            "UxwMIWC7QvWEYf/aQAKDy3qjqfNL2b34g7CSxDde1Y8Qacp73gJkQdcd4C+VMFrUX9pvmZHaMvn03oSq"
            "8HaZkAWbpT11HGpntqjM5EZBtL5Njz4nQB3oE/tKULOXE88LakjPG55bT4SWjX2TtQIDAQAB"
        ),
        "broken": (
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAv5OPdUFE4JYt/O5KXPK28mJzBTI57f+ejC3H"
            "me0okI4AYFMivYFZ9DvZV8i/ZJnc+QRnzLLWLwO6scqxbqjaMYLNDm5YvrspcsGJrmvMfRwwdnHdfvWk"
            "Rfx9j+4o0XAK16HP18aYPN7g7NqCUb9+Ul/ErrZz2iFSyfWQwymcz3i5y5EdtQq40CCzXhMVekj8ho5g"
            "A+HfMnhOpesf/KRYRIulMcTtmMqO+ijQpO2RkurgwrTMxyT1tcCcc5Ue+cFTcYdiE1HT6G77GAYujQtk"
            "+3DKuiwk6NN/Ed0kqiWmG9BBrMpM0RliQkHuIa6cdOZTxyPEebGRoYnmvuBHhrGsXwIDAQAB"
        ),
        "open": (
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwNpyFob7cQPU2usZ7MQm3xAzYuDt5uhqIhFt"
            "i2DjnZ/nb+4zI0k7xJ5k/8Hl9uPW2rs6wfYDv30y+/NN4dxkx2sNPL2e3zFbD8czoRzGqoIr4eWZqe+e"
            "4dmAp4YCYG36xhbpV1aI96ufjIWnvdA37CjCBGPKs34FlJm/ZxfvpjTlVqXSbfvMaKiwcbu2Y/xv8N8j"
            "yNOYfHWkjAiowNmNX2OH/v7XZLFRJsC2Re/8z0afS0c6o4S4Y04woZLgbg3IEAC0R1VWCZQO6Sr/3F8O"
            "NAHEQPkK3q3bHlLVrHekAMUeU22kxu+oWOjPrwevPJfgLs9ANsgXI4YQJJzCEd9WXwIDAQAB"
        ),
        "fresh": (
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA47WAzgCU4DyDeRvZwHrCp57gO4HTV+0eofla"
            "S0Q22UDiJPC0EdR67Rstx4MvdFW4D9EEIvSLkLJRPCnFI/COv0yRdl83z3sQIv897ymUCbNGc3J+GGoZ"
            "l42AuTIw4amGd34aQMBdk3fjYqiQq4Cb8tWiBnoJJdic/wJLk9a2BwiCvIABzdjnUkyOAICQL3NDm2z2"
            "0ysc7GMQbaawcuIed2P9gyIPz5N0uUj7AvLRgL6JLCF03KT1KShn2yd8577PWJak5WgALStKyHRzwdKQ"
            "I1GBTe8pwRWlZZDf59euRgaQswGo9XzB/rE1NRFNiHrrADOwnM4Q+xlqlawS5hXiBwIDAQAB"
        ),
    }
)
