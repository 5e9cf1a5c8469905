"""What the name of a column says about its values, as a provider of Faker.

A provider is only taken where its longest value fits the column: the lengths are the longest of
Faker's English lists, with some room, and a test measures them.
"""

from __future__ import annotations

import re

TEXTS: tuple[tuple[str, str, int], ...] = (
    (r"(\w+_)?e_?mail(_address)?", '"email"', 60),
    (r"(first|given|fore)_?name|fname", '"first_name"', 15),
    (r"(last|family|sur)_?name|lname|surname", '"last_name"', 15),
    (r"middle_?name", '"first_name"', 15),
    (r"user_?name|login|nick(name)?|handle|screen_name", '"user_name"', 30),
    (r"(full|display|person|contact|customer|author|owner|real)_?name|author|contact",
     '"name"', 40),
    (r"(company|organi[sz]ation|employer|vendor|supplier|manufacturer|brand)(_?name)?",
     '"company"', 50),
    (r"(job|position|profession|occupation)(_?(name|title))?", '"job"', 65),
    (r"(phone|mobile|cell|fax|tel(ephone)?)(_?(number|no))?", '"phone_number"', 25),
    (r"(street|address)(_?(address|line))?_?1?|address_line_?1", '"street_address"', 50),
    (r"address_?(line_?)?2", '"secondary_address"', 15),
    (r"(city|town|place|location)(_?name)?", '"city"', 30),
    (r"country_?code|country_?iso2?|iso2", '"country_code"', 2),
    (r"iso3|country_?iso3", '"country_code", representation="alpha-3"', 3),
    (r"(country|nationality)(_?name)?", '"country"', 60),
    (r"country|nationality", '"country_code"', 2),
    (r"(state|province|region|county)(_?name)?", '"state"', 25),
    (r"state(_?code)?", '"state_abbr"', 2),
    (r"(post(al)?|zip)_?(code)?", '"postcode"', 10),
    (r"(web_?site|home_?page|url|link|uri|web)(_?url)?|\w+_(url|uri|link)", '"url"', 80),
    (r"(image|photo|picture|avatar|logo|thumbnail)(_?url)?", '"image_url"', 80),
    (r"domain(_?name)?|host(_?name)?", '"domain_name"', 50),
    (r"slug|permalink", '"slug"', 80),
    (r"(ip|remote_addr|ip_?addr(ess)?)(v4)?|\w+_ip", '"ipv4"', 15),
    (r"ipv6(_address)?", '"ipv6"', 39),
    (r"mac(_?addr(ess)?)?", '"mac_address"', 17),
    (r"user_?agent", '"user_agent"', 255),
    (r"iban", '"iban"', 34),
    (r"bic|swift(_?code)?", '"swift", length=8', 8),
    (r"(credit_?)?card_?(number|no)", '"credit_card_number"', 19),
    (r"currency(_?code)?", '"currency_code"', 3),
    (r"(language|lang|locale)(_?code)?", '"language_code"', 3),
    (r"time_?zone|tz", '"timezone"', 40),
    (r"(color|colour)(_?(code|hex))?", '"hex_color"', 7),
    (r"(ean|gtin|barcode)(13)?", '"ean13"', 13),
    (r"isbn(_?13)?", '"isbn13", separator=""', 13),
    (r"(licen[cs]e|number)_?plate", '"license_plate"', 10),
    (r"(uuid|guid)\d?|(external|public)_?id", '"uuid4"', 36),
    (r"md5", '"md5"', 32),
    (r"sha1", '"sha1"', 40),
    (r"(\w+_)?(password|passwd|pwd|hash|sha256|checksum|digest|token|secret|api_?key)(_?hash)?",
     '"sha256"', 64),
    (r"mime_?type|content_?type|media_?type", '"mime_type"', 80),
    (r"file_?name|file", '"file_name"', 40),
    (r"file_?path|path", '"file_path"', 80),
    (r"version", '"numerify", text="%.#.#"', 5),
    (r"(\w+_)?name", '"word"', 15),
    (r"(\w+_)?(title|subject|headline|caption|label|topic)", '"sentence", nb_words=4', 70),
    (r"(\w+_)?(body|content|text|description|bio|about|notes?|comments?|summary|details|message)",
     '"paragraph"', 400),
)  # fmt: skip
"""Pattern of a whole name, the provider with its arguments, and the longest value."""

PERSONS = re.compile(
    r"user|person|people|author|customer|client|employee|member|contact|student|teacher|patient|"
    r"doctor|artist|player|owner|driver|guest|manager|staff|worker|engineer|admin"
)

NUMBERS: tuple[tuple[str, int, int], ...] = (
    (r"age", 18, 90),
    (r"(\w+_)?year", 1990, 2025),
    (r"(\w+_)?month", 1, 12),
    (r"(\w+_)?(day|day_of_month)", 1, 28),
    (r"weekday|day_of_week", 0, 6),
    (r"(\w+_)?hours?", 0, 23),
    (r"(\w+_)?(minutes?|seconds?)", 0, 59),
    (r"(\w+_)?(rating|stars|score)", 1, 5),
    (r"(\w+_)?(percent(age)?|pct|discount|progress)", 0, 100),
    (r"(\w+_)?(quantity|qty)", 1, 10),
    (r"lat(itude)?", -90, 90),
    (r"(lng|lon|long(itude)?)", -180, 180),
    (r"port", 1024, 65535),
    (r"(\w+_)?(salary|income)", 20000, 120000),
    (r"height", 150, 200),
    (r"weight", 1, 120),
)
"""Pattern of a whole name, and the lowest and the highest value."""

BIRTHS = re.compile(r"(date_of_)?birth(_?da(y|te))?|birthday|dob|born(_on|_at)?")


def provider(name: str, owner: str, length: int | None) -> str | None:
    """The provider, with its arguments, for a text column; None if its name says nothing."""
    if name == "name" and PERSONS.search(owner.lower()) and (length is None or length >= 40):
        return '"name"'
    for pattern, found, longest in TEXTS:
        if re.fullmatch(pattern, name.lower()) and (length is None or longest <= length):
            return found
    return None


def numbers(name: str) -> tuple[int, int] | None:
    """The lowest and the highest number of a column; None if its name says nothing."""
    for pattern, low, high in NUMBERS:
        if re.fullmatch(pattern, name.lower()):
            return low, high
    return None
