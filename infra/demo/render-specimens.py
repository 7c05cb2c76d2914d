#!/usr/bin/env python3
"""Renders the demo's pictures: the documents of each order under orders/ and the plain forms under specimens/.

Run it after changing an order:  pip install pillow && python3 infra/demo/render-specimens.py
It needs a font with Chinese characters (Debian: fonts-droid-fallback) and nothing else. The pictures are committed,
so building, testing and the demo do not need Python.

Each picture carries its content as JSON in a JPEG comment that begins with `SPECIMEN-DATA `; the sandbox's document
engine reads it there. `services/shared/testkit/tests/it/demo_orders.rs` checks that it agrees with the order.
"""

import io
import json
import math
import random
import struct
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).resolve().parent
FONT = "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"
MARK = "SPECIMEN-DATA "
INK = (40, 40, 48)
PALE = (120, 130, 150)


def runs(text, size):
    """The text in pieces of one font: Droid Sans Fallback has no Latin letters and digits, Pillow's own font has."""
    chinese, latin = ImageFont.truetype(FONT, size), ImageFont.load_default(size)
    pieces = []
    for character in text:
        font = latin if character.isascii() or character == "·" else chinese
        if pieces and pieces[-1][0] is font:
            pieces[-1][1] += character
        else:
            pieces.append([font, character])
    return pieces


def write(draw, left, top, text, size, fill=INK, centred=False):
    """One line; `left` is its middle when centred."""
    size = int(size)
    pieces = runs(text, size)
    if centred:
        left -= sum(font.getlength(piece) for font, piece in pieces) / 2
        top -= size * 0.6
    for font, piece in pieces:
        draw.text((left, top + size), piece, font=font, fill=fill, anchor="ls")
        left += font.getlength(piece)


def paper(width, height, tint, seed):
    """A sheet with fine waves, as documents have against copying."""
    sheet = Image.new("RGB", (width, height), tint)
    draw = ImageDraw.Draw(sheet)
    chance = random.Random(seed)
    line = tuple(max(0, part - 22) for part in tint)
    for start in range(-60, height + 60, 13):
        phase, swing = chance.uniform(0, 6.28), chance.uniform(6, 16)
        points = [(x, start + swing * math.sin(x / 71 + phase)) for x in range(0, width + 12, 12)]
        draw.line(points, fill=line, width=1)
    return sheet


def stamp_specimen(sheet):
    """The big mark that nobody can overlook, across the whole sheet."""
    width, height = sheet.size
    layer = Image.new("RGBA", (width * 2, height * 2), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    size = width // 10
    write(draw, width, height, "SPECIMEN 样本", size, (200, 30, 30, 105), centred=True)
    write(draw, width, height + size, "仅供演示 · 无效证件", size // 3, (200, 30, 30, 120), centred=True)
    layer = layer.rotate(24, resample=Image.BICUBIC)
    layer = layer.crop((width // 2, height // 2, width // 2 + width, height // 2 + height))
    return Image.alpha_composite(sheet.convert("RGBA"), layer).convert("RGB")


def portrait(draw, left, top, width, height, seed):
    """A drawn head: a person who does not exist."""
    chance = random.Random(seed)
    skin = (232 - chance.randrange(20), 196 - chance.randrange(20), 168)
    coat = (chance.randrange(40, 120), chance.randrange(60, 130), chance.randrange(90, 170))
    hair = (chance.randrange(20, 60),) * 3
    draw.rectangle((left, top, left + width, top + height), fill=(246, 248, 250), outline=PALE)
    middle = left + width / 2
    draw.pieslice((left + width * 0.08, top + height * 0.66, left + width * 0.92, top + height * 1.34), 180, 360, fill=coat)
    draw.rectangle((middle - width * 0.09, top + height * 0.55, middle + width * 0.09, top + height * 0.74), fill=skin)
    draw.ellipse((middle - width * 0.25, top + height * 0.13, middle + width * 0.25, top + height * 0.47), fill=hair)
    draw.ellipse((middle - width * 0.22, top + height * 0.19, middle + width * 0.22, top + height * 0.62), fill=skin)
    for side in (-1, 1):
        eye = middle + side * width * 0.085
        draw.ellipse((eye - width * 0.022, top + height * 0.38, eye + width * 0.022, top + height * 0.405), fill=INK)
    draw.arc((middle - width * 0.08, top + height * 0.44, middle + width * 0.08, top + height * 0.53), 20, 160, fill=(150, 70, 70), width=max(2, int(width / 80)))


def wrapped(text, length):
    return [text[start:start + length] for start in range(0, len(text), length)]


def citizen_id(fields, width=1000):
    height = width * 63 // 100
    unit = width / 1000
    sheet = paper(width, height, (228, 238, 246), fields.get("number", ""))
    draw = ImageDraw.Draw(sheet)
    number = fields.get("number", "000000000000000000")
    rows = [("姓名", fields.get("name", "样本")),
            ("性别", ("女", "男")[int(number[16]) % 2] + "    民族  示例"),
            ("出生", f"{number[6:10]} 年 {int(number[10:12])} 月 {int(number[12:14])} 日")]
    top = 60 * unit
    for label, value in rows:
        write(draw, 60 * unit, top, label, 30 * unit, PALE)
        write(draw, 150 * unit, top - 4 * unit, value, 38 * unit)
        top += 78 * unit
    write(draw, 60 * unit, top, "住址", 30 * unit, PALE)
    for line in wrapped(fields.get("address", "示例省示例市示例区示例路"), 12):
        write(draw, 150 * unit, top - 4 * unit, line, 34 * unit)
        top += 50 * unit
    write(draw, 60 * unit, 480 * unit, "有效期至", 30 * unit, PALE)
    write(draw, 200 * unit, 478 * unit, fields.get("valid_to", ""), 32 * unit)
    write(draw, 60 * unit, 552 * unit, "公民身份号码", 30 * unit, PALE)
    write(draw, 290 * unit, 544 * unit, number, 46 * unit)
    portrait(draw, 680 * unit, 70 * unit, 260 * unit, 350 * unit, fields.get("name"))
    return stamp_specimen(sheet)


def business_licence(fields, width=1000):
    height = width * 7 // 10
    unit = width / 1000
    sheet = paper(width, height, (250, 246, 232), fields.get("number", ""))
    draw = ImageDraw.Draw(sheet)
    for inset in (14, 22):
        draw.rectangle((inset * unit, inset * unit, width - inset * unit, height - inset * unit), outline=(170, 130, 60), width=2)
    write(draw, width / 2, 92 * unit, "营 业 执 照", 76 * unit, centred=True)
    write(draw, width / 2, 160 * unit, f"统一社会信用代码  {fields.get('number', '')}", 30 * unit, centred=True)
    rows = [("名        称", fields.get("name", "样本")), ("类        型", "有限责任公司（示例）"),
            ("法定代表人", fields.get("legal_representative", "样本")),
            ("营 业 期 限", "至 " + fields.get("valid_to", "")), ("住        所", fields.get("address") or "示例市示例路"),
            ("经 营 范 围", "示例服务；示例技术开发（本证件为样本）")]
    top = 222 * unit
    for label, value in rows:
        write(draw, 80 * unit, top, label, 27 * unit, PALE)
        for line in wrapped(value, 24):
            write(draw, 250 * unit, top, line, 29 * unit)
            top += 44 * unit
        top += 16 * unit
    draw.ellipse((770 * unit, 490 * unit, 930 * unit, 650 * unit), outline=(200, 40, 40), width=max(2, int(5 * unit)))
    for line, text in enumerate(("示例登记机关", "样本章")):
        write(draw, 850 * unit, (560 + 28 * line) * unit, text, 22 * unit, (200, 40, 40), centred=True)
    return stamp_specimen(sheet)


def face(fields, width=720):
    height = width * 5 // 4
    sheet = Image.new("RGB", (width, height), (250, 250, 250))
    draw = ImageDraw.Draw(sheet)
    portrait(draw, width * 0.06, height * 0.05, width * 0.88, height * 0.82, fields.get("name"))
    write(draw, width / 2, height * 0.93, f"现场核验照片  {fields.get('name', '样本')}", width // 22, centred=True)
    # Grain like a camera's, so that the picture is not a flat drawing.
    chance = random.Random(1)
    noise = Image.new("L", (width // 2, height // 2))
    noise.putdata([118 + chance.randrange(20) for _ in range((width // 2) * (height // 2))])
    sheet = Image.blend(sheet, noise.resize((width, height)).convert("RGB"), 0.12)
    return stamp_specimen(sheet)


def commitment(fields, width=900):
    height = width * 6 // 5
    unit = width / 900
    sheet = paper(width, height, (252, 252, 250), fields.get("name", ""))
    draw = ImageDraw.Draw(sheet)
    write(draw, width / 2, 90 * unit, "互联网信息服务备案承诺书", 46 * unit, centred=True)
    write(draw, width / 2, 140 * unit, "（演示样本，不是管局模板）", 24 * unit, PALE, centred=True)
    name = fields.get("name", "样本")
    lines = wrapped(f"　　{name}承诺：所填报的备案信息真实、准确、完整；备案信息变更时及时办理变更手续；"
                    "依法依规开展互联网信息服务，接受并配合主管部门的监督管理。", 26)
    top = 220 * unit
    for line in lines:
        write(draw, 90 * unit, top, line, 28 * unit)
        top += 56 * unit
    write(draw, 90 * unit, height - 250 * unit, f"承诺单位或个人：{name}", 28 * unit)
    write(draw, 90 * unit, height - 190 * unit, "负责人签字：（样本签字）", 28 * unit)
    return stamp_specimen(sheet)


FORMS = {"citizen_id_front": citizen_id, "business_licence": business_licence, "face": face, "commitment": commitment}


def jpeg(picture, smallest, largest):
    """The best quality whose size lies within the bounds."""
    for quality in (92, 88, 82, 75, 68, 60, 50, 40, 30, 20):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, optimize=True)
        if len(buffer.getvalue()) <= largest:
            break
    data = buffer.getvalue()
    assert smallest <= len(data) <= largest, f"{len(data)} bytes"
    return data


def with_comment(data, fields):
    comment = (MARK + json.dumps(fields, ensure_ascii=False)).encode()
    # Behind the JFIF segment, which must stay the first one.
    place = 4 + struct.unpack(">H", data[4:6])[0]
    segment = b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment
    return data[:place] + segment + data[place:]


def valid_to(certificate):
    return certificate.get("valid_to", "long_term")


def citizen_fields(name, certificate):
    fields = {"document": "citizen_id_front", "name": name, "number": certificate["number"], "valid_to": valid_to(certificate)}
    if "address" in certificate:
        fields["address"] = certificate["address"]
    return fields


def documents(order):
    """Material kind → content; the same as `specimen::fields` of the test kit."""
    organiser = order["organiser"]
    first, second = organiser["principal"], order["services"][0]["principal"]
    certificate = organiser["certificate"]
    if organiser["nature"] == 5:
        organiser_certificate = citizen_fields(organiser["name"], certificate)
    else:
        organiser_certificate = {
            "document": "business_licence", "name": organiser["name"], "number": certificate["number"],
            "address": certificate.get("address"), "legal_representative": first["name"], "valid_to": valid_to(certificate),
        }
    kinds = {
        "organiser-certificate": organiser_certificate,
        "organiser-principal-id": citizen_fields(first["name"], first["id"]),
        "service-principal-id": citizen_fields(second["name"], second["id"]),
        "service-principal-face": {"document": "face", "name": second["name"], "number": second["id"]["number"]},
    }
    if order["province"] == "gd":
        kinds["commitment"] = {"document": "commitment", "name": organiser["name"]}
    return kinds


def main():
    for name, draw in FORMS.items():
        (HERE / "specimens").mkdir(exist_ok=True)
        picture = draw({}, width=640 if draw in (citizen_id, business_licence) else 480)
        (HERE / "specimens" / f"{name}.jpg").write_bytes(jpeg(picture, 4_000, 20_000))
    for path in sorted((HERE / "orders").glob("*/order.json")):
        for kind, fields in documents(json.loads(path.read_text(encoding="utf-8"))).items():
            data = jpeg(FORMS[fields["document"]](fields), 20_000, 60_000)
            (path.parent / f"{kind}.jpg").write_bytes(with_comment(data, fields))
            print(f"{path.parent.name}/{kind}.jpg {len(data)} bytes")


if __name__ == "__main__":
    main()
