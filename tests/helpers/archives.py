#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Makes archives for the tests of images: what docker save and OCI tools write, and what nobody should.
#
#   archives.py docker|docker-links|docker-two|oci|oci-index|oci-two OUT [FLAW]     an image of three layers
#   archives.py hostile NAME OUT
#   archives.py many COUNT OUT
import gzip, hashlib, io, json, os, shutil, sys, tarfile

HERE = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]


def member(name, data=b"", kind=tarfile.REGTYPE, mode=0o644, link="", uid=0, gid=0, device=(0, 0)):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname, info.uid, info.gid = kind, mode, link, uid, gid
    info.devmajor, info.devminor = device
    info.size, info.mtime = len(data), 1700000000
    return info, data


def archive(members, **options):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=options.get("format", tarfile.PAX_FORMAT)) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def folder(name, **options):
    return member(name, kind=tarfile.DIRTYPE, mode=options.pop("mode", 0o755), **options)


def digest(data):
    return hashlib.sha256(data).hexdigest()


# Something below, something that changes and deletes it, and nothing at all, twice.
def layers():
    below = archive([folder("./"), folder("etc"), folder("gone"), member("gone/file", b"gone\n"),
                     folder("dir"), member("dir/below", b"below\n"), member("etc/deleted", b"x"),
                     member("etc/kept", b"kept\n", mode=0o640, uid=1, gid=2), member("etc/changed", b"old\n"),
                     folder("bin"), member("bin/sh", b"#!\n", mode=0o4755)])
    nothing = archive([])
    above = archive([folder("etc"), member("etc/.wh.deleted"), member("etc/changed", b"new\n"),
                     folder("dir"), member("dir/.wh..wh..opq"), member("dir/above", b"above\n"),
                     member(".wh.gone")])
    return [below, nothing, above, nothing]


CONFIG = {"User": "1000:1000", "Env": ["PATH=/bin", "TWO=a\nb \\ c"], "Entrypoint": ["/bin/entry"], "Cmd": ["-c", "echo"],
          "WorkingDir": "/work", "StopSignal": "SIGINT", "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/data": {}},
          "Labels": {"a": "b"}}


def config(blobs, flaw, user="1000:1000"):
    ids = ["sha256:" + digest(blob) for blob in blobs]
    if flaw == "diff-id":
        ids[2] = "sha256:" + "1" * 64
    if flaw == "count":
        ids = ids[:2]
    if flaw == "sha512":
        ids[0] = "sha512:" + "1" * 128
    env = {"env": ["PATH=/bin", "SECRET"], "env-name": ["=x"]}.get(flaw, CONFIG["Env"])
    text = json.dumps({"architecture": HERE, "os": "linux", "created": "2026-01-02T03:04:05.678Z",
                       "config": dict(CONFIG, User=user, Env=env), "rootfs": {"type": "layers", "diff_ids": ids}}).encode()
    return b"{" if flaw == "json" else text


def docker(kind, flaw):
    blobs = layers()
    members, images = [], []
    for user in ["1000:1000", "two"] if kind == "docker-two" else ["1000:1000"]:
        text = config(blobs, flaw, user)
        name = digest(text) + ".json"
        members.append(member(name, b"changed" if flaw == "config" else text))
        paths = []
        for i, blob in enumerate(blobs):
            path = "%d/layer.tar" % i
            if kind == "docker-links" and i == 3:
                members += [folder("3"), member(path, kind=tarfile.SYMTYPE, link="../1/layer.tar")]
            elif user != "two":
                members += [folder(str(i)), member(path, blob)]
            paths.append(path)
        if flaw == "outside":
            members.append(member("out", kind=tarfile.SYMTYPE, link="/etc/passwd"))
            paths[0] = "out"
        if flaw == "missing":
            paths[0] = "nowhere"
        tag = "example.org/x/one:latest" if user != "two" else "two:2.0"
        images.append({"Config": name, "RepoTags": [tag], "Layers": paths})
    members.append(member("manifest.json", json.dumps(images).encode()))
    return archive(members)


def oci(kind, flaw):
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

    def blob(data, media):
        name = digest(data)
        files["blobs/sha256/" + name] = data
        return {"mediaType": media, "digest": "sha256:" + name, "size": len(data)}

    def manifest(user):
        blobs = layers()
        packed = [blob(gzip.compress(data, mtime=0) if i != 2 else data, "application/vnd.oci.image.layer.v1.tar+gzip")
                  for i, data in enumerate(blobs)]
        if flaw == "blob":
            files["blobs/sha256/" + packed[0]["digest"][7:]] += b"x"
        text = json.dumps({"schemaVersion": 2, "config": blob(config(blobs, flaw, user), "application/vnd.oci.image.config.v1+json"),
                           "layers": packed}).encode()
        return blob(text, "application/vnd.oci.image.manifest.v1+json")

    rows = [dict(manifest("1000:1000"), annotations={"org.opencontainers.image.ref.name": "one"})]
    if kind == "oci-two":
        rows.append(dict(manifest("two"), annotations={"org.opencontainers.image.ref.name": "two"}))
    if kind == "oci-index":
        other = "arm64" if HERE == "amd64" else "amd64"
        rows = [dict(manifest("1000:1000"), platform={"architecture": other if flaw == "machine" else HERE, "os": "linux"}),
                dict(manifest("other"), platform={"architecture": other, "os": "linux"}),
                dict(manifest("unknown"), platform={"architecture": "unknown", "os": "unknown"})]
        inner = json.dumps({"schemaVersion": 2, "manifests": rows}).encode()
        rows = [blob(inner, "application/vnd.oci.image.index.v1+json")]
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": rows}).encode()
    return files


def write(out, data):
    with open(out, "wb") as file:
        file.write(data)


def write_oci(kind, out, flaw):
    files = oci(kind, flaw)
    if out.endswith(".tar"):
        return write(out, archive([folder("blobs"), folder("blobs/sha256")] + [member(name, data) for name, data in files.items()]))
    for name, data in files.items():
        os.makedirs(os.path.dirname(os.path.join(out, name)), exist_ok=True)
        write(os.path.join(out, name), data)


LINK, HARD, CHAR, BLOCK, FIFO = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE


def sparse(size):
    # One hole: pax, sparse 1.0
    info, data = member("hole", b"0\n" + b"\0" * 510)
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "hole",
                        "GNU.sparse.realsize": str(size)}
    return [(info, data)]


def xattr(name, value):
    info, data = member("file", b"x")
    info.pax_headers = {"SCHILY.xattr." + name: value}
    return [(info, data)]


def long_name(length, kind):
    return archive([member("n/" * (length // 2), b"x")] if kind == "deep" else [member("n" * length, b"x")],
                   format=tarfile.GNU_FORMAT if kind == "gnu" else tarfile.PAX_FORMAT)


def bad_header(*changes):
    data = bytearray(archive([member("file", b"data")], format=tarfile.USTAR_FORMAT))
    for where, value in changes:
        data[where:where + len(value)] = value
    total = sum(data[:148]) + 8 * 32 + sum(data[156:512])
    data[148:156] = b"%06o\0 " % total
    return bytes(data)


HOSTILE = {
    "parent": lambda: archive([member("../escaped", b"x")]),
    "parent-within": lambda: archive([folder("a"), member("a/../../escaped", b"x")]),
    "absolute": lambda: archive([member("/escaped", b"x")]),
    "link-absolute": lambda: archive([member("out", kind=LINK, link=os.environ["OUTSIDE"]), member("out/escaped", b"x")]),
    "link-parent": lambda: archive([member("out", kind=LINK, link="../" * 20 + os.environ["OUTSIDE"]), member("out/escaped", b"x")]),
    "link-inside": lambda: archive([folder("etc"), member("out", kind=LINK, link="../../etc"), member("out/escaped", b"x")]),
    "link-is-file": lambda: archive([member("out", kind=LINK, link=os.environ["OUTSIDE"] + "/victim"), member("out", b"changed")]),
    "link-twice": lambda: archive([member("a", kind=LINK, link="b"), member("b", kind=LINK, link="a"), member("a/x", b"x")]),
    "link-folder": lambda: archive([member("out", kind=LINK, link=os.environ["OUTSIDE"]), folder("out", mode=0o777)]),
    "hard-outside": lambda: archive([member("hard", kind=HARD, link="../" * 20 + os.environ["OUTSIDE"] + "/victim"), member("hard", b"x")]),
    "hard-absolute": lambda: archive([member("hard", kind=HARD, link=os.environ["OUTSIDE"] + "/victim")]),
    "hard-through-link": lambda: archive([member("out", kind=LINK, link=os.environ["OUTSIDE"]), member("hard", kind=HARD, link="out/victim")]),
    "hard-to-link": lambda: archive([member("out", kind=LINK, link=os.environ["OUTSIDE"] + "/victim"), member("hard", kind=HARD, link="out")]),
    "hard-to-itself": lambda: archive([member("hard", kind=HARD, link="hard")]),
    "devices": lambda: archive([member("null", kind=CHAR, device=(1, 3)), member("disk", kind=BLOCK, device=(8, 0)), member("pipe", kind=FIFO)]),
    "whiteout-parent": lambda: archive([member(".wh.." )]),
    "whiteout-nothing": lambda: archive([member(".wh.")]),
    "hole": lambda: archive(sparse(10 << 30)),
    "hole-too-large": lambda: archive(sparse((1 << 63) - 1)),
    "overlay-mark": lambda: archive(xattr("trusted.overlay.redirect", "/etc")),
    "security-mark": lambda: archive(xattr("security.other", "y")),
    "overlay-user-mark": lambda: archive(xattr("user.overlay.opaque", "y")),
    "long-gnu": lambda: long_name(5000, "gnu"),
    "long-pax": lambda: long_name(5000, "pax"),
    "long-deep": lambda: long_name(5000, "deep"),
    "long-part": lambda: archive([member("n" * 300, b"x")]),
    "root-is-file": lambda: archive([member("./", b"x"), member("x")]),
    "size-negative": lambda: bad_header((124, b"\xff" * 12)),
    "size-huge": lambda: bad_header((124, b"\x80" + b"\x7f" * 11)),
    "size-word": lambda: bad_header((124, b"abc\0")),
    "type-unknown": lambda: bad_header((156, b"Z")),
    "owner-huge": lambda: bad_header((108, b"\x80\0\0\0\xff\xff\xff\xff")),
    "meta-huge": lambda: bad_header((156, b"x"), (124, b"%011o\0" % (1 << 30))),
    "bytes": lambda: b"\x01" * 4096,
    "empty": lambda: b"",
    "zeros": lambda: b"\0" * 1024,
}


def many(count, out):
    with open(out, "wb") as file:
        for i in range(count):
            info = tarfile.TarInfo("d%d/%d" % (i % 100, i))
            info.type = tarfile.REGTYPE if i % 2 else tarfile.SYMTYPE
            info.linkname = "" if i % 2 else "target"
            file.write(info.tobuf(tarfile.USTAR_FORMAT))
        file.write(b"\0" * 1024)


what, *rest = sys.argv[1:]
if what == "hostile":
    write(rest[1], HOSTILE[rest[0]]())
elif what == "names":
    print("\n".join(HOSTILE))
elif what == "many":
    many(int(rest[0]), rest[1])
elif what.startswith("docker"):
    write(rest[0], docker(what, rest[1] if len(rest) > 1 else ""))
else:
    write_oci(what, rest[0], rest[1] if len(rest) > 1 else "")
