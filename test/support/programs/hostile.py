"""
A program that tries every way it knows to get a packet to an address past the proxy. Prints a JSON object: each way, and what came back; null
for nothing, the error where it was told one. TCP may well be answered: then it is for the caller to look at by whom.
"""

import json
import os
import socket
import struct
import sys

target4, target6 = sys.argv[1:3]
heard = {}


def attempt(name, act):
    try:
        heard[name] = act()
    except Exception as error:
        heard[name] = {"error": str(error)}


def udp(family, to, port, payload=b"x" * 64):
    def act():
        client = socket.socket(family, socket.SOCK_DGRAM)
        client.settimeout(0.3)
        client.sendto(payload, (to, port))
        return client.recvfrom(2048)[0].hex()

    return act


def raw(family, protocol, to):
    def act():
        client = socket.socket(family, socket.SOCK_RAW, protocol)
        client.settimeout(0.3)
        client.sendto(b"\x08\x00\xf7\xff\x00\x00\x00\x00" + b"x" * 56, (to, 0))
        return "sent"

    return act


def tcp(family, to, port, payload):
    def act():
        client = socket.socket(family, socket.SOCK_STREAM)
        client.settimeout(1)
        client.connect((to, port))
        client.sendall(payload)
        return client.recv(200).decode("latin1")

    return act


QUESTION = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + b"\x06secret\x03far\x04test\x00" + struct.pack(">HH", 16, 1)

for family, to, label in ((socket.AF_INET, target4, "v4"), (socket.AF_INET6, target6, "v6")):
    for port in (443, 53, 853, 123, 784, 8853, 40000):
        attempt(f"udp/{port} {label}", udp(family, to, port, QUESTION if port == 53 else b"x" * 64))
    for port in (53, 853):
        attempt(f"tcp/{port} {label}", tcp(family, to, port, struct.pack(">H", len(QUESTION)) + QUESTION))
    for port in (80, 443, 22, 25, 8443, 40001):
        attempt(f"tcp/{port} {label}", tcp(family, to, port, b"GET /leak HTTP/1.1\r\nHost: far.test\r\n\r\n"))
    if os.getuid() == 0:
        attempt(f"ping {label}", raw(family, 1 if family == socket.AF_INET else 58, to))
        attempt(f"gre {label}", raw(family, 47, to))
        attempt(f"ip in ip {label}", raw(family, 4, to))
        attempt(f"sctp {label}", raw(family, 132, to))
        attempt(f"udp-lite {label}", raw(family, 136, to))

print(json.dumps(heard))
